"""The fuzzer finds what is planted, keeps it so that it can be shown again, and makes the same inputs of the same seed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from builder.errors import SourceError, UsageError
from tests.adversarial.attack import CHECKOUT
from tests.fuzz import archives, channels, documents, gits, packages, tars
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader, only
from tests.fuzz.running import Hang, Tally, _made, finding, keep, tried

READERS = [reader for module in (archives, packages, documents, channels, gits) for reader in module.readers()]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path / "box")
    made.prepare()
    return made


def planted(read: Callable[[bytes, Box], None]) -> Reader:
    def alter(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
        return (damaged(parts[0], other[0], dice),)

    return Reader(name="planted", seeds=lambda: [(b"seed",)], alter=alter, wrap=only, read=read)


def fine(data: bytes, box: Box) -> None:
    """Take anything."""


def test_what_is_taken_and_what_is_refused(box: Box) -> None:
    def read(data: bytes, box: Box) -> None:
        raise SourceError("member 'x' is 12 bytes too long", code="archive.member", remedy="none")

    assert tried(planted(fine), b"", box) == ""
    assert tried(planted(read), b"", box) == "archive.member member  is  bytes too long"


def write_beside(data: bytes, box: Box) -> None:
    (box.folder / "room" / "x").touch()


def write_above(data: bytes, box: Box) -> None:
    (box.folder / "x").symlink_to("/")


def overwrite(data: bytes, box: Box) -> None:
    box.canary.write_bytes(b"as never")


def link(data: bytes, box: Box) -> None:
    box.target.mkdir()
    os.link(box.canary, box.target / "hard")


def make_executable(data: bytes, box: Box) -> None:
    (box.folder / "room" / "canary").chmod(0o4755)


def silent(data: bytes, box: Box) -> None:
    raise UsageError(" ")


def colourful(data: bytes, box: Box) -> None:
    raise ZeroDivisionError("\x1b[31m")


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (write_beside, FoundError), (write_above, FoundError), (overwrite, FoundError), (link, FoundError),
        (make_executable, FoundError), (silent, FoundError), (colourful, ZeroDivisionError),
    ],
)  # fmt: skip
def test_what_a_reader_must_not_do_is_found(
    box: Box, read: Callable[[bytes, Box], None], error: type[Exception]
) -> None:
    with pytest.raises(error):
        tried(planted(read), b"", box)


def test_a_hang_is_found_though_the_reader_catches_everything(box: Box) -> None:
    def read(data: bytes, box: Box) -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:  # noqa: BLE001 - as a reader might
                continue

    with pytest.raises(Hang):
        tried(planted(read), b"", box, seconds=0.05)


def test_one_finding_for_one_place(tmp_path: Path) -> None:
    told = set()
    for content in (b"[" * 10**5, b"[" * 10**4):
        try:
            raise FoundError(f"{len(content)} bytes came out, 3 were counted")
        except FoundError as error:
            told.add(finding(error))
    assert told == {"FoundError: … bytes came out, … were counted"}


def test_the_smallest_inputs_of_a_finding_are_kept(tmp_path: Path) -> None:
    for size in (50, 10, 40, 20, 30):
        keep(tmp_path, "crash", b"x" * size, "how")
    keep(tmp_path, "other", b"", "how")
    (folder,) = (path.parent for path in tmp_path.glob("*/what") if "crash" in path.read_text())
    assert sorted(path.stat().st_size for path in folder.iterdir() if path.name != "what") == [10, 20, 30]


def test_tallies_add_up() -> None:
    one = Tally(inputs=3, accepted=1)
    one.refused["a"] += 2
    one.findings["b"] += 1
    two = Tally()
    for _ in range(2):
        two.add(one.document())
    assert (two.inputs, two.accepted, two.refused, two.findings) == (6, 2, {"a": 4}, {"b": 2})


def test_headers_are_made_right_again() -> None:
    header = tars.with_field(tars.header(name=b"a", kind=b"0", size=0), Random(3), Path("/canary"))
    blank = header[:148] + b" " * 8 + header[156:]
    assert int(header[148:154], 8) == sum(blank)
    assert tars.record("path", b"a") == b"9 path=a\n"
    assert [len(tars.record("k", b"x" * n)) for n in (4, 5, 92, 93)] == [
        int(tars.record("k", b"x" * n).split()[0]) for n in (4, 5, 92, 93)
    ]


def test_names_of_readers_are_theirs_alone() -> None:
    names = [reader.name for reader in READERS]
    assert len(names) == len(set(names)) >= 35
    assert {"tar.gz", "zip", "7z", "deb", "conda", "repodata", "shard", "patch", "git-objects", "recipe"} <= set(names)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: str(reader.name))
def test_each_reader_takes_its_examples_and_survives_what_follows(reader: Reader, box: Box) -> None:
    dice, seeds = Random(reader.name), reader.seeds()
    assert seeds
    for parts in seeds:
        assert any(not tried(reader, reader.wrap(parts, dice), box) for _ in range(20))
    for _ in range(2):
        tried(reader, reader.wrap(_made(reader, list(seeds), dice, box), dice), box)


@pytest.mark.parametrize("name", ["tar", "zip", "7z", "conda", "repodata", "patch", "git-tree"])
def test_inputs_follow_from_the_seed(name: str, tmp_path: Path) -> None:
    (reader,) = (one for one in READERS if one.name == name)
    box = Box(tmp_path)
    seeds, dice = list(reader.seeds()), [Random("a"), Random("a"), Random("b")]
    made = [[reader.wrap(_made(reader, seeds, one, box), one) for _ in range(5)] for one in dice]
    assert made[0] == made[1] != made[2]


def fuzz(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", *map(str, arguments)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_command_tells_one_line_for_each_reader_and_shows_an_input_again(tmp_path: Path) -> None:
    places = ("--out", tmp_path / "out", "--place", tmp_path / "place")
    done = fuzz("--only", "keys", "--seconds", "0.3", *places)
    assert done.returncode == 0, done.stdout + done.stderr
    first, last = done.stdout.splitlines()
    assert re.match(r"keys +[\d,]+ inputs +[\d,]+ taken +\d+ refused \(\); 0 findings", first)
    assert last == "1 readers, 0.3 s each, seed 1: 0 with findings"
    assert json.loads((tmp_path / "out" / "keys" / "tally.json").read_bytes())["findings"] == {}
    again = fuzz("--replay", "shard", tmp_path / "out" / "keys" / "current", *places)
    assert "it cannot be read" in again.stdout
