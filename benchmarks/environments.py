"""Sets up an environment of 200 packages from a warm cache, as py-rattler installs them by hard links."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.rendering import Corpus
from benchmarks.row import Row
from builder.archive import ArchiveMember, MemberKind, write_conda

PACKAGES = 200
FILES = 300
PLACEHOLDER = "/opt/placehold" + "_placehold" * 20

OURS = """
import asyncio, json, sys, time
from pathlib import Path, PurePosixPath
import rattler
from builder.environment import PackageStore, link
from builder.environment.records import locked_package
from builder.model.environment import Environment
from builder.store import Store

store, records = Store(Path(sys.argv[2])), json.loads(Path(sys.argv[1]).read_text())
packages = tuple(locked_package(record, url=record["url"], channel="bench") for record in records)
environment = Environment(packages=packages)

async def main():
    cache = PackageStore(store)
    for package in packages:
        await cache.unpacked(package)
    inside = PurePosixPath("/opt/bench/" + sys.argv[3])
    for _ in range(2):
        began, spent = time.perf_counter(), time.process_time()
        await link(environment, inside, store)
        print(time.perf_counter() - began, time.process_time() - spent)

asyncio.run(main())
store.close()
"""
PEER = """
import asyncio, json, os, sys, time
from pathlib import Path
from rattler import PackageRecord, RepoDataRecord, install
from rattler.package_cache import PackageCache
from rattler.platform.subdir import Subdir

records = []
for record in json.loads(Path(sys.argv[1]).read_text()):
    index = PackageRecord.from_index_json(
        Path(record["index"]), size=record["size"], sha256=record["sha256"], md5=record["md5"]
    )
    records.append(RepoDataRecord(index, record["fn"], record["url"], "file:///bench"))

async def main():
    for prefix in sys.argv[3:]:
        began, spent = time.perf_counter(), time.process_time()
        await install(
            records, prefix, cache_dir=sys.argv[2], platform=Subdir("linux-64"), execute_link_scripts=False,
            show_progress=False,
        )
        print(time.perf_counter() - began, time.process_time() - spent)
    sys.stdout.flush()

asyncio.run(main())
os._exit(0)
"""


def packages(folder: Path, count: int = PACKAGES, files: int = FILES) -> Path:
    """Write ``count`` packages of ``files`` files each below ``folder``; return the file that holds their records."""
    records = []
    for number in range(count):
        name = f"bench-{number:03}"
        stem = f"{name}-1.0-h0_0"
        payload = tuple(_payload(name, files))
        index = {
            "name": name, "version": "1.0", "build": "h0_0", "build_number": 0, "subdir": "linux-64", "depends": [],
        }  # fmt: skip
        path = folder / f"{stem}.conda"
        written = write_conda(path, stem=stem, payload=payload, info=_info(index, payload), epoch=0)
        beside = folder / f"{stem}.json"
        beside.write_text(json.dumps(index))
        records.append({
            **index, "fn": path.name, "url": path.as_uri(), "sha256": written.sha256, "md5": written.md5,
            "size": written.size, "index": str(beside),
        })  # fmt: skip
    found = folder / "records.json"
    found.write_text(json.dumps(records))
    return found


def _payload(name: str, files: int) -> Iterator[ArchiveMember]:
    for number in range(files):
        path = f"lib/{name}/part{number // 20}/file{number}.txt"
        text = f"{name} {number} {PLACEHOLDER if number % 100 == 0 else ''}\n" * (number % 40 + 1)
        yield ArchiveMember(path=path, kind=MemberKind.FILE, content=text.encode(), executable=number % 50 == 0)


def _info(index: dict[str, object], payload: Sequence[ArchiveMember]) -> tuple[ArchiveMember, ...]:
    entries = []
    for member in payload:
        assert isinstance(member.content, bytes)
        entry: dict[str, object] = {
            "_path": member.path, "path_type": "hardlink", "sha256": hashlib.sha256(member.content).hexdigest(),
            "size_in_bytes": len(member.content),
        }  # fmt: skip
        if PLACEHOLDER.encode() in member.content:
            entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
        entries.append(entry)
    texts = {"index.json": index, "paths.json": {"paths": entries, "paths_version": 1}}
    return tuple(
        ArchiveMember(path=f"info/{name}", kind=MemberKind.FILE, content=json.dumps(text).encode())
        for name, text in texts.items()
    )


def _run(program: str, *words: Path | str) -> list[tuple[float, float]]:
    command = [sys.executable, "-c", program, *map(str, words)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return [(float(wall), float(cpu)) for wall, cpu in map(str.split, done.stdout.splitlines())]


def environments(scratch: Path, _: Corpus | None) -> Row:
    """Both set the same packages up, from unpacked ones, three times in turn; then ours is asked for again."""
    records = packages(scratch)
    ours, theirs, again = list[float](), list[float](), list[float]()
    _run(PEER, records, scratch / "cache", scratch / "prefix-warm-up")
    _run(OURS, records, scratch / "store", "warm-up")
    for number in range(3):
        ((_wall, cpu),) = _run(PEER, records, scratch / "cache", scratch / f"prefix-{number}")
        theirs.append(cpu)
        (_wall, first), (_wall, second) = _run(OURS, records, scratch / "store", f"prefix-{number}")
        ours.append(first)
        again.append(second)
    mine, peer, used = map(min, (ours, theirs, again))
    return Row(
        what=f"environment of {PACKAGES} packages (CPU s)", ours=f"{mine:.2f}", theirs=f"{peer:.2f}",
        figure=f"{mine / peer:.2f} ×, again {used * 1000:.1f} ms", goal="≤ 1.2 ×, again ≤ 50 ms",
        good=mine / peer <= 1.2 and used <= 0.05,
    )  # fmt: skip
