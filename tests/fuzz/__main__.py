"""Mutated inputs for every reader of bytes from outside: no crash, no hang, nothing escaped.

    python -m tests.fuzz --seconds 60 --only 'tar*' --only zip
    python -m tests.fuzz --replay tar.gz .cache/fuzz/tar.gz/0123abcd/0123456789ab

Needs Linux and the command's own dependencies; Hypothesis and pytest for the readers of recipes and variants, whose
examples are those of the tests. What is not there (git, msgpack) leaves out the readers that need it, which is said.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

from tests.fuzz.reader import Box, Reader
from tests.fuzz.running import Tally, keep, run, tried

MODULES = {"archives": (), "packages": (), "documents": (), "channels": (), "gits": ("git",)}
"""The modules with readers, and the programs that they run."""
DEAF_SECONDS = 60
"""A process that has not written its tally for so long hangs where no signal is heard."""


def readers() -> Iterator[Reader]:
    """Yield all readers that this machine can run; say what it cannot."""
    for name, programs in MODULES.items():
        missing = [program for program in programs if shutil.which(program) is None]
        try:
            module = import_module(f"tests.fuzz.{name}")
        except ModuleNotFoundError as error:
            if str(error.name).startswith(("builder", "tests")):
                raise
            missing.append(str(error.name))
        if missing:
            print(f"{name}: left out, for {', '.join(missing)} is not there", file=sys.stderr)
        else:
            yield from module.readers()


@dataclass(slots=True)
class Worker:
    """The process of one reader, started again when it dies, until its time is over."""

    name: str
    options: argparse.Namespace
    tally: Tally = field(default_factory=Tally)
    tries: int = 0
    end: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    @property
    def out(self) -> Path:
        """Where its findings lie."""
        return Path(self.options.out) / self.name

    def start(self) -> None:
        """Start it for the time that is left."""
        self.end = self.end or time.monotonic() + self.options.seconds
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "tally.json").unlink(missing_ok=True)
        left = max(0.0, self.end - time.monotonic())
        words = ["--worker", self.name, "--seconds", str(left), "--seed", f"{self.options.seed}.{self.tries}"]
        places = ["--out", self.options.out, "--place", self.options.place]
        self.tries += 1
        with (self.out / "said").open("wb") as said:
            command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz", *words, *places]
            self.process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)

    def over(self) -> bool:
        """Whether it has ended for good; a death or a silence is a finding, and it goes on with the next seed."""
        assert self.process is not None
        code = self.process.poll()
        beat = self.out / "tally.json"
        if code is None:
            last = beat.stat().st_mtime if beat.exists() else time.time()
            if time.time() - last < DEAF_SECONDS:
                return False
            self.process.kill()
            self.process.wait()
        if beat.exists():
            self.tally.add(json.loads(beat.read_bytes()))
        if code == 0:
            return True
        said = (self.out / "said").read_text(encoding="utf-8", errors="replace")[-4000:]
        what = f"hangs: nothing heard for {DEAF_SECONDS} s" if code is None else f"dies with exit code {code}"
        self.tally.findings[what] += 1
        current = self.out / "current"
        keep(self.out, what, current.read_bytes() if current.exists() else b"", said)
        if time.monotonic() > self.end or self.tries > 100:
            return True
        self.start()
        return False


def line(worker: Worker) -> str:
    """What became of a reader's inputs."""
    tally = worker.tally
    codes = ", ".join(f"{code} {count:,}" for code, count in tally.refused.most_common(6))
    refused = f"{sum(tally.refused.values()):>9,} refused ({codes})"
    kinds = len(tally.findings)
    return f"{worker.name:16} {tally.inputs:>9,} inputs {tally.accepted:>9,} taken {refused}; {kinds} findings"


def report(worker: Worker) -> None:
    """Print a reader's line, and each finding with the command that shows it again."""
    print(line(worker), flush=True)
    for what, count in worker.tally.findings.most_common():
        print(f"    {count} × {what}")
    if worker.tally.findings:
        for path in sorted(worker.out.glob("*/what")):
            for found in sorted(one for one in path.parent.iterdir() if one.name != "what")[:1]:
                print(f"    python -m tests.fuzz --replay {worker.name} {found}", flush=True)


def fuzz(options: argparse.Namespace, names: list[str]) -> int:
    """Run the readers, as many at once as there are cores; exit code 1 when anything was found."""
    waiting = [Worker(name, options) for name in names]
    running: list[Worker] = []
    bad = 0
    while waiting or running:
        while waiting and len(running) < options.jobs:
            worker = waiting.pop(0)
            shutil.rmtree(worker.out, ignore_errors=True)
            worker.start()
            running.append(worker)
        time.sleep(0.2)
        for worker in [one for one in running if one.over()]:
            running.remove(worker)
            bad += bool(worker.tally.findings) or not worker.tally.inputs
            report(worker)
    print(f"{len(names)} readers, {options.seconds:g} s each, seed {options.seed}: {bad} with findings")
    return 1 if bad else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600, help="for each reader (600)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="readers at once (all cores)")
    parser.add_argument("--seed", default="1", help="what inputs follow from (1)")
    parser.add_argument("--only", action="append", metavar="NAME", help="only these readers; wildcards are understood")
    parser.add_argument("--out", default=".cache/fuzz", help="where findings go (.cache/fuzz)")
    parser.add_argument("--place", default=f"{tempfile.gettempdir()}/bakehouse-fuzz", help="where readers may unpack")
    parser.add_argument("--list", action="store_true", help="list the readers")
    parser.add_argument("--replay", nargs=2, metavar=("NAME", "FILE"), help="give a reader one input")
    parser.add_argument("--worker", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = {reader.name: reader for reader in readers()}
    if options.list:
        print(*known, sep="\n")
        return 0
    if options.worker:
        out = Path(options.out) / options.worker
        run(known[options.worker], seed=options.seed, seconds=options.seconds, place=Path(options.place), out=out)
        return 0
    if options.replay:
        name, file = options.replay
        box = Box(Path(options.place) / name)
        box.prepare()
        print(tried(known[name], Path(file).read_bytes(), box) or "taken")
        return 0
    wanted = options.only or ["*"]
    return fuzz(options, [name for name in known if any(fnmatchcase(name, pattern) for pattern in wanted)])


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # rattler's threads now and then abort an interpreter that takes itself apart
