"""Hostile channels' indexes, ids E1 to E7, E11 and E14 of the table, in folders and over HTTP, through ``build``."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builder.environment import Access, Solver
from builder.errors import UsageError
from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.adversarial.attack import CANARY, Attack, Ended, Told, problems, row
from tests.environment.packages import Made, channel
from tests.environment.served import Served, served

RECIPE = """
package: {{name: demo-{name}, version: "1"}}
build: {{script: ["touch $PREFIX/{canary}-by-script"]}}
requirements: {{host: [{needs}]}}
"""
GOOD = Made(name="good", files={"share/good": b"good"})
KEY = GOOD.file_name


@pytest.fixture(scope="session")
def oven(machine_store: Store, kitchen: Path) -> Path:
    """A store in which the sandbox's root is unpacked: that is no part of what an index costs."""
    root = Path("folders", "rootfs", rootfs_lock().digest)
    if not (kitchen / root).is_dir():  # whoever built before has unpacked it
        shutil.copytree(machine_store.root / root, kitchen / root, copy_function=os.link, symlinks=True)
    return kitchen


@contextmanager
def both_ways(*folders: Path) -> Iterator[dict[str, str]]:
    """Each channel by the name of its folder, as a folder and over HTTP."""
    with ExitStack() as stack:
        servers = {folder: stack.enter_context(served(folder)) for folder in folders}
        away = {f"{folder.name}-http": server.url for folder, server in servers.items()}
        yield {folder.name: str(folder) for folder in folders} | away


def hostile(attack: Attack, name: str, change: Any = lambda _: None, *more: Made) -> Path:
    """A channel with the package ``good``, whose index ``change`` has changed."""
    folder = channel(attack.folder / "channels" / name, GOOD, *more)
    path = folder / "linux-64" / "repodata.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return folder


def recorded(**fields: object) -> Any:
    """A change of the record of ``good``; None takes a field away."""

    def change(document: dict[str, Any]) -> None:
        record = document["packages.conda"][KEY]
        record.update(fields)
        for field in [field for field, value in fields.items() if value is None]:
            del record[field]

    return change


def build(attack: Attack, store: Path, channels: Mapping[str, str], policy: str = "") -> Ended:
    """Build one recipe against each of ``channels``, in one process."""
    attack.inputs += len(channels)
    attack.put("recipes/bakehouse.yaml", f"recipes: [.]\n{policy}")
    paths = []
    for name, address in channels.items():
        recipe = RECIPE.format(name=name, needs="good", canary=CANARY)
        paths.append(attack.put(f"recipes/{name}/recipe.yaml", recipe).parent)
        attack.put(f"recipes/{name}/variants.yaml", json.dumps({"channel_sources": [address]}))
    options = ["--keep-going", "--isolation", "none", "--out", str(attack.store / "out")]
    return attack.run("build", *paths, *options, store=store, memory=None, tasks=True)


def refused(attack: Attack, store: Path, channels: Mapping[str, str], because: str, **more: str) -> dict[str, Told]:
    """Build as `build` does; each is refused, for a reason that the pattern finds, with place or address and remedy."""
    ended = build(attack, store, channels, **more)
    assert ended.code == 2, (ended.code, ended.err[-3000:])
    told = {name: failure(ended.err, name) for name in sorted(channels)}
    for name, one in told.items():
        assert re.search(because, one.message), (name, one.message)
        assert one.remedy, (name, one)
        assert len(one.message) < 1000, (name, one.message[:200])
        assert one.message.isprintable(), (name, one.message)
        assert channels[name] in f"{one.file} {one.message}", f"{name}: the channel is not named: {one}"
    return told


def failure(err: str, name: str) -> Told:
    """The one problem of the task of a recipe, out of the summary."""
    lines = iter(err.splitlines())
    for line in lines:
        if re.fullmatch(rf"linux-64/demo-{name}-1-\w+: failed", line):
            break
    (told,) = problems("\n".join(itertools.takewhile(lambda line: line.startswith("    "), lines)))
    return told


def solved(attack: Attack, *channels: str, needs: str = "good") -> tuple[list[str], list[str]]:
    """Solve for a recipe without building it: the addresses of what was chosen, and the warnings."""
    attack.inputs += 1
    attack.put("recipe.yaml", RECIPE.format(name="demo", needs=needs, canary=CANARY))
    given = [word for one in channels for word in ("-c", one)]
    options = ["--render-only", "--with-solve", "--out", str(attack.store / "out")]
    ended = attack.run("build", attack.folder / "recipe.yaml", *options, *given, memory=None)
    assert ended.code == 0, ended.err[-3000:]
    ((output,), warnings) = ended.document(), [line for line in ended.err.splitlines() if line.startswith("warning: ")]
    environment = output["finalized_dependencies"]["host"]["resolved"]
    return sorted(one["url"] for one in environment), warnings


# -- packages --------------------------------------------------------------------------------------------------------------


def tampered(attack: Attack) -> Path:
    folder = hostile(attack, "tampered")
    path = folder / "linux-64" / KEY
    evil = channel(attack.folder / "evil", Made(name="good", files={f"share/{CANARY}": b"evil"}))
    path.write_bytes((evil / "linux-64" / KEY).read_bytes())
    (evil / "linux-64" / KEY).unlink()
    return folder


@row("E1", "bytes that are not those of the record are refused, and not kept")
def test_e01_other_bytes_over_http(attack: Attack, oven: Path) -> None:
    folder = tampered(attack)
    endless = hostile(attack, "endless")
    size = (endless / "linux-64" / KEY).stat().st_size
    with (endless / "linux-64" / KEY).open("ab") as file:
        file.truncate(1 << 26)
    with served(folder) as server, served(endless) as other:
        channels = {"tampered": server.url, "endless": other.url}
        told = refused(attack, oven, channels, "is not the package that the index of http")
        assert re.search(r": it has more than [0-9]+ bytes$|its sha256 is", told["tampered"].message)
        assert told["endless"].message.endswith(f"it has more than {size} bytes")
        assert f"/linux-64/{KEY}" in server.asked


@row("E2", "the same in a folder: what a channel's file says is never taken for what it is")
def test_e02_other_bytes_in_a_folder(attack: Attack, oven: Path) -> None:
    folder = tampered(attack)
    refused(attack, oven, {"tampered": str(folder), "address": folder.as_uri()}, "its sha256 is .*, expected")


@row("E3", "a record without sha256 is refused, on a laptop and on a farm")
def test_e03_no_digest(attack: Attack, oven: Path) -> None:
    folders = [
        hostile(attack, "neither", recorded(sha256=None, md5=None)),
        hostile(attack, "weak", recorded(sha256=None, md5="0" * 32)),
        hostile(attack, "empty", recorded(sha256="", md5="")),
    ]
    with both_ways(*folders) as channels:
        told = refused(attack, oven, channels, f"gives no sha256 for {KEY}|its sha256 is none")
    assert [name for name, one in told.items() if "is none" in one.message] == ["empty", "empty-http"]
    given = f"policy: farm\nchannels: [{folders[0]}]\n"
    refused(attack, oven, {"farm": str(folders[0])}, f"gives no sha256 for {KEY}", policy=given)
    attack.inputs += 1
    ended = build(attack, oven, {"chosen": str(folders[0])}, policy="policy: farm\n")
    assert "no channel has a package called good" in ended.err, "on a farm a recipe's variants choose no channel"


# -- names -----------------------------------------------------------------------------------------------------------------


@row("E4", "a name, version or build string that is a path refuses the index")
def test_e04_records_that_are_paths(attack: Attack, oven: Path) -> None:
    up = f"../../../{CANARY}"
    changes: dict[str, dict[str, object]] = {
        "build": {"build": up}, "version": {"version": up}, "name": {"name": up}, "absolute": {"build": f"/{CANARY}"},
        "backslash": {"build": f"..\\{CANARY}"}, "control": {"build": "h\x1b[2J\n"}, "nul": {"name": "good\0"},
        "hidden": {"name": ".."},
    }  # fmt: skip
    folders = [hostile(attack, name, recorded(**fields)) for name, fields in changes.items()]
    with both_ways(*folders) as channels:
        refused(attack, oven, channels, "that leads out of the channel: ")


@row("E5", "a key that is a path refuses the whole index, for packages that nobody asked for too")
def test_e05_keys_that_are_paths(attack: Attack, oven: Path) -> None:
    keys = {
        "up": f"../../../../etc/{CANARY}-1-0.conda", "absolute": f"/etc/{CANARY}-1-0.conda", "dots": "..",
        "deep": f"a/../../{CANARY}-1-0.conda", "windows": f"..\\{CANARY}-1-0.conda", "nul": "x\0-1-0.conda",
    }  # fmt: skip

    def named(key: str) -> Any:
        return lambda document: document["packages.conda"].update({key: document["packages.conda"][KEY]})

    folders = [hostile(attack, name, named(key)) for name, key in keys.items()]
    with both_ways(*folders) as channels:
        told = refused(attack, oven, channels, "it has a key that leads out of the channel: ")
    assert "do not use this channel" in str(told["up"].remedy)


# -- documents -------------------------------------------------------------------------------------------------------------

DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is no map"),
    "open": (b"{", "a key is missing"),
    "list": (b"[]", "it is no map"),
    "lists": (b'{"packages": []}', "'packages' is no map"),
    "html": (b"<!doctype html><html><body>Not here</body></html>", "it is no map"),
    "utf16": (b"\xff\xfe{\0}\0", "it is no UTF-8"),
    "deep": (b'{"info": ' + b"[" * 100_000, "nested too deeply"),
    "maps": (b'{"packages": {"a": ' + b'{"a":' * 100_000, "nested too deeply"),
    "twice": (b'{"packages": {}, "packages": {}}', "two values under 'packages'"),
    "same": (b'{"packages": {"a-1-0.tar.bz2": {"name": "a", "name": "b"}}}', "two values under 'name'"),
    "nan": (b'{"packages": {"a-1-0.tar.bz2": {"size": NaN}}}', "NaN is no number"),
    "digits": (b'{"repodata_version": ' + b"9" * 10_000 + b"}", "too long"),
    "future": (b'{"repodata_version": 3, "packages": {}}', "repodata_version is 3, known are 1 and 2"),
    "other": (b'{"info": {"subdir": "osx-64"}}', "it says that it is for 'osx-64', not linux-64"),
    "after": (b'{"packages": {}} {"packages": {}}', "something follows its end"),
}


@row("E6", "what is no index is told with its file or address, whatever it is")
def test_e06_no_index(attack: Attack, oven: Path) -> None:
    folders = []
    for name, (content, _) in DOCUMENTS.items():
        folders.append(hostile(attack, name))
        (folders[-1] / "linux-64" / "repodata.json").write_bytes(content)
    with both_ways(*folders) as channels:
        told = refused(attack, oven, channels, "this channel index cannot be read")
    for name, one in told.items():
        assert DOCUMENTS[name.removesuffix("-http")][1] in one.message, (name, one.message)
        assert one.file == f"{channels[name]}/linux-64/repodata.json", (name, one.file)


@row("E7", "a record of no use is left out, named and counted; the others are used", "skipped")
def test_e07_records_of_no_use(attack: Attack) -> None:
    broken: dict[str, dict[str, object]] = {
        "a-1-0.conda": {}, "b-1-0.conda": {"name": "b"}, "c-1-0.conda": {"name": "c", "version": "1", "build": "0"},
        "d-1-0.conda": {"name": "d", "version": "1", "build": "0", "build_number": -1},
        "e-1-0.conda": {"name": "f", "version": "1", "build": "0", "build_number": 0},
        "g-1-0.conda": {"name": "g", "version": "1", "build": "0", "build_number": 0, "depends": "x"},
        "h-1-0.conda": {"name": "h", "version": "1", "build": "0", "build_number": 0, "subdir": "win-64"},
        "i-1-0.conda": {"name": "i", "version": "1", "build": "0", "build_number": 0, "fn": "j-1-0.conda"},
    }  # fmt: skip
    folder = hostile(attack, "holey", lambda document: document["packages.conda"].update(broken))
    with both_ways(folder) as channels:
        for where in channels.values():
            chosen, warnings = solved(attack, where)
            assert [address.rpartition("/")[2] for address in chosen] == [KEY]
            line = f"warning: 8 records of {where} for linux-64 are left out, the first a-1-0.conda: it has no name"
            assert warnings == [line]


@row("E7", "a record of no use is left out, named and counted; the others are used", "skipped")
def test_e07_what_is_told_of_a_record_steers_nothing(attack: Attack) -> None:
    steering = "\x1b]0;owned\x07\x1b[2J::error::\u202e##vso[task.x]"
    folder = hostile(attack, "steering", nothing, Made(name="good", version="9", more={"noarch": steering}))
    chosen, warnings = solved(attack, str(folder))
    assert [address.rpartition("/")[2] for address in chosen] == [KEY]
    (warning,) = warnings
    assert "the first good-9-h1_0.conda: " in warning
    assert warning.isprintable()
    assert "##vso" not in warning


# -- addresses -------------------------------------------------------------------------------------------------------------


@row("E11", "an index that leads to another host is refused before anybody asks it, unless it is allowed by name")
def test_e11_other_hosts(attack: Attack, oven: Path) -> None:
    elsewhere = channel(attack.folder / "channels" / "elsewhere", GOOD)
    with served(elsewhere) as other:
        bases = addresses(other)
        folders = [hostile(attack, name, based(base)) for name, base in bases.items()]
        with both_ways(*folders) as channels:
            told = refused(
                attack, oven, channels, "leads elsewhere: its info.base_url is|its info.base_url is no address"
            )
        assert not other.asked, other.asked
        assert (
            told["plain"].remedy == "if you trust it with this channel, write `hosts: [127.0.0.1]` into bakehouse.yaml"
        )
        assert "no file of this machine" in str(told["file"].remedy)
        local = {"local": hostile(attack, "local", based((elsewhere / "linux-64").as_uri()))}
        refused(attack, oven, {name: str(where) for name, where in local.items()}, "leads elsewhere: its info.base_url")
        assert not other.asked


@row("E11", "an index that leads to another host is refused before anybody asks it, unless it is allowed by name")
def test_e11_hosts_that_are_allowed(attack: Attack) -> None:
    elsewhere = channel(attack.folder / "channels" / "elsewhere", GOOD)
    attack.put("bakehouse.yaml", "hosts: [127.0.0.1]\n")
    with served(elsewhere) as other, both_ways(hostile(attack, "led", based(f"{other.url}/linux-64/"))) as channels:
        for where in channels.values():
            assert solved(attack, where)[0] == [f"{other.url}/linux-64/{KEY}"]
        assert not other.asked, "a solve asks for no package"


def addresses(other: Served) -> dict[str, str]:
    host = other.url.removeprefix("http:")
    return {
        "plain": f"{other.url}/linux-64", "relative": f"{host}/linux-64", "slashes": f"/{host}/linux-64",
        "backslash": host.replace("/", "\\"), "blank": f" {other.url}", "tab": other.url.replace("tt", "t\tt"),
        "user": f"http://127.0.0.1@{host.removeprefix('//')}/", "file": "file:///etc/", "ftp": "ftp://127.0.0.1/",
        "one": f"http:/{host.removeprefix('//')}/", "none": f"http:{host.removeprefix('//')}/",
    }  # fmt: skip


def based(address: str) -> Any:
    return lambda document: document["info"].update(base_url=address)


# -- what makes solvers work ----------------------------------------------------------------------------------------------


@row("E14", "what no solver could use is left out, what is hard ends in time", "skipped")
def test_e14_records_for_a_solver(attack: Attack) -> None:
    many = [f"x{number}" for number in range(100_000)]
    hard: dict[str, Any] = {
        "many": {"depends": many}, "long": {"depends": ["x" * 1_000_000]}, "types": {"depends": [1, None]},
        "size": {"size": -1}, "huge": {"size": 10**30}, "past": {"timestamp": -1}, "future": {"timestamp": 10**18},
        "real": {"timestamp": 1.5}, "digest": {"sha256": "0" * 63}, "features": {"track_features": 3},
        "licence": {"license": ["x"]}, "noarch": {"noarch": "cobol"}, "exports": {"run_exports": 3},
        "flags": {"depends": ["!!@@ ][ >=<"]}, "constrains": {"constrains": [">=<"]}, "blank": {"depends": [""]},
    }  # fmt: skip
    digits = {"name": "digits", "version": "9" * 1_000_000, "build": "0", "build_number": 0}
    number = {"name": "number", "version": "9" * 40, "build": "0", "build_number": 0}
    folder = hostile(attack, "hard", nothing, *(Made(name="good", version="9", build=name) for name in hard))
    path = folder / "linux-64" / "repodata.json"
    document = json.loads(path.read_text())
    for name, fields in hard.items():
        document["packages.conda"][f"good-9-{name}.conda"].update(fields)
    document["packages.conda"] |= {
        f"digits-{digits['version']}-0.conda": digits,
        f"number-{number['version']}-0.conda": number,
    }
    path.write_text(json.dumps(document))
    with both_ways(folder) as channels:
        for where in channels.values():
            chosen, warnings = solved(attack, where)
            assert [address.rpartition("/")[2] for address in chosen] == [KEY], "whatever is newer cannot be used"
            assert re.search(r"\d+ records of .* are left out, the first", warnings[0])


@row("E14", "what no solver could use is left out, what is hard ends in time", "skipped")
def test_e14_circles(attack: Attack) -> None:
    circle = (Made(name="good", version="2", depends=["b"]), Made(name="b", depends=["good", "b"]))
    folder = hostile(attack, "circle", nothing, *circle)
    with both_ways(folder) as channels:
        for where in channels.values():
            chosen = [address.rpartition("/")[2] for address in solved(attack, where)[0]]
            assert chosen == ["b-1.0-h1_0.conda", "good-2-h1_0.conda"]


@row("E14", "what no solver could use is left out, what is hard ends in time", "skipped")
def test_e14_a_solve_that_would_take_for_ever(attack: Attack, store: Store) -> None:
    holes = 13
    pigeons = [
        Made(
            name=f"p{one}", version=str(hole), constrains=[f"p{two} !={hole}" for two in range(holes + 1) if two != one]
        )
        for one in range(holes + 1)
        for hole in range(1, holes + 1)
    ]
    folder = channel(attack.folder / "pigeons", *pigeons)
    attack.inputs += 1
    solver = Solver([str(folder)], store, access=Access(longest=timedelta(milliseconds=300)))
    with pytest.raises(UsageError, match=r"no answer for p0, p1, .* was found within 0\.3 s") as caught:
        asyncio.run(solver.solve([f"p{one}" for one in range(holes + 1)], subdir="linux-64"))
    assert caught.value.problems[0].remedy


def nothing(document: object) -> None:
    """Change nothing."""
