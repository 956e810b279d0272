"""Planning every change that makes a payload relocatable, as data that can be read before anything happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from builder.binary import run_path_edit
from builder.model.links import joined, relative
from builder.model.payload import Edit, Entry, EntryKind, Payload
from builder.model.recipe import Output
from builder.relocate.context import RelocateContext
from builder.relocate.prefix import prefix_mode
from builder.relocate.runpaths import wanted_run_path
from builder.relocate.scan import Scan, scan
from builder.relocate.shebang import portable_shebang


def survey(payload: Payload, placeholder: str) -> dict[str, Scan]:
    """Read every file of ``payload`` once; the result is keyed by path."""
    return {entry.path: scan(entry.content, placeholder) for entry in payload.entries if entry.content is not None}


def plan_edits(
    payload: Payload, output: Output, context: RelocateContext, scans: Mapping[str, Scan] | None = None
) -> list[Edit]:
    """Return the edits that ``payload`` needs, at most one for each path, in its order; nothing is changed.

    ``scans`` is what `survey` returned, which is asked for here when it is not given.
    """
    seen = survey(payload, context.placeholder) if scans is None else scans
    return [edit for entry in payload.entries for edit in _edits(entry, seen.get(entry.path), output, context)]


def _edits(entry: Entry, seen: Scan | None, output: Output, context: RelocateContext) -> Iterator[Edit]:
    if entry.kind is EntryKind.SYMLINK:
        yield from _link(entry, context)
    elif seen is not None and seen.binary is not None:
        yield from _run_path(entry, seen, output, context)
    elif seen is not None and seen.head.startswith(b"#!"):
        yield from _shebang(entry, seen, output, context)


def _link(entry: Entry, context: RelocateContext) -> Iterator[Edit]:
    """An absolute symlink that stays in the prefix becomes relative; one that leaves it is a check's matter."""
    target, prefix = entry.target or "", context.placeholder
    if target != prefix and not target.startswith(f"{prefix}/"):
        return
    inside = joined("", target.removeprefix(prefix))
    if inside is None:
        return
    new = relative(inside, str(PurePosixPath(context.place(entry.path)).parent))
    yield Edit(path=entry.path, kind="link", what="target", old=target, new=new)


def _run_path(entry: Entry, seen: Scan, output: Output, context: RelocateContext) -> Iterator[Edit]:
    assert seen.binary is not None
    assert entry.content is not None
    place = context.place(entry.path)
    wanted = wanted_run_path(place, seen.binary, output.build.dynamic_linking, context.placeholder)
    planned = None if wanted is None else run_path_edit(entry.content, wanted)
    if planned is not None:
        offset = planned.offset if planned.how == "in-place" else None
        yield Edit(path=entry.path, kind=planned.how, what=planned.tag, old=planned.old, new=planned.new, offset=offset)


def _shebang(entry: Entry, seen: Scan, output: Output, context: RelocateContext) -> Iterator[Edit]:
    mode = prefix_mode(entry.path, seen, output.build.prefix_detection, context.target)
    lines = portable_shebang(
        seen.head,
        build_prefix=str(context.build_prefix),
        prefix=context.placeholder,
        prefix_is_replaced=mode == "text",
    )
    if lines is not None:
        yield Edit(path=entry.path, kind="text", what="shebang", old=lines[0], new=lines[1], offset=0)
