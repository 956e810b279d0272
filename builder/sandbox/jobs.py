"""What the process that unpacks is asked, and its answers, which are read as a stranger's words."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from builder.archive.oddity import Oddity, OddKind
from builder.archive.policy import UnpackLimits
from builder.archive.unpack import Unpacked
from builder.errors import BakehouseError, MachineError, Place, Problem, SourceError
from builder.model.frozen import frozen
from builder.sandbox.handed import Handed

Json = Mapping[str, Any]
T = TypeVar("T")

_DEFAULT = UnpackLimits()
_MEMORY = 1 << 30
_MEMORY_OF_A_MEMBER = 1 << 10
_LEAST_SECONDS = 60
_SLOWEST = 100_000
"""Bytes of an archive that are unpacked in a second of processor time, at least: the largest ratio, slowly."""

_ERRORS: Mapping[str, type[BakehouseError]] = {"SourceError": SourceError, "MachineError": MachineError}
"""What unpacking raises."""


@frozen(kw_only=False)
class Job:
    """What is asked: ``work`` is what the process does with what it is handed, called ``name`` for people."""

    handed: Handed
    name: str
    limits: UnpackLimits
    work: Json

    def message(self, folder: Path) -> bytes:
        """Return it as the process reads it, with the folder to write to."""
        limits, size = self.limits, self.handed.size
        most = {"AS": _memory(limits), "CPU": _seconds(size, limits), "FSIZE": limits.size, "NOFILE": 64, "CORE": 0}
        job = {**self.work, "name": self.name, "folder": str(folder), "archive": asdict(limits), "limits": most}
        return json.dumps(job).encode()

    def understood(self, answer: bytes, read: Callable[[Json], T]) -> T:
        """Return what was done, or raise what went wrong; the process is not believed to keep to a form."""
        ended: object = None
        for line in answer.splitlines():
            with suppress(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
                said = json.loads(line)
                if "done" in said:
                    return read(said["done"])
                if "problems" in said:
                    raise _error(said)
                if "defect" in said:
                    raise self._failed(f"its content makes our reader fail ({said['defect']})")
                ended = said["ended"]
        raise self._failed(_end(ended, self.handed.size, self.limits))

    def _failed(self, why: str) -> SourceError:
        return SourceError(
            f"{self.name}: {why}",
            code="archive.unpacking",
            remedy="an archive like this cannot be trusted; ask its authors for another, or repack it",
        )


def _seconds(size: int, limits: UnpackLimits) -> int:
    """Return how much processor time an archive of that size may take."""
    return _LEAST_SECONDS + size * max(limits.ratio, _DEFAULT.ratio) // _DEFAULT.ratio // _SLOWEST


def _memory(limits: UnpackLimits) -> int:
    """Return how much memory an archive may take: that of the members that are usual, and more for each beyond them."""
    return _MEMORY + max(0, limits.members - _DEFAULT.members) * _MEMORY_OF_A_MEMBER


def _end(ended: object, size: int, limits: UnpackLimits) -> str:
    """Return how the process ended that gave no answer: by an exit code, or minus the number of a signal."""
    if ended == "memory":
        return f"unpacking it takes more than {_memory(limits) >> 20} MiB of memory"
    if ended in ("time", -signal.SIGXCPU):  # not a set: what is answered may be a list
        return f"unpacking it takes more than {_seconds(size, limits)} s of processor time"
    if ended == -signal.SIGALRM:
        return "unpacking it does not come to an end"
    if isinstance(ended, int) and ended < 0:
        return f"the process that unpacked it was ended by signal {-ended}"
    return "the process that unpacked it ended without an answer"


def _error(said: Json) -> BakehouseError:
    problems = [
        Problem(
            code=str(one["code"]),
            message=str(one["message"]),
            place=Place(**one["place"]) if one["place"] else None,
            remedy=str(one["remedy"]) if one["remedy"] else None,
        )
        for one in said["problems"]
    ]
    return _ERRORS[said["error"]].of(problems)


def as_unpacked(done: Json) -> Unpacked:
    """Read what came of unpacking; a kind of oddity is told once."""
    warnings = [
        Oddity(kind=OddKind(one["kind"]), path=str(one["path"]), sentence=str(one["sentence"]), count=int(one["count"]))
        for one in done["warnings"][: len(OddKind)]
    ]
    figures = {name: int(done[name]) for name in ("newest", "members", "size")}
    return Unpacked(**figures, warnings=tuple(warnings))


def as_nothing(_: Json) -> None:
    """Read the answer of work that answers nothing."""


def as_content(done: Json) -> bytes | None:
    """Read a file's content, None where there is no such file."""
    return None if done["content"] is None else bytes.fromhex(done["content"])
