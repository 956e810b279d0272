"""Writes what lets people enter the place of a script: the same activation before their command, and a shell.

Both files lie beside the script's own, so that whatever keeps those keeps these.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.model.recipe import Script
from builder.script.wrapper import WRAPPER, ActivatedPrefix, activation

_ENTRANCE = "enter.sh"
_SHELL = "shell.sh"

_PROMPT = f"""\
# Read by the shell of `bakehouse debug`.
__where() {{
    local name value
    for name in SRC_DIR BUILD_PREFIX PREFIX; do
        value=${{!name:-}}
        if [ -n "$value" ] && [[ $PWD == "$value" || $PWD == "$value"/* ]]; then
            printf '$%s%s' "$name" "${{PWD#"$value"}}"
            return
        fi
    done
    printf '%s' "$PWD"
}}
PS1='[debug $PKG_NAME] $(__where)\\$ '
unset HISTFILE
again() {{ /bin/bash "${{BASH_SOURCE[0]%/*}}/{WRAPPER}" "$@"; }}
"""


def write_entrance(script: Script, folder: Path, *, prefixes: Sequence[ActivatedPrefix]) -> None:
    """Write into ``folder`` what `entering` and `shell` name; ``prefixes`` are activated as for the script itself."""
    lines = activation(script, prefixes)
    # By its name, even where a link leads there: files that the script made may hold that name.
    start = shlex.quote(script.cwd) if script.cwd else '"$SRC_DIR"'
    lines.append(f"cd {start}")
    lines.append('exec "$@"')
    (folder / _ENTRANCE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / _SHELL).write_text(_PROMPT, encoding="utf-8")


def entering(inside: PurePosixPath, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command that activates the environments and then becomes ``argv``; ``inside`` is the script's folder.

    It starts where the script does.
    """
    return ("/bin/bash", str(inside / _ENTRANCE), *argv)


def shell(inside: PurePosixPath, *, terminal: bool) -> tuple[str, ...]:
    """Return the shell to enter with; without a terminal it reads commands from its standard input."""
    return ("/bin/bash", "--rcfile", str(inside / _SHELL), "-i") if terminal else ("/bin/bash",)
