"""Nodes know their place: file, line, column, the line's text."""

from __future__ import annotations

import pytest

from builder.syntax.node import Document, Mapping, Scalar, Sequence, is_null, kind_of
from tests.syntax.given import node, scalar

TEXT = "first\n  second line\r\n\nlast"


@pytest.mark.parametrize(
    ("index", "line", "column", "frame"),
    [
        (0, 1, 1, "first"),
        (4, 1, 5, "first"),
        (5, 1, 6, "first"),
        (6, 2, 1, "  second line"),
        (8, 2, 3, "  second line"),
        (21, 3, 1, ""),
        (22, 4, 1, "last"),
        (25, 4, 4, "last"),
        (26, 4, 5, "last"),
    ],
)
def test_a_place_is_line_column_and_frame(index: int, line: int, column: int, frame: str) -> None:
    place = Document.of("f.yaml", TEXT).place(index)
    assert (place.file, place.line, place.column, place.frame) == ("f.yaml", line, column, frame)


def test_every_character_of_a_text_has_the_place_that_counting_gives() -> None:
    text = "a\nbc\n\nd\u00e9f\n"
    document = Document.of("f", text)
    for index in range(len(text) + 1):
        before = text[:index]
        place = document.place(index)
        assert (place.line, place.column) == (before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def test_a_frame_of_an_endless_line_is_cut() -> None:
    place = Document.of("f", "x" * 100_000).place(99_999)
    assert place.column == 100_000
    assert place.frame == "x" * 1000


def test_a_scalar_tells_its_place() -> None:
    found = node("a:\n  b: text\n")
    assert isinstance(found, Mapping)
    inner = found.get("a")
    assert isinstance(inner, Mapping)
    value = inner.get("b")
    assert isinstance(value, Scalar)
    assert str(value.place) == "test.yaml:2:6"
    assert str(inner.place) == "test.yaml:2:3"


def test_the_place_of_a_character_is_where_it_stands_in_the_file() -> None:
    found = node("run: |\n  make\n  make ${{ goal }}\n")
    assert isinstance(found, Mapping)
    value = found.get("run")
    assert isinstance(value, Scalar)
    assert str(value.place_at(value.text.index("goal"))) == "test.yaml:3:12"
    assert value.offset(0) == 9


def test_a_mapping_keeps_its_order_and_finds_its_keys() -> None:
    found = node("b: 1\na: 2\n")
    assert isinstance(found, Mapping)
    assert list(found) == ["b", "a"]
    assert "a" in found
    assert "c" not in found
    assert found.get("c") is None


def test_a_sequence_has_a_place_too() -> None:
    found = node("a: [1, 2]\n")
    assert isinstance(found, Mapping)
    items = found.get("a")
    assert isinstance(items, Sequence)
    assert str(items.place) == "test.yaml:1:4"
    assert [str(item.place) for item in items.items] == ["test.yaml:1:5", "test.yaml:1:8"]


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_is_nothing(text: str) -> None:
    assert is_null(scalar(text))
    assert not is_null(scalar(text, plain=False))


@pytest.mark.parametrize("text", ["no", "none", "None", "0", "false", "nULL"])
def test_other_words_are_something(text: str) -> None:
    assert not is_null(scalar(text))


def test_an_absent_node_is_nothing_and_an_empty_list_is_something() -> None:
    assert is_null(None)
    assert not is_null(node("[]"))


@pytest.mark.parametrize(("text", "kind"), [("a", "text"), ("[a]", "a list"), ("{a: b}", "a mapping")])
def test_kinds_have_names_for_people(text: str, kind: str) -> None:
    assert kind_of(node(text)) == kind
