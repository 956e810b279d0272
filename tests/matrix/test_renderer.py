"""Used variants, exact pins, staging outputs, build strings and the order of renderings."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix.identity import build_hash, hash_input
from builder.matrix.siblings import Kind
from builder.model.recipe import Build, Inherit, Noarch, Output, Requirements, VariantKeys
from builder.model.rendering import Rendering, Sibling
from builder.model.variant import VariantValue
from tests.matrix.fakes import Evaluator, Reader, config, rendered, renderer, texts, used


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """One fake output: what it reads, pins and inherits."""

    name: str
    reads: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    staging: str | None = None
    kind: Kind = "package"
    noarch: Noarch | None = None
    string: str | None = None
    number: int = 0
    run: tuple[str, ...] = ()
    keys: VariantKeys = field(default_factory=VariantKeys)
    skip: Callable[[Reader], bool] = lambda _: False
    version: str = "1"

    def __call__(self, variant: Reader) -> Output:
        for key in self.reads:
            variant(key, f"{self.name} reads {key}")
        for name in self.exact:
            variant.pin(name)
        for name in self.ranges:
            variant.pin(name, exact=False)
        string = self.string
        if string and variant.hash:
            string = string.replace("${{ hash }}", variant.hash)
        return Output(
            kind=self.kind, name=self.name, version=self.version, skip=self.skip(variant),
            build=Build(number=self.number, string=string, noarch=self.noarch, variant=self.keys),
            requirements=Requirements(run=self.run), inherit=Inherit(staging=self.staging) if self.staging else None,
        )  # fmt: skip


Values = dict[str, list[VariantValue]]
PYTHONS: Values = {"python": ["3.11", "3.12"]}


def builds(found: list[Rendering], name: str) -> list[str]:
    return [one.build_string for one in found if one.output.name == name]


def test_an_output_that_uses_nothing_has_the_platform_only() -> None:
    (one,) = rendered([Make(name="a")], config({"k": [1, 2]}))
    assert dict(one.variant) == {"target_platform": "linux-64"}
    assert (one.hash, one.build_string, one.subdir) == ("b0f4dca", "hb0f4dca_0", "linux-64")
    assert dict(one.why) == {"target_platform": "always part of the hash"}
    assert one.identity == "linux-64/a-1-hb0f4dca_0"


def test_values_know_where_they_were_set_and_why_they_count() -> None:
    one, _ = rendered([Make(name="a", reads=("python",))], config(PYTHONS))
    assert used(one) == {"python": "3.11"}
    assert str(one.variant.origin("python")) == "variants.yaml:1"
    assert str(one.variant.origin("target_platform")) == "--target_platform"
    assert dict(one.why)["python"] == "a reads python"
    assert one.build_string == "py311h48b7412_0"


def test_noarch_outputs() -> None:
    values = {**PYTHONS, "CMAKE_GENERATOR": ["Ninja"]}
    found = rendered([Make(name="g", reads=("python",), noarch="generic")], config(values))  # type: ignore[arg-type]
    assert [dict(one.variant) for one in found] == [
        {"CMAKE_GENERATOR": "Ninja", "python": version, "target_platform": "noarch"} for version in ("3.11", "3.12")
    ]
    assert {one.subdir for one in found} == {"noarch"}
    assert dict(found[0].why)["CMAKE_GENERATOR"] == "the environment variable of this name is set in every build"
    (python,) = rendered([Make(name="p", reads=("python",), noarch="python")], config(PYTHONS))
    assert dict(python.variant) == {"target_platform": "noarch"}
    assert python.build_string == f"pyh{build_hash({'target_platform': 'noarch'})}_0"


def test_virtual_packages_in_run_count_but_in_no_other_form() -> None:
    run = ("__unix", "__glibc  >=2.17 ", "__cuda >= 12 , <13", "zlib")
    (one,) = rendered([Make(name="a", run=run)], config({}))
    assert used(one) == {"__unix": "__unix", "__glibc": "__glibc >=2.17", "__cuda": "__cuda >=12,<13"}
    assert dict(one.why)["__unix"] == "a virtual package in the run requirements"


def test_use_keys_and_ignore_keys() -> None:
    keys = VariantKeys(use_keys=("bar", "nobody"), ignore_keys=("foo", "__unix"))
    found = rendered(
        [Make(name="a", reads=("foo",), run=("__unix",), keys=keys)], config({"foo": [1, 2], "bar": [1, 2]})
    )
    assert [used(one) for one in found] == [{"bar": 1}, {"bar": 2}]
    assert dict(found[0].why)["bar"] == "build.variant.use_keys"


def test_a_build_string_may_wait_for_the_hash() -> None:
    found = rendered([Make(name="a", reads=("k",), string="x_${{ hash }}_1")], config({"k": [1, 2]}))
    assert [one.build_string for one in found] == [f"x_{one.hash}_1" for one in found]
    assert found[0].output.build.string == found[0].build_string
    evaluate = Evaluator([Make(name="a", string="plain")])
    made = renderer(evaluate, config({}))
    assert made.render(texts([Make(name="a")]))[0].build_string == "plain"
    assert evaluate.count == 1


def test_exact_pins_bring_version_and_build_of_the_sibling_that_agrees() -> None:
    makers = [Make(name="app", reads=("python",), exact=("lib",)), Make(name="lib", reads=("python",), version="2.0")]
    found = rendered(makers, config(PYTHONS))
    assert [one.output.name for one in found] == ["app", "app", "lib", "lib"]
    libs = builds(found, "lib")
    assert [used(one) for one in found[:2]] == [
        {"python": "3.11", "lib": f"2.0 {libs[0]}"}, {"python": "3.12", "lib": f"2.0 {libs[1]}"},
    ]  # fmt: skip
    assert found[0].siblings == (Sibling(name="lib", version="2.0", build_string=libs[0]),)
    assert dict(found[0].why)["lib"] == 'pin_subpackage("lib", exact=True)'


def test_an_exact_pin_multiplies_an_output_that_reads_nothing() -> None:
    found = rendered([Make(name="meta", exact=("lib",)), Make(name="lib", reads=("python",))], config(PYTHONS))
    assert [used(one) for one in found[:2]] == [{"lib": f"1 {build}"} for build in builds(found, "lib")]


def test_chains_of_exact_pins_are_linear_in_the_variants() -> None:
    names = [f"p{number}" for number in range(6)]
    makers = [Make(name=name, reads=("k",), exact=(before,)) for before, name in itertools.pairwise(names)]
    makers.append(Make(name="p0", reads=("k",)))
    found = rendered(makers, config({"k": list(range(50))}))
    assert len(found) == 300
    assert len({one.identity for one in found}) == 300


def test_pins_of_outputs_with_different_keys_multiply() -> None:
    makers = [
        Make(name="both", exact=("a", "b")), Make(name="a", reads=("x", "z")), Make(name="b", reads=("y", "z")),
    ]  # fmt: skip
    found = rendered(makers, config({"x": [1, 2], "y": [1, 2, 3], "z": [1, 2]}))
    assert len(builds(found, "both")) == 2 * 3 * 2


def test_a_range_pin_multiplies_nothing_and_names_its_sibling() -> None:
    found = rendered([Make(name="app", ranges=("lib",)), Make(name="lib", reads=("python",))], config(PYTHONS))
    (app,) = (one for one in found if one.output.name == "app")
    assert used(app) == {}
    assert app.siblings == (Sibling(name="lib", version="1", build_string=builds(found, "lib")[0]),)


def test_range_pins_may_go_in_circles_and_to_oneself() -> None:
    makers = [Make(name="a", ranges=("b", "a"), reads=("k",)), Make(name="b", ranges=("a",), reads=("k",))]
    found = rendered(makers, config({"k": [1, 2]}))
    a, b = builds(found, "a"), builds(found, "b")
    assert [sibling.build_string for sibling in found[1].siblings] == [b[1], a[1]]
    assert [sibling.build_string for sibling in found[2].siblings] == [a[0]]


def test_a_pin_to_the_output_itself_is_no_need() -> None:
    (one,) = rendered([Make(name="a", exact=("a",))], config({}))
    assert used(one) == {}
    assert one.siblings == (Sibling(name="a", version="1", build_string=one.build_string),)


def test_when_the_agreeing_sibling_is_skipped_the_nearest_is_taken() -> None:
    lib = Make(name="lib", reads=("python",), skip=lambda variant: variant("python") == "3.10")
    makers = [lib, Make(name="app", exact=("lib",)), Make(name="app2", reads=("python",), exact=("lib",))]
    found = rendered(makers, config({"python": ["3.10", "3.11", "3.12"]}))
    packed = [one for one in found if not one.output.skip]
    assert [one.build_string for one in packed] == [
        "py311h48b7412_0", "py312h738df08_0",  # lib
        "h009f678_0", "h404a730_0",  # app
        "py310ha9201d7_0", "py311hb2323de_0", "py312h6a618dc_0",  # app2: the first one has no lib of its own
    ]  # fmt: skip
    assert [one.output.name for one in found if one.output.skip] == ["lib"]


def test_a_skipped_output_needs_nobody() -> None:
    found = rendered([Make(name="a", exact=("nobody",), skip=lambda _: True)], config({}))
    assert [one.output.skip for one in found] == [True]


@pytest.mark.parametrize("maker", [Make(name="a", exact=("nobody",)), Make(name="a", staging="nobody")])
def test_a_sibling_that_does_not_exist(maker: Make) -> None:
    with pytest.raises(RecipeError, match="nobody, which this recipe does not render") as caught:
        rendered([maker], config({}))
    assert caught.value.problems[0].remedy
    assert caught.value.problems[0].place is not None


def test_a_range_pin_to_nobody_is_left_to_the_solver() -> None:
    (one,) = rendered([Make(name="a", ranges=("nobody",))], config({}))
    assert one.siblings == ()


def test_exact_pins_in_a_circle_are_refused_with_their_names() -> None:
    makers = [Make(name="a", exact=("b",)), Make(name="b", exact=("c",)), Make(name="c", exact=("a",)), Make(name="d")]
    with pytest.raises(RecipeError) as caught:
        rendered(makers, config({}))
    assert caught.value.problems[0].code == "recipe.output-cycle"
    assert "a → b → c → a" in str(caught.value)


def test_staging_outputs_pass_their_keys_on() -> None:
    makers = [
        Make(name="lib", staging="work", reads=("k",)),
        Make(name="dev", staging="work", noarch="generic"),
        Make(name="work", kind="staging", reads=("c_compiler",)),
    ]
    found = rendered(makers, config({"c_compiler": ["gcc", "clang"], "k": [1, 2]}))
    lib = [one for one in found if one.output.name == "lib"]
    assert [used(one) for one in lib] == [
        {"c_compiler": compiler, "k": k} for compiler in ("gcc", "clang") for k in (1, 2)
    ]
    assert str(lib[0].variant.origin("c_compiler")) == "variants.yaml:1"
    assert dict(lib[0].why)["c_compiler"] == "through the staging output work: work reads c_compiler"
    dev = [one for one in found if one.output.name == "dev"]
    assert [dict(one.variant) for one in dev] == [
        {"c_compiler": compiler, "target_platform": "noarch"} for compiler in ("gcc", "clang")
    ]
    work = [one for one in found if one.output.kind == "staging"]
    assert [one.staging for one in dev] == [one.identity for one in work]
    assert all(one.identity.startswith("staging:linux-64/work-1-") for one in work)


def test_a_staging_output_may_inherit_another() -> None:
    makers = [
        Make(name="p", staging="second"),
        Make(name="second", kind="staging", staging="first", reads=("b",)),
        Make(name="first", kind="staging", reads=("a",)),
    ]
    found = rendered(makers, config({"a": [1, 2], "b": [1, 2]}))
    assert [used(one) for one in found if one.output.name == "p"] == [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)]


def test_a_recipes_renderings_stand_in_declared_order_and_values_order() -> None:
    makers = [Make(name="z", reads=("b", "a")), Make(name="a", reads=("b",))]
    found = rendered(makers, config({"b": ["y", "x"], "a": ["2", "1"]}))
    assert [(one.output.name, *used(one).values()) for one in found] == [
        ("z", "2", "y"), ("z", "2", "x"), ("z", "1", "y"), ("z", "1", "x"), ("a", "y"), ("a", "x"),
    ]  # fmt: skip


def test_pins_count_against_the_limit_too() -> None:
    makers = [Make(name="a", reads=("x",)), Make(name="b", reads=("y",)), Make(name="both", exact=("a", "b"))]
    made = renderer(Evaluator(makers), config({"x": [1, 2, 3, 4], "y": [1, 2, 3, 4]}), limit=15)
    with pytest.raises(RecipeError, match="rendered 16 times"):
        made.render(texts(makers))


def test_b1_pins_of_many_siblings_are_counted_while_they_are_joined() -> None:
    makers = [*[Make(name=name, reads=(f"of_{name}",)) for name in "abc"], Make(name="all", exact=("a", "b", "c"))]
    values: Values = {f"of_{name}": list(range(100)) for name in "abc"}
    with pytest.raises(RecipeError, match="would be rendered 1,001 times"):
        renderer(Evaluator(makers), config(values), limit=1000).render(texts(makers))


def test_b1_all_outputs_count_together_before_one_is_expanded() -> None:
    makers = [Make(name=f"p{number}", reads=("x",)) for number in range(20)]
    evaluator = Evaluator(makers)
    made = renderer(evaluator, config({"x": list(range(10))}), limit=10)
    with pytest.raises(RecipeError, match="would be rendered 200 times, more than 50") as caught:
        made.render(texts(makers))
    assert "--max-variants" in str(caught.value.problems[0].remedy)
    assert len(made.render(texts(makers[:5]))) == 50


KEYS = st.lists(st.sampled_from(["k0", "k1", "k2"]), unique=True).map(tuple)


@settings(max_examples=60)
@given(st.lists(KEYS, min_size=1, max_size=4), st.data())
def test_the_order_of_keys_changes_nothing(reads: list[tuple[str, ...]], data: st.DataObject) -> None:
    names = [f"p{number}" for number in range(len(reads))]
    pins = [
        data.draw(st.lists(st.sampled_from(names[:number]), unique=True) if number else st.just([]))
        for number in range(len(names))
    ]
    makers = [Make(name=name, reads=keys, exact=tuple(pin)) for name, keys, pin in zip(names, reads, pins, strict=True)]
    values: Values = {"k0": ["a", "b"], "k1": [2, 1], "k2": [True]}
    shuffled = dict(data.draw(st.permutations(list(values.items()))))
    backwards = [Make(name=one.name, reads=one.reads[::-1], exact=one.exact[::-1]) for one in makers]

    def told(found: list[Rendering]) -> list[tuple[str, str, str]]:
        return [(one.identity, hash_input(one.variant), str(one.siblings)) for one in found]

    expected = told(rendered(makers, config(values)))
    assert told(rendered(makers, config(shuffled))) == expected
    again = told(rendered(backwards, config(shuffled)))
    assert [one[:2] for one in again] == [one[:2] for one in expected]


def ignoring(variant: Reader) -> Output:
    """An output with a dependency by a key that does not count, and one key that does."""
    variant("l")
    return Output(
        kind="package", name="a", version="1", build=Build(variant=VariantKeys(ignore_keys=("k",))),
        requirements=Requirements(run=(f"dep-{variant('k')}",)),
    )  # fmt: skip


@pytest.mark.parametrize("values", [["9", "10"], ["10", "9"]])
def test_of_what_differs_in_keys_that_do_not_count_the_least_by_text_stays(values: list[VariantValue]) -> None:
    found = rendered([ignoring], config({"k": values, "l": ["y", "x"]}))
    assert [(one.variant["l"], one.output.requirements.run) for one in found] == [
        ("y", ("dep-10",)),
        ("x", ("dep-10",)),
    ]
