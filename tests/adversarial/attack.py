"""Hostile input through the real command: what it says, what it costs, and that it touches nothing else.

Each run is a process of its own that the system stops after 2 s of CPU time or with 512 MiB of memory, so that a
refusal that takes longer or more is none. CPU time does not depend on what else the machine does; the long wall clock
limit only ends what waits for ever (a pipe, the network).
"""

from __future__ import annotations

import hashlib
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
SECRET = "hunter2-is-nobody's-business"

Test = TypeVar("Test", bound=Callable[..., None])


def row(identity: str, expectation: str, ends: str = "refused") -> Callable[[Test], Test]:
    """Mark a test as that of one id of the table; ``ends`` says how its inputs end: refused, kept as text, contained."""

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
_CARET = re.compile(r" {5} │ ( *)\^")


def problems(text: str) -> list[Told]:
    """Read back the problems that the command told."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
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
    """How a run ended: its exit code (below 0: the signal that stopped it), what it told, its largest size in bytes."""

    code: int
    out: str
    err: str
    largest: int

    @property
    def told(self) -> list[Told]:
        return problems(self.err)

    def document(self) -> Any:
        return json.loads(self.out)


_MEASURED = """
import os, resource, sys
size, cpu, memory, *argv = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 1))
resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
_, status, used = os.wait4(os.posix_spawn(argv[0], argv, os.environ), 0)
with open(size, "w") as file:
    file.write(str(used.ru_maxrss))
code = os.waitstatus_to_exitcode(status)
os.kill(os.getpid(), -code) if code < 0 else os._exit(code)
"""
# In between, because the kernel counts a process as large as the one that started it: here that is pytest itself.


@dataclass(slots=True)
class Attack:
    """A folder to attack from. Whatever happens, nothing in it changes but the command's own ``store``."""

    folder: Path
    inputs: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> Path:
        """A file that code makes which must not run."""
        return self.folder / "ran"

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file below the folder and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    def run(self, *arguments: str | Path, memory: int | None = MEMORY, stdin: bytes = b"") -> Ended:
        """Run the command within the limits; nothing but its store may have changed when it ends."""
        before = self._tree()
        ended = self._run([sys.executable, "-m", "builder", *map(str, arguments)], memory, stdin)
        assert ended.code != -signal.SIGXCPU, f"took more than {CPU_SECONDS} s of CPU time"
        assert ended.largest <= MEMORY, f"took {ended.largest >> 20} MiB"
        assert "Traceback" not in ended.err, ended.err[-2000:]
        assert "this is a defect" not in ended.out + ended.err, ended.out + ended.err
        assert "Warning:" not in ended.err, ended.err[-2000:]
        assert self._tree() == before, "something was written"
        assert not self.mark.exists(), "foreign code ran"
        return ended

    def build(self, *arguments: str | Path, store: Path) -> Ended:
        """Build for good with a store that has the sandbox's root, without limits: a script runs, nothing may leave it."""
        before = self._tree()
        self.environment |= {"BAKEHOUSE_STORE": str(store)}
        argv = [sys.executable, "-m", "builder", "build", *map(str, arguments), "-q"]
        ended = self._run(argv, None, b"", cpu=600)
        assert self._tree() == before, "something was written"
        assert not self.mark.exists(), "foreign code ran"
        return ended

    def _run(self, argv: list[str], memory: int | None, stdin: bytes, cpu: int = CPU_SECONDS) -> Ended:
        variables = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "store" / "home"), "PYTHONPATH": str(CHECKOUT),
            "BAKEHOUSE_STORE": str(self.folder / "store"), "PYTHONDONTWRITEBYTECODE": "1", **self.environment,
        }  # fmt: skip
        files = [self.folder / "store" / name for name in ("stdout", "stderr", "stdin")]
        files[0].parent.mkdir(exist_ok=True)
        files[2].write_bytes(stdin)
        size = self.folder / "store" / "size"
        started = [sys.executable, "-ISc", _MEASURED, str(size), str(cpu), str(memory or resource.RLIM_INFINITY), *argv]
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
        assert size.exists(), f"was not over after {HANG_SECONDS} s"
        texts = [file.read_text("utf-8", errors="backslashreplace") for file in files[:2]]
        return Ended(code=code, out=texts[0], err=texts[1], largest=int(size.read_text()) << 10)

    def _tree(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if name.split("/", maxsplit=1)[0] == "store":
                continue
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            else:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        return found

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
        self.inputs += 1
        path = self.put(f"{name}/recipe.yaml", text)
        ended = self.run("render", path, "--json", *options)
        assert ended.code == 0, ended.out + ended.err
        found: list[dict[str, Any]] = ended.document()
        return found


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
