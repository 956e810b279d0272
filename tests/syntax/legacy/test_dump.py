"""YAML as PyYAML writes it; each expectation is what PyYAML 6.0 wrote, or is read back by a reader of YAML 1.2."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from builder.syntax.legacy.dump import Dumped, dumped

LONG = "flowers, leaves and a very long river that runs around the whole lid and back to where it began"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "a"),
        ("3.12.* *_cpython", "3.12.* *_cpython"),
        ("x86_64-apple-darwin13.4.0", "x86_64-apple-darwin13.4.0"),
        ("example.org/oven:x86", "example.org/oven:x86"),
        ("conda-forge main", "conda-forge main"),
        ("None", "None"),
        ("y", "y"),
        ("1.2.3", "1.2.3"),
        ("0o7", "0o7"),
        ("1e5", "1e5"),
        ("a#b", "a#b"),
        ("-1.5.2", "-1.5.2"),
        ("-a", "-a"),
        ("?a", "?a"),
        (":a", ":a"),
        ("", "''"),
        ("3.10", "'3.10'"),
        ("12", "'12'"),
        ("010", "'010'"),
        ("0x1F", "'0x1F'"),
        ("1_000", "'1_000'"),
        ("1:30", "'1:30'"),
        ("1.5e+3", "'1.5e+3'"),
        (".inf", "'.inf'"),
        ("yes", "'yes'"),
        ("Off", "'Off'"),
        ("true", "'true'"),
        ("~", "'~'"),
        ("null", "'null'"),
        ("=", "'='"),
        ("<<", "'<<'"),
        ("2024-01-02", "'2024-01-02'"),
        ("2024-1-2 3:04:05.6 Z", "'2024-1-2 3:04:05.6 Z'"),
        ("*", "'*'"),
        ("&a", "'&a'"),
        ("!a", "'!a'"),
        ("%PYTHON%", "'%PYTHON%'"),
        ("@a", "'@a'"),
        (">=1,<2", "'>=1,<2'"),
        ("[a]", "'[a]'"),
        ("{{ a }}", "'{{ a }}'"),
        ("a: b", "'a: b'"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("- a", "'- a'"),
        ("-", "'-'"),
        ("? a", "'? a'"),
        (" a", "' a'"),
        ("a ", "'a '"),
        ("---", "'---'"),
        ("it's", "it's"),
        ("'a'", "'''a'''"),
        ('"a"', "'\"a\"'"),
        ("ä", '"\\xE4"'),
        ("\u20ac\t", '"\\u20AC\\t"'),
        ("\U0001f375", '"\\U0001F375"'),
        ("a\nb", '"a\\nb"'),
        ("0e0", "0e0"),  # a number for readers of YAML 1.2, and not for PyYAML
    ],
)
def test_quotes(text: str, written: str) -> None:
    assert dumped({"k": (text,)}) == f"k:\n- {written}\n"
    assert dumped({"k": text}) == f"k: {written}\n"


def test_shapes() -> None:
    value: dict[str, Dumped] = {
        "b": (), "a": {}, "deep": {"er": {"x": ("1", True, 3)}}, "lists": (("a", "b"), (("c",),), {"d": "e", "f": ()}),
    }  # fmt: skip
    assert dumped(value) == (
        "b: []\na: {}\ndeep:\n  er:\n    x:\n    - '1'\n    - true\n    - 3\n"
        "lists:\n- - a\n  - b\n- - - c\n- d: e\n  f: []\n"
    )
    assert dumped({}) == "{}\n"


def test_long_text_is_broken_at_a_single_space_behind_the_width() -> None:
    start = "flowers, leaves and a very long river that runs around the whole lid and back"
    spread = LONG.replace(" ", "  ")
    assert dumped({"k": (LONG,)}) == f"k:\n- {start} to\n  where it began\n"
    assert dumped({"k": {"inner": (LONG,)}}) == f"k:\n  inner:\n  - {start}\n    to where it began\n"
    assert dumped({"k": (spread,)}) == f"k:\n- {spread}\n"
    quoted = f"'it''s {start.removesuffix(' back')}\n  back to where it began: '"
    assert dumped({"k": (f"it's {LONG}: ",)}) == f"k:\n- {quoted}\n"
    assert dumped({"k": ("x" * 200,)}) == f"k:\n- {'x' * 200}\n"


@given(
    st.recursive(
        st.text(alphabet="ab01.-_:#'\"*&!|>%@`?, []{}=~<+ä\n\\", max_size=120) | st.booleans() | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text("abc-: ", max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    ).map(lambda value: {"k": value})
)
def test_what_is_written_is_read_back(value: dict[str, Dumped]) -> None:
    read = YAML(typ="safe", pure=True).load(io.StringIO(dumped(value)))
    assert read == {"k": _listed(value["k"])}


def _listed(value: Dumped) -> object:
    if isinstance(value, tuple):
        return [_listed(one) for one in value]
    return value if isinstance(value, str | int) else {key: _listed(inner) for key, inner in value.items()}
