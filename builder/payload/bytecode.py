"""Bytecode of a package's Python modules: which are compiled, how, and what becomes of the package."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.errors import WorkError
from builder.model.finding import Finding, Severity
from builder.model.frozen import frozen
from builder.model.globs import Globs
from builder.model.payload import Entry, EntryKind, Relocated, RelocatedEntry
from builder.model.recipe import GlobList, Output
from builder.payload import compiler
from builder.payload.dropped import module_of
from builder.sandbox import Command, Session

_LIST = "modules.json"
_PROGRAM = "compiler.py"
_SHOWN = 3
_NO_COMMANDS = "bin/"
_LINE = re.compile(r"^ *File .*, line ([0-9]+)$", re.MULTILINE)


def compiling_variables(prefix: PurePosixPath) -> dict[str, str]:
    """Return the environment of a compiling session.

    The standard library that runs is compiled from its sources as well, for what stands beside it may come from the
    script. A Python that is being packaged need not find its own libraries yet.
    """
    return {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": str(prefix / "lib"),
        "PYTHONHASHSEED": "0",
        "PYTHONPYCACHEPREFIX": "/nowhere",
    }


def modules_to_compile(relocated: Relocated, output: Output) -> tuple[Entry, ...]:
    """Return the modules that the package has bytecode of, sorted by path.

    None for a package of every Python: its installer compiles. Commands in ``bin/`` are not imported, and what
    ``build.python.skip_pyc_compilation`` names is left alone (rattler-build's rules). A module with the prefix in it is
    changed by installers, so that its bytecode would never be right.
    """
    if output.build.for_every_python or output.build.noarch is not None:
        return ()
    skip = output.build.python.skip_pyc_compilation
    skipped = Globs(GlobList(include=skip)) if skip else None
    return tuple(
        item.entry
        for item in sorted(relocated.entries, key=lambda item: item.entry.path)
        if item.entry.kind is EntryKind.FILE
        and item.entry.path.endswith(".py")
        and not item.entry.path.startswith(_NO_COMMANDS)
        and item.prefix_mode is None
        and not (skipped is not None and skipped.matches(item.entry.path))
    )


@frozen
class Compiled:
    """What became of modules: ``done`` maps a module's path to the file with its bytecode and the path of that.

    ``failed`` says why a module could not be compiled.
    """

    done: tuple[tuple[str, str, Path], ...]
    failed: tuple[tuple[str, str], ...]


def lay_out(modules: Sequence[Entry], folder: Path) -> None:
    """Put ``modules``, and the program that compiles them, into the empty ``folder``."""
    for entry in modules:
        assert entry.content is not None
        place = folder / compiler.SOURCES / entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(entry.content, place)  # no link: the package's Python may write here
    (folder / _LIST).write_text(json.dumps([entry.path for entry in modules]), encoding="utf-8")
    shutil.copyfile(compiler.__file__, folder / _PROGRAM)


async def compile_modules(
    session: Session, python: PurePosixPath, folder: Path, inside: PurePosixPath, cpus: int
) -> Compiled:
    """Compile what `lay_out` put into ``folder``, which is at ``inside`` of the session, by the Python at ``python``.

    Raises `WorkError` when that Python does not do its work.
    """
    said = bytearray()
    argv = (str(python), "-s", "-S", "-B", "-Wignore", str(inside / _PROGRAM), _LIST, str(cpus))
    ended = await session.run(Command(argv=argv, cwd=inside), said.extend)
    if ended.code or ended.reason is not None:
        lines = said.decode("utf-8", "replace").strip().splitlines()[-10:]
        told = "".join(f"\n  │ {line}" for line in lines)
        raise WorkError(
            f"the Python of the host environment cannot compile modules: it ended with exit code {ended.code}{told}",
            code="payload.bytecode",
            remedy='to pack no bytecode set build.python.skip_pyc_compilation to ["**"]',
        )
    return _read(folder)


def _read(folder: Path) -> Compiled:
    """Read the program's report with care, and follow no link: it was written by the package's own Python."""
    root = folder.resolve()
    try:
        report = json.loads((folder / compiler.REPORT).read_bytes())
        done = [(module, path, folder / compiler.BYTECODE / path) for module, path in sorted(report["done"].items())]
        failed = tuple((str(module), str(why)) for module, why in sorted(report["failed"].items()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise WorkError(f"the compiler of modules left no report: {error}", code="payload.bytecode") from error
    for module, path, place in done:
        if module_of(path) != module or not place.is_file() or place.resolve() != root / compiler.BYTECODE / path:
            raise WorkError(f"the compiler of modules left no bytecode of {module}", code="payload.bytecode")
    return Compiled(done=tuple(done), failed=failed)


def with_bytecode(relocated: Relocated, compiled: Compiled, output: Output) -> Relocated:
    """Return the package's files with their bytecode, and a warning about what could not be compiled."""
    known = {item.entry.path for item in relocated.entries}
    made = [_entry(path, place) for _, path, place in compiled.done if path not in known]
    copied = Globs(output.build.always_copy_files) if output.build.always_copy_files else None
    no_link = [item.entry.path for item in made if copied is not None and copied.matches(item.entry.path)]
    return replace(
        relocated,
        entries=tuple(sorted((*relocated.entries, *made), key=lambda item: item.entry.path)),
        no_link=(*relocated.no_link, *no_link),
        findings=(*relocated.findings, *_failures(compiled.failed)),
    )


def _entry(path: str, place: Path) -> RelocatedEntry:
    content = place.read_bytes()
    entry = Entry(path=path, kind=EntryKind.FILE, content=place, size=len(content))
    return RelocatedEntry(entry=entry, sha256=hashlib.sha256(content).hexdigest())


def _failures(failed: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    if not failed:
        return
    first, *others = (path for path, _ in failed)
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    also = f"; neither can {', '.join(others[:_SHOWN])}{more}" if others else ""
    yield Finding(
        check="bytecode",
        severity=Severity.WARNING,
        path=first,
        message=f"it cannot be compiled: {_reason(failed[0][1])}{also}",
        remedy="name what is no module of this Python in build.python.skip_pyc_compilation",
    )


def _reason(said: str) -> str:
    """Return the last line of what Python says, which tells the mistake, and the line of the module."""
    line = _LINE.search(said)
    return " ".join([*said.strip().splitlines()[-1:], *([f"(line {line[1]})"] if line else [])])
