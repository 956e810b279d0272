"""Writing YAML: every reader gives the same data back, of the same types, and the text never changes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from builder.syntax.node import Mapping, Node, Scalar, Sequence
from builder.syntax.reader import read_yaml
from builder.syntax.writer import write_yaml

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
WORDS = st.sampled_from(
    ["yes", "no", "on", "off", "y", "n", "true", "True", "null", "~", "", " ", "1", "1.0", "0x1f", "0o17", "1_000", "1e3", ".inf", "-.INF", ".nan",
     "2024-01-01", "22:22", "=", "<<", "-", "- a", "a: b", "a #b", "#a", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "'", '"', "[", "]", "{", "}",
     ",", "?", ":", "a:", ":a", "? a", "...", "---", "--- a", "\n", "a\n", "a\nb", "a\n\nb\n", "a\n\n", " a\nb", "a\n b", "\na", "a \nb", "a\n \nb",
     "\t", "a\tb", "\x00", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600", "é", "a\r\nb", "key with spaces", "trailing ", "/path/to", "a.b-c_d",
     "1.2.3", "0.1a", "+1", "12:30:45", "0777", "NaN", "Infinity", "null ", "nan", "inf", "e1", "1e", ".5", "._"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | WORDS
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | WORDS, inner, max_size=4),
    max_leaves=12,
)


def by_ruamel(text: str, version: tuple[int, int], *, pure: bool = True) -> Any:
    yaml = YAML(typ="safe", pure=pure)
    yaml.version = version
    return yaml.load(io.StringIO(text))


def typed(value: object) -> object:
    """Make types visible, for ``True == 1 == 1.0``."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [typed(inner) for inner in value]
    return (type(value).__name__, value)


@given(DATA)
@settings(max_examples=400, deadline=None)
def test_readers_of_yaml_1_1_and_1_2_give_the_same_back(value: object) -> None:
    text = write_yaml(value)
    assert typed(by_ruamel(text, (1, 2))) == typed(value)
    assert typed(by_ruamel(text, (1, 1))) == typed(value)


@given(DATA)
@settings(max_examples=200, deadline=None)
def test_libyaml_gives_the_same_back(value: object) -> None:
    assert typed(by_ruamel(write_yaml(value), (1, 1), pure=False)) == typed(value)


def texts_only(value: object) -> object:
    if isinstance(value, dict):
        return {key: texts_only(inner) for key, inner in value.items()}
    return [texts_only(inner) for inner in value] if isinstance(value, list) else value


def plain(node: Node) -> object:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


NO_CONTROL = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=20)


@given(
    st.recursive(
        NO_CONTROL,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NO_CONTROL, inner, min_size=1, max_size=3)
        ),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_our_own_reader_gives_the_same_texts_back(value: object) -> None:
    assert plain(read_yaml(write_yaml(value).encode(), "f")) == texts_only(value)


@given(DATA)
@settings(deadline=None)
def test_text_is_ascii_printable_lines_or_printable_unicode(value: object) -> None:
    text = write_yaml(value)
    assert text.endswith("\n")
    assert "\t" not in text.replace("\\t", "")
    assert all(char == "\n" or char.isprintable() or ord(char) >= 0xA0 for char in text)
    assert write_yaml(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null\n"), (True, "true\n"), (3, "3\n"), (1.0, "1.0\n"), (1e20, "1.0e+20\n"), (1e-7, "1.0e-07\n"), (float("inf"), ".inf\n"),
        ("zlib", "zlib\n"), ("zlib >=1.2", "zlib >=1.2\n"), ("1.10", '"1.10"\n'), ("no", '"no"\n'), ("a: b", '"a: b"\n'), ("it's", '"it\'s"\n'),
        ("", '""\n'), ("tab\t", '"tab\\t"\n'), ("é", '"é"\n'), ("\x85", '"\\x85"\n'), ([], "[]\n"), ({}, "{}\n"), ((), "[]\n"),
        ("one\ntwo", "|-\n  one\n  two\n"), ("one\ntwo\n", "|\n  one\n  two\n"), ("one\n\ntwo\n\n", "|+\n  one\n\n  two\n\n"),
        ({"a": 1, "b": [1, "x"]}, "a: 1\nb:\n  - 1\n  - x\n"), ([{"a": 1, "b": 2}, [3]], "- a: 1\n  b: 2\n- - 3\n"),
        ({"a": {"b": {}}, "c": []}, "a:\n  b: {}\nc: []\n"), ({"run": "make\nmake install\n"}, "run: |\n  make\n  make install\n"),
        ([["a", ["b"]]], "- - a\n  - - b\n"), ({"1": None}, '"1": null\n'), ({"yes": 1}, '"yes": 1\n'),
    ],
)  # fmt: skip
def test_the_form(value: object, text: str) -> None:
    assert write_yaml(value) == text


@pytest.mark.parametrize("value", [object(), b"bytes", {1: 2}, {"a": {None: 1}}, [set()], 1j])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        write_yaml(value)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        write_yaml("\ud800")


def test_keys_keep_their_order() -> None:
    assert write_yaml({"b": 1, "a": 2}) == "b: 1\na: 2\n"
