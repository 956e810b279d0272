"""Recipes as people write them, from text to renderings."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix import load_variants, render, rendering_document
from builder.model.pin import Pin
from builder.model.rendering import Override, Platforms, Rendering
from builder.model.variant import VariantRule
from builder.recipe import load
from tests.matrix.fakes import LINUX

CHECKOUT = Path(__file__).parents[2]


def rendered(folder: Path, recipe: str, variants: str = "", platforms: Platforms = LINUX) -> tuple[Rendering, ...]:
    (folder / "recipe.yaml").write_text(recipe)
    (folder / "variants.yaml").write_text(variants)
    return render(load(folder), load_variants([folder / "variants.yaml"], {}, platforms), platforms)


def stems(found: tuple[Rendering, ...]) -> list[str]:
    return [one.stem for one in found]


MATRIX = """\
context:
  version: "2.0"
package:
  name: mat
  version: ${{ version }}
build:
  script: echo ${{ archlevel }} ${{ blas }}
requirements:
  build:
    - if: cudav != "none"
      then: cuda-nvcc =${{ cudav }}
  host:
    - pyv
"""


def test_a_matrix_with_a_zip_group(tmp_path: Path) -> None:
    variants = """\
archlevel: [1, 3]
blas: [openblas, mkl]
pyv: ["3.11", "3.12"]
cudav: [none, "12"]
unused: [1, 2, 3, 4]
zip_keys: [[pyv, cudav]]
"""
    found = rendered(tmp_path, MATRIX, variants)
    assert len(found) == 8
    assert dict(found[0].variant) == {
        "archlevel": 1, "blas": "openblas", "cudav": "none", "pyv": "3.11", "target_platform": "linux-64",
    }  # fmt: skip
    assert {(one.variant["pyv"], one.variant["cudav"]) for one in found} == {("3.11", "none"), ("3.12", "12")}


def test_every_key_says_why_it_counts_and_where_it_was_set(tmp_path: Path) -> None:
    found = rendered(tmp_path, MATRIX, "archlevel: [1]\nblas: [mkl]\npyv: [3.11]\ncudav: [none]\n")
    why = dict(found[0].why)
    assert "archlevel" in why["archlevel"]
    assert f"{tmp_path / 'recipe.yaml'}:7" in why["archlevel"]
    assert "requirements.host" in why["pyv"]
    assert why["target_platform"] == "always part of the hash"
    assert str(found[0].variant.origin("blas")) == f"{tmp_path / 'variants.yaml'}:2"


def test_platforms_come_from_the_arguments(tmp_path: Path) -> None:
    recipe = 'package: {name: a, version: "1"}\nbuild:\n  skip: win\n  script: ${{ "u" if unix else "w" }}\n'
    assert not rendered(tmp_path, recipe)[0].output.skip
    windows = Platforms(target="win-64", host="win-64", build="linux-64")
    (found,) = rendered(tmp_path, recipe, platforms=windows)
    assert found.output.skip
    assert found.subdir == "win-64"


def test_all_problems_of_a_recipe_reach_the_caller(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        rendered(tmp_path, 'package: {name: a, version: "1"}\nbuild:\n  script: ${{ nope }}\n')
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.line == 3


def test_b1_a_matrix_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    keys = "abcdefg"
    recipe = f'package: {{name: a, version: "1"}}\nbuild:\n  script: {"".join(f"${{{{ {key} }}}}" for key in keys)}\n'
    variants = "".join(f"{key}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for key in keys)
    with pytest.raises(RecipeError, match="10,000,000 times") as caught:
        rendered(tmp_path, recipe, variants)
    assert str(caught.value.problems[0].place) == f"{tmp_path / 'recipe.yaml'}:1:17"
    assert "a (10 values)" in (caught.value.problems[0].remedy or "")


def test_variants_with_one_file_name_are_refused(tmp_path: Path) -> None:
    recipe = 'package: {name: a, version: "1"}\nbuild:\n  string: always\n  script: ${{ k }}\n'
    with pytest.raises(RecipeError, match="k = 1 and 2"):
        rendered(tmp_path, recipe, "k: [1, 2]\n")


OUTPUTS = """\
recipe: {name: top, version: "1.5"}
build: {number: 2}
outputs:
  - package: {name: app}
    requirements:
      run: ['${{ pin_subpackage("lib", exact=True) }}', '${{ pin_subpackage("app") }}']
  - staging: {name: work}
    build: {script: 'make ${{ flavor }}'}
  - package: {name: lib}
    inherit: work
    requirements:
      run_exports: ['${{ pin_subpackage("lib", upper_bound="x.x") }}']
"""


def test_outputs_that_belong_together(tmp_path: Path) -> None:
    found = rendered(tmp_path, OUTPUTS, "flavor: [a, b]\n")
    assert [one.output.name for one in found] == ["app", "app", "work", "work", "lib", "lib"]
    apps, works, libs = found[:2], found[2:4], found[4:]
    assert [one.variant["lib"] for one in apps] == [f"1.5 {one.build_string}" for one in libs]
    assert [one.staging for one in libs] == [one.identity for one in works]
    assert [[sibling.name for sibling in one.siblings] for one in apps] == [["lib", "app"]] * 2
    assert libs[0].siblings[0].build_string == libs[0].build_string
    assert libs[0].build_string.endswith("_2")


PIECES = {
    "package": '{name: a, version: "1"}',
    "build": "{number: 1, script: ['echo ${{ z }}', 'echo ${{ a }}'], variant: {use_keys: [forced]}}",
    "requirements": "{host: [lib, other >=1], run: [__glibc >=2.17], build: ['${{ compiler(\"c\") }}']}",
    "about": "{license: MIT, summary: x}",
}
VALUES = {
    "z": "[1, 2]",
    "a": "[x, y]",
    "lib": "['1', '2']",
    "c_compiler": "[gcc]",
    "forced": "[true, false]",
    "no": "[1, 2]",
}


def documents(folder: Path, pieces: list[tuple[str, str]], values: list[tuple[str, str]], zipped: str) -> str:
    recipe = "".join(f"{key}: {text}\n" for key, text in pieces)
    variants = "".join(f"{key}: {text}\n" for key, text in values) + zipped
    found = [rendering_document(one) for one in rendered(folder, recipe, variants)]
    for one in found:
        del one["why"], one["origins"]  # places move with the lines
    return json.dumps(found, sort_keys=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.permutations(list(PIECES.items())), st.permutations(list(VALUES.items())), st.permutations(["z", "a", "lib"]))
def test_the_order_of_keys_changes_nothing(
    tmp_path: Path, pieces: list[tuple[str, str]], values: list[tuple[str, str]], group: list[str]
) -> None:
    expected = documents(tmp_path, list(PIECES.items()), list(VALUES.items()), "zip_keys: [[z, a, lib]]\n")
    zipped = f"zip_keys: [[{', '.join(group)}]]\n"
    assert documents(tmp_path, pieces, values, zipped) == expected


SCRIPT = """
import json, sys
from pathlib import Path
from builder.matrix import load_variants, render, rendering_document
from builder.model.rendering import Platforms
from builder.recipe import load
linux = Platforms(target="linux-64", host="linux-64", build="linux-64")
folder = Path(sys.argv[1])
found = render(load(folder), load_variants([folder / "variants.yaml"], {}, linux), linux)
print(json.dumps([rendering_document(one) for one in found]))
"""


def test_the_hash_seed_changes_nothing(tmp_path: Path) -> None:
    rendered(tmp_path, OUTPUTS, "flavor: [a, b, c]\n")

    def run(seed: str) -> str:
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(CHECKOUT)}
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path)], env=env, capture_output=True, text=True, check=True
        ).stdout

    said = [run(seed) for seed in ("0", "1", "4242")]
    assert json.loads(said[0])
    assert all(one == other for one, other in itertools.pairwise(said))


RULES = """\
numpy: ["1", "2"]
grain: [rye]
pin_run_as_build:
  grain: x.x
ignore_version: [numpy]
"""
RULED = """\
package: {name: a, version: "1"}
requirements: {host: [numpy, grain], run: [grain]}
"""


def ruled(folder: Path, *rules: VariantRule) -> tuple[Rendering, ...]:
    (folder / "recipe.yaml").write_text(RULED)
    (folder / "variants.yaml").write_text(RULES)
    config = load_variants([folder / "variants.yaml"], {}, LINUX)
    return render(load(folder), replace(config, rules=frozenset(rules)), LINUX)


def test_rules_of_conda_build_are_applied_when_asked_for(tmp_path: Path) -> None:
    plain = ruled(tmp_path)
    assert [dict(one.variant)["numpy"] for one in plain] == ["1", "2"]
    assert {one.pins for one in plain} == {()}
    pinned = ruled(tmp_path, VariantRule.PIN_RUN_AS_BUILD)
    assert stems(pinned) == stems(plain)
    assert {one.pins for one in pinned} == {(("grain", Pin(upper_bound="x.x", lower_bound="x.x")),)}
    (ignoring,) = ruled(tmp_path, VariantRule.IGNORE_VERSION)
    assert list(ignoring.variant) == ["grain", "target_platform"]


def test_what_a_recipe_was_told_is_in_its_renderings(tmp_path: Path) -> None:
    class Telling:
        def environment(self, name: str) -> str | None:
            return "yes" if name == "CI" else None

        def file(self, path: str) -> bytes:
            raise AssertionError(path)

        def git(self, question: str, url: str) -> str:
            raise AssertionError(url)

    (tmp_path / "recipe.yaml").write_text(
        "recipe: {version: '1'}\noutputs:\n"
        "  - package: {name: a}\n    about: {summary: \"${{ env.get('CI') }} ${{ env.exists('HOME') }}\"}\n"
        "  - package: {name: b}\n"
    )
    first, second = render(load(tmp_path), load_variants([], {}, LINUX), LINUX, ask=Telling())
    assert [str(one) for one in first.asked] == ["the environment variable CI", "the environment variable HOME"]
    assert second.asked == ()
    assert rendering_document(first)["asked"] == [
        {"subject": "environment", "question": "CI", "sha256": first.asked[0].digest},
        {"subject": "environment", "question": "HOME", "sha256": None},
    ]


def test_an_ignored_key_that_decides_the_build_number_makes_two_packages(tmp_path: Path) -> None:
    """As by rattler-build, which gives both numbers with one hash."""
    recipe = "package: {name: a, version: '1'}\nbuild: {number: '${{ n }}', variant: {ignore_keys: [n]}}\n"
    found = rendered(tmp_path, recipe, "n: [3, 10]\n")
    assert [one.output.build.number for one in found] == [3, 10]
    assert len({one.hash for one in found}) == 1
    assert len(set(stems(found))) == 2


SEVERAL = """
recipe: {name: r, version: "1"}
build: {number: 3}
outputs:
  - package: {name: base}
  - package: {name: own}
    build: {string: "x_${{ build_number }}"}
  - package: {name: top}
    requirements: {run: ["${{ pin_subpackage('base', exact=True) }}", "${{ pin_subpackage('own', exact=True) }}"]}
"""


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (Override(), ["base-1-hb0f4dca_3", "own-1-x_3", "top-1-h55474e3_3"]),
        (Override(build_number=0), ["base-1-hb0f4dca_0", "own-1-x_0", "top-1-h35f3b78_0"]),
        (Override(build_string_prefix="p"), ["base-1-p_hb0f4dca_3", "own-1-x_3", "top-1-p_h09da792_3"]),
        (Override(build_number=7, build_string_prefix="p"), ["base-1-p_hb0f4dca_7", "own-1-x_7", "top-1-p_hcdb7590_7"]),
    ],
)
def test_what_the_caller_overrides_enters_the_hash_of_who_pins_it(
    override: Override, expected: list[str], tmp_path: Path
) -> None:
    """The strings are rattler-build's; `tests/cli/test_render_only.py` asks it."""
    (tmp_path / "recipe.yaml").write_text(SEVERAL)
    found = render(load(tmp_path), load_variants([], {}, LINUX), LINUX, override=override)
    assert stems(found) == expected
    assert {one.output.build.number for one in found} == {3 if override.build_number is None else override.build_number}
    assert {json.loads(one.output.rendered)["build"]["number"] for one in found} == {found[0].output.build.number}
