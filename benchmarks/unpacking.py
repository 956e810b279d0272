"""How long verifying and unpacking takes, behind walls as in a build: sources beside tar, a package beside py-rattler.

What is judged is the time until all is there. Some of the programs keep two processors busy, so that their CPU time is
shown too: xz and tar are two processes, py-rattler is one, we are one or two.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Cost, in_turn, measure
from benchmarks.rendering import Corpus
from benchmarks.row import Row
from builder.archive import ArchiveMember, Compression, write_conda

CHECKOUT = Path(__file__).parents[1]
GOAL = 1.3
RUNS = 5
FILES, BYTES = 12_000, 290 << 20
"""A tree that gzip makes an archive of some 200 MB of."""
PACKED_FILES = 20_000
COMPRESSORS = {"gz": "gzip -3", "xz": "xz -0 -T0", "zst": "zstd -3 -q"}

OURS = """
import hashlib, sys
from pathlib import Path
from builder.sandbox.confined import confine
from builder.store import Store, digest_file
archive, out, expected = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
store = Store(out.parent / "store")
unpacker = confine(store, strict=True)
unpacker.begin()
if archive.suffix == ".conda":  # as an environment does
    with archive.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == expected
    unpacker.extract(archive, out)
else:
    assert digest_file(archive).sha256 == expected
    unpacker.unpack(archive, out)
store.close()
"""
TAR = 'mkdir "$2" && echo "$3  $1" | sha256sum --check --quiet && tar --extract --file "$1" --directory "$2"'
RATTLER = """
import sys
from rattler.package_streaming import extract
sha256, _ = extract(sys.argv[1], sys.argv[2])
assert sha256.hex() == sys.argv[3]
"""
COMPARING = """
import hashlib, json
with open(f"{sys.argv[2]}/info/paths.json", "rb") as file:
    entries = json.load(file)["paths"]
for entry in entries:
    with open(f"{sys.argv[2]}/{entry['_path']}", "rb", 0) as file:
        data = file.read()
    assert len(data) == entry["size_in_bytes"] and hashlib.sha256(data).hexdigest() == entry["sha256"]
"""
"""What py-rattler leaves to others when it unpacks: each file is compared with ``paths.json``, as we do."""


def gzip(scratch: Path, _: Corpus | None) -> Row:
    """A source of 200 MB, packed by gzip."""
    return _source(scratch, "gz")


def xz(scratch: Path, _: Corpus | None) -> Row:
    """The same source, packed by xz."""
    return _source(scratch, "xz")


def zstd(scratch: Path, _: Corpus | None) -> Row:
    """The same source, packed by zstd."""
    return _source(scratch, "zst")


def package(scratch: Path, _: Corpus | None) -> Row:
    """A package of 20,000 files; both compare its digest, and we each file with ``paths.json``."""
    return _row(f"a package of {PACKED_FILES:,} files", scratch, _package(scratch), _rattler)


def compared(scratch: Path, _: Corpus | None) -> Row:
    """The same package; both compare its digest and each file."""
    return _row("it, and both compare each file", scratch, _package(scratch), _comparing)


def _source(scratch: Path, suffix: str) -> Row:
    tree = _tree(scratch / "source")
    archive = scratch / f"source.tar.{suffix}"
    subprocess.run(
        ["tar", "--create", "--use-compress-program", COMPRESSORS[suffix], "--file", archive, "source"],
        cwd=scratch,
        check=True,
    )
    shutil.rmtree(tree)
    return _row(f"a source of {archive.stat().st_size >> 20} MB ({suffix})", scratch, archive, _tar)


def _row(what: str, scratch: Path, archive: Path, peer: Callable[[Path, Path, str], Cost]) -> Row:
    number = iter(range(100))
    said = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True)
    digest = said.stdout.split()[0]

    def fresh(work: Callable[[Path], Cost]) -> Cost:
        # It stays: where ext4 has just removed many files, making others takes twenty times as long, of either.
        return work(scratch / f"out-{next(number)}")

    def ours(out: Path) -> Cost:
        return measure([sys.executable, "-c", OURS, archive, out, digest], cwd=CHECKOUT)

    mine, theirs = in_turn(lambda: fresh(ours), lambda: fresh(lambda out: peer(archive, out, digest)), runs=RUNS)
    ratio = mine.wall / theirs.wall
    return Row(
        what=f"unpack {what} (s)", ours=f"{mine.wall:.2f}", theirs=f"{theirs.wall:.2f}",
        figure=f"{ratio:.2f} ×, CPU {mine.cpu / theirs.cpu:.2f} ×", goal=f"≤ {GOAL} ×", good=ratio <= GOAL,
    )  # fmt: skip


def _tar(archive: Path, out: Path, digest: str) -> Cost:
    return measure(["/bin/sh", "-ec", TAR, "sh", archive, out, digest])


def _rattler(archive: Path, out: Path, digest: str) -> Cost:
    return measure([sys.executable, "-c", RATTLER, archive, out, digest])


def _comparing(archive: Path, out: Path, digest: str) -> Cost:
    return measure([sys.executable, "-c", RATTLER + COMPARING, archive, out, digest])


def _lines(chance: random.Random) -> Callable[[int], bytes]:
    """Return what makes text of so many bytes: of lines that often occur again, as in sources."""
    letters = b" etaoinsrhdlucmfywgpbvkxqjz_();,.=0123456789\n"
    table = bytes(letters[min(int(code * code / 1400), len(letters) - 1)] for code in range(256))
    pool = [chance.randbytes(chance.randrange(8, 70)).translate(table) + b"\n" for _ in range(40_000)]

    def text(size: int) -> bytes:
        return b"".join(chance.choices(pool, k=size // 30 + 1))[:size]

    return text


def _sizes(chance: random.Random, count: int, whole: int) -> list[int]:
    """Return ``count`` sizes that come to about ``whole`` bytes: many small files, few large ones."""
    weights = [chance.lognormvariate(0, 1.5) for _ in range(count)]
    share = whole / sum(weights)
    return [int(weight * share) + 1 for weight in weights]


def _tree(root: Path) -> Path:
    chance = random.Random(1)
    text = _lines(chance)
    for number, size in enumerate(_sizes(chance, FILES, BYTES)):
        folder = root / f"part{number % 40}" / f"module{number % 400}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{number}.c").write_bytes(text(size))
    return root


def _package(scratch: Path) -> Path:
    chance = random.Random(2)
    text = _lines(chance)
    payload, listed = [], []
    for number, size in enumerate(_sizes(chance, PACKED_FILES, PACKED_FILES * 6000)):
        path, data = f"lib/python3.13/site-packages/module{number % 300}/file{number}.py", text(size)
        payload.append(ArchiveMember(path=path, content=data))
        listed.append(_listed(path, data))
    index = {
        "name": "many", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "noarch": "generic",
        "depends": [],
    }  # fmt: skip
    info = [
        ArchiveMember(path="info/index.json", content=_json(index)),
        ArchiveMember(path="info/paths.json", content=_json({"paths": listed, "paths_version": 1})),
    ]
    out = scratch / "many-1-0.conda"
    write_conda(out, stem="many-1-0", payload=payload, info=info, epoch=0, compression=Compression(level=3))
    return out


def _listed(path: str, data: bytes) -> dict[str, object]:
    return {
        "_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data),
    }  # fmt: skip


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
