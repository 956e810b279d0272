"""Writes a patch that `builder.source.patches` applies: the changed files of a tree as one unified diff.

The lines come from diff(1), in a sandbox session; what stands around them is ours, without dates, so that the same
changes are the same bytes. Each patch is applied to the old files, strictly, before anybody gets it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.errors import SourceError, WorkError
from builder.model.frozen import frozen
from builder.sandbox import Command, Session
from builder.source.patches import apply_patch, read_patch, strip_level

_NAME = re.compile(r"[^\x00-\x1f\x7f\"\\]+")
_BATCH = 200
_OLD, _NEW, _LINES, _APPLIED, _PATCH = "old", "new", "lines", "applied", "made.patch"
_DIFF = """
while [ $# -gt 0 ]; do
    diff --text --unified --label "$1" --label "$2" -- "$3" "$4" >"$5"
    if [ $? -gt 1 ]; then exit 2; fi
    shift 5
done
"""


@frozen
class Change:
    """One changed file: ``path`` relative to the tree, where it lies before and after; None where it is not."""

    path: str
    old: Path | None
    new: Path | None

    @property
    def what(self) -> str:
        """The word for it."""
        return "new" if self.old is None else "deleted" if self.new is None else "changed"


def unpatchable(change: Change) -> str | None:
    """Return why no patch can say this change, None when one can."""
    files = [file for file in (change.old, change.new) if file is not None]
    if not _NAME.fullmatch(change.path) or not _is_utf8(change.path):
        return "its name"
    if any(file.is_symlink() for file in files):
        return "a symlink"
    if not all(file.is_file() for file in files):
        return "no file"
    contents = [file.read_bytes() for file in files]
    if any(b"\0" in content for content in contents):
        return "binary"
    if len(contents) == 2 and contents[0] == contents[1]:
        return "only its mode changed"
    if len(contents) == 1 and not contents[0]:
        return "an empty file"
    return None


async def unified_diff(changes: Sequence[Change], session: Session, folder: Path, inside: PurePosixPath) -> bytes:
    """Return the patch of ``changes``, at least one, all of them patchable, to apply with ``patch -p1``.

    ``folder`` is an empty one of ours, which the session sees at ``inside`` and may write to. Raises `WorkError` when
    the patch does not make the new files of the old ones.
    """
    ordered = sorted(changes, key=lambda change: change.path)
    for change in ordered:
        for name, file in ((_OLD, change.old), (_NEW, change.new), (_APPLIED, change.old)):
            if file is not None:
                _copy(file, folder / name / change.path)
    for name in (_OLD, _NEW, _LINES, _APPLIED):
        (folder / name).mkdir(exist_ok=True)
    for start in range(0, len(ordered), _BATCH):
        words = [word for number in range(start, min(start + _BATCH, len(ordered))) for word in _words(ordered, number)]
        await _run(session, Command(argv=("/bin/bash", "-c", _DIFF, "bash", *words), cwd=inside))
    pieces = [_header(change) + (folder / _LINES / str(number)).read_bytes() for number, change in enumerate(ordered)]
    text = b"".join(pieces)
    (folder / _PATCH).write_bytes(text)
    await _verify(ordered, session, folder, inside)
    return text


def _words(ordered: Sequence[Change], number: int) -> tuple[str, ...]:
    change = ordered[number]
    return (
        _label("a", change.path) if change.old else "/dev/null",
        _label("b", change.path) if change.new else "/dev/null",
        f"{_OLD}/{change.path}" if change.old else "/dev/null",
        f"{_NEW}/{change.path}" if change.new else "/dev/null",
        f"{_LINES}/{number}",
    )


def _label(side: str, path: str) -> str:
    """Return a file's name as patch(1) reads it: one with spaces ends at a tab."""
    return f"{side}/{path}" + ("\t" if " " in path else "")


def _header(change: Change) -> bytes:
    """Return git's lines for what a unified diff has no words for: a file's mode."""
    old, new = _mode(change.old), _mode(change.new)
    lines: tuple[str, ...] = ()
    match old, new:
        case None, str():
            lines = (f"new file mode {new}",)
        case str(), None:
            lines = (f"deleted file mode {old}",)
        case str(), str() if old != new:
            lines = (f"old mode {old}", f"new mode {new}")
    first = (f"diff --git a/{change.path} b/{change.path}",) if lines else ()
    return "".join(f"{line}\n" for line in (*first, *lines)).encode()


def _mode(file: Path | None) -> str | None:
    return None if file is None else "100755" if os.access(file, os.X_OK) else "100644"


async def _verify(ordered: Sequence[Change], session: Session, folder: Path, inside: PurePosixPath) -> None:
    """Apply the patch as a build does and compare."""
    patch = read_patch(_PATCH, folder / _PATCH)
    strip = strip_level(patch, folder / _APPLIED)
    try:
        await apply_patch(session, patch, inside=inside / _PATCH, cwd=inside / _APPLIED, strip=strip)
    except SourceError as error:
        raise _wrong(str(error)) from error
    for change in ordered:
        applied = folder / _APPLIED / change.path
        if change.new is None:
            same = not applied.exists()
        else:
            same = applied.is_file() and applied.read_bytes() == change.new.read_bytes()
            same = same and _mode(applied) == _mode(change.new)
        if not same:
            raise _wrong(f"{change.path} comes out otherwise")


def _wrong(reason: str) -> WorkError:
    message = f"the patch does not do what was done: {reason}"
    return WorkError(message, code="patch.unfaithful", remedy="leave that file out with --exclude")


async def _run(session: Session, command: Command) -> None:
    said = bytearray()
    ended = await session.run(command, said.extend)
    if ended.code or ended.reason is not None:
        raise WorkError(f"diff failed: {said.decode('utf-8', 'replace').strip()}", code="patch.diff")


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)
    place.chmod(0o755 if os.access(file, os.X_OK) else 0o644)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
