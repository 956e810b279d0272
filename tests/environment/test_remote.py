"""Remote channels: whole documents and shards, what a solve fetches of them, and where nobody is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from builder.environment.access import Access
from builder.environment.solver import Solver
from builder.errors import BakehouseError, MachineError, UnsolvableError, UsageError
from builder.model import generation
from builder.model.environment import Environment
from builder.model.policy import Namespace, Policy
from builder.store import Store
from tests.environment.packages import Made, channel
from tests.environment.served import served
from tests.environment.sharded import shard

TREE = (
    Made(name="app", version="2", depends=["lib >=1", "data"]), Made(name="lib", version="1", depends=["base"]),
    Made(name="lib", version="1.5", depends=["base >=1", "extra"]), Made(name="base"), Made(name="extra"),
    Made(name="data", subdir="noarch", noarch="generic"), Made(name="unrelated", depends=["base"]),
)  # fmt: skip


def solve(store: Store, *channels: object, specs: tuple[str, ...] = ("app",), **access: Any) -> Environment:
    solver = Solver([str(one) for one in channels], store, access=Access(**access))
    return asyncio.run(solver.solve(specs, subdir="linux-64"))


def names(environment: Environment) -> list[str]:
    return sorted(f"{package.name} {package.version}" for package in environment.packages)


WHOLE = ["app 2", "base 1.0", "data 1.0", "extra 1.0", "lib 1.5"]


# -- forms -----------------------------------------------------------------------------------------------------------------


def test_plain_and_packed_documents(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    with served(folder) as server:
        plain = solve(store, server.url)
        assert names(plain) == WHOLE
        assert {package.url.rpartition("/")[0] for package in plain.packages} == {
            f"{server.url}/linux-64", f"{server.url}/noarch",
        }  # fmt: skip
        for path in folder.glob("*/repodata.json"):
            path.with_name("repodata.json.zst").write_bytes(zstd.compress(path.read_bytes()))
            path.unlink()
        assert solve(store, server.url) == plain
        assert solve(store, server.url, offline=True) == plain


def test_of_shards_only_those_come_that_a_solve_can_come_to(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    with served(folder) as server:
        plain = solve(store, server.url)
        shards = shard(folder)
        server.asked.clear()
        assert solve(store, server.url) == plain
        came = {Path(path).name for path in server.asked}
        for name, path in shards.items():
            assert (path.name in came) == (name != "unrelated"), name
        assert "repodata.json" not in came
        server.asked.clear()
        assert solve(store, server.url) == plain
        assert not [path for path in server.asked if "/shards/" in path], "shards never change"
        assert solve(store, server.url, offline=True) == plain
        assert names(solve(store, server.url, specs=("lib <1.5",))) == ["base 1.0", "lib 1"]


def test_shards_beside_folders_and_documents(store: Store, tmp_path: Path) -> None:
    """What a package of one channel needs is fetched from the others."""
    own = channel(tmp_path / "own", Made(name="mine", depends=["app"]))
    first = channel(tmp_path / "first", Made(name="app", version="3", depends=["lib"]))
    second = channel(tmp_path / "second", *TREE)
    shard(second)
    with served(first) as one, served(second) as two:
        found = solve(store, own, one.url, two.url, specs=("mine",))
        assert names(found) == ["app 3", "base 1.0", "extra 1.0", "lib 1.5", "mine 1.0"]
        assert [package.channel for package in found.packages if package.name == "lib"] == [two.url]


def test_what_a_sharded_channel_has_is_told(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    shard(folder)
    with served(folder) as server:
        with pytest.raises(UnsolvableError, match=r"no package satisfies lib >=2; there is 1\.5, 1"):
            solve(store, server.url, specs=("lib >=2",))
        with pytest.raises(UnsolvableError, match="no channel has a package called unrelatd") as caught:
            solve(store, server.url, specs=("unrelatd",))
        assert "did you mean unrelated" in (caught.value.problems[0].remedy or "")


# -- what is not there -----------------------------------------------------------------------------------------------------


def test_a_server_without_a_channel(store: Store, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        with pytest.raises(UsageError, match=f"{server.url} is not a channel: it has no index for linux-64 or noarch"):
            solve(store, server.url)
        with pytest.raises(MachineError, match="nothing is remembered of"):
            solve(store, server.url, offline=True)


def test_one_subdir_is_enough(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    (folder / "linux-64" / "repodata.json").unlink()
    with served(folder) as server:
        assert names(solve(store, server.url, specs=("data",))) == ["data 1.0"]


def test_a_shard_that_is_gone(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    shard(folder)["base"].unlink()
    with served(folder) as server, pytest.raises(MachineError, match=r"there is no .*msgpack\.zst"):
        solve(store, server.url)


@pytest.mark.parametrize("data", [b"", b"nonsense", zstd.compress(b"\x90"), zstd.compress(b"x" * 100)[:-4]])
@pytest.mark.parametrize("name", ["repodata_shards.msgpack.zst", "repodata.json.zst", "repodata.json"])
def test_documents_that_cannot_be_read(store: Store, tmp_path: Path, name: str, data: bytes) -> None:
    folder = channel(tmp_path / "c", *TREE)
    (folder / "linux-64" / name).write_bytes(data)
    with served(folder) as server, pytest.raises(UsageError, match="this channel index cannot be read") as caught:
        solve(store, server.url)
    assert str(caught.value.problems[0].place) == f"{server.url}/linux-64/{name}"


def test_a_packed_document_may_not_grow_without_end(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    (folder / "linux-64" / "repodata.json.zst").write_bytes(zstd.compress(b'{"x":"' + b" " * (64 << 20), 19))
    with served(folder) as server, pytest.raises(UsageError, match="a value of more than 8,388,608 signs"):
        solve(store, server.url)


# -- what is believed ------------------------------------------------------------------------------------------------------


def test_records_of_no_use_are_left_out_of_shards_too(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", *TREE)
    path = folder / "linux-64" / "repodata.json"
    document = json.loads(path.read_text())
    document["packages.conda"]["lib-1.5-h1_0.conda"]["build_number"] = -1
    document["packages.conda"]["extra-1.0-h1_0.conda"]["noarch"] = "cobol"
    path.write_text(json.dumps(document))
    shard(folder)
    told: list[str] = []
    with served(folder) as server:
        assert names(solve(store, server.url, report=told.append)) == ["app 2", "base 1.0", "data 1.0", "lib 1"]
        assert told[0].startswith(f"1 record of {server.url} for linux-64 is left out, the first lib-1.5-h1_0.conda:")
        with pytest.raises(UnsolvableError, match=r"left out is lib-1\.5-h1_0\.conda of .*: its build number is -1"):
            solve(store, server.url, specs=("lib >1",))


def test_names_belong_to_channels_over_http_too(store: Store, tmp_path: Path) -> None:
    public = channel(tmp_path / "public", Made(name="app", version="9"), Made(name="other"))
    private = channel(tmp_path / "private", *TREE)
    shard(private)
    with served(public) as one, served(private) as two:
        policy = Policy(namespaces=(Namespace(names="app", channels=(two.url,)),))
        assert names(solve(store, one.url, two.url)) == ["app 9"]
        assert names(solve(store, one.url, two.url, policy=policy)) == WHOLE
        shard(public)
        assert names(solve(store, one.url, two.url, policy=policy)) == WHOLE


def test_a_channel_that_leads_elsewhere_is_followed_nowhere(store: Store, tmp_path: Path) -> None:
    away = channel(tmp_path / "away", *TREE)
    shards = shard(channel(tmp_path / "other", *TREE))
    with served(tmp_path / "other") as other:
        for key, where in {"shards_base_url": "shards/", "base_url": ""}.items():
            shard(channel(away, *TREE), {key: f"{other.url}/linux-64/{where}"})
            other.asked.clear()
            with served(away) as server:
                with pytest.raises(UsageError, match=f"leads elsewhere: its info.{key} is {other.url}"):
                    solve(store, server.url)
                assert not other.asked
                if key == "shards_base_url":
                    for path in (away / "linux-64" / "shards").iterdir():
                        path.unlink()
                found = solve(store, server.url, specs=("base",), policy=Policy(hosts=("127.0.0.1",)))
                led = other if key == "base_url" else server
                assert found.packages[0].url == f"{led.url}/linux-64/base-1.0-h1_0.conda"
    assert shards


# -- generations -----------------------------------------------------------------------------------------------------------


def generations(folder: Path, number: int, name: str = "repodata.json") -> None:
    """Say of which generation the indexes of a channel are."""
    for path in folder.glob(f"*/{name}"):
        from hashlib import sha256

        now = generation.Generation(number=number, files={name: sha256(path.read_bytes()).hexdigest()})
        path.with_name(generation.FILE_NAME).write_bytes(generation.to_json(generation.Generations(now=now)))


@pytest.mark.parametrize("form", ["repodata.json", "repodata_shards.msgpack.zst", "folder"])
def test_an_older_generation_is_refused(store: Store, tmp_path: Path, form: str) -> None:
    folder = channel(tmp_path / "c", *TREE)
    name = "repodata.json" if form == "folder" else form
    if name != "repodata.json":
        shard(folder)
    with served(folder) as server:
        where = str(folder) if form == "folder" else server.url
        generations(folder, 5, name)
        assert names(solve(store, where)) == WHOLE
        generations(folder, 4, name)
        with pytest.raises(UsageError, match="is of generation 4, but 5 was seen before") as caught:
            solve(store, where)
        assert caught.value.problems[0].code == "environment.rollback"
        assert names(solve(store, where, allow_rollback=True)) == WHOLE
        assert names(solve(store, where)) == WHOLE
        for path in folder.glob(f"*/{generation.FILE_NAME}"):
            path.unlink()
        with pytest.raises(UsageError, match="is of generation none"):
            solve(store, where)
        generations(folder, 6, name)
        for path in folder.glob(f"*/{generation.FILE_NAME}"):
            path.write_bytes(path.read_bytes().replace(b'"repodata', b'"other'))
        with pytest.raises(BakehouseError, match="is of no generation that the channel knows"):
            solve(store, where)
