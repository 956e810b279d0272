"""Names that only the script's session knows, ``${{ PREFIX }}``, in the words of the shell that will run the script."""

from __future__ import annotations

import re
from dataclasses import replace

from builder.model.recipe import Script, ScriptTest, Test
from builder.model.target import target

_LATE = re.compile(r"\$\{\{ ([A-Z][A-Z0-9_]*) \}\}")
_WORDS = {"bash": r"${\1}", "sh": r"${\1}", "cmd": r"%\1%"}


def in_shell(script: Script, platform: str) -> Script:
    """Return ``script`` with late names as variables of its shell: bash and its kind, or cmd.

    Without an interpreter it is the shell of ``platform``. For an interpreter that is no shell the names stay.
    """
    words = _WORDS.get(script.interpreter or target(platform).family.script_shell)
    steps = tuple(in_shell(step, platform) for step in script.steps)
    if script.content is None or words is None:
        return replace(script, steps=steps) if steps else script
    return replace(script, content=tuple(_LATE.sub(words, line) for line in script.content), steps=steps)


def all_in_shell(tests: tuple[Test, ...], platform: str) -> tuple[Test, ...]:
    """Return ``tests`` with the late names of their scripts as variables of their shell."""
    return tuple(
        replace(test, script=in_shell(test.script, platform)) if isinstance(test, ScriptTest) else test
        for test in tests
    )
