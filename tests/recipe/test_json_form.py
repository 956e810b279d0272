"""Forms of scalars in JSON Schema accept all that the parser's kinds accept, and refuse what they can see is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from builder.recipe import kind as kinds
from builder.recipe.json_form import form
from builder.recipe.kind import Kind
from builder.syntax.node import Document, Scalar
from tests.recipe.documents import Json, as_json

KINDS = {name: value for name, value in vars(kinds).items() if isinstance(value, Kind)}
VALIDATORS = {name: Draft202012Validator(form(name)) for name in KINDS}
EXACT = (
    "NAME", "BUILD_STRING", "SHA256", "MD5", "VARIABLE", "FLAG", "GROUP", "FILE_NAME", "BEHAVIOR", "BOOLEAN", "NATURAL",
    "INTEGER", "PATH", "INNER_GLOB", "GIT", "REFERENCE",
)  # fmt: skip
"""Kinds whose form refuses all that they refuse."""

WORDS = [
    "", "a", "A-b", "_x", "a.b", "a_", "-a", "1.2.3", "1!2", "2.*", "007", "-5", " 3 ", "3.5", "true", "True", "none", "python", "generic",
    "ignore", "error", "../up", "a/../b", "a..b", "/abs", "~/x", "C:/x", "C:x", "a/b", "a\\b", ".", "..", "https://example.org/a b",
    "pypi:a/1/b.whl", "mailto:x", "git@example.org:a.git", "ext::sh", "main", "v1^", "a b", "x:y", "x:y:z", "cmd = mod:fun",
    "cmd=mod.sub : obj.attr", "github:a/b", "github:a/b@c", "MIT OR Apache-2.0", "numpy >=1.2", "build.sh", "f" * 64, "0" * 32, "F" * 32,
    "g" * 64, "x" * 65, "PREFIX", "é", "a\nb", "${{ name }}", "x-${{ a }}",
]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(WORDS), st.text("aAzZ019 ._+!-/\\:=~\n^[]*é", max_size=12))


def accepts(name: str, text: str) -> bool:
    try:
        KINDS[name].convert(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", KINDS)
def test_no_kind_accepts_more_than_its_form(name: str) -> None:
    @settings(deadline=None, max_examples=150)
    @given(TEXTS)
    def every(text: str) -> None:
        if accepts(name, text):
            assert VALIDATORS[name].is_valid(text)
            assert VALIDATORS[name].is_valid(as_plain(text))

    every()


def as_plain(text: str) -> Json:
    """What an editor sees of a text that stands without quotes."""
    return as_json(Scalar(text, True, 0, 0, Document.of("x.yaml", "")))


@pytest.mark.parametrize("name", EXACT)
def test_a_form_refuses_what_its_kind_refuses(name: str) -> None:
    @settings(deadline=None, max_examples=150)
    @given(TEXTS)
    def every(text: str) -> None:
        if (
            not accepts(name, text) and "${{" not in text and not text.endswith("\n")
        ):  # `$` stands before a line's end too
            assert not VALIDATORS[name].is_valid(text)

    every()


@pytest.mark.parametrize("name", KINDS)
def test_an_expression_or_nothing_may_stand_everywhere_and_a_list_nowhere(name: str) -> None:
    for value in ("${{ anything }}", "x ${{ a }} y", None):
        assert VALIDATORS[name].is_valid(value)
    for other in ([], ["a"], {}, {"a": "b"}):
        assert not VALIDATORS[name].is_valid(other)


def test_without_expressions_there_is_no_nothing_either() -> None:
    plain = Draft202012Validator(form("VARIABLE", template=False))
    assert plain.is_valid("NAME")
    assert not plain.is_valid("${{ name }}")
    assert not plain.is_valid(None)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("NATURAL", [0, 7, "7"], [-1, 1.5, True, "x"]),
        ("INTEGER", [-1, 7], [1.5, True]),
        ("BOOLEAN", [True, "false"], [2, "yes"]),
        ("VERSION", [1, 1.5, "1.0"], ["1-0", [1]]),
        ("URL", ["https://example.org"], [3, True, "example"]),
        ("NOARCH", ["python", " generic "], ["java", True, 3]),
    ],
)
def test_types(name: str, good: list[Json], bad: list[Json]) -> None:
    assert [value for value in good if not VALIDATORS[name].is_valid(value)] == []
    assert [value for value in bad if VALIDATORS[name].is_valid(value)] == []
