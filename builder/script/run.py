"""Runs one script in an open session and turns a bad end into an error that helps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath

from builder.errors import ScriptError
from builder.model.frozen import frozen
from builder.model.recipe import Script
from builder.sandbox import Command, Exit, Session
from builder.script.chosen import missing, runnable
from builder.script.entrance import write_entrance
from builder.script.log import Log
from builder.script.wrapper import NOT_FOUND, WRAPPER, ActivatedPrefix, write_script


@frozen
class Run:
    """One script to run: ``folder`` is ours to write into and is mounted at ``inside``; it starts in ``cwd``.

    ``variables`` is the session's environment, ``section`` of the recipe is where to ask for a missing interpreter.
    """

    script: Script
    folder: Path
    inside: PurePosixPath
    cwd: PurePosixPath
    prefixes: Sequence[ActivatedPrefix]
    variables: Mapping[str, str] = field(default_factory=dict)
    section: str = "requirements.build"


@frozen
class Ran:
    """How a script ended."""

    name: str
    exit: Exit
    log: Path
    tail: tuple[str, ...]
    lacks: str | None = None
    """The sentence that says which interpreter the environment lacks."""

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
        if self.lacks is not None:
            lack, _, advice = self.lacks.partition(": ")
            return ScriptError(f"{self.name} cannot start: {lack}", code="script.interpreter", remedy=advice)
        said = "".join(f"\n  │ {line}" for line in self.tail)
        silent = "" if self.exit.reason == "silence" else " and printed nothing"
        said = f"; its last lines:{said}" if said else silent
        code = f"script.{self.exit.reason}" if self.exit.reason is not None else None
        return ScriptError(f"{self.name} {self.ending}{said}", code=code, remedy=remedy)


async def run_script(session: Session, run: Run, log: Log) -> Ran:
    """Run a script to its end, good or bad, its output going to ``log``."""
    name = await asyncio.to_thread(lay_out, run)
    command = Command(argv=("/bin/bash", str(run.inside / WRAPPER)), cwd=run.cwd)
    with log:
        ended = await session.run(command, log.write)
    known = (missing(runnable(part), run.section) for part in run.script.parts)
    lacks = next((lack for lack in known if ended.code == NOT_FOUND and log.tail[-1:] == (lack,)), None)
    return Ran(name=name, exit=ended, log=log.file, tail=log.tail, lacks=lacks)


def lay_out(run: Run) -> str:
    """Write all that is needed to run the script, or to enter its place; return what to call the script."""
    write_entrance(run.script, run.folder, prefixes=run.prefixes)
    return write_script(
        run.script,
        run.folder,
        inside=run.inside,
        prefixes=run.prefixes,
        values=run.variables,
        section=run.section,
    )


def _ending(ended: Exit) -> str:
    match ended.reason:
        case "timeout":
            return f"ran longer than it may ({ended.seconds:.0f} s)"
        case "silence":
            return "printed nothing for longer than it may"
        case "memory":
            return "needed more memory than it may have"
        case "processes":
            return "started more processes than it may"
        case "disk":
            return "wrote more to the disk than it may"
        case "cpu":
            return f"used more CPU time than it may ({ended.cpu_seconds:.0f} s)"
        case "signal":
            return f"was killed (exit code {ended.code})"
        case None:
            return f"ended with exit code {ended.code}"
