"""Private copies: with all that may stay and nothing else, whatever the layout."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.environment.access import Namespaces
from builder.environment.judge import IndexLimits, Judge
from builder.environment.place import channel_place
from builder.environment.snapshot import copied, judged
from builder.errors import UsageError
from builder.model.policy import Policy


def judge(**more: Any) -> Judge:
    place = channel_place("https://example.org/c")
    return Judge(place=place, subdir="noarch", where="there", namespaces=Namespaces(Policy()), **more)


def good(name: str) -> dict[str, object]:
    return {"name": name, "version": "1", "build": "0", "build_number": 0}


def test_a_copy_has_a_digest_and_a_size(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    assert copied(io.BytesIO(data), tmp_path / "a", judge()) == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "a").read_bytes() == data
    with pytest.raises(UsageError, match="more than 2,999,999 bytes"):
        copied(io.BytesIO(data), tmp_path / "b", judge(limits=IndexLimits(bytes=2_999_999)))


def taken(path: Path, document: object) -> tuple[Any, Judge]:
    path.write_text(json.dumps(document), encoding="utf-8")
    one = judge()
    judged(path, one, {})
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name], "nothing is left beside it"
    return json.loads(path.read_text("utf-8")), one


def test_what_may_stay_stays_as_it_is(tmp_path: Path) -> None:
    document = {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {"a-1-0.conda": good("a")}}
    found, one = taken(tmp_path / "x", document)
    assert found == document
    assert not one.dropped
    before = (tmp_path / "x").stat().st_ino
    judged(tmp_path / "x", judge(), {})
    assert (tmp_path / "x").stat().st_ino == before, "it is not written again"


def test_what_may_not_stay_is_taken_out(tmp_path: Path) -> None:
    document = {
        "packages": {"a-1-0.tar.bz2": {}, "b-1-0.tar.bz2": good("b")}, "info": {"subdir": "noarch", "x": [1]},
        "packages.conda": {"c-1-0.conda": good("d")}, "removed": ["é\u2028"],
        "v3": {"conda": {"e-1-0": good("e"), "f-1-0": {}}, "whl": {"x": {"y": 1}}, "tar.bz2": {"g-1-0": None}},
        "repodata_version": 2,
    }  # fmt: skip
    found, one = taken(tmp_path / "x", document)
    assert found == {
        "packages": {"b-1-0.tar.bz2": good("b")}, "info": {"subdir": "noarch", "x": [1]}, "removed": ["é\u2028"],
        "v3": {"conda": {"e-1-0": good("e")}, "whl": {"x": {"y": 1}}}, "repodata_version": 2,
    }  # fmt: skip
    assert sorted(one.skipped) == ["a-1-0.tar.bz2", "c-1-0.conda", "f-1-0", "g-1-0"]


RECORD = st.sampled_from(["good", "bad"])
SECTION = st.dictionaries(st.sampled_from("abcdefg"), RECORD, max_size=5)


@given(
    packages=SECTION, conda=SECTION, new=SECTION, order=st.permutations(["packages", "packages.conda", "v3", "info"])
)
def test_the_copy_is_the_document_without_what_was_dropped(
    tmp_path_factory: pytest.TempPathFactory,
    packages: dict[str, str], conda: dict[str, str], new: dict[str, str], order: list[str],
) -> None:  # fmt: skip
    def section(given: dict[str, str], end: str, only: str = "") -> dict[str, object]:
        kept = {name: what for name, what in given.items() if not only or what == only}
        return {f"{name}-1-0{end}": good(name) if what == "good" else {} for name, what in kept.items()}

    def whole(only: str = "") -> dict[str, object]:
        maps: dict[str, object] = {
            "packages": section(packages, ".tar.bz2", only), "packages.conda": section(conda, ".conda", only),
            "v3": {"conda": section(new, "", only)}, "info": {"subdir": "noarch"},
        }  # fmt: skip
        return {key: maps[key] for key in order}

    found, _ = taken(tmp_path_factory.mktemp("copy") / "x", whole())
    expected: dict[str, Any] = whole("good")
    for key in ("packages", "packages.conda"):
        assert found.get(key, {}) == expected[key]
    assert found.get("v3", {}).get("conda", {}) == expected["v3"]["conda"]
    assert found["info"] == expected["info"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"packages":{"a":{"x":1,"x":1}}}'])
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match="this channel index cannot be read") as caught:
        judged(tmp_path / "x", judge(), {})
    assert str(caught.value).startswith("there: ")


def test_known_lines_come_back(tmp_path: Path) -> None:
    line = f'"a-1-0.conda":{json.dumps(good("a"))}'
    content = f'{{\n"packages.conda":{{\n{line}\n}}\n}}\n'.encode()
    (tmp_path / "x").write_bytes(content)
    lines = judged(tmp_path / "x", judge(), {})
    assert lines == {line.encode(): "a-1-0.conda"}
    assert judged(tmp_path / "x", judge(), lines) == lines
    assert judged(tmp_path / "x", judge(suspects=frozenset({"a"})), lines) == {}, "suspects are looked at again"
