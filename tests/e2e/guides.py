"""Reads a page of the documentation as a script: files to write, changes to make, commands with what they print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|^<!-- (the diff undone) -->$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"^(?:# |/\* |// )([\w./-]+\.\w+)(?: \*/)?$")
"""The first line of a block that is a file: a comment with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a file below the current folder."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Apply a diff in the current folder, or take the last one back."""

    diff: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Run a command; it prints ``shown``, in which ``…`` stands for any text and a line of it for any lines."""

    line: str
    shown: tuple[str, ...] | None


Step = Write | Change | Command


def steps(page: str) -> Iterator[Step]:
    """Yield what a reader of the page does, in order; blocks that are neither files nor commands are for reading."""
    for language, text, undone in _BLOCK.findall(page):
        named = _NAME.match(text.partition("\n")[0])
        if undone:
            yield Change(diff=None)
        elif language == "sh":
            yield from (Command(line=line, shown=None) for line in text.splitlines())
        elif language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                line, *shown = part.splitlines()
                yield Command(line=line, shown=tuple(shown))
        elif language == "diff":
            yield Change(diff=text)
        elif named:
            yield Write(path=named[1], text=text)


class Reader:
    """Does what a page says, in one shell's state: the current folder, the environment, the last exit status."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start in ``folder`` with ``environment`` and nothing else."""
        self.folder = folder
        self.environment = dict(environment)
        self.status = 0
        self._last_diff = ""

    def do(self, step: Step) -> str:
        """Do one step; returns what a command prints on both channels."""
        match step:
            case Write(path=path, text=text):
                file = self.folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
                return ""
            case Change(diff=diff):
                backwards = ["--reverse"] if diff is None else []
                self._last_diff = diff or self._last_diff
                command = ["git", "apply", "-p0", *backwards]
                done = subprocess.run(
                    command, input=self._last_diff, cwd=self.folder, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stdout + done.stderr
                return ""
            case Command(line=line):
                return self._run(line)

    def _run(self, line: str) -> str:
        report, out = os.pipe()
        told = f'{{ pwd; env -0; }} >&{out}; exit "$status"'
        script = f"(exit {self.status})\n{line}\nstatus=$?; {told}"
        with subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=[out],
        ) as shell:  # fmt: skip
            os.close(out)
            printed, _ = shell.communicate(timeout=300)
        with os.fdopen(report, "rb") as stream:
            where, _, variables = stream.read().decode().partition("\n")
        self.status = shell.returncode
        self.folder = Path(where)
        self.environment = dict(one.split("=", 1) for one in variables.split("\0") if "=" in one)
        return printed.decode()


def unlike(shown: Sequence[str], printed: str) -> str | None:
    """Return the first line of ``shown`` that ``printed`` does not have where it should, None if it has them all.

    Times, sizes and digests may be others, and so may the folders that hold what an absolute path names.
    """
    found = [comparable(line) for line in printed.splitlines()]
    anywhere, at = False, 0
    for line in shown:
        if line == "…":
            anywhere = True
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in comparable(line).split("…")))
        places = range(at, len(found) if anywhere else min(at + 1, len(found)))
        place = next((number for number in places if pattern.fullmatch(found[number])), None)
        if place is None:
            return line
        anywhere, at = False, place + 1
    return None if anywhere or at == len(found) else f"nothing after: {shown[-1] if shown else 'the command'}"


def comparable(line: str) -> str:
    """Return a line without what differs from run to run."""
    line = re.sub(r"\b[0-9a-f]{12,64}\b", "DIGEST", line)
    line = re.sub(r"(\d+(\.\d+)? (s|ms|min|[KMG]iB)\b ?)+", "N ", line)
    line = re.sub(r"time per phase:.*", "time per phase:", line)
    line = re.sub(r"(?<![\w.…])/([\w.-]+/)+", "/", line)  # the folders before the last name of an absolute path
    return re.sub(r"\s+", " ", line).strip()
