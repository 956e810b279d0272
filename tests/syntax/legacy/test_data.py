"""Rendered recipes as values: PyYAML's YAML 1.1 with numbers as text, bounded."""

from __future__ import annotations

import pytest

from builder.errors import Problem, RecipeError
from builder.syntax.legacy.data import MAX_ALIASES, Plain, read_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", "1.10"),
        ("0o17", "0o17"),
        ("1e10", "1e10"),
        ("2024-01-01", "2024-01-01"),
        ("22:22", "22:22"),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ('"yes"', "yes"),
        ("~", None),
        ("", None),
        ('""', ""),
        ("! yes", "yes"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars(text: str, value: Plain) -> None:
    assert read_values(f"key: {text}", "meta.yaml") == {"key": value}


def test_lists_and_mappings() -> None:
    text = "package:\n  name: a\nrequirements:\n  run:\n    - b\n    -\n    - [c, {d: 1}]\n1: x\n"
    assert read_values(text, "meta.yaml") == {
        "package": {"name": "a"},
        "requirements": {"run": ["b", None, ["c", {"d": "1"}]]},
        "1": "x",
    }


def test_an_empty_text_holds_nothing() -> None:
    assert read_values("", "meta.yaml") is None
    assert read_values("# only this\n", "meta.yaml") is None


def test_of_two_equal_keys_the_last_counts() -> None:
    doubled: list[Problem] = []
    assert read_values("a: 1\na: 2\n", "meta.yaml", doubled) == {"a": "2"}
    assert [(one.code, one.place.line) for one in doubled if one.place] == [("recipe.key-twice", 2)]
    assert read_values("a: 1\na: 2\n", "meta.yaml") == {"a": "2"}


def test_colons_in_brackets() -> None:
    assert read_values("url: [https://example.org/a, b]\n", "meta.yaml") == {"url": ["https://example.org/a", "b"]}


def test_aliases_and_merge_keys() -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nboth:\n  <<: [*base, *more]\n  a: 5\none: *more\n"
    value = read_values(text, "meta.yaml")
    assert isinstance(value, dict)
    assert value["both"] == {"a": "5", "b": "2", "c": "4"}
    assert value["one"] == {"b": "3", "c": "4"}


def test_a_merge_key_in_quotes_is_a_key() -> None:
    assert read_values('a: {"<<": 1}\n', "meta.yaml") == {"a": {"<<": "1"}}


BILLION_LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BILLION_LAUGHS, "values"),
        ("a: &a 1\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]\n", "aliases"),
        ("a: *nothing\n", "anchor"),
        ("a: &a [*a]\n", "anchor"),
        ("[" * 100 + "]" * 100, "nested"),
        ("a: !!python/object/apply:os.system [id]\n", "tag"),
        ("a: !!binary aGk=\n", "tag"),
        ("? [a]\n: b\n", "key"),
        ("<<: 1\n", "merged"),
        ("a: 1\n--- \nb: 2\n", "second document"),
        ("a: [\n", "no YAML"),
        ("a:\n\t- b\n", "no YAML"),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        read_values(text, "meta.yaml")
    place = caught.value.problems[0].place
    assert place is not None
    assert place.line is not None
