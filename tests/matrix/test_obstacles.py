"""Every obstacle that keeps a key out of a hash, each told with the place of what is in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.matrix import load_variants
from builder.matrix.explanation import Question, explain
from builder.model.explanation import Obstacle
from builder.model.variant import VariantRule
from builder.recipe import load
from tests.matrix.asking import LINUX, at, explained, place, unused

HEAD = "package: {name: a, version: '1'}\n"
OTHER = "key: ['1', '2']\nother: ['x', 'y']\n"

OBSTACLES: list[tuple[str, Obstacle, str, str]] = [
    (
        "build:\n  variant:\n    ignore_keys: [other, key]\nrequirements:\n  host: [key]\n",
        "ignored", "key]\nreq", "build.variant.ignore_keys names it",
    ),
    (
        "requirements:\n  host:\n    - if: win\n      then: ${{ key }}\n",
        "branch", "key }}", "it stands under then of `if: win` (line 4), which does not hold",
    ),
    (
        "requirements:\n  host:\n    - if: linux\n      then: a\n      else:\n        - if: osx\n          then: ${{ key }}\n",
        "branch", "key }}", "it stands under else of `if: linux` (line 4), which holds",
    ),
    (
        "build:\n  skip: true\nrequirements:\n  host: ['${{ key }}']\n",
        "branch", "key }}", "the output is skipped, so that this is not evaluated",
    ),
    (
        "about:\n  summary: ${{ 'a' if linux else key }}\n",
        "not needed", "'a' if", "the expression comes to its value without it",
    ),
    (
        "requirements:\n  host:\n    - zlib\n    - key >=1\n",
        "own version", "key >=1", "requirements.host says more than the name",
    ),
    (
        "requirements:\n  run:\n    - key\n",
        "run only", "key\n", "requirements.run takes no versions from variant files, only build and host do",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("recipe", "obstacle", "fragment", "why"), OBSTACLES, ids=lambda value: str(value)[:20])
def test_a_key_that_is_not_in_the_hash(
    recipe: str, obstacle: Obstacle, fragment: str, why: str, tmp_path: Path
) -> None:
    one, *_ = explained(tmp_path, HEAD + recipe, OTHER)
    assert "key" not in one.rendering.variant
    found = unused(one, "key")
    assert (found.obstacle, found.why) == (obstacle, why)
    assert place(found) == at(HEAD + recipe, fragment)
    assert found.choices == ("1", "2")
    assert found.origin is not None


@pytest.mark.parametrize(
    ("variants", "why"),
    [
        ("other: [1]\n", "no variant file defines it"),
        ("key:\n  - if: win\n    then: 1\n", "no variant file has a value of it for this platform"),
    ],
)
def test_a_name_that_is_read_and_has_no_value(variants: str, why: str, tmp_path: Path) -> None:
    recipe = HEAD + "build:\n  skip: ${{ key is defined }}\n"
    (one,) = explained(tmp_path, recipe, variants)
    found = unused(one, "key")
    assert (found.obstacle, found.why, place(found)) == ("no value", why, at(recipe, "key is"))
    assert (found.choices, found.origin) == ((), None)


def test_names_of_platforms_are_no_keys_that_one_might_expect(tmp_path: Path) -> None:
    recipe = (
        HEAD
        + "build:\n  skip: ${{ win or target_platform == 'x' }}\nrequirements:\n  build: ['${{ compiler(\"c\") }}']\n"
    )
    (one,) = explained(tmp_path, recipe)
    assert [found.key for found in one.unused] == ["c_compiler", "c_compiler_version"]


def test_a_part_of_the_recipe_that_an_output_does_not_take(tmp_path: Path) -> None:
    recipe = (
        "recipe: {name: r, version: '1'}\nsource:\n  - path: ${{ key }}\noutputs:\n"
        "  - staging: {name: s}\n  - package: {name: a}\n    inherit: s\n"
    )
    found = explained(tmp_path, recipe, "key: [x]\n")
    inheriting = next(one for one in found if one.rendering.output.name == "a")
    assert [reason.through for used in inheriting.used if used.key == "key" for reason in used.reasons] == ["staging"]
    recipe = "recipe: {name: '${{ key }}', version: '1'}\noutputs:\n  - package: {name: a, version: '2'}\n"
    (one,) = explained(tmp_path, recipe, "key: [x]\n")
    assert unused(one, "key").why == "it stands in a part of the recipe that this output does not take"


def test_a_key_that_nothing_speaks_of_is_not_expected(tmp_path: Path) -> None:
    (one,) = explained(tmp_path, HEAD, OTHER)
    assert one.unused == ()
    assert one.unmentioned == ("build_platform", "key", "other")


def test_ignoring_a_key_in_the_top_level_of_several_outputs(tmp_path: Path) -> None:
    recipe = (
        "build:\n  variant:\n    ignore_keys: [key]\noutputs:\n  - package: {name: a, version: '1'}\n"
        "    requirements:\n      host: [key]\n"
    )
    one, *_ = explained(tmp_path, recipe, OTHER)
    assert (unused(one, "key").obstacle, place(unused(one, "key"))) == ("ignored", at(recipe, "key]\nout"))


def test_ignore_version_of_a_variant_file(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(HEAD + "requirements:\n  host: [key]\n")
    (tmp_path / "variants.yaml").write_text("key: ['1']\nignore_version: [key]\n")
    config = load_variants([tmp_path / "variants.yaml"], {}, LINUX)
    for rules, used in (([], True), ([VariantRule.IGNORE_VERSION], False)):
        question = Question(recipe=load(tmp_path), config=replace(config, rules=frozenset(rules)), platforms=LINUX)
        (one,) = explain(question)
        assert ("key" in one.rendering.variant) is used
        assert [found.why for found in one.unused] == ([] if used else ["ignore_version of a variant file names it"])
