"""The first process of a container: a shell that runs one command after the other and outlives none of ours.

It reads orders from its standard input, which is our connection to the engine, and runs each in a shell of its own.
When that one has ended it kills all other processes (to the first one of a namespace nobody inside can do that),
empties the temporary file systems and reports. When our connection ends, a second process sees the end of the input,
the first one ends, and with it all others.

Its program is a copy of the root's ``bash`` that nobody may read, so that the kernel lets no other process of its user
look into it or trace it (``PR_SET_DUMPABLE`` in prctl(2)). A report is told from what commands print by a word that
only it and we know.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from builder.model.frozen import frozen
from builder.sandbox.values import Command

FIRST = PurePosixPath("/dev/init")
"""Where its program is mounted: in a folder that is in memory, so that it leaves no trace in the image."""

SCRIPT = r"""
exec 2>/dev/null 4<&0 </dev/null
trap '' HUP INT QUIT ILL TRAP ABRT BUS FPE SEGV SYS PIPE ALRM TERM XCPU XFSZ VTALRM PROF USR1 USR2
shopt -s nullglob dotglob
PATH=/usr/bin:/bin LC_ALL=C
ulimit -c 0
empty() {
    local folder left
    for folder in "$@"; do
        left=("$folder"/*)
        ((${#left[@]})) || continue
        rm -rf --one-file-system -- "$folder" || { chmod -R u+rwx -- "$folder"; rm -rf --one-file-system -- "$folder"; }
        left=("$folder"/*)
        ((${#left[@]})) && return 1
    done
    return 0
}
while read -r token size <&4 && read -r -N "$size" text <&4; do
    eval "$text"
    if ! cd -- "$folder"; then printf '%s refused 0 0 0\n' "$token"; continue; fi
    env -i --default-signal "${words[@]}" 2>&1 4<&- &
    command=$! watcher=
    while :; do
        [[ $watcher ]] || { { read -r text <&4; exit 99; } & watcher=$!; }
        wait -n -p ended "$command" "$watcher"; code=$?
        [[ $ended == "$command" ]] && break
        ((code == 99)) && exit
        watcher=
    done
    cd /
    while kill -9 -1; do :; done
    wait
    if empty "$@"; then state=clean; else state=dirty; fi
    printf '%s %s %s ' "$token" "$state" "$code"; times
done
"""
"""Its arguments are the temporary file systems. The wait after the killing is for shells that forget."""

LIFE = PurePosixPath("/dev/life")
"""Where the FIFO is mounted that ends when we do."""

_ALONE = f"""
exec 5<{LIFE}
read -r <&5
{{ read -r <&5; kill -9 -1; }} >/dev/null 2>&1 </dev/null &
exec 5<&-
PATH=/usr/bin:/bin
ulimit -c 0
cd -- "$1" || exit 125
shift
env -i --default-signal "$@"
exit
"""

_INSIDE = '{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; unset SHLVL; "$@"'
"""When memory is short the kernel ends a command, or what it started, and not the first process."""
_SECONDS = re.compile(r"(\d+)m(\d+(?:\.\d+)?)s")


@frozen
class Report:
    """How a command ended: ``code`` as a shell gives it, None where its folder is not there.

    ``clean`` tells that the temporary file systems are empty again, ``cpu_seconds`` is what all commands of the
    container have used so far.
    """

    code: int | None
    clean: bool
    cpu_seconds: float


def order(token: str, command: Command, env: Mapping[str, str]) -> bytes:
    """Return what to send so that ``command`` runs in exactly the environment ``env`` and its own."""
    words = _quoted(_words(command, env))
    text = os.fsencode(f"folder={shlex.quote(str(command.cwd))} words=({words})\n")
    return f"{token} {len(text)}\n".encode() + text


def _quoted(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))


class Ear:
    """Parts what arrives from a container into what a command printed and the report at its end."""

    def __init__(self, token: str) -> None:
        """``token`` begins the report; nobody else knows it."""
        self.token = token
        self._token = token.encode()
        self._held = b""
        self.report: Report | None = None

    def hear(self, piece: bytes) -> bytes:
        """Return what the command printed in ``piece``, as far as it is certain that it is no report."""
        self._held += piece
        begin = self._held.find(self._token)
        if begin < 0:
            begin = self._maybe()
            said, self._held = self._held[:begin], self._held[begin:]
            return said
        said, self._held = self._held[:begin], self._held[begin:]
        if self._held.count(b"\n") >= (1 if b" refused " in self._held else 2):
            self.report = _report(self._held.decode("ascii", "replace"))
            self._held = b""
        return said

    def _maybe(self) -> int:
        """Return where the token may have begun, of which the rest has not arrived yet."""
        held = self._held
        longest = min(len(self._token) - 1, len(held))
        return next((len(held) - n for n in range(longest, 0, -1) if self._token.startswith(held[-n:])), len(held))

    def rest(self) -> bytes:
        """Return what was held back, when nothing follows any more."""
        held, self._held = self._held, b""
        return held


def _report(text: str) -> Report:
    _, state, code, *_ = text.split(maxsplit=3)
    figures = _SECONDS.findall(text)[2:4]  # the first two are the shell's own
    seconds = sum(60 * float(minutes) + float(seconds) for minutes, seconds in figures)
    return Report(code=None if state == "refused" else int(code), clean=state == "clean", cpu_seconds=seconds)


def argv(program: PurePosixPath, temporary: Sequence[PurePosixPath]) -> list[str]:
    """Return the container's command line; ``temporary`` are the file systems that are emptied after each command."""
    return [str(program), "-c", SCRIPT, "init", *map(str, temporary)]


def alone(program: PurePosixPath, command: Command, env: Mapping[str, str]) -> list[str]:
    """Return the command line of a container for one command that gets the container's own input and output.

    `LIFE` is mounted in it: a FIFO that we hold open as long as we live. A line in it lets the command begin.
    """
    return [str(program), "-c", _ALONE, "init", str(command.cwd), *_words(command, env)]


def _words(command: Command, env: Mapping[str, str]) -> list[str]:
    """Return the arguments of ``env``: variables, and the shell around the command."""
    variables = {**env, "PWD": str(command.cwd), **dict(command.env)}
    return [*(f"{name}={value}" for name, value in variables.items()), "/bin/sh", "-c", _INSIDE, "sh", *command.argv]
