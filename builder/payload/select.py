"""Choosing which of the installed files one package will hold."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import Entry, EntryKind, Installed, Payload
from builder.model.recipe import GlobList, Output
from builder.payload.context import PayloadContext
from builder.payload.dropped import is_dropped
from builder.payload.globs import check_globs
from builder.payload.licenses import find_licenses
from builder.payload.link_scripts import with_link_scripts
from builder.payload.menus import check_menus
from builder.payload.mistakes import python_mistakes
from builder.payload.python import python_files
from builder.payload.rewrite import rewrite_text

_SET_ID = stat.S_ISUID | stat.S_ISGID
_NOT_UTF8 = re.compile(r"\\x[0-9a-f]{2}")  # as changes of a folder show bytes that are no text
_WRONG_NAME = "its name, or what it links to, is no UTF-8"
_WRONG_KIND = "it is a device, a FIFO or a socket"


def select(installed: Installed, output: Output, context: PayloadContext) -> Payload:
    """Return what the package of ``output`` holds of ``installed``, with its licences, sorted by path.

    ``build.files`` picks an output's share of what several outputs inherit (CEP 41), files of the environment are never
    taken unless ``build.always_include_files`` names them. Everything that is wrong comes along as findings, so that
    all of it is reported at once. Raises `RecipeError` for globs that cannot be read.
    """
    check_globs(output)
    findings: list[Finding] = []
    chosen = with_link_scripts(_taken(installed, output, context, findings), output, context.recipe_folder)
    taken = python_files(chosen, output, context, findings)
    entries, rewriting = rewrite_text(sorted(taken, key=_path), output.build.post_process, context.scratch)
    licenses, licensing = find_licenses(
        output.about.license_file, (context.recipe_folder, *context.work), context.places
    )
    copied = Globs(output.build.always_copy_files)
    return Payload(
        entries=entries,
        licenses=licenses,
        entry_points=output.build.python.entry_points if output.build.for_every_python else (),
        no_link=tuple(entry.path for entry in entries if output.build.always_copy_files and copied.matches(entry.path)),
        findings=(
            *findings,
            *_unmatched(installed, output),
            *_not_installed(installed),
            *rewriting,
            *licensing,
            *check_menus(entries, output.name),
            *python_mistakes(entries, output),
        ),
    )


def _path(entry: Entry) -> str:
    return entry.path


def _taken(installed: Installed, output: Output, context: PayloadContext, findings: list[Finding]) -> list[Entry]:
    wanted, listed = _wanted(output.build.files), _listed(installed)
    forced = _named(output.build.always_include_files)
    environment = context.environment_files
    paths = {entry.path for entry in installed.entries}
    findings.extend(_irregular(installed, wanted))

    def is_taken(entry: Entry) -> bool:
        chosen = forced(entry.path) or (entry.path not in environment and listed(entry.path) and wanted(entry.path))
        return chosen and not is_dropped(entry.path, installed=paths, environment=environment)

    entries = {entry.path: entry for entry in _forced_from_host(context, forced)}
    entries.update((entry.path, entry) for entry in installed.entries if is_taken(entry))
    kept = [
        *(entry for entry in entries.values() if entry.kind is not EntryKind.DIRECTORY),
        *_empty_folders(entries.values(), paths, output, findings),
    ]
    findings.extend(finding for entry in kept for finding in _refused(entry))
    findings.extend(_hard_links(kept))
    return [entry for entry in kept if not _is_info(entry.path)]


def _wanted(files: GlobList) -> Callable[[str], bool]:
    return Globs(files).matches if files else lambda _: True


def _named(files: GlobList) -> Callable[[str], bool]:
    return Globs(files).matches if files else lambda _: False


def _listed(installed: Installed) -> Callable[[str], bool]:
    """Return whether the script listed a path, or a folder above it; where it made no list it wants everything."""
    if installed.listed is None:
        return lambda _: True
    listed = frozenset(installed.listed)
    return lambda path: path in listed or any(str(folder) in listed for folder in PurePosixPath(path).parents)


def _not_installed(installed: Installed) -> Iterator[Finding]:
    """Yield an error for each path that the script listed and did not install."""
    there = {entry.path for entry in installed.entries}
    there |= {str(folder) for path in there for folder in PurePosixPath(path).parents}
    for path in installed.listed or ():
        if path not in there:
            yield Finding(
                check="files",
                severity=Severity.ERROR,
                path=path,
                message="the script listed it among the package's files, and did not install it",
                remedy="install it below $PREFIX, or leave it off the list",
            )


def _unmatched(installed: Installed, output: Output) -> Iterator[Finding]:
    """Yield a finding for patterns of ``build.files`` that select nothing: mostly spelling mistakes."""
    files = output.build.files
    unmatched = Globs(files).unmatched(entry.path for entry in installed.entries)
    for pattern in unmatched:
        yield Finding(
            check="files",
            severity=Severity.WARNING if len(unmatched) == len(files.include) else Severity.NOTE,
            message=f"the pattern {pattern!r} of build.files matches nothing that the script installed",
        )


def _irregular(installed: Installed, wanted: Callable[[str], bool]) -> Iterator[Finding]:
    for path in installed.irregular:
        if wanted(path):
            yield Finding(
                check="irregular",
                severity=Severity.ERROR,
                path=path,
                message=f"{_WRONG_NAME if _NOT_UTF8.search(path) else _WRONG_KIND}, which no package can hold",
                remedy="remove it at the end of the script",
            )


def _forced_from_host(context: PayloadContext, forced: Callable[[str], bool]) -> Iterator[Entry]:
    """Yield the environment's own unchanged files that ``build.always_include_files`` names."""
    for path in context.environment_files:
        if context.host is not None and forced(path):
            entry = _entry_at(context.host.folder, path)
            if entry is not None:
                yield entry


def _entry_at(folder: Path, path: str) -> Entry | None:
    place = folder / path
    try:
        status = place.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return Entry(path=path, kind=EntryKind.SYMLINK, target=os.readlink(place))  # noqa: PTH115 - the text, as it is
    if not stat.S_ISREG(status.st_mode):
        return None
    executable = bool(status.st_mode & stat.S_IXUSR)
    return Entry(path=path, kind=EntryKind.FILE, content=place, executable=executable, size=status.st_size)


def _empty_folders(
    entries: Iterable[Entry], installed: set[str], output: Output, findings: list[Finding]
) -> Iterator[Entry]:
    """Yield the empty folders that the recipe names; CEP 34 can hold them, the peers drop them all."""
    occupied = {path[: path.rindex("/")] for path in installed if "/" in path}
    named = bool(output.build.files) or bool(output.build.always_include_files)
    for entry in entries:
        if entry.kind is not EntryKind.DIRECTORY or entry.path in occupied:
            continue
        if named:
            yield entry
        else:
            findings.append(
                Finding(
                    check="empty-folders",
                    severity=Severity.NOTE,
                    path=entry.path,
                    message="this empty folder is left out",
                    remedy="name it in build.always_include_files to keep it",
                )
            )


def _refused(entry: Entry) -> Iterator[Finding]:
    if _is_info(entry.path):
        yield Finding(
            check="info",
            severity=Severity.ERROR,
            path=entry.path,
            message="info/ holds the package's own metadata, nothing may be installed there",
            remedy="install it elsewhere, share/ for example",
        )
    elif entry.content is not None and entry.content.lstat().st_mode & _SET_ID:
        yield Finding(
            check="set-id",
            severity=Severity.ERROR,
            path=entry.path,
            message="it has a set-user-ID or set-group-ID bit, which no package holds and no installer sets",
            remedy="take it away at the end of the script with chmod u-s,g-s; without it the program must do",
        )


def _hard_links(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Yield a note for each file that is there under several names: packages hold it once for each (CEP 34)."""
    names: dict[tuple[int, int], list[Entry]] = {}
    for entry in entries:
        if entry.content is not None and (status := entry.content.lstat()).st_nlink > 1:
            names.setdefault((status.st_dev, status.st_ino), []).append(entry)
    for first, *others in names.values():
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            yield Finding(
                check="hard-links",
                severity=Severity.NOTE,
                path=first.path,
                message=f"it is one file with {others[0].path}{more}; in the package each has its own "
                f"{first.size:,} bytes",
                remedy="make symlinks of them in the script",
            )


def _is_info(path: str) -> bool:
    return path == "info" or path.startswith("info/")
