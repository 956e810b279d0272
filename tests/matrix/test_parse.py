"""What a variant file says: typed values, conditions, zip groups, and everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import MAX_PROBLEMS
from builder.matrix.parse import MAX_VALUE
from tests.matrix.test_files import ARM, CBC, loaded, refused, values


def test_values_have_types_and_floats_are_text(tmp_path: Path) -> None:
    text = "k: [3, 3.10, '3', true, 'true', yes, 0x1F, 1e3, 007, +3, -3, null, '']\n"
    assert values(loaded(tmp_path, text))["k"] == (
        3, "3.10", "3", True, "true", "yes", "0x1F", "1e3", 7, 3, -3, "null", "",
    )  # fmt: skip


def test_b9_an_unquoted_version_stays_text(tmp_path: Path) -> None:
    assert values(loaded(tmp_path, "python: [3.10]\n")) == {"python": ("3.10",)}


def test_conditions_and_templates(tmp_path: Path) -> None:
    text = """\
k:
  - if: linux and aarch64
    then: [arm, 1]
    else:
      - if: unix
        then: other
  - if: win
    then: never
  - ${{ target_platform }}
  - "${{ 'x' if win }}"
  - last
"""
    assert values(loaded(tmp_path, text)) == {"k": ("other", "linux-64", "last")}
    assert values(loaded(tmp_path, text, platforms=ARM)) == {"k": ("arm", 1, "linux-aarch64", "last")}


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, "# note\na:\n  - 1\n  - 2\nb: [x]\n")
    assert [origin.line for origin in config.values["a"].origins] == [3, 4]
    assert config.values["b"].origins[0].line == 5
    assert config.values["a"].origins[0].source == str(tmp_path / "variants.yaml")


def test_keys_without_values_are_known_but_have_none(tmp_path: Path) -> None:
    config = loaded(tmp_path, "a: []\nb:\n  - if: win\n    then: 1\nc: [1]\nzip_keys: [[a, c], [b]]\n")
    assert values(config) == {"c": (1,)}
    assert {"a", "b", "c"} <= config.known
    assert config.zip_keys == (("a", "c"), ("b",))


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    for text in ("", "\n\n", "# only a comment\n", "~\n"):
        assert values(loaded(tmp_path, text)) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a\n", "variant.shape"),
        ("just text\n", "variant.shape"),
        ("k: 5\n", "variant.values"),
        ("k:\n", "variant.values"),
        ("k: {a: 1}\n", "variant.values"),
        ("k: [[1, 2]]\n", "variant.value"),
        ("k: [{a: 1}]\n", "variant.value"),
        ("k:\n  - if: linux\n", "variant.condition"),
        ("k:\n  - if: linux\n    then: 1\n    otherwise: 2\n", "variant.condition"),
        ("k:\n  - if: linux and\n    then: 1\n", "recipe.expression-syntax"),
        ("k:\n  - if: linx\n    then: 1\n", "recipe.undefined"),
        ("k: ['${{ other }}']\n", "recipe.undefined"),
        ("k: ['${{ 1 + }}']\n", "recipe.expression-syntax"),
        ("a-b: [1]\na_b: [2]\n", "variant.key-twice"),
        ("'a b': [1]\n", "variant.key"),
        ("PATH: [/evil]\n", "variant.key"),
        ("k: [1]\nk: [2]\n", "yaml.duplicate-key"),
        ("zip_keys: [a, b]\n", "variant.zip-shape"),
        ("zip_keys: a\n", "variant.zip-shape"),
        ("zip_keys: [[[a]]]\n", "variant.shape"),
        ("extend_keys: a\n", "variant.shape"),
        ("pin_run_as_build: [a]\n", "variant.pin"),
        ("pin_run_as_build: {a: [x]}\n", "variant.pin"),
        ("k: &a [1]\nl: *a\n", "yaml.anchor"),
        ("k: [!!python/object/apply:os.system [id]]\n", "yaml.tag"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, code: str) -> None:
    assert refused(tmp_path, text) == [code]


def test_all_problems_of_a_file_at_once(tmp_path: Path) -> None:
    text = "a: 5\nb: [[1]]\nPATH: [x]\nc:\n  - if: nope\n    then: 1\nzip_keys: [x]\n"
    assert refused(tmp_path, text) == [
        "variant.values", "variant.value", "variant.key", "recipe.undefined", "variant.zip-shape",
    ]  # fmt: skip


def test_no_more_problems_are_told_than_anybody_reads(tmp_path: Path) -> None:
    for text in ("k: [" + "[]," * 1000 + "]\n", "".join(f"'a b{i}': [1]\n" for i in range(1000))):
        assert len(refused(tmp_path, text)) == MAX_PROBLEMS
    assert len(refused(tmp_path, "zip_keys: [[" + ",".join(f"k{i}" for i in range(1000)) + "]]\n")) == MAX_PROBLEMS


@pytest.mark.parametrize("name", ["variants.yaml", CBC])
def test_b8_a_value_has_a_length(tmp_path: Path, name: str) -> None:
    assert values(loaded(tmp_path, f"k: ['{'x' * MAX_VALUE}']\n", name=name)) == {"k": ("x" * MAX_VALUE,)}
    assert refused(tmp_path, f"k: ['{'x' * (MAX_VALUE + 1)}']\n", name) == ["variant.too-long"]
    assert refused(tmp_path, f"a: [1]\nk: ['{'x' * 1_000_000}']\n", name) == ["variant.too-long"]


def test_b8_a_computed_value_has_a_length_too(tmp_path: Path) -> None:
    assert refused(tmp_path, f"k: [\"${{{{ 'x' * {MAX_VALUE + 1} }}}}\"]\n") == ["variant.too-long"]


def test_b8_expressions_are_counted(tmp_path: Path) -> None:
    assert refused(tmp_path, "k:\n" + "".join(f"- ${{{{ 'a{i}' }}}}\n" for i in range(30_000)))[0] == "recipe.too-much"


def test_the_legacy_file_reads_numbers_as_text_and_has_selectors(tmp_path: Path) -> None:
    text = """\
c_compiler_version:   # [unix]
  - 13                # [linux and not aarch64]
  - 12                # [aarch64]
  - 14  # a note
python:
  - 3.10
  - 3.11.* *_cpython
flag:
  - true
  - 007
  - [x]  # [win]
flow: [3, 3.10, true, x]
scalar: armv7
gone:
  - 1                 # [win]
m2w64:                # [win]
  - 5                 # [win]
"""
    assert values(loaded(tmp_path, text, name=CBC)) == {
        "c_compiler_version": ("13", "14"),
        "python": ("3.10", "3.11.* *_cpython"),
        "flag": (True, "007"),
        "flow": (3, "3.10", True, "x"),
        "scalar": ("armv7",),
    }


def test_lines_of_the_legacy_file_keep_their_numbers(tmp_path: Path) -> None:
    config = loaded(tmp_path, "a:\n  - 1  # [win]\n  - 2  # [linux]\n", name=CBC)
    assert [str(origin) for origin in config.values["a"].origins] == [f"{tmp_path / CBC}:3"]


def test_zip_keys_and_pins_of_the_legacy_file(tmp_path: Path) -> None:
    text = """\
a:
  - 1
b:
  - 2
zip_keys:
  -               # [unix]
    - a           # [unix]
    - b-x         # [win]
    - b           # [linux]
  -
    - c           # [win]
pin_run_as_build:
  zlib:
    max_pin: x.x
    why: {no: matter}
  gone: x.x.x
extend_keys:
  - pin_run_as_build
  - b-x
"""
    config = loaded(tmp_path, text, name=CBC)
    assert config.zip_keys == (("a", "b"),)
    assert config.pin_run_as_build == {"zlib": {"max_pin": "x.x"}, "gone": {"min_pin": "x.x.x", "max_pin": "x.x.x"}}
    assert config.extend_keys == {"pin_run_as_build", "b_x"}
