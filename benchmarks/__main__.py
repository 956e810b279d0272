"""Compares bakehouse with its peers in the same run and prints a table with the ratios and their goals.

The peer is py-rattler-build, and conda-build for ``meta.yaml``.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import rendering, starting, unpacking
from benchmarks.environments import environments
from benchmarks.legacy import legacy, peer_with
from benchmarks.measure import Cost, in_turn, measure, median
from benchmarks.rendering import Corpus
from benchmarks.row import Row

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
BAKEHOUSE = (sys.executable, "-m", "builder")

PEER_BUILD = """
import os, sys
from rattler_build.cli_api import build_recipes
build_recipes([sys.argv[1]], output_dir=sys.argv[2], channel=[], test=sys.argv[3])
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""
PEER_RENDER_NOTHING = "import rattler_build"


def _peer(recipe: Path, out: Path, test: str) -> tuple[str | Path, ...]:
    return (sys.executable, "-c", PEER_BUILD, recipe, out, test)


def trivial(scratch: Path, _: Corpus | None) -> Row:
    """One small package with one script test, whole processes, everything but the outcome warm."""
    number = iter(range(1000))

    def ours() -> Cost:
        out = scratch / f"ours-{next(number)}"
        return measure([*BAKEHOUSE, "build", HERE / "trivial", "--out", out, "-q"], cwd=CHECKOUT)

    def theirs() -> Cost:
        return measure(_peer(HERE / "trivial" / "recipe.yaml", scratch / f"theirs-{next(number)}", "native"))

    mine, peer = in_turn(ours, theirs, runs=5)
    ratio = mine.cpu / peer.cpu
    return Row(
        what="trivial package, one test (CPU s)", ours=f"{mine.cpu:.3f}", theirs=f"{peer.cpu:.3f}",
        figure=f"{ratio:.2f} ×", goal="≤ 3 ×", good=ratio <= 3,
    )  # fmt: skip


def sleepers(scratch: Path, _: Corpus | None) -> Row:
    """Twelve variants that each sleep a second, twelve at once."""
    number = iter(range(1000))

    def ours() -> Cost:
        out = scratch / f"sleep-{next(number)}"
        return measure([*BAKEHOUSE, "build", HERE / "sleepers", "--out", out, "-q", "-j", "12"], cwd=CHECKOUT)

    def theirs() -> Cost:
        return measure(_peer(HERE / "sleepers" / "recipe.yaml", scratch / f"peer-sleep-{next(number)}", "skip"))

    mine, peer = median([ours() for _ in range(3)]), theirs()
    return Row(
        what="12 × sleep 1 at -j 12 (wall s)", ours=f"{mine.wall:.2f}", theirs=f"{peer.wall:.2f}",
        figure=f"{mine.wall:.2f} s", goal="< 4 s", good=mine.wall < 4,
    )  # fmt: skip


UNPACK = """
import sys
from pathlib import Path
from builder.archive import read_package
read_package(Path(sys.argv[1])).extract(Path(sys.argv[2]))
"""
PACK_OURS = """
import sys
from pathlib import Path
from benchmarks.trees import members
from builder.archive import write_conda
write_conda(Path(sys.argv[2]), stem="gcc-1-0", payload=members(Path(sys.argv[1])), info=(), epoch=0)
"""
PACK_PEER = """
import sys
from rattler_build import assemble_package
assemble_package(
    "gcc", "1", "linux-64", "0", sys.argv[2], files_dir=sys.argv[1], compression_level=15, detect_prefix=False
)
"""


def packing(scratch: Path, _: Corpus | None) -> Row:
    """The payload of gcc_impl_linux-64 as `make demo` built it, packed by both at their default settings."""
    (package,) = (CHECKOUT / "channel" / "linux-64").glob("gcc_impl_linux-64-*.conda")
    tree = scratch / "tree"
    measure([sys.executable, "-c", UNPACK, package, tree], cwd=CHECKOUT)
    shutil.rmtree(tree / "info", ignore_errors=True)
    mine_out, peer_out = scratch / "gcc-1-0.conda", scratch / "peer"

    def ours() -> Cost:
        mine_out.unlink(missing_ok=True)
        return measure([sys.executable, "-c", PACK_OURS, tree, mine_out], cwd=CHECKOUT)

    def theirs() -> Cost:
        shutil.rmtree(peer_out, ignore_errors=True)
        return measure([sys.executable, "-c", PACK_PEER, tree, peer_out])

    mine, peer = in_turn(ours, theirs, runs=1)
    (packed,) = peer_out.rglob("*.conda")
    size = mine_out.stat().st_size / packed.stat().st_size
    ratio = mine.cpu / peer.cpu
    return Row(
        what="pack gcc_impl_linux-64 (CPU s)", ours=f"{mine.cpu:.1f}", theirs=f"{peer.cpu:.1f}",
        figure=f"{ratio:.2f} ×, size {size:.3f} ×", goal="≤ 0.25 ×, size ≤ 1.0 ×", good=ratio <= 0.25 and size <= 1.0,
    )  # fmt: skip


def version(_: Path, __: Corpus | None) -> Row:
    """The installed command answering ``--version``."""
    command = Path(sys.executable).with_name("bakehouse")
    mine = median([measure([command, "--version"]) for _ in range(9)])
    peer = median([measure([sys.executable, "-c", PEER_RENDER_NOTHING]) for _ in range(5)])
    return Row(
        what="--version (wall ms)", ours=f"{mine.wall * 1000:.0f}", theirs=f"{peer.wall * 1000:.0f} (import)",
        figure=f"{mine.wall * 1000:.0f} ms", goal="< 60 ms", good=mine.wall < 0.06,
    )  # fmt: skip


Benchmark = Callable[[Path, Corpus | None], Row]

BENCHMARKS: tuple[Benchmark, ...] = (
    version, trivial, sleepers, packing, environments, starting.bubblewrap, starting.docker,
    rendering.small, rendering.cold, rendering.warm, rendering.parallel,
    rendering.combinations, rendering.memory, rendering.outputs,
    unpacking.gzip, unpacking.xz, unpacking.zstd, unpacking.package, unpacking.compared,
)  # fmt: skip


def main() -> int:
    """Run the benchmarks that were named, or all; 0 when every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=" ".join([*(bench.__name__ for bench in BENCHMARKS), "legacy"]))
    parser.add_argument("--recipes", type=Path, help="render the recipes below this folder instead of generated ones")
    parser.add_argument("-m", dest="variants", type=Path, action="append", default=[], help="over this variant file")
    parser.add_argument("--conda-build", type=Path, help="also meta.yaml, compared with conda-build of this Python")
    parser.add_argument("--scratch", type=Path, default=Path("/var/tmp"), help="unpack and build below this folder")
    asked = parser.parse_args()
    corpus = Corpus(recipes=asked.recipes, variants=tuple(asked.variants)) if asked.recipes else None
    compileall.compile_dir(CHECKOUT / "builder", quiet=1)  # as installing does; the peer is installed
    chosen = [bench for bench in BENCHMARKS if not asked.names or bench.__name__ in asked.names]
    # All goes at the end: where many files were removed, ext4 makes others slowly for minutes.
    with tempfile.TemporaryDirectory(prefix="bakehouse-bench-", dir=asked.scratch) as scratch:
        rows = [_printed(bench(_folder(scratch), corpus)) for bench in chosen]
        if asked.conda_build and (not asked.names or "legacy" in asked.names):
            variants = next(iter(asked.variants), None)
            rows += map(_printed, legacy(peer_with(asked.conda_build, asked.recipes, variants, _folder(scratch))))
    return 0 if all(row.good for row in rows) else 1


def _folder(scratch: str) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))


def _printed(row: Row) -> Row:
    mark = "met" if row.good else "MISSED"
    print(f"{row.what:40} ours {row.ours:>8}  peer {row.theirs:>14}  {row.figure:24} goal {row.goal:24} {mark}")
    return row


if __name__ == "__main__":
    sys.exit(main())
