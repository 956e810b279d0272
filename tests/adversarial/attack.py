"""Hostile input through the real command: what it says, what it costs, and that it touches nothing else.

Each run is a process of its own that the system stops after 2 s of CPU time or with 512 MiB of memory, so that a
refusal that takes longer or more is none; what it starts is counted with it. CPU time does not depend on what else the
machine does; the long wall clock limit only ends what waits for ever (a pipe, the network). Where a command meets many
inputs, one after the other, each has the 2 s for itself: see `Ended.alone`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

CHECKOUT = Path(__file__).parents[2]
CPU_SECONDS = 2
MEMORY = 512 << 20
HANG_SECONDS = 120
MANY_SECONDS = 60
SECRET = "hunter2-is-nobody's-business"
CANARY = "escaped"
ENDS = frozenset({"refused", "kept as text", "kept", "stripped", "warned", "skipped", "contained"})

Test = TypeVar("Test", bound=Callable[..., None])


def row(identity: str, expectation: str, ends: str = "refused") -> Callable[[Test], Test]:
    """Mark a test as that of one id of the table; ``ends`` says how its inputs end, in words of `ENDS`.

    An id may have several tests; where they end in different ways, the table names each of these.
    """
    assert ends in ENDS, ends

    def marked(test: Test) -> Test:
        assert test.__name__.startswith(f"test_{identity[0].lower()}{int(identity[1:]):02}_"), test.__name__
        decorated: Test = pytest.mark.row(identity, expectation, ends)(test)
        return decorated

    return marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One problem as a person reads it."""

    file: str
    line: int | None
    column: int | None
    message: str
    frame: str | None
    caret: int | None
    remedy: str | None


_HEAD = re.compile(r"(?:(?P<file>.+?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?: )?error: (?P<message>.*)")
_FRAME = re.compile(r" {0,4}\d+ │ (.*)")
_CARET = re.compile(r" +│ ( *)\^")


def problems(text: str) -> list[Told]:
    """Read back the problems that the command told; a summary indents those of a task by four columns."""
    found: list[dict[str, Any]] = []
    for line in (line.removeprefix("    ") for line in text.splitlines()):
        if head := _HEAD.fullmatch(line):
            numbers = {key: int(head[key]) if head[key] else None for key in ("line", "column")}
            found.append({"file": head["file"] or "", "message": head["message"], **numbers})
        elif found and (frame := _FRAME.fullmatch(line)):
            found[-1]["frame"] = frame[1]
        elif found and (caret := _CARET.fullmatch(line)):
            found[-1]["caret"] = len(caret[1]) + 1
        elif found and line.startswith("  → "):
            found[-1]["remedy"] = line.removeprefix("  → ")
    return [Told(**{"frame": None, "caret": None, "remedy": None, **one}) for one in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: its exit code (below 0: the signal that stopped it), what it told, what it cost.

    ``largest`` is its largest size in bytes and ``cpu`` its time in seconds, both together with all that it started, of
    which ``left`` processes went on when it had ended. ``marks`` are the seconds that were used when the first task
    began, and when each task ended.
    """

    code: int
    out: str
    err: str
    largest: int
    cpu: float
    left: int
    marks: list[float] = field(default_factory=list)

    @property
    def alone(self) -> float:
        """Seconds that each input takes at most where no other is given: all but what was for other inputs' tasks."""
        tasks = [end - start for start, end in itertools.pairwise(self.marks)]
        return self.cpu - sum(tasks) + max(tasks, default=0.0)

    @property
    def told(self) -> list[Told]:
        return problems(self.err)

    def document(self) -> Any:
        return json.loads(self.out)


MEASURING = Path(__file__).with_name("measuring.py")


@dataclass(slots=True)
class Attack:
    """A folder to attack from. Whatever happens, nothing in it changes but the command's own ``store``.

    ``inputs`` counts hostile inputs for the table, ``escaped`` remembers that one of them did something after all.
    ``slowest`` and ``largest`` are the most seconds of CPU time and bytes of memory that one of them took.
    Members that must not get anywhere have names that begin with `CANARY`: no such file may be found anywhere.
    """

    folder: Path
    inputs: int = 0
    slowest: float = 0.0
    largest: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    escaped: bool = False
    _digests: dict[tuple[str, tuple[int, ...]], str] = field(default_factory=dict)

    @property
    def mark(self) -> Path:
        """A file that code makes which must not run."""
        return self.folder / "ran"

    @property
    def store(self) -> Path:
        """The command's own store where a test names no other; what the command may write goes below it."""
        return self.folder / "store"

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file below the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    def run(
        self,
        *arguments: str | Path,
        memory: int | None = MEMORY,
        stdin: bytes = b"",
        store: Path | None = None,
        cpu: int = CPU_SECONDS,
        tasks: bool = False,
    ) -> Ended:
        """Run any verb within the limits; nothing but its store may have changed when it ends, nor is a part left there.

        ``store`` is another store than this attack's own (that of the fixture ``kitchen`` has the sandbox's root);
        ``memory`` limits address space too, None leaves that out, for what reserves more than it takes. With ``tasks``
        it is a build in which each input is a task, and has ``cpu`` seconds for itself.
        """
        argv = [sys.executable, "-m", "builder", *map(str, arguments), *(("--progress", "json") if tasks else ())]
        ended = self._watched(argv, memory, stdin, store or self.store, MANY_SECONDS if tasks else cpu)
        self.judge(ended, cpu)
        assert "Traceback" not in ended.err, ended.err[-2000:]
        assert "this is a defect" not in ended.out + ended.err, ended.out + ended.err
        assert "Warning:" not in ended.err, ended.err[-2000:]
        return ended

    def judge(self, ended: Ended, cpu: int = CPU_SECONDS) -> None:
        """Check that each input of a run took no more than it may, and remember the most for the table."""
        assert ended.code != -signal.SIGXCPU, f"took more than {cpu} s of CPU time"
        assert ended.alone <= cpu, f"took {ended.alone:.2f} s of CPU time, with what it started"
        assert ended.largest <= MEMORY, f"took {ended.largest >> 20} MiB"
        self.slowest, self.largest = max(self.slowest, ended.alone), max(self.largest, ended.largest)

    def refused(self, because: str, *arguments: str | Path, store: Path | None = None, cpu: int = CPU_SECONDS) -> Told:
        """Run a verb that must refuse, and return why: one line that the pattern ``because`` finds, and a remedy.

        The input counts as one; the exit code is that of failed work or of bad input.
        """
        self.inputs += 1
        ended = self.run(*arguments, store=store, cpu=cpu, memory=None)
        assert ended.code in {1, 2}, (ended.code, ended.err[-2000:])
        found = [told for told in ended.told if re.search(because, f"{told.file}: {told.message}")]
        assert found, (because, ended.err[-2000:])
        assert found[0].remedy, f"no remedy: {found[0]}"
        assert len(found[0].message) < 1000, f"an endless message: {found[0].message[:200]}"
        return found[0]

    def build(self, *arguments: str | Path, store: Path) -> Ended:
        """Build for good with a store that has the sandbox's root, without limits: a script runs, nothing may leave it."""
        argv = [sys.executable, "-m", "builder", "build", *map(str, arguments), "--progress", "json"]
        return self._watched(argv, None, b"", store, cpu=600)

    def _watched(self, argv: list[str], memory: int | None, stdin: bytes, store: Path, cpu: int) -> Ended:
        before = self._tree()
        ended = self._run(argv, memory, stdin, store, cpu)
        changed = sorted(dict(self._tree().items() ^ before.items()))
        parts = [str(path) for path in (store / "sessions").glob("*/*")] if store == self.store else []
        canaries = [str(path) for root in (self.folder, store) for path in root.rglob(f"{CANARY}*")]
        self.escaped |= bool(changed or canaries or self.mark.exists() or ended.left)
        assert not changed, f"something was written: {changed}"
        assert not canaries, f"members were written: {canaries}"
        assert not parts, f"the store has parts of something: {parts}"
        assert not ended.left, f"{ended.left} processes were left"
        assert not self.mark.exists(), "foreign code ran"
        return ended

    def _run(self, argv: list[str], memory: int | None, stdin: bytes, store: Path, cpu: int) -> Ended:
        variables = {
            "PATH": os.environ["PATH"], "HOME": str(self.store / "home"), "PYTHONPATH": str(CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1", **self.environment, "BAKEHOUSE_STORE": str(store),
        }  # fmt: skip
        files = [self.store / name for name in ("stdout", "stderr", "stdin")]
        files[0].parent.mkdir(exist_ok=True)
        files[2].write_bytes(stdin)
        result = self.store / "measured"
        result.unlink(missing_ok=True)
        limits = [str(result), str(cpu), str(memory or resource.RLIM_INFINITY)]
        started = [sys.executable, "-IS", str(MEASURING), *limits, *argv]
        with files[0].open("wb") as out, files[1].open("wb") as err, files[2].open("rb") as given:
            process = subprocess.Popen(
                started, stdout=out, stderr=err, stdin=given, env=variables, cwd=self.folder, start_new_session=True
            )
            guard = threading.Timer(HANG_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
            guard.start()
            try:
                code = process.wait()
            finally:
                guard.cancel()
        assert result.exists(), f"was not over after {HANG_SECONDS} s"
        texts = [file.read_text("utf-8", errors="backslashreplace") for file in files[:2]]
        return Ended(code=code, out=texts[0], err=texts[1], **json.loads(result.read_text("utf-8")))

    def _tree(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if name.split("/", maxsplit=1)[0] == "store":
                continue
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            else:
                mode = oct(path.lstat().st_mode)
                found[name] = f"{mode} {self._digest(path)}" if path.is_file() else mode
        return found

    def _digest(self, path: Path) -> str:
        """The sha256 of a file; it is read again when anybody has touched it, which shows in a time that nobody can set."""
        status = path.stat()
        key = str(path), (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if key not in self._digests:
            self._digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[key]

    def refuse(self, recipes: Mapping[str, tuple[str | bytes, str]], *options: str | Path) -> dict[str, list[Told]]:
        """Render all ``recipes`` (name → text, pattern of the message) in one process: each is refused, fully told."""
        self.inputs += len(recipes)
        paths = {name: self.put(f"{name}/recipe.yaml", text) for name, (text, _) in recipes.items()}
        ended = self.run("render", *paths.values(), *options)
        assert ended.code == 2, (ended.code, ended.err[-2000:])
        assert not ended.out.strip(), ended.out[:2000]
        by_name = {name: [told for told in ended.told if told.file == str(path)] for name, path in paths.items()}
        for name, (_, pattern) in recipes.items():
            check(by_name[name], name, pattern)
        return by_name

    def refuse_variants(self, files: Mapping[str, tuple[str | bytes, str]], recipe: str) -> dict[str, list[Told]]:
        """Render ``recipe`` once with each variant file (name → text, pattern): each is refused, fully told."""
        self.inputs += len(files)
        found: dict[str, list[Told]] = {}
        places = {}
        for name, (text, _) in files.items():
            folder = name.replace("/", "-")
            places[name] = self.put(f"{folder}/{Path(name).name}", text)
            self.put(f"{folder}/recipe.yaml", recipe)
        ended = self.run("render", *[place.parent for place in places.values()])
        assert ended.code == 2, (ended.code, ended.err[-2000:])
        assert not ended.out.strip(), ended.out[:2000]
        for name, (_, pattern) in files.items():
            found[name] = [told for told in ended.told if told.file == str(places[name])]
            check(found[name], name, pattern)
        return found

    def keep(self, text: str, *options: str | Path, name: str = "kept") -> list[dict[str, Any]]:
        """Render a recipe that is none of an attack's business to refuse, and return its document."""
        return self.keep_all({name: text}, *options)[name]

    def keep_all(self, texts: Mapping[str, str], *options: str | Path) -> dict[str, list[dict[str, Any]]]:
        """Render such recipes (name → text) in one process, and return the documents of each."""
        self.inputs += len(texts)
        paths = {name: self.put(f"{name}/recipe.yaml", text) for name, text in texts.items()}
        ended = self.run("render", *paths.values(), "--json", *options)
        assert ended.code == 0, ended.out + ended.err
        found = ended.document()
        return {name: [one for one in found if one["recipe"] == str(path)] for name, path in paths.items()}


def check(told: list[Told], name: str, pattern: str) -> None:
    """Check that an input was refused with place, frame and remedy, and for the right reason."""
    assert told, f"{name} was not refused"
    assert any(re.search(pattern, one.message) for one in told), (name, [one.message for one in told])
    for one in told:
        assert one.line, f"{name}: no line: {one}"
        assert one.column, f"{name}: no column: {one}"
        assert one.frame is not None, f"{name}: no frame: {one}"
        assert one.caret == one.column or one.column > len(one.frame), f"{name}: the caret is elsewhere: {one}"
        assert one.remedy, f"{name}: no remedy: {one}"
        assert len(one.message) < 5000, f"{name}: an endless message"
