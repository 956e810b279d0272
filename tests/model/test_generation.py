"""Generations of an index: written and read back, told from everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.generation import Generation, Generations, from_json, to_json

OLD = Generation(number=6, files={"repodata.json": "a" * 64, "other": "b" * 64})
LAST = Generation(number=7, files={"repodata.json": "c" * 64, "other": "b" * 64})
NOW = Generation(number=9, files={"repodata.json": "e" * 64, "other": "f" * 64})
STORY = Generations(now=NOW, before=(LAST, OLD))

files = st.dictionaries(st.text(max_size=20), st.text("0123456789abcdef", min_size=64, max_size=64), max_size=6)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(to_json(STORY)), **fields}).encode()


@given(st.sets(st.integers(1, 2**53 - 1), min_size=1, max_size=5), st.data())
def test_what_is_written_is_read_back(numbers: set[int], data: st.DataObject) -> None:
    now, *before = (Generation(number=number, files=data.draw(files)) for number in sorted(numbers, reverse=True))
    story = Generations(now=now, before=tuple(before))
    assert from_json(to_json(story)) == story
    assert to_json(story) == to_json(Generations(now=now, before=tuple(before)))


def test_a_file_is_of_the_newest_generation_that_it_may_be_of() -> None:
    assert STORY.of("repodata.json", "e" * 64) == 9
    assert STORY.of("repodata.json", "c" * 64) == 7
    assert STORY.of("other", "b" * 64) == 7
    assert STORY.of("repodata.json", "b" * 64) is None
    assert STORY.of("unknown", "a" * 64) is None


@given(st.binary(max_size=200))
def test_anything_else_says_nothing(data: bytes) -> None:
    assert from_json(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 60_000, b" " * (1 << 17) + to_json(STORY),
        changed(format=2), changed(generation=0), changed(generation=-1), changed(generation=True),
        changed(generation="9"), changed(generation=9.0), changed(generation=2**53), changed(generation=7),
        changed(generation=5), changed(files=[]), changed(files={"a": 1}), changed(before={}), changed(before=[1]),
        changed(before=[{"generation": 9, "files": {}}]), changed(before=[{"files": {}}]), changed(before=None),
    ],
    ids=lambda data: repr(data[:30]),
)  # fmt: skip
def test_what_no_writer_writes_says_nothing(data: bytes) -> None:
    assert from_json(data) is None
