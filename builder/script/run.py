"""Runs one script in an open session and turns a bad end into an error that helps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.errors import ScriptError
from builder.model.frozen import frozen
from builder.model.recipe import Script
from builder.sandbox import Command, Exit, Session
from builder.script.log import Log
from builder.script.wrapper import WRAPPER, ActivatedPrefix, write_script


@frozen
class Run:
    """One script to run: ``folder`` is ours to write into and is mounted at ``inside``; it starts in ``cwd``."""

    script: Script
    folder: Path
    inside: PurePosixPath
    cwd: PurePosixPath
    prefixes: Sequence[ActivatedPrefix]


@frozen
class Ran:
    """How a script ended."""

    name: str
    exit: Exit
    log: Path
    tail: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether it ended well."""
        return self.exit.code == 0 and self.exit.reason is None

    @property
    def ending(self) -> str:
        """How it ended, to follow its name in a sentence."""
        return _ending(self.exit)

    def error(self, remedy: str) -> ScriptError:
        """Return the error that tells of a bad end, with its last lines."""
        said = "".join(f"\n  │ {line}" for line in self.tail)
        said = f"; its last lines:{said}" if said else " and printed nothing"
        return ScriptError(f"{self.name} {self.ending}{said}", remedy=remedy)


async def run_script(session: Session, run: Run, log: Log) -> Ran:
    """Run a script to its end, good or bad, its output going to ``log``."""
    name = await asyncio.to_thread(write_script, run.script, run.folder, inside=run.inside, prefixes=run.prefixes)
    command = Command(argv=("/bin/bash", str(run.inside / WRAPPER)), cwd=run.cwd)
    with log:
        ended = await session.run(command, log.write)
    return Ran(name=name, exit=ended, log=log.file, tail=log.tail)


def _ending(ended: Exit) -> str:
    match ended.reason:
        case "timeout":
            return f"ran longer than it may ({ended.seconds:.0f} s)"
        case "silence":
            return "printed nothing for longer than it may"
        case "signal":
            return f"was killed (exit code {ended.code})"
        case None:
            return f"ended with exit code {ended.code}"
