"""Explanations say the same as renderings do, and where everything in them stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix import hash_input, load_variants, render, variant_files
from builder.matrix.explanation import Question, explain
from builder.model.explanation import Explanation
from builder.model.rendering import Override
from builder.recipe import load
from tests.matrix.asking import LINUX, at, explained, place, unused, used

CHECKOUT = Path(__file__).parents[2]
RECIPES = sorted(
    [
        *(CHECKOUT / "recipes").glob("*/*/recipe.yaml"),
        *(CHECKOUT / "tests" / "conformance" / "recipes").glob("*/recipe.yaml"),
    ]
)
VARIANTS = CHECKOUT / "variants" / "linux.yaml"

PYTHONS = 'python:\n  - "3.12"\n  - "3.13"\nnumpy:\n  - "1.26"\n  - "2.0"\nzip_keys:\n  - [python, numpy]\n'

SEVERAL = """\
context:
  version: "1.0"
  short: ${{ (python | split("."))[:2] | join }}
  tag: py${{ short }}
recipe:
  name: pair
  version: ${{ version }}
build:
  number: 3
outputs:
  - staging:
      name: made
    requirements:
      build:
        - if: blas == "mkl"
          then: ${{ mkl_name }}
          else: other
  - package:
      name: lib-${{ blas }}
    inherit: made
  - package:
      name: user
    build:
      string: ${{ tag }}_${{ hash }}
    requirements:
      host:
        - python
      run:
        - ${{ pin_subpackage("lib-" ~ blas, exact=true) }}
"""
BLAS = "blas: [mkl, openblas]\nmkl_name: [mkl-devel]\n"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_what_is_explained_is_what_is_rendered(recipe: Path) -> None:
    ours = (VARIANTS,) if CHECKOUT / "recipes" in recipe.parents else ()
    config = load_variants((*ours, *variant_files(recipe.parent)), {}, LINUX, {})
    text = load(recipe)
    renderings = render(text, config, LINUX)
    explanations = explain(Question(recipe=text, config=config, platforms=LINUX))
    assert [one.rendering for one in explanations] == list(renderings)
    for one in explanations:
        variant = one.rendering.variant
        assert {used.key: used.value for used in one.used} == dict(variant)
        assert all(used.reasons for used in one.used)
        assert one.hash_input == hash_input(variant)
        assert "".join(part.text for part in one.parts[2:]) == one.rendering.build_string
        keys = [*variant, *(unused.key for unused in one.unused), *one.unmentioned]
        assert len(keys) == len(set(keys))
        assert config.known <= set(keys)
        assert_places_are_true(one, recipe.read_text(encoding="utf-8"))


def assert_places_are_true(one: Explanation, text: str) -> None:
    """Whatever is said to stand in the recipe stands there."""
    lines = text.split("\n")
    pending = [*(reason for used in one.used for reason in used.reasons)]
    pending += [reason for part in one.parts for reason in part.through]
    while pending:
        reason = pending.pop()
        pending += reason.further
        if reason.place is not None:
            assert reason.place.line is not None
            assert reason.place.column is not None
            there = " ".join(lines[reason.place.line - 1][reason.place.column - 1 :].split())
            assert any(part.startswith(reason.text[: len(part)]) for part in (there, there[1:]) if part)
        else:
            assert reason.through in {"always", "environment"}


def test_several_outputs_with_a_chain_of_context_variables(tmp_path: Path) -> None:
    found = explained(tmp_path, SEVERAL, PYTHONS + BLAS)
    user = next(one for one in found if one.rendering.output.name == "user")
    (first, second) = used(user, "python").reasons
    assert (first.through, first.name, place(first)) == ("context", "short", at(SEVERAL, "(python"))
    (tag,) = first.further
    assert (tag.through, tag.name, tag.text, place(tag)) == ("context", "tag", "short", at(SEVERAL, "short }}"))
    (string,) = tag.further
    assert (string.through, string.path) == ("expression", "outputs[2].build.string")
    assert place(string) == at(SEVERAL, "tag }}_")
    assert (second.through, second.text, place(second)) == ("requirement", "python", at(SEVERAL, "python\n"))
    assert second.path == "outputs[2].requirements.host"


def test_an_exact_pin_and_the_name_in_it(tmp_path: Path) -> None:
    found = explained(tmp_path, SEVERAL, PYTHONS + BLAS)
    user = next(one for one in found if one.rendering.output.name == "user")
    (pin,) = used(user, "lib_mkl").reasons
    assert (pin.through, pin.name, pin.path) == ("pin", "lib-mkl", "outputs[2].requirements.run")
    assert place(pin) == at(SEVERAL, "${{ pin_subpackage")
    assert used(user, "lib_mkl").origin is None
    assert place(used(user, "blas").reasons[0]) == at(SEVERAL, "pin_subpackage")


def test_keys_of_a_staging_output(tmp_path: Path) -> None:
    found = explained(tmp_path, SEVERAL, PYTHONS + BLAS)
    lib = next(one for one in found if one.rendering.output.name == "lib-mkl")
    (through,) = used(lib, "mkl_name").reasons
    assert (through.through, through.name, place(through)) == ("staging", "made", at(SEVERAL, "made\n", 2))
    (inner,) = through.further
    assert (inner.through, inner.path) == ("expression", "outputs[0].requirements.build[0].then")
    assert place(inner) == at(SEVERAL, "mkl_name")
    own, shared = used(lib, "blas").reasons
    assert place(own) == at(SEVERAL, "blas }}")
    assert place(shared.further[0]) == at(SEVERAL, "blas ==")


def test_where_a_value_was_set_and_over_what(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nrequirements:\n  host: [python, zlib]\n"
    one, two = explained(
        tmp_path, recipe, "python: ['3.11']\nzlib: ['1']\n", "python:\n  - '3.12'\n  - '3.13'\n", zlib=("2",)
    )
    key = used(two, "python")
    assert (key.value, str(key.origin), key.choices) == ("3.13", str(tmp_path / "variants2.yaml:3"), ("3.12", "3.13"))
    (earlier,) = key.replaced
    assert (earlier.values, str(earlier.origin)) == (("3.11",), str(tmp_path / "variants1.yaml:1"))
    zlib = used(one, "zlib")
    assert str(zlib.origin) == "--variant"
    assert [setting.values for setting in zlib.replaced] == [("1",)]


def test_zipped_keys_are_told_with_the_place_of_their_group(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nrequirements:\n  host: [python]\n"
    one, _ = explained(tmp_path, recipe, PYTHONS)
    key = used(one, "python")
    assert key.zipped == ("numpy",)
    assert str(key.zip_place) == str(tmp_path / "variants1.yaml:8:5")
    assert unused(one, "numpy").obstacle == "zipped"


def test_a_context_variable_stands_before_a_variant_key(tmp_path: Path) -> None:
    recipe = "context:\n  flavour: plain\noutputs:\n  - package: {name: 'a-${{ flavour }}', version: '1'}\n"
    (one,) = explained(tmp_path, recipe, "flavour: [rich]\n")
    assert unused(one, "flavour").obstacle == "shadowed"
    assert place(unused(one, "flavour")) == at(recipe, "flavour: plain")


def test_a_context_variable_that_reads_the_key_of_its_name(tmp_path: Path) -> None:
    recipe = "context:\n  flavour: ${{ flavour }}-1\noutputs:\n  - package: {name: 'a', version: '1'}\n"
    (one,) = explained(tmp_path, recipe, "flavour: [rich]\n")
    key = used(one, "flavour")
    assert (key.value, key.given) == ("rich-1", "rich")
    assert (key.reasons[0].through, key.reasons[0].further) == ("context", ())


def test_two_packages_under_one_name_are_explained_though_they_cannot_be_built(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nbuild:\n  string: same\nrequirements:\n  host: [python]\n"
    one, two = explained(tmp_path, recipe, "python: ['3.12', '3.13']\n")
    assert one.rendering.stem == two.rendering.stem
    assert [used(each, "python").value for each in (one, two)] == ["3.12", "3.13"]


def test_noarch(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nbuild:\n  noarch: python\nrequirements:\n  host: [python]\n"
    (one,) = explained(tmp_path, recipe, "python: ['3.12', '3.13']\n")
    assert (used(one, "target_platform").value, used(one, "target_platform").given) == ("noarch", "linux-64")
    assert unused(one, "python").obstacle == "noarch"
    assert place(unused(one, "python")) == at(recipe, "python\nreq")
    assert unused(one, "python").choices == ("3.12", "3.13")


def test_only_what_is_wanted_is_explained(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(SEVERAL)
    (tmp_path / "variants.yaml").write_text(PYTHONS + BLAS)
    question = Question(
        recipe=load(tmp_path), config=load_variants([tmp_path / "variants.yaml"], {}, LINUX), platforms=LINUX
    )
    found = explain(question, lambda rendering: rendering.output.name == "lib-mkl")
    assert {one.rendering.output.name for one in found} == {"lib-mkl"}
    assert explain(question, lambda _: False) == ()


def test_what_the_caller_overrides_is_said(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nbuild:\n  number: 2\n"
    (one,) = explained(tmp_path, recipe, override=Override(build_number=7, build_string_prefix="mine"))
    assert [(part.text, part.why) for part in one.parts[2::2]] == [
        ("mine_", "--build-string-prefix"),
        ("_7", "--build-num"),
    ]


def test_what_selectors_asked_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("package: {name: a, version: '1'}\n")
    file = tmp_path / "conda_build_config.yaml"
    file.write_text('cuda:\n  - "12"  # [os.environ.get("WITH_CUDA") == "1"]\n')
    question = Question(recipe=load(tmp_path), config=load_variants([file], {}, LINUX, {}), platforms=LINUX)
    (one,) = explain(question)
    assert one.asked == ("WITH_CUDA",)
    assert "cuda" in one.unmentioned
