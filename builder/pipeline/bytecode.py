"""The step that compiles a package's Python modules, in a session like the script's."""

from __future__ import annotations

import os

from builder.environment.wall import in_thread
from builder.model.payload import Relocated
from builder.payload.bytecode import compile_modules, compiling_variables, lay_out, modules_to_compile, with_bytecode
from builder.pipeline.ready import Ready
from builder.pipeline.scripting import Scripted
from builder.pipeline.work import Work
from builder.sandbox import Bind, Mount, Overlay, Tmpfs

_PYTHON = "bin/python"


async def compiled(work: Work, ready: Ready, scripted: Scripted, finished: Relocated) -> Relocated:
    """Return the package's files with the bytecode of their modules.

    The Python is that of the host prefix as the script left it, its own if the package is one. Without any, and for a
    platform whose programs do not run here, nothing is compiled.
    """
    platforms = work.rendering.platforms
    modules = modules_to_compile(finished, work.output)
    if not modules or platforms.host != platforms.build or not _has_python(ready, scripted):
        return finished
    bench, inside = work.bench, work.inside
    folder = work.folder("bytecode")
    await in_thread(lay_out, modules, folder)
    mounts: list[Mount] = [
        Overlay(lower=ready.host_layers, upper=work.scratch / "host", inside=inside.prefix),
        Bind(source=folder, inside=inside.script, writable=True),
        Tmpfs(inside=inside.home),
    ]
    variables = compiling_variables(inside.prefix)
    async with bench.sandbox.open(bench.root.folder, mounts, work.allowance.limits, variables) as session:
        done = await compile_modules(session, inside.prefix / _PYTHON, folder, inside.script, bench.cores)
    return await in_thread(with_bytecode, finished, done, work.output)


def _has_python(ready: Ready, scripted: Scripted) -> bool:
    left = {entry.path for entry in scripted.installed.entries}
    return _PYTHON in left or any(os.path.lexists(layer / _PYTHON) for layer in ready.host_layers)
