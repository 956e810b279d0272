"""Carrying out the planned edits on copies, and saying what became of every file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.binary import RunPathEdit, patch_run_path
from builder.errors import WorkError
from builder.model.binary import BinaryFacts
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
        if edit is None:
            entries.append(entry)
        elif edit.kind == "link":
            entries.append(replace(entry, target=edit.new))
        else:
            place = _place(context.scratch, entry.path)
            facts = _write(entry, edit, scans[entry.path].binary, place)
            scans[entry.path] = scan(place, context.placeholder, facts)
            entries.append(replace(entry, content=place))
    return Relocated(
        entries=tuple(_relocated(entries, scans, output, context)),
        licenses=payload.licenses,
        entry_points=payload.entry_points,
        no_link=payload.no_link,
        edits=tuple(edits),
        placeholder=context.placeholder,
        findings=(*payload.findings, *_wide(scans)),
    )


def _place(scratch: Path, path: str) -> Path:
    place = scratch / "edited" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _write(entry: Entry, edit: Edit, facts: BinaryFacts | None, place: Path) -> BinaryFacts | None:
    """Write the edited content of ``entry`` at ``place`` and return what is known of it."""
    assert entry.content is not None
    if edit.kind == "text":
        old, line = entry.content.read_bytes(), edit.old.encode()
        if not old.startswith(line):
            raise WorkError(f"{entry.path} no longer begins with {edit.old!r}", code="relocate.changed")
        place.write_bytes(edit.new.encode() + old[len(line) :])
        return None
    assert facts is not None
    shutil.copyfile(entry.content, place)
    return patch_run_path(place, _run_path_edit(edit), facts)


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
