"""JSON member by member: what everybody reads alike, in any pieces; all else is refused."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import IO, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.environment.document import STRICT, DocumentError, Member, members


class Dripping(io.RawIOBase):
    """A file that gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, drop: int) -> None:
        self.rest, self.drop = data, drop

    def read(self, size: int = -1) -> bytes:
        data, self.rest = self.rest[: self.drop], self.rest[self.drop :]
        return data


def read(data: bytes, *descends: tuple[str, ...], most: int = 1 << 20, drop: int = 1 << 20) -> list[Member]:
    file = cast("IO[bytes]", Dripping(data, drop))
    return list(members(file, lambda path: path in descends, most=most))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    document=st.dictionaries(st.text(), PLAIN, max_size=5),
    inner=st.dictionaries(st.text(), PLAIN, max_size=5),
    drop=st.integers(min_value=1, max_value=9),
    indent=st.none() | st.integers(min_value=0, max_value=2),
    ascii_only=st.booleans(),
)
def test_it_says_what_json_says(
    document: dict[str, Any], inner: dict[str, Any], drop: int, indent: int | None, ascii_only: bool
) -> None:
    document["in"] = {"to": inner}
    try:
        data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:  # half a sign cannot be written
        return
    found: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    for member in read(data, ("in",), ("in", "to"), drop=drop):
        assert json.loads(member.text) == member.value
        {(): found, ("in", "to"): seen}[member.path][member.key] = member.value
    assert found | {"in": {"to": seen}} == document


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no map"), (b"{", "a key is missing"), (b"[]", "no map"), (b"null", "no map"), (b"<html>", "no map"),
        (b"\xff\xfe", "no UTF-8"), (b'{"a": "\xc3"}', "no UTF-8"), (b"\xef\xbb\xbf{}", "no map"),
        (b"[" * 100_000, "no map"), (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"), (b'{"a":1,"a":2}', "two values under 'a'"),
        (b'{"in":{},"in":{}}', "two values under 'in'"), (b'{"in":{"x":{"y":1,"y":1}}}', "two values under 'y'"),
        (b'{"a":1,"\\u0061":2}', "two values under 'a'"), (b'{"a":NaN}', "NaN"), (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":1}x', "follows"), (b'{"a":1}{}', "follows"), (b'{"a":"\0"}', "control character"),
        (b'{"a":' + b"1" * 5000 + b"}", "too long"), (b'{"a" 1}', "colon"), (b'{"a":1 "b":2}', "comma"),
        (b"{,}", "key"), (b'{"a":1,}', "key"), (b'{"a":12', "comma"), (b'{"a":', "Expecting value"),
        (b'{"a":"xyz', "Unterminated"), (b"{'a':1}", "key"), (b'{"a":.5}', "Expecting value"), (b'{1:2}', "key"),
    ],
)  # fmt: skip
def test_what_is_no_document(data: bytes, why: str) -> None:
    for drop in (1 << 20, 3):
        with pytest.raises(DocumentError, match=why):
            read(data, ("in",), drop=drop)


def test_a_value_that_does_not_end_is_not_read_for_ever() -> None:
    for data in (b'{"a":"' + b"x" * 5000, b'{"a":' + b"[" * 500 + b" " * 5000):
        with pytest.raises(DocumentError, match="more than 1,000 signs, or one that does not end"):
            read(data, most=1000, drop=100)
    assert read(b'{"a":"' + b"x" * 5000 + b'"}')[0].value == "x" * 5000


@pytest.mark.parametrize("number", ["0.25", "-17", "1e5", "1E-5", "-0.5e+3", "12345678901234567890"])
def test_a_number_that_comes_in_pieces_is_one_number(number: str) -> None:
    for text in (f'{{"a":{number}}}', f'{{"a":{number} , "b":0}}'):
        for drop in range(1, len(text)):
            assert read(text.encode(), drop=drop)[0].text == number


def test_a_large_document_takes_little_memory() -> None:
    line = json.dumps({"name": "x" * 400})
    data = ('{"in":{' + ",".join(f'"{number:09}":{line}' for number in range(40_000)) + "}}").encode()
    assert len(data) > 16 << 20
    tracemalloc.start()
    try:
        count = sum(1 for _ in members(io.BytesIO(data), lambda path: path == ("in",), most=1 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 14 << 20, "the keys, and a window"


def test_a_text_as_a_whole() -> None:
    assert STRICT.decode('{"a": [1, {"b": 2.5}]}') == {"a": [1, {"b": 2.5}]}
    for text in ('{"a":1,"a":1}', "[NaN]", "", "[1] 2"):
        with pytest.raises(ValueError):  # noqa: PT011 - DocumentError, or the library's own
            STRICT.decode(text)
