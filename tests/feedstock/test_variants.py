"""A ``variants.yaml`` as conda-smithy reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.feedstock.variants import Variants, read_variants
from builder.matrix.v0.config import Spec
from builder.model.rendering import Platforms
from builder.recipe.v0.scope import Scope


def read(tmp_path: Path, text: str, subdir: str = "linux-64") -> Variants:
    file = tmp_path / "variants.yaml"
    file.write_text(text, encoding="utf-8")
    scope = Scope({}, Platforms(target=subdir, host=subdir, build=subdir), {"BUILD_PLATFORM": subdir})
    return read_variants(file, scope.holds)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n# and a document\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).values == {}


def test_values_are_text_and_numbers_are_remembered(tmp_path: Path) -> None:
    found = read(tmp_path, "a: [1, '2', 3.10, 007, true, TRUE, 'true', x]\nb: [1]\nc: one\n")
    assert found.values == {"a": ("1", "2", "3.10", "7", "true", "true", "true", "x"), "b": ("1",), "c": "one"}
    assert found.numbers == {("a", "1"), ("a", "7"), ("b", "1")}


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "a: []\nb: {}\nc: ''\nd: [null, ~]\ne: [x, null]\n").values == {"e": ("x",)}


CONDITIONS = """
a:
  - if: linux
    then: [1, 2]
    else: 3
  - if: osx or win
    then: 4
  - always
  - if: unix and not osx
    then:
      - if: aarch64
        then: deep
        else: [shallow]
"""


@pytest.mark.parametrize(
    ("subdir", "expected"),
    [
        ("linux-64", ("1", "2", "always", "shallow")),
        ("linux-aarch64", ("1", "2", "always", "deep")),
        ("osx-arm64", ("3", "4", "always")),
        ("win-64", ("3", "4", "always")),
    ],
)
def test_conditions(tmp_path: Path, subdir: str, expected: tuple[str, ...]) -> None:
    assert read(tmp_path, CONDITIONS, subdir).values == {"a": expected}


def test_a_condition_with_a_name_that_nobody_knows_does_not_hold(tmp_path: Path) -> None:
    assert read(tmp_path, "a:\n  - if: cuda_is_wanted\n    then: 1\n    else: 2\n").values == {"a": ("2",)}


@pytest.mark.parametrize("condition", ["linux and", "[x]", "open('/etc/passwd')", "__import__('os')"])
def test_a_condition_that_is_none(tmp_path: Path, condition: str) -> None:
    with pytest.raises(RecipeError, match="this condition cannot be evaluated") as caught:
        read(tmp_path, f'a:\n  - if: "{condition}"\n    then: 1\n  - 2\n'.replace("[x]", "1 +"))
    assert caught.value.problems[0].place is not None
    assert (caught.value.problems[0].place.line, caught.value.problems[0].place.column) == (2, 9)
    assert caught.value.problems[0].remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zip_keys: [[a, b]]\na: [1, 2]\nb: [3, 4]\n", ("a", "b")),
        ("zip_keys: [a, b]\na: [1, 2]\nb: [3, 4]\n", ("a", "b")),
        ("zip_keys: [[a, b], [c, d]]\na: [1]\nb: [3]\nc: [5]\nd: [6]\n", ("a", "b", "c", "d")),
        ("zip_keys: [[a, b], [c, d]]\na: [1]\nb: [3]\nc: [5, 7]\nd: [6, 8]\n", (("a", "b"), ("c", "d"))),
        ("zip_keys:\n  - if: linux\n    then: [[a, b]]\n  - [c, d]\na: [1]\nb: [2]\n", ("a", "b", "c", "d")),
    ],
    ids=["one group", "a flat list", "two groups become one", "two groups of unequal length stay", "a condition"],
)
def test_groups(tmp_path: Path, text: str, expected: object) -> None:
    assert read(tmp_path, text).values["zip_keys"] == expected


def test_a_mapping_is_kept(tmp_path: Path) -> None:
    expected: Spec = {"pin_run_as_build": {"a": {"max_pin": "x.x"}}}
    assert read(tmp_path, "pin_run_as_build:\n  a:\n    max_pin: x.x\n").values == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "a variant file has to be a mapping"),
        ("a: [1\n", "this is no YAML"),
        ("a: 1\na: 2\n", "a"),
        ("a: &x [1]\nb: *x\n", "anchor"),
    ],
)
def test_what_is_no_variant_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        read(tmp_path, text)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.line


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "variants.yaml").mkdir()
    with pytest.raises(RecipeError, match="cannot be read: it is a folder"):
        read_variants(tmp_path / "variants.yaml", lambda _: True)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "variants.yaml").write_bytes(b"a:\n  - \xff\xfe\n")
    with pytest.raises(RecipeError, match="UTF-8"):
        read_variants(tmp_path / "variants.yaml", lambda _: True)
