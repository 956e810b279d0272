"""What is remembered of computations: the same as computing again, for any values and any order of reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.model.variant import VariantValue
from builder.recipe import RecipeScope, evaluate, scope_for
from builder.recipe.memory import Note, Once, Recall, token
from tests.recipe.given import PACKAGE, recipe, request

RECIPE = """\
context:
  version: "1.0"
  major: ${{ (python | string_of if false else python) | split(".") | first if python is defined else "0" }}
  flags: ${{ [blas, cuda] if cuda else [blas] }}
package:
  name: demo
  version: ${{ version }}
build:
  number: ${{ 1 if blas == "mkl" else 2 }}
  string: ${{ blas }}_h${{ hash }}_${{ build_number }}
  skip:
    - cuda and blas == "none"
  script:
    - echo ${{ version }} ${{ major }} ${{ flags | join(",") }}
    - if: cuda
      then: echo ${{ cuda_version }}
requirements:
  build:
    - ${{ compiler("c") }}
  host:
    - python
    - if: blas != "none"
      then: lib${{ blas }}
  run:
    - if: match(python, ">=3.12")
      then: new
      else: old
about:
  summary: for ${{ blas }}
extra:
  cuda: ${{ cuda }}
""".replace("(python | string_of if false else python)", "python")

VALUES: Mapping[str, tuple[VariantValue, ...]] = {
    "python": ("3.11", "3.12", "3.13"),
    "blas": ("mkl", "openblas", "none"),
    "cuda": (True, False, 1, 0),
    "cuda_version": ("12", 12, True, 1),
    "c_compiler": ("gcc", "clang"),
    "c_compiler_version": (13, "13"),
}


@st.composite
def variants_of_one_space(draw: st.DrawFn) -> list[dict[str, VariantValue]]:
    """Variants that have the same keys, as those of one configuration do."""
    keys = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, min_size=1))
    variant = st.fixed_dictionaries({key: st.sampled_from(VALUES[key]) for key in keys})
    return draw(st.lists(variant, min_size=2, max_size=12))


RECIPE_TEXT = recipe(RECIPE)


class Asked(Mapping[str, VariantValue]):
    """A variant that notes what it is asked for."""

    def __init__(self, values: Mapping[str, VariantValue]) -> None:
        self.values_ = values
        self.asked: dict[str, None] = {}

    def __getitem__(self, key: str) -> VariantValue:
        value = self.values_[key]
        self.asked[key] = None
        return value

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def outcome(variant: Mapping[str, VariantValue], digest: str | None, scope: RecipeScope | None = None) -> object:
    """All that comes of an evaluation: what it says, in which order it says it, or what is wrong."""
    (output,) = RECIPE_TEXT.outputs
    try:
        found = evaluate(output, request(variant, hash=digest), scope)
    except RecipeError as error:
        return error.problems
    return found, found.output.rendered, list(found.read.items())


@given(variants_of_one_space())
@settings(deadline=None, max_examples=80)
def test_one_scope_for_many_variants_gives_what_a_scope_for_each_gives(variants: list[dict[str, VariantValue]]) -> None:
    shared = scope_for(request({}))
    for variant in variants:
        for digest in (None, "abcdef0", "1234567"):
            alone, together = Asked(variant), Asked(variant)
            assert outcome(together, digest, shared) == outcome(alone, digest)
            assert list(together.asked) == list(alone.asked), "a variant key is asked for in the same order"


def test_values_that_python_takes_for_equal_are_told_apart() -> None:
    (output,) = recipe(PACKAGE + "about:\n  summary: is ${{ cuda }}\n").outputs
    shared = scope_for(request({}))
    told = [evaluate(output, request({"cuda": value}), shared).output.about.summary for value in (1, True, "1")]
    assert told == ["is 1", "is true", "is 1"]


def test_equal_parts_of_variants_are_one_object() -> None:
    (output,) = recipe(RECIPE).outputs
    shared = scope_for(request({}))
    one, other = (
        evaluate(output, request({"python": python, "blas": "mkl", "cuda": False}), shared)
        for python in ("3.12", "3.13")
    )
    assert one.output.about is other.output.about
    assert one.output.extra is other.output.extra
    assert one.read is other.read
    assert one.output == other.output


def test_an_error_is_told_each_time_and_nothing_of_it_remains() -> None:
    text = PACKAGE + "about:\n  summary: ${{ version | int }}\n  homepage: https://example.org/${{ nowhere }}\n"
    (output,) = recipe(text.replace("version | int", "cuda + 1")).outputs
    shared = scope_for(request({}))
    for _ in range(2):
        with pytest.raises(RecipeError) as caught:
            evaluate(output, request({"cuda": 1}), shared)
        assert len(caught.value.problems) == 1
        with pytest.raises(RecipeError) as caught:
            evaluate(output, request({"cuda": "text"}), shared)
        assert len(caught.value.problems) == 2


def test_a_warning_comes_with_each_evaluation() -> None:
    (output,) = recipe(PACKAGE + "build:\n  skip: [nowhere]\n").outputs
    shared = scope_for(request({}))
    first, again = (evaluate(output, request({}), shared) for _ in range(2))
    assert len(first.warnings) == 1
    assert first.warnings == again.warnings


def test_a_traced_evaluation_runs_each_time() -> None:
    from builder.recipe.trace import Trace

    (output,) = recipe(PACKAGE + "about:\n  summary: for ${{ blas }}\n").outputs
    shared = scope_for(request({}))
    for _ in range(2):
        trace = Trace()
        evaluate(output, replace(request({"blas": "mkl"}), trace=trace), shared)
        assert [sight.name for sight in trace.sights if sight.name == "blas"]


def test_a_recall_follows_what_was_read() -> None:
    recall: Recall[str] = Recall("pie")
    kept = {("apple", "hot"): "one", ("apple", "cold"): "two", ("pear",): "three"}
    for (first, *rest), result in kept.items():
        readings = [("variant", "fruit", token(first)), *[("context", "served", token(value)) for value in rest]]
        recall.keep(readings, result)  # type: ignore[arg-type]

    def found(**values: str) -> tuple[str | None, list[str]]:
        asked: list[str] = []

        def read(source: str, name: str) -> object:
            asked.append(f"{source}.{name}")
            return token(values.get(name))

        return recall.find(read), asked

    assert found(fruit="apple", served="cold") == ("two", ["variant.fruit", "context.served"])
    assert found(fruit="pear", served="cold") == ("three", ["variant.fruit"])
    assert found(fruit="plum") == (None, ["variant.fruit"])
    assert found(fruit="apple") == (None, ["variant.fruit", "context.served"])
    assert Recall("empty").find(lambda source, name: None) is None


def test_what_reads_nothing_is_remembered_at_once() -> None:
    recall: Recall[str] = Recall("bread")
    recall.keep([], "rye")
    assert recall.find(lambda source, name: pytest.fail("it asks")) == "rye"


@given(st.lists(st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["1", "True", ""]), max_size=2))
def test_tokens_are_equal_for_the_same_value_of_the_same_type_only(values: list[object]) -> None:
    others: list[object] = [None, True, 1, 1.0, "1", (1,), (True,), ("1",), {"a": 1}, {"a": True}, tuple(values)]
    for value in values:
        for other in others:
            assert (token(value) == token(other)) == (type(value) is type(other) and value == other)
    assert token((1,)) != token((True,))
    assert token({"a": 1}) != token({"a": True})


def test_once_goes_by_the_object_itself() -> None:
    made: list[object] = []

    def make(value: object, mark: str) -> list[object]:
        made.append(value)
        return [value, mark]

    once, one, other = Once(), [1], [1]
    assert once(make, one, "a") is once(make, one, "a")
    assert once(make, other, "a") == once(make, one, "a")
    assert once(make, other, "a") is not once(make, one, "a")
    once(make, one, "b")
    assert len(made) == 3


def test_a_note_without_a_text_says_its_reason_in_words() -> None:
    assert Note("python", None, "because").reason == "because"
