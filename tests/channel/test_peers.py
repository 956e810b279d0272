"""The channel as others see it: rattler solves and installs from it, also while it is written; conda's tools read it."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from conda_package_handling import api
from rattler import Channel as RattlerChannel
from rattler import Gateway, MatchSpec, RepoDataRecord, Subdir, install, solve

from builder.channel import Channel
from builder.environment import Solver
from builder.store import Store
from tests.channel.making import make_package
from tests.environment.served import served

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    made = Channel(tmp_path / "channel")
    data: dict[str, object] = {"subdir": "noarch", "noarch": "generic"}
    for package in (
        make_package(tmp_path / "made", "data", extra=data),
        make_package(tmp_path / "made", "lib", version="1.2", depends=("data",)),
        make_package(tmp_path / "made", "lib", version="1.10", depends=("data >=1.0",), content=b"new"),
        make_package(tmp_path / "made", "app", depends=("lib >=1.10,<2",), content=b"app"),
        make_package(tmp_path / "made", "old", depends=("app",), extra={"suffix": ".tar.bz2"}),
    ):
        made.publish(package)
    return made


def solved(root: Path, cache: Path, *specs: str) -> list[RepoDataRecord]:
    async def work() -> list[RepoDataRecord]:
        return await solve(
            [RattlerChannel(root.as_uri())],
            [MatchSpec(spec) for spec in specs],
            gateway=Gateway(cache_dir=cache),
            platforms=[Subdir("linux-64"), Subdir("noarch")],
        )

    return asyncio.run(work())


def test_rattler_solves_from_it(channel: Channel, tmp_path: Path) -> None:
    records = solved(channel.root, tmp_path / "cache", "old")
    names = {f"{record.name.normalized} {record.version}": record for record in records}
    assert sorted(names) == ["app 1.0", "data 1.0", "lib 1.10", "old 1.0"]
    assert names["lib 1.10"].url == f"{channel.root.as_uri()}/linux-64/lib-1.10-h0_0.conda"
    for record in records:
        ours = json.loads(channel.records(record.subdir)[record.file_name])
        assert record.sha256 is not None
        assert record.sha256.hex() == ours["sha256"]
        assert record.size == ours["size"]


def test_rattler_installs_from_it(channel: Channel, tmp_path: Path) -> None:
    records = solved(channel.root, tmp_path / "cache", "old")
    prefix = tmp_path / "prefix"
    asyncio.run(install(records, prefix, cache_dir=tmp_path / "packages", show_progress=False))
    assert (prefix / "share/lib.txt").read_bytes() == b"new"
    assert (prefix / "share/app.txt").read_bytes() == b"app"
    assert len(list((prefix / "conda-meta").glob("*.json"))) == 4


def test_condas_tools_extract_what_is_published(channel: Channel, tmp_path: Path) -> None:
    api.extract(str(channel.root / "linux-64" / "app-1.0-h0_0.conda"), str(tmp_path / "out"))
    assert (tmp_path / "out/share/app.txt").read_bytes() == b"app"
    assert json.loads((tmp_path / "out/info/index.json").read_bytes())["name"] == "app"


async def count(root: Path, cache: Path, names: list[str]) -> int:
    """How many of the packages a reader with an empty cache finds."""
    gateway = Gateway(cache_dir=cache)
    specs = [MatchSpec(name) for name in names]
    found = await gateway.query([RattlerChannel(root.as_uri())], [Subdir("linux-64"), Subdir("noarch")], specs)
    for record in (record for records in found for record in records):
        assert (root / record.subdir / record.file_name).is_file()
    return sum(len(records) for records in found)


def test_rattler_reads_while_others_write(tmp_path: Path) -> None:
    root = tmp_path / "channel"
    packages = [make_package(tmp_path / "made", f"p{number}") for number in range(60)]
    Channel(root).ensure("linux-64")
    (tmp_path / "all.pickle").write_bytes(pickle.dumps(packages))
    argv = [sys.executable, "-m", "tests.channel.publisher", str(root), str(tmp_path / "all.pickle")]
    counts: list[int] = []
    with subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as writer:
        while writer.poll() is None:
            cache = tmp_path / f"cache{len(counts)}"
            counts.append(asyncio.run(count(root, cache, [package.name for package in packages])))
        assert writer.returncode == 0
    counts.append(asyncio.run(count(root, tmp_path / "last", [package.name for package in packages])))
    assert counts == sorted(counts)
    assert counts[-1] == 60


@pytest.mark.parametrize("how", ["folder", "http"])
def test_our_own_reader_reads_while_others_write(tmp_path: Path, how: str) -> None:
    """Whatever it meets is of a generation that the channel knows, and never of an earlier one than before."""
    root = tmp_path / "channel"
    packages = [make_package(tmp_path / "made", f"p{number}") for number in range(40)]
    Channel(root).ensure("linux-64")
    (tmp_path / "all.pickle").write_bytes(pickle.dumps(packages))
    argv = [sys.executable, "-m", "tests.channel.publisher", str(root), str(tmp_path / "all.pickle")]
    store = Store(tmp_path / "store")
    counts: list[int] = []

    def look(address: str) -> None:
        solver = Solver([address], store)
        offered = asyncio.run(solver.offered([package.name for package in packages], "linux-64"))
        counts.append(sum(map(len, offered.values())))

    with served(root) as server, subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as writer:
        address = server.url if how == "http" else str(root)
        while writer.poll() is None:
            look(address)
        assert writer.returncode == 0
        look(address)
    assert counts == sorted(counts)
    assert counts[-1] == 40


def test_rattlers_own_index_of_the_same_files_says_the_same(channel: Channel, tmp_path: Path) -> None:
    """Compared with what py-rattler itself reads out of each package."""
    for subdir in ("linux-64", "noarch"):
        for name, text in channel.records(subdir).items():
            record = asyncio.run(RepoDataRecord.from_package_archive(channel.root / subdir / name))
            ours = json.loads(text)
            assert record.name.normalized == ours["name"]
            assert str(record.version) == ours["version"]
            assert record.depends == ours["depends"]
            assert record.sha256 is not None
            assert record.sha256.hex() == ours["sha256"]
            assert record.size == ours["size"]
