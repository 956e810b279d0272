"""Commands of Python packages: the scripts that call what ``build.python.entry_points`` names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.frozen import frozen
from builder.model.payload import Entry, EntryKind
from builder.model.python import Python

_ENTRY_POINT = re.compile(r"\s*([^=\s]+)\s*=\s*([^:\s]+)\s*:\s*(\S+)\s*")
_LONGEST_SHEBANG = 127
_TEMPLATE = """\
{shebang}
# -*- coding: utf-8 -*-
import re
import sys

from {module} import {imported}

if __name__ == '__main__':
\tsys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])
\tsys.exit({function}())
"""
"""What rattler writes for packages of every Python, to the letter: a command is the same whoever made it."""


@frozen
class EntryPoint:
    """``command`` calls ``function`` (``main`` or ``Class.method``) of ``module``."""

    command: str
    module: str
    function: str

    @classmethod
    def parse(cls, text: str) -> EntryPoint:
        """Read ``command = module:function``, which the recipe's schema has looked at before."""
        found = _ENTRY_POINT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not an entry point")
        return cls(command=found[1], module=found[2], function=found[3])


def command_entries(
    points: Iterable[EntryPoint], python: Python, prefix: PurePosixPath, scratch: Path
) -> Iterator[Entry]:
    """Yield a script in ``bin/`` for each entry point, written below ``scratch``, for the Python of ``prefix``."""
    for point in points:
        text = script(point, python, prefix).encode()
        place = scratch / "commands" / point.command
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
        yield Entry(
            path=f"bin/{point.command}", kind=EntryKind.FILE, content=place, executable=True, size=len(text)
        )  # fmt: skip


def script(point: EntryPoint, python: Python, prefix: PurePosixPath) -> str:
    """Return the text of a command's script.

    A path that is too long for the kernel, or has a space, is called by a shell that reads the same file.
    """
    program = str(prefix / python.program)
    short = len(program) + len("#!") <= _LONGEST_SHEBANG and " " not in program
    return _TEMPLATE.format(
        shebang=f"#!{program}" if short else f"#!/bin/sh\n'''exec' \"{program}\" \"$0\" \"$@\" #'''",
        module=point.module,
        imported=point.function.partition(".")[0],
        function=point.function,
    )


def without_python(points: Iterable[EntryPoint]) -> Iterator[Finding]:
    """Yield an error for each entry point of a package that is built without a Python to call it."""
    for point in points:
        yield Finding(
            check="entry-points",
            severity=Severity.ERROR,
            path=f"bin/{point.command}",
            message=f"the host environment has no Python for the command {point.command}",
            remedy="add python to requirements.host",
        )
