"""Indexes with a record in each line: judged line by line to the same end as whole, and each line once."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.environment.access import Namespaces
from builder.environment.document import DocumentError, members
from builder.environment.judge import Judge, descends
from builder.environment.lines import judged_lines
from builder.environment.place import channel_place
from builder.errors import UsageError
from builder.model.policy import Policy


def judge() -> Judge:
    place = channel_place("https://example.org/c")
    return Judge(place=place, subdir="noarch", where="there", namespaces=Namespaces(Policy()))


def line(called: str, /, **more: object) -> str:
    record = {"name": called, "version": "1", "build": "0", "build_number": 0} | more
    return f'"{called}-1-0.conda":{json.dumps(record)}'


def written(*lines: str, head: str = '"info":{"subdir":"noarch"}', tail: str = '"removed":[]') -> bytes:
    inside = ",\n".join(lines)
    return f'{{\n{head},\n"packages":{{\n}},\n"packages.conda":{{\n{inside}\n}},\n{tail}\n}}\n'.encode()


def test_lines_that_were_judged_are_not_judged_again() -> None:
    first = judge()
    known = judged_lines(written(line("a"), line("b")), first, {})
    assert known is not None
    assert sorted(known.values()) == ["a-1-0.conda", "b-1-0.conda"]
    assert first.count == 2

    class Strict(Judge):
        """Judges nothing that was judged before."""

        def keeps(self, section: tuple[str, ...], key: str, record: object, text: str) -> bool:
            assert key == "c-1-0.conda"
            return super().keeps(section, key, record, text)

    place = channel_place("https://example.org/c")
    again = Strict(place=place, subdir="noarch", where="there", namespaces=Namespaces(Policy()))
    found = judged_lines(written(line("a"), line("b"), line("c")), again, known)
    assert found is not None
    assert len(found) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b'{"packages.conda":{}}', written(), written(line("a")).replace(b"\n", b""),
        written(line("a")).replace(b"}\n},\n", b"},\n},\n"), written(line("a"), line("b")).replace(b"},\n\"b", b"}\n\"b"),
        written(line("a"), line("a")), written(line("a", name="b")), written(line("a").removesuffix("}")),
        written(line("a") + ', "x": 1'), written('"a-1-0.conda":[]'), written("nonsense"), written(line("a").replace('"1"', '"1\x01"')),
        written(line("a") + "}"), written("\udcff".encode("utf-8", "surrogatepass").decode("latin-1")),
        written('"a-1-0.conda":{"name":"a","name":"b"}'), written('"a-1-0.conda":' + "[" * 100_000),
        json.dumps({"packages.conda": {"a-1-0.conda": {}}}, indent=1).encode(),
    ],
)  # fmt: skip
def test_other_layouts_are_left_to_others(content: bytes) -> None:
    assert judged_lines(content, judge(), {}) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (written(line("a"), head='"info":{"subdir":"osx-64"}'), "osx-64"),
        (written(line("a"), head='"info":{"base_url":"https://evil.org"}'), "leads elsewhere"),
        (written(line("a"), tail='"repodata_version":9'), "repodata_version"),
        (written(line("a", build="../x")), "leads out of the channel"),
        (written(line("a").replace("a-1-0", "../../a-1-0")), "leads out of the channel"),
        (written(line("a", url="https://evil.org/x")), "leads elsewhere"),
    ],
)
def test_an_index_is_refused_by_its_lines_too(content: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        judged_lines(content, judge(), {})


@pytest.mark.parametrize("tail", ['"removed":[', '"removed":[],\n"removed":[]', '"x":1}\n{"y":1', ""])
def test_what_stands_between_the_records_is_read_too(tail: str) -> None:
    with pytest.raises(DocumentError):
        judged_lines(written(line("a"), tail=tail), judge(), {})


def test_a_section_where_none_belongs_hides_nothing() -> None:
    hidden = '"info":{\n"packages.conda":{\n' + line("a") + "\n}\n}"
    assert judged_lines(written(line("b"), head=hidden), judge(), {}) is not None
    bad = '"info":{\n"packages.conda":{\n' + line("a", name="x") + "\n}\n}"
    assert judged_lines(written(line("b"), head=bad), judge(), {}) is None


TEXT = st.sampled_from(
    ['"a-1-0.conda":{}', line("a"), line("b"), line("b") + ",", "}", "},", '"packages":{', '"packages.conda":{', "{",
     '"info":{"subdir":"noarch"},', '"v3":{', '"conda":{', '"removed":[]', '"removed":[],', "", " ", '"x":{', '"x":1,']
)  # fmt: skip


@given(st.lists(TEXT, max_size=14))
def test_what_lines_admit_is_what_the_document_says(lines: list[str]) -> None:
    """Whatever passes by lines is a document that passes as a whole: the fast way admits nothing more."""
    content = "\n".join(["{", *lines, "}"]).encode()
    try:
        found = judged_lines(content, judge(), {})
    except (DocumentError, UsageError):
        return
    if found is None:
        return
    document: Any = json.loads(content)
    whole = judge()
    for member in members(io.BytesIO(content), descends, most=1 << 20):
        assert whole.member(member.path, member.key, member.value, member.text)
    assert set(document.get("packages.conda", {})) | set(document.get("packages", {})) <= set(found.values())
