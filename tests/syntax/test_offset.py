"""Characters of a scalar found again in the file, in every style that YAML has."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.node import Mapping, Scalar
from builder.syntax.offset import source_offset
from tests.syntax.given import node

WORDS = st.lists(st.text("abé日'\"\\{}$", min_size=1, max_size=5), min_size=1, max_size=6)
BREAKS = st.lists(st.sampled_from([" ", "\n    ", "  ", "\n\n    "]), min_size=5, max_size=5)


def value(text: str) -> Scalar:
    root = node(text)
    assert isinstance(root, Mapping)
    found = root.get("key")
    assert isinstance(found, Scalar)
    return found


def seen(scalar: Scalar, index: int) -> str:
    """What the file has where a character of the text stands."""
    return scalar.document.text[scalar.offset(index) :]


@pytest.mark.parametrize(
    "written",
    [
        "key: one two wanted three",
        "key: 'one two wanted three'",
        'key: "one two wanted three"',
        "key: one\n  two\n  wanted three",
        "key: 'it''s two\n  wanted three'",
        'key: "a\\tb\\n\\u00e9\\x20\\\\ \\" wanted"',
        'key: "folded \\\n    wanted"',
        "key: |\n  one\n    two\n  wanted three\n",
        "key: >-\n  one\n  two\n\n  wanted three\n",
        "key: |2+ # wanted is not here\n    one\n  wanted\n\n",
        "key: # wanted is not here\n  one wanted",
        "{key: one wanted}",
    ],
)
def test_a_word_is_found_where_it_stands(written: str) -> None:
    scalar = value(written)
    assert seen(scalar, scalar.text.index("wanted")).startswith("wanted")
    assert scalar.place_at(scalar.text.index("wanted")).line == written[: written.rindex("wanted")].count("\n") + 1


@given(WORDS, BREAKS)
def test_every_character_is_found_in_single_quotes(words: list[str], breaks: list[str]) -> None:
    inner = (
        "".join(part for pair in zip(words, [*breaks, ""], strict=False) for part in pair).rstrip().replace("'", "''")
    )
    every_character_is_found(value(f"key: '{inner}'\n"))


@given(WORDS, BREAKS)
def test_every_character_is_found_in_blocks(words: list[str], breaks: list[str]) -> None:
    inner = "".join(part for pair in zip(words, [*breaks, ""], strict=False) for part in pair).rstrip()
    for style in ("|", ">-", "|+ # comment"):
        every_character_is_found(value(f"key: {style}\n    {inner}\n"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=20))
def test_every_character_is_found_in_double_quotes(text: str) -> None:
    for ascii_only in (True, False):
        written = json.dumps(text, ensure_ascii=ascii_only)
        if ascii_only and any(ord(sign) > 0xFFFF for sign in text):
            continue  # JSON writes these as two
        scalar = value(f"key: {written}\n")
        for index, sign in enumerate(text):
            if sign not in " \t\r\n":
                rest = seen(scalar, index)
                assert rest.startswith(json.dumps(sign, ensure_ascii=ascii_only)[1:-1])


def every_character_is_found(scalar: Scalar) -> None:
    for index, sign in enumerate(scalar.text):
        if sign not in " \n":
            assert seen(scalar, index).startswith(sign)


def test_beyond_the_end_is_the_end() -> None:
    assert source_offset("'a b'", "a b", 3) == 4
    assert source_offset("a\n  b", "a b", 3) == 5


def test_white_space_stands_where_the_next_word_does() -> None:
    assert source_offset("a\n  b", "a b", 1) == 4
