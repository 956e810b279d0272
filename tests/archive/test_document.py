from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive.document import parsed, parsed_object
from builder.archive.member import MalformedError

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=20,
)


@given(_VALUES, st.booleans())
def test_what_is_json_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    assert parsed("x", json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary())
def test_bytes_are_read_or_refused(data: bytes) -> None:
    """What is taken can be written as UTF-8, as whoever repeats it does."""
    try:
        found = parsed("x", data)
    except MalformedError:
        return
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": {"b": 1, "\\u0062": 2}}', "the key 'b' stands twice"),
        ("NaN", "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ("1e400", "1e400 is too large"),
        ("-1e999", "too large"),
        ("9" * 5000, "4300 digits"),
        ('"\\ud800"', "surrogates not allowed"),
        ('{"\\uDfff": 1}', "surrogates not allowed"),
        ("{", "no JSON"),
        ("", "no JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[" * 65 + "]" * 65, "more than 64 levels"),
        ('{"a":' * 65 + "1" + "}" * 65, "more than 64 levels"),
    ],
)
def test_what_readers_take_differently_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=rf"^x .*{re.escape(why)}"):
        parsed("x", text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1"])
def test_only_utf_8(encoding: str) -> None:
    with pytest.raises(MalformedError, match="no JSON"):
        parsed("x", '{"a": "é"}'.encode(encoding))


def test_limits_are_not_below_what_packages_need() -> None:
    assert parsed("x", ("[" * 64 + "]" * 64).encode()) is not None
    assert parsed("x", b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    entry = {"_path": "lib/python3.13/site-packages/a", "path_type": "hardlink", "sha256": "0" * 64, "size_in_bytes": 1}
    many = json.dumps({"paths": [entry] * 40_000}).encode()
    assert len(parsed_object("x", many)["paths"]) == 40_000


def test_what_would_fill_the_memory_is_refused_unread() -> None:
    with pytest.raises(MalformedError, match="more than 1,500,000 values"):
        parsed("x", b"[" + b"{}," * 1_500_000 + b"{}]")
    with pytest.raises(MalformedError, match="more than 67,108,864 bytes"):
        parsed("x", b'"' + bytes(64 << 20) + b'"')


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "null", "true"])
def test_an_object_is_an_object(text: str) -> None:
    with pytest.raises(MalformedError, match="x is no object"):
        parsed_object("x", text.encode())
    assert parsed_object("x", b'{"a": 1}') == {"a": 1}
