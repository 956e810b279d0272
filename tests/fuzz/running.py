"""Feeds one reader with inputs until its time is over: what it refuses, takes, and what it must not do.

Inputs follow from the seed alone. An input that is refused for a reason not seen before, or taken with one, joins those
that later ones are made of.
"""

from __future__ import annotations

import hashlib
import json
import re
import resource
import shutil
import signal
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from builder.errors import BakehouseError
from builder.report.trouble import error_document, error_text
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader

HANG_SECONDS = 10
MEMORY = 512 << 20
BEAT_SECONDS = 1.0
_DAMAGED = 0.15
"""The part of all inputs that are damaged from outside, too."""
_INHERITED = 0.6
"""The part of all inputs that are made of earlier ones; the others are of the examples, and so nearly right."""
_MOST_PARENTS = 400
_LARGEST_PARENT = 64 << 10
_WRAPPED = 20
"""How often an example is wrapped before one of them must be taken; wrapping has its accidents, too."""
_KEPT = 3
"""Inputs that are kept of each finding, the smallest ones."""
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|b'[^']*'|\d+|\([^)]*\)")


class Hang(BaseException):
    """A reader took more CPU time than it may. No `Exception`: readers may catch those."""


@dataclass(slots=True)
class Tally:
    """What became of a reader's inputs; ``findings`` are numbers of inputs by what was found."""

    inputs: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "inputs": self.inputs, "accepted": self.accepted, "refused": dict(self.refused), "findings": dict(self.findings),
        }  # fmt: skip

    def add(self, document: dict[str, object]) -> None:
        """Count what another process counted."""
        given = json.loads(json.dumps(document))
        self.inputs += given["inputs"]
        self.accepted += given["accepted"]
        self.refused.update(given["refused"])
        self.findings.update(given["findings"])


def tried(reader: Reader, data: bytes, box: Box, *, seconds: float = HANG_SECONDS) -> str:
    """Give a reader one input; return how it ended: "" for taken, else the code of the refusal and its shape.

    Raises:
        FoundError, Hang, any exception that is no refusal: these are findings.
    """
    signal.signal(signal.SIGPROF, _hang)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        reader.read(data, box)
    except BakehouseError as error:
        return _told(error)
    except reader.refusals as error:
        return f"{type(error).__name__} {_VALUES.sub('', str(error))[:80]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            box.judge()
        finally:
            shutil.rmtree(box.target, ignore_errors=True)
    return ""


def _told(error: BakehouseError) -> str:
    """Check that a refusal can be told, in lines that no terminal takes for commands; return its code and shape."""
    text = error_text(error)
    text.encode()
    json.dumps(error_document(error)).encode()
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text):
        raise FoundError(f"its refusal has control characters: {text!r}") from error
    problem = error.problems[0]
    if not problem.message.strip():
        raise FoundError("its refusal says nothing") from error
    return f"{problem.code or type(error).__name__} {_VALUES.sub('', problem.message)[:120]}"


def run(reader: Reader, *, seed: str, seconds: float, place: Path, out: Path) -> Tally:
    """Try inputs for ``seconds``; what is found lies in ``out``, with ``tally.json``, which is renewed every second."""
    box, dice, tally = _ready(reader, place), Random(f"{seed}/{reader.name}"), Tally()
    seeds = list(reader.seeds())
    parents: list[Parts] = list(seeds)
    seen: set[str] = set()
    end = time.monotonic() + seconds
    beat, last = 0.0, b""
    for _ in range(1 << 62):
        if (now := time.monotonic()) > beat + BEAT_SECONDS:
            _write(out / "tally.json", json.dumps(tally.document()).encode())
            beat = now
        if now > end:
            _write(out / "tally.json", json.dumps(tally.document()).encode())
            return tally
        parts = _made(reader, parents if dice.random() < _INHERITED else seeds, dice, box)
        data = reader.wrap(parts, dice)
        if dice.random() < _DAMAGED:
            data = damaged(data, last, dice)
        last = data
        _write_quickly(out / "current", data)
        tally.inputs += 1
        shape = _counted(reader, data, box, tally, out)
        if shape is not None and shape not in seen and sum(map(len, parts)) <= _LARGEST_PARENT:
            seen.add(shape)
            if len(parents) >= _MOST_PARENTS:
                parents[dice.randrange(len(parents))] = parts
            else:
                parents.append(parts)
    raise AssertionError("time does not pass")


def _made(reader: Reader, parents: list[Parts], dice: Random, box: Box) -> Parts:
    """Return a new input: one or more alterations of an old one."""
    parts = dice.choice(parents)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        parts = reader.alter(parts, dice.choice(parents), dice, box.canary)
    return parts


def _counted(reader: Reader, data: bytes, box: Box, tally: Tally, out: Path) -> str | None:
    """Try an input and count how it ended; None for a finding, whose input is kept."""
    try:
        shape = tried(reader, data, box)
    except (Exception, Hang) as error:  # noqa: BLE001 - whatever it is, it is found
        what = finding(error)
        tally.findings[what] += 1
        keep(out, what, data, "".join(traceback.format_exception(error)))
        box.prepare()
        return None
    if shape:
        tally.refused[shape.split(" ", 1)[0]] += 1
    else:
        tally.accepted += 1
    return shape


def finding(error: BaseException) -> str:
    """Return one line for all errors of one kind from one place in our code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/builder/" in frame.filename]
    if isinstance(error, FoundError) or not frames:
        return f"{type(error).__name__}: {_VALUES.sub('…', str(error)).partition(' […')[0][:160]}"
    last = frames[-1]
    return f"{type(error).__name__} from {last.filename.rpartition('/builder/')[2]}:{last.lineno}: {_VALUES.sub('…', str(error))[:80]}"


def keep(out: Path, what: str, data: bytes, told: str) -> None:
    """Keep an input and what was said of it, unless there are smaller ones of the same kind."""
    folder = out / hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:8]
    folder.mkdir(exist_ok=True)
    (folder / "what").write_text(f"{what}\n{told}", encoding="utf-8", errors="backslashreplace")
    _write(folder / hashlib.sha256(data).hexdigest()[:12], data)
    inputs = sorted((path for path in folder.iterdir() if path.name != "what"), key=lambda path: path.stat().st_size)
    for path in inputs[_KEPT:]:
        path.unlink()


def _ready(reader: Reader, place: Path) -> Box:
    """Make the box, warm the reader up with its seeds, then limit what the process may take."""
    box = Box(place / reader.name)
    shutil.rmtree(box.folder, ignore_errors=True)
    box.prepare()
    dice = Random(0)
    for parts in reader.seeds():
        taken = any(not tried(reader, reader.wrap(parts, dice), box) for _ in range(_WRAPPED))
        assert taken, f"{reader.name} does not take one of its own examples"
    size = int(re.findall(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))
    return box


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang("too much CPU time")


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _write_quickly(path: Path, data: bytes) -> None:
    path.write_bytes(data)
