"""Variant files as conda-build merges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import RecipeError, UsageError
from builder.matrix.v0.config import Spec, combined, defaults
from builder.matrix.v0.files import read_config
from builder.model.rendering import Platforms

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
OSX = Platforms(target="osx-arm64", host="osx-arm64", build="osx-arm64")


def values(*specs: Spec) -> Spec:
    return combined([(f"file {number}", spec) for number, spec in enumerate(specs)]).values


def test_a_later_file_replaces_a_key() -> None:
    assert values({"a": ("1", "2"), "b": "3"}, {"a": "4"}) == {"a": ("4",), "b": ("3",)}


def test_keys_that_extend_are_joined() -> None:
    first: Spec = {"extend_keys": ("more",), "more": ("1", "2"), "pin_run_as_build": {"a": {"max_pin": "x"}}}
    second: Spec = {"more": ("2", "3"), "pin_run_as_build": {"b": {"max_pin": "x.x"}}}
    assert values(first, second) == {
        "extend_keys": ("more",),
        "more": ("1", "2", "3"),
        "pin_run_as_build": {"a": {"max_pin": "x"}, "b": {"max_pin": "x.x"}},
    }


def test_zip_keys_of_all_files_count() -> None:
    config = combined(
        [("", {"zip_keys": (("a", "b"),), "a": "1", "b": "2"}), ("-m", {"zip_keys": ("c", "d"), "c": "1", "d": "2"})]
    )
    assert config.zip_keys == (("a", "b"), ("c", "d"))


ZIPPED: Spec = {"zip_keys": (("a", "b"),), "a": ("1", "2"), "b": ("x", "y")}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ({"a": ("3",), "b": ("z",)}, {"a": ("3",), "b": ("z",)}),
        ({"a": ("3", "4")}, {"a": ("3", "4"), "b": ("x", "y")}),
        ({"a": ("2",)}, {"a": ("1", "2"), "b": ("x", "y")}),
    ],
    ids=["the whole group", "as many values", "some of the values: they are chosen later"],
)
def test_a_zipped_key(later: Spec, expected: Spec) -> None:
    found = values(ZIPPED, later)
    assert {key: found[key] for key in "ab"} == expected


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ([ZIPPED, {"a": ("3",)}], "zipped with b"),
        ([{"zip_keys": (("a", "b"),), "a": ("1", "2"), "b": ("x",)}], "a has 2, b has 1"),
        ([{"zip_keys": (("a", "b"), ("b", "c")), "a": "1", "b": "1", "c": "1"}], "b in two groups"),
        ([{"a-b": "1"}], "has a '-'"),
    ],
)
def test_what_does_not_fit_is_told(specs: list[Spec], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        values(*specs)
    assert caught.value.problems[0].remedy


def test_files_are_text_after_selectors(tmp_path: Path) -> None:
    file = tmp_path / "conda_build_config.yaml"
    file.write_text(
        "python:\n  - 3.10  # [linux]\n  - 3.11  # [osx]\nflag:\n  - true\nempty:\n  - 1  # [win]\n"
        "cuda:\n  - 12  # [os.environ.get('CF_CUDA_ENABLED') == 'True']\nplain: 1.20\npin_run_as_build:\n  a:\n    max_pin: x\n"
    )
    linux = read_config([file], {}, LINUX, {"CF_CUDA_ENABLED": "True"}).values
    osx = read_config([file], {}, OSX, {}).values
    assert (linux["python"], osx["python"]) == (("3.10",), ("3.11",))
    assert (linux["flag"], linux["plain"], linux["cuda"]) == (("true",), ("1.20",), ("12",))
    assert "empty" not in linux
    assert "cuda" not in osx
    assert linux["pin_run_as_build"] == {**defaults(LINUX)["pin_run_as_build"], "a": {"max_pin": "x"}}  # type: ignore[dict-item]


def test_what_the_user_asks_for_counts_most(tmp_path: Path) -> None:
    file = tmp_path / "conda_build_config.yaml"
    file.write_text("python:\n  - 3.10\n")
    assert read_config([file], {"python": ("3.13",)}, LINUX, {}).values["python"] == ("3.13",)


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n", "mapping of keys"), ("a: 1  # [1 +]\n", "selector"), ("a: [\n", "no YAML"), ("a: &x 1\n", "anchor")],
)
def test_a_bad_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "conda_build_config.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=message):
        read_config([file], {}, LINUX, {})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no variant file"):
        read_config([tmp_path / "none.yaml"], {}, LINUX, {})


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "conda_build_config.yaml"
    file.write_text("# nothing\n")
    assert read_config([file], {}, LINUX, {}).values.keys() == defaults(LINUX).keys()
