"""Build steps: each runs in a process of its own, with its own variables, and stops the build if it fails."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from builder.model.interpreter import Interpreter
from builder.model.recipe import Script
from builder.script.chosen import runnable
from builder.script.late import filled

Running = Callable[[Interpreter, str], Iterator[str]]
"""Gives the lines of bash that run a file, quoted for bash, with an interpreter."""


def step_lines(
    steps: Sequence[Script], folder: Path, inside: PurePosixPath, *, values: Mapping[str, str], running: Running
) -> Iterator[str]:
    """Write a file for each step into ``folder``, seen at ``inside``, and yield the lines of bash that run them.

    A step starts in the work folder, or in its ``cwd`` below the host prefix (rattler-build's rule). Nothing that it
    sets reaches the next one. ``values`` fill late names where the interpreter is no shell.
    """
    for number, step in enumerate(steps):
        program, own = runnable(step), dict(step.env)
        file = f"step{number}{program.suffix}"
        text = program.joined(step.content or ()) + "\n"
        (folder / file).write_text(text if program.in_wrapper else filled(text, {**values, **own}), encoding="utf-8")
        yield f"(  # step {number}"
        yield from (f"export {name}={shlex.quote(value)}" for name, value in own.items())
        if step.cwd:
            yield f'cd "$PREFIX"/{shlex.quote(step.cwd)}'
        yield from running(program, shlex.quote(str(inside / file)))
        yield ")"
