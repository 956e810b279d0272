"""Sections of a ``conda-forge.yml``: each question gives a value of its type or a problem at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from builder.errors import Problem
from builder.feedstock.form import Findings, Form, truth
from builder.syntax.node import Mapping
from builder.syntax.reader import read_text


def form(text: str) -> Form:
    return Form(read_text(text, "conda-forge.yml"), "", Findings())


def only(found: list[Problem]) -> str:
    (problem,) = found
    assert problem.remedy
    return str(problem)


def test_what_is_not_written_is_the_default() -> None:
    asked = form("other: 1\n")
    assert asked.text("a", "x") == "x"
    assert asked.optional_text("a") is None
    assert asked.choice("a", ("x", "y"), "y") == "y"
    assert asked.flag("a", default=True) is True
    assert asked.number("a", 7) == 7
    assert asked.optional_number("a") is None
    assert asked.texts("a", ("x",)) == ("x",)
    assert asked.table("a") == {}
    assert asked.section("a").text("b", "z") == "z"
    assert asked.node("a") is None
    assert not asked.has("a")
    assert asked.place("a") is None
    assert asked.findings.errors == []


def test_null_is_the_default_too() -> None:
    for written in ("null", "~", "", "Null"):
        asked = form(f"a: {written}\n")
        assert asked.text("a", "x") == "x"
        assert asked.flag("a", default=True) is True
        assert asked.number("a", 7) == 7
        assert asked.texts("a", ("x",)) == ("x",)
        assert list(asked.section("a").entries()) == []
        assert asked.has("a")
        assert asked.findings.errors == []


def test_what_is_written_is_text_even_if_it_is_null() -> None:
    asked = form("a: null\nb:\nc: '1'\nd: [1]\n")
    assert [asked.written(key) for key in "abcx"] == ["null", "", "1", None]
    assert asked.written("d") is None
    assert only(asked.findings.errors) == "conda-forge.yml:4:4: d has to be text, and is a list"
    asked.finish()
    assert asked.findings.warnings == []


def test_the_word_null_in_quotes_is_text() -> None:
    assert form("a: 'null'\n").text("a", "x") == "null"


def test_values() -> None:
    asked = form("t: word\nf: yes\nn: 12\nq: '12'\nl: [a, 1, null]\ns: one\nm: {x: 1, y: null, z: two}\nc: b\n")
    assert asked.text("t") == "word"
    assert asked.flag("f", default=False) is True
    assert asked.number("n", 0) == asked.number("q", 0) == 12
    assert asked.texts("l") == ("a", "1")
    assert asked.texts("s") == ("one",)
    assert asked.table("m") == {"x": "1", "z": "two"}
    assert asked.choice("c", ("a", "b"), "a") == "b"
    assert list(asked.section("m").entries()) == ["x", "y", "z"]
    assert asked.findings.errors == []


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "'true'"])
def test_true(word: str) -> None:
    assert form(f"a: {word}\n").flag("a", default=False) is True


@pytest.mark.parametrize("word", ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "'no'"])
def test_false(word: str) -> None:
    assert form(f"a: {word}\n").flag("a", default=True) is False


def test_truth_of_nodes() -> None:
    node = read_text("a: true\nb: maybe\nc: [true]\n", "f")
    assert isinstance(node, Mapping)
    assert [truth(value) for _, value in node.entries] == [True, None, None]


ASK: list[tuple[str, Callable[[Form], object], str]] = [
    ("[x]", lambda asked: asked.text("a"), "a has to be text, and is a list"),
    ("{x: 1}", lambda asked: asked.texts("a"), "a has to be text, and is a mapping"),
    ("[[x]]", lambda asked: asked.texts("a"), "a has to be text, and is a list"),
    ("perhaps", lambda asked: asked.flag("a", default=True), "a has to be true or false, and is 'perhaps'"),
    ("[true]", lambda asked: asked.flag("a", default=True), "a has to be true or false, and is a list"),
    ("1", lambda asked: asked.flag("a", default=True), "a has to be true or false, and is '1'"),
    ("many", lambda asked: asked.number("a", 1), "a has to be a whole number of at most 9 digits, and is 'many'"),
    ("-1", lambda asked: asked.number("a", 1), "a has to be a whole number of at most 9 digits, and is '-1'"),
    ("1.5", lambda asked: asked.number("a", 1), "a has to be a whole number of at most 9 digits, and is '1.5'"),
    ("٣", lambda asked: asked.number("a", 1), "a has to be a whole number of at most 9 digits, and is '٣'"),
    ("1234567890", lambda asked: asked.number("a", 1), "a has to be a whole number of at most 9 digits"),
    ("c", lambda asked: asked.choice("a", ("x", "y"), "x"), "a is 'c'"),
    ("5", lambda asked: asked.section("a"), "a has to be a mapping of keys to values, and is '5'"),
    ("[5]", lambda asked: asked.table("a"), "a has to be a mapping of keys to values, and is a list"),
    ("{x: [5]}", lambda asked: asked.table("a"), "a.x has to be text, and is a list"),
]


@pytest.mark.parametrize(("written", "ask", "message"), ASK, ids=[f"{case[0]}: {case[2]}" for case in ASK])
def test_wrong_values_are_told(written: str, ask: Callable[[Form], object], message: str) -> None:
    asked = form(f"b: 1\na: {written}\n")
    ask(asked)
    found = only(asked.findings.errors)
    assert found.startswith("conda-forge.yml:2:")
    assert message in found


def test_a_long_value_is_shown_in_part() -> None:
    asked = form(f"a: {'x' * 5000}\n")
    asked.flag("a", default=False)
    assert len(only(asked.findings.errors)) < 200


def test_a_choice_says_what_there_is() -> None:
    asked = form("a: c\n")
    assert asked.choice("a", ("x", "y"), "x") == "x"
    assert asked.findings.errors[0].remedy == "write one of x, y, or leave it out"


def test_all_mistakes_are_collected() -> None:
    asked = form("a: [1]\nb: perhaps\nc: {d: many}\n")
    asked.text("a")
    asked.flag("b", default=True)
    asked.section("c").number("d", 1)
    assert [str(problem.place) for problem in asked.findings.errors] == [
        "conda-forge.yml:1:4", "conda-forge.yml:2:4", "conda-forge.yml:3:8",
    ]  # fmt: skip


def test_a_key_that_nobody_asked_for_is_a_warning() -> None:
    asked = form("known: 1\nmisspelt: 2\nelsewhere: 3\n")
    asked.text("known")
    asked.finish(("elsewhere",))
    assert asked.findings.errors == []
    assert only(asked.findings.warnings) == "conda-forge.yml:2:1: nothing reads the key misspelt"


def test_labels_of_sections_have_their_path() -> None:
    inner = form("a: {b: {c: 1}}\n").section("a").section("b")
    assert inner.label("c") == "a.b.c"
    assert inner.place("c") is not None
    inner.finish()
    assert only(inner.findings.warnings).endswith("nothing reads the key a.b.c")


def test_a_file_that_is_a_list() -> None:
    asked = form("- a\n")
    assert (
        only(asked.findings.errors)
        == "conda-forge.yml:1:1: the file has to be a mapping of keys to values, and is a list"
    )
    asked.finish()
    assert asked.findings.warnings == []
