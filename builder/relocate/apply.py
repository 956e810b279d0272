"""Carrying out the planned edits on copies, and saying what became of every file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.binary import RunPathEdit, patch_run_path
from builder.errors import WorkError
from builder.model.finding import Finding, Severity
from builder.model.links import resolve
from builder.model.payload import Edit, Entry, EntryKind, Payload, Relocated, RelocatedEntry
from builder.model.recipe import Output
from builder.relocate.context import RelocateContext
from builder.relocate.edits import plan_edits, survey
from builder.relocate.prefix import prefix_mode
from builder.relocate.scan import Scan, scan

_NOTHING = hashlib.sha256().hexdigest()


def relocate(payload: Payload, output: Output, context: RelocateContext) -> Relocated:
    """Make ``payload`` run in any prefix: plan the edits, carry them out below ``context.scratch``, read again.

    Entries without an edit keep the file that they have. Raises `WorkError` when an edit did not do what was planned.
    """
    scans = survey(payload, context.placeholder)
    edits = plan_edits(payload, output, context, scans)
    planned = {edit.path: edit for edit in edits}
    entries: list[Entry] = []
    for entry in payload.entries:
        edit = planned.get(entry.path)
        new = entry if edit is None else _edited(entry, edit, context.scratch)
        if edit is not None and new.content is not None:
            scans[entry.path] = scan(new.content, context.placeholder)
        entries.append(new)
    return Relocated(
        entries=tuple(_relocated(entries, scans, output, context)),
        licenses=payload.licenses,
        entry_points=payload.entry_points,
        no_link=payload.no_link,
        edits=tuple(edits),
        placeholder=context.placeholder,
        findings=(*payload.findings, *_wide(scans)),
    )


def _edited(entry: Entry, edit: Edit, scratch: Path) -> Entry:
    if edit.kind == "link":
        return replace(entry, target=edit.new)
    assert entry.content is not None
    place = scratch / "edited" / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    if edit.kind == "text":
        old = entry.content.read_bytes()
        if not old.startswith(edit.old.encode()):
            raise WorkError(f"{entry.path} no longer begins with {edit.old!r}", code="relocate.changed")
        place.write_bytes(edit.new.encode() + old[len(edit.old.encode()) :])
    else:
        shutil.copyfile(entry.content, place)
        patch_run_path(place, _run_path_edit(edit))
    return replace(entry, content=place, size=place.stat().st_size)


def _run_path_edit(edit: Edit) -> RunPathEdit:
    return RunPathEdit(
        how="patchelf" if edit.offset is None else "in-place",
        old=edit.old,
        new=edit.new,
        tag="runpath" if edit.what == "runpath" else "rpath",
        offset=edit.offset or 0,
        room=len(edit.old.encode()),
    )


def _relocated(
    entries: Sequence[Entry], scans: Mapping[str, Scan], output: Output, context: RelocateContext
) -> Iterator[RelocatedEntry]:
    links = {entry.path: entry.target for entry in entries if entry.target is not None}
    for entry in entries:
        seen = scans.get(entry.path)
        if seen is not None:
            mode = prefix_mode(entry.path, seen, output.build.prefix_detection, context.target)
            yield RelocatedEntry(
                entry=replace(entry, size=seen.size), sha256=seen.sha256, prefix_mode=mode, binary=seen.binary
            )
            continue
        end = scans.get(resolve(entry.path, links) or "") if entry.kind is EntryKind.SYMLINK else None
        size, digest = (0, _NOTHING) if end is None else (end.size, end.sha256)
        yield RelocatedEntry(entry=replace(entry, size=size), sha256=digest)


def _wide(scans: Mapping[str, Scan]) -> Iterator[Finding]:
    for path, seen in scans.items():
        if seen.wide:
            yield Finding(
                check="prefix",
                severity=Severity.WARNING,
                path=path,
                message="the prefix stands in this file as UTF-16, which no installer replaces",
                remedy="make the program find its files relative to itself",
            )
