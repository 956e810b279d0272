"""Which of several packages' files is there, and whether it makes a difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.environment.clashes import clashes, read_clash, written_clash
from builder.environment.prefix_record import PrefixRecord
from builder.model.environment import Clash, ClashKind


def put(place: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file; a text that begins with an arrow is where a symlink leads."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        place.symlink_to(content.removeprefix("-> "))
    else:
        place.write_bytes(content)
        place.chmod(mode)


def record(name: str, *lost: str, paths: tuple[str, ...] = ()) -> PrefixRecord:
    return PrefixRecord(name=name, paths=paths, lost=lost, special=frozenset())


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (b"a", b"a", ClashKind.SAME),
        (b"a", b"b", ClashKind.OTHER),
        (b"", b"b", ClashKind.OTHER),
        ("-> a", "-> a", ClashKind.SAME),
        ("-> a", "-> b", ClashKind.OTHER),
        ("-> /etc/hostname", b"a", ClashKind.OTHER),
        (b"a", "-> ../../../x", ClashKind.OTHER),
    ],
)
def test_the_same_bytes_or_others(tmp_path: Path, one: str | bytes, other: str | bytes, kind: ClashKind) -> None:
    put(tmp_path / "bin/x", one)
    put(tmp_path / "__clobbers__/b/bin/x", other)
    found = clashes(tmp_path, [record("a", paths=("bin/x",)), record("b", "bin/x")], case_blind=False)
    assert found == (Clash(path="bin/x", winner="a", losers=("b",), kind=kind),)


def test_a_program_is_not_the_same_as_its_text(tmp_path: Path) -> None:
    put(tmp_path / "x", b"a", 0o755)
    put(tmp_path / "__clobbers__/b/x", b"a", 0o644)
    (found,) = clashes(tmp_path, [record("a", paths=("x",)), record("b", "x")], case_blind=False)
    assert found.kind is ClashKind.OTHER


def test_three_of_whom_two_agree(tmp_path: Path) -> None:
    for place, content in (("x", b"1"), ("__clobbers__/b/x", b"1"), ("__clobbers__/c/x", b"2")):
        put(tmp_path / place, content)
    (found,) = clashes(tmp_path, [record("a", paths=("x",)), record("b", "x"), record("c", "x")], case_blind=False)
    assert found == Clash(path="x", winner="a", losers=("b", "c"), kind=ClashKind.OTHER)


@pytest.mark.parametrize(("there", "lost"), [("x/y", "x"), ("x", "x/y"), ("x", "x/y/z")])
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, there: str, lost: str) -> None:
    put(tmp_path / there, b"1")
    put(tmp_path / "__clobbers__/b" / lost, b"1")
    found = clashes(
        tmp_path, [record("c", paths=("w",)), record("a", paths=(there,)), record("b", lost)], case_blind=False
    )
    assert found == (Clash(path=lost, winner="a", losers=("b",)),)


def test_paths_that_differ_in_case(tmp_path: Path) -> None:
    records = [
        record("a", paths=("caf\u00e9", "share/Own", "share/Read", "share/own")),
        record("b", paths=("share/read",)),
        record("c", paths=("cafe\u0301",)),
    ]
    assert clashes(tmp_path, records, case_blind=False) == ()
    assert clashes(tmp_path, records, case_blind=True) == (
        Clash(path="caf\u00e9", winner="a", losers=("c",), kind=ClashKind.CASE, other="cafe\u0301"),
        Clash(path="share/Read", winner="a", losers=("b",), kind=ClashKind.CASE, other="share/read"),
    )


def test_clashes_are_kept_as_they_are() -> None:
    for kind in ClashKind:
        clash = Clash(path="ä", winner="a", losers=("b", "c"), kind=kind, other="Ä")
        assert read_clash(json.loads(json.dumps(written_clash(clash)))) == clash
