"""Many writers, and writers that die: nothing lost, nothing torn, nothing published twice."""

from __future__ import annotations

import json
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.channel import Channel
from builder.model import generation
from builder.model.package import Package
from tests.channel.judging import generation_of, problems_of
from tests.channel.making import make_package

CHECKOUT = Path(__file__).parents[2]


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", f"tests.channel.{program}", *arguments]
    return subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def pickled(path: Path, packages: Sequence[Package]) -> str:
    path.write_bytes(pickle.dumps(list(packages)))
    return str(path)


def finish(process: subprocess.Popen[str]) -> list[str]:
    with process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.splitlines()


def visible(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".bakehouse" not in path.parts)
    found = (path for path in found if path.name != generation.FILE_NAME)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_eight_processes_ten_rounds_each(tmp_path: Path) -> None:
    shared = [make_package(tmp_path / "made", f"shared{n}") for n in range(5)]
    own = [[make_package(tmp_path / "made", f"own{p}x{n}") for n in range(5)] for p in range(8)]
    rounds = [[package for pair in zip(mine, shared, strict=True) for package in pair] for mine in own]
    writers = [
        start("publisher", str(tmp_path / "channel"), pickled(tmp_path / f"{number}.pickle", packages))
        for number, packages in enumerate(rounds)
    ]
    outcomes = [finish(writer) for writer in writers]
    assert [len(lines) for lines in outcomes] == [10] * 8
    assert sum(lines.count("new") for lines in outcomes) == 45
    assert problems_of(tmp_path / "channel", leftovers=True) == []
    channel = Channel(tmp_path / "channel")
    assert len(channel.records("linux-64")) == 45
    assert len(channel.keys()) == 45
    one_by_one = Channel(tmp_path / "alone")
    for package in (*shared, *(package for mine in own for package in mine)):
        one_by_one.publish(package)
    assert visible(channel.root) == visible(one_by_one.root)


def test_of_two_that_publish_other_bytes_one_wins_and_one_is_told(tmp_path: Path) -> None:
    packages = [make_package(tmp_path / str(n), "same", content=bytes([n])) for n in range(4)]
    writers = [
        start("publisher", str(tmp_path / "channel"), pickled(tmp_path / f"{n}.pickle", [package]))
        for n, package in enumerate(packages)
    ]
    codes = []
    for writer in writers:
        with writer:
            writer.communicate(timeout=60)
        codes.append(writer.returncode)
    assert sorted(codes) == [0, 1, 1, 1]
    [record] = Channel(tmp_path / "channel").records("linux-64").values()
    assert json.loads(record)["sha256"] == packages[codes.index(0)].sha256
    assert problems_of(tmp_path / "channel", leftovers=True) == []


@pytest.fixture(scope="module", params=["beside", "instead"])
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What is left when a publication is killed before its 1st, 2nd, 3rd … file operation, until one survives."""
    folder = tmp_path_factory.mktemp("killed")
    names = ("before", "victim") if request.param == "beside" else ("victim", "victim")
    made = [make_package(folder / str(n), name, content=bytes([n])) for n, name in enumerate(names)]
    pair = pickled(folder / "pair.pickle", made)
    halves = [start("killing", str(folder / str(n)), pair, str(n), "2") for n in (1, 2)]
    lines = [json.loads(line) for half in halves for line in finish(half)]
    return sorted(lines, key=lambda line: int(line["operation"]))


def test_there_are_many_points_to_be_killed_at(killed: list[dict[str, object]]) -> None:
    died = [line["operation"] for line in killed if line["died"]]
    assert died == list(range(1, len(died) + 1))
    assert len(died) > 30
    assert len(killed) - len(died) == 2


def test_whoever_reads_after_a_kill_is_not_misled(killed: list[dict[str, object]]) -> None:
    """One thing may be: the package has been replaced, and the index has not."""
    problems = {str(problem) for line in killed for problem in _listed(line["after_death"])}
    between = {f"linux-64 {kind}: other bytes in victim-1.0-h0_0.conda" for kind in ("json", "zst", "shards")}
    assert problems <= between
    assert not problems or "linux-64/before-1.0-h0_0.conda" not in _named(killed[0]["files"])


def test_after_the_next_publication_nothing_of_the_kill_is_left(killed: list[dict[str, object]]) -> None:
    assert [line for line in killed if line["at_the_end"]] == []
    survivor = next(line for line in killed if not line["died"])
    assert [line["operation"] for line in killed if line["files"] != survivor["files"]] == []


def test_what_was_linked_before_the_kill_is_not_published_again(killed: list[dict[str, object]]) -> None:
    outcomes = [str(line["outcome"]) for line in killed]
    assert set(outcomes) == {"new", "same"}
    assert outcomes == sorted(outcomes), "once it is there it stays there"


def _listed(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _named(value: object) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def test_twelve_kills_among_three_publishers_lose_nothing(tmp_path: Path) -> None:
    """Three publish at once; twelve times one of them is killed in its work, and another one takes its place."""
    dice = random.Random(8)
    root = tmp_path / "channel"
    packages = [make_package(tmp_path / "made", f"p{n}") for n in range(24)]
    shares = [pickled(tmp_path / f"{n}.pickle", dice.sample(packages, len(packages))) for n in range(3)]
    writers = [start("publisher", str(root), share) for share in shares]
    for kill in range(12):
        time.sleep(0.1 + dice.random() * 0.15)
        victim = writers[kill % 3]
        victim.send_signal(signal.SIGKILL)
        with victim:
            victim.communicate(timeout=60)
        writers[kill % 3] = start("publisher", str(root), shares[kill % 3])
        assert problems_of(root) == []
    for writer in writers:
        assert len(finish(writer)) == 24
    assert problems_of(root, leftovers=True) == []
    assert len(Channel(root).records("linux-64")) == 24
    assert 1 < generation_of(root / "linux-64") <= 25
