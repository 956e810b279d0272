"""Which interpreter runs a script: the one that it names, that of its file's suffix, or the platform's shell."""

from __future__ import annotations

from builder.errors import MachineError, RecipeError
from builder.model.interpreter import (
    INTERPRETER_NAMES,
    Interpreter,
    closest_interpreter,
    interpreter,
    interpreter_of_file,
)
from builder.model.recipe import Script


def chosen(script: Script, shell: str = "bash") -> Interpreter:
    """Return what runs ``script`` (rattler-build's rule); ``shell`` is the platform's.

    A suffix that speaks of nothing is the shell's. Raises `RecipeError` for an interpreter that nobody knows.
    """
    if script.interpreter is None:
        by_suffix = interpreter_of_file(script.file) if script.file is not None else None
        return by_suffix or _known(shell)
    return _known(script.interpreter)


def runnable(script: Script, shell: str = "bash") -> Interpreter:
    """Return what runs ``script``; raises `MachineError` besides if that runs on Windows only."""
    found = chosen(script, shell)
    if found.windows:
        raise MachineError(
            f"scripts for {found.name} run on Windows only",
            code="script.windows",
            remedy="build it on Windows with rattler-build, or write the script for bash or python",
        )
    return found


def missing(program: Interpreter, section: str) -> str:
    """Return the sentence that says that an environment lacks ``program``, and where to ask for it."""
    return f"there is no {program.program} in the environment: add {program.package} to {section}"


def _known(name: str) -> Interpreter:
    found = interpreter(name)
    if found is None:
        close = closest_interpreter(name)
        raise RecipeError(
            f"there is no interpreter {name!r}",
            code="script.interpreter",
            remedy=f"did you mean {close}?" if close else f"known are {INTERPRETER_NAMES}",
        )
    return found
