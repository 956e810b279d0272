"""Applies a recipe's patches, strictly and in a sandbox session; a patch never reaches beyond the work folder."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath

from builder.errors import Place, SourceError
from builder.model.frozen import frozen
from builder.sandbox import Command, Session
from builder.source.patch_text import PatchTextError, read_patch_text

_LARGEST = 64 << 20
_STRICT = ("--batch", "--forward", "--unified", "--binary", "--fuzz=0", "--no-backup-if-mismatch", "--reject-file=-")
_NO_PROGRAM = 127
_SHOWN_LINES = 40


@frozen
class Patch:
    """A patch file: ``name`` as the recipe gives it, ``files`` the paths in its headers, unstripped.

    ``text`` is all of it that patch(1) may see.
    """

    name: str
    path: Path
    files: tuple[str, ...]
    text: bytes = b""


def read_patch(name: str, path: Path) -> Patch:
    """Read a patch; a `SourceError` for one that is absent, no unified diff, or does more than change regular files.

    It names no path outside, makes no links, submodules or set-user files, and changes no binary files.
    """
    try:
        found = read_patch_text(_read(name, path).decode("utf-8", "surrogateescape"))
        if not found.files:
            raise PatchTextError(1, "is no unified diff", unsafe=False)
    except PatchTextError as problem:
        raise SourceError(
            f"the patch {name} {problem}",
            code="source.patch-unsafe" if problem.unsafe else "source.patch",
            place=Place(file=str(path), line=problem.line),
            remedy="make a unified diff (`diff -Naur`, `git diff`) of text files, with paths below the sources",
        ) from problem
    return Patch(name=name, path=path, files=found.files, text=found.text.encode("utf-8", "surrogateescape"))


def _read(name: str, path: Path) -> bytes:
    """Return the content of a regular file of 64 MiB at most."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
                return b"".join(iter(lambda: os.read(descriptor, _LARGEST), b""))
        finally:
            os.close(descriptor)
        why = "is no regular file of 64 MiB at most"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    raise SourceError(
        f"the patch {name} {why}",
        code="source.patch",
        place=Place(file=str(path)),
        remedy="a patch is a file beside the recipe, or `${{ SRC_DIR }}/NAME` in the sources",
    )


def strip_level(patch: Patch, folder: Path) -> int:
    """Guess how many leading folders to strip from the patch's paths: the fewest that make them files in ``folder``.

    All paths should be there, else any (a patch makes and removes files too); 1, as git writes them, when none is.
    """
    paths = [_parts(file) for file in patch.files]
    levels = range(max(len(parts) for parts in paths))
    for enough in (all, any):
        for level in levels:
            if enough(_is_file(folder, parts[level:]) for parts in paths):
                return level
    return 1


def _parts(file: str) -> tuple[str, ...]:
    """Return a name's parts as patch(1) counts them: several slashes are one, and ``.`` is a part."""
    return tuple(re.split("/+", file))


def _is_file(folder: Path, parts: tuple[str, ...]) -> bool:
    try:
        return bool(parts) and folder.joinpath(*parts).is_file()
    except (OSError, ValueError):  # no file can have such a name
        return False


def refuse_links(patch: Patch, folder: Path, strip: int) -> None:
    """Raise a `SourceError` when a file that ``patch`` changes in ``folder`` is a link, or lies behind one.

    A link of the sources may well lead to another file of theirs, but a patch of a file changes that file.
    """
    for file in patch.files:
        place = folder
        for part in _parts(file)[strip:]:
            place /= part
            if place.is_symlink():
                raise SourceError(
                    f"the patch {patch.name} changes {file!r}, but "
                    f"{place.relative_to(folder).as_posix()!r} is a symlink in the sources",
                    code="source.patch-unsafe",
                    place=Place(file=str(patch.path)),
                    remedy="name the file itself in the patch, not the link to it",
                )


async def apply_patch(session: Session, patch: Patch, *, inside: PurePosixPath, cwd: PurePosixPath, strip: int) -> None:
    """Apply ``patch``, whose text the session sees at ``inside``, to the tree at ``cwd``.

    Line offsets are accepted, fuzz is not. Raises `SourceError` with what patch(1) says about each hunk.
    """
    output = bytearray()
    command = Command(argv=("patch", *_STRICT, f"--strip={strip}", f"--input={inside}"), cwd=cwd)
    exit_ = await session.run(command, output.extend)
    if exit_.code == _NO_PROGRAM:
        raise SourceError(
            f"the patch {patch.name} cannot be applied: there is no program `patch` in the image",
            code="source.patch",
            place=Place(file=str(patch.path)),
            remedy="add it to the image that --image names, or build in our own root, which has it",
        )
    if exit_.code != 0 or exit_.reason is not None:
        said = output.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(
            f"the patch {patch.name} does not apply:\n" + "\n".join(f"  {line}" for line in said[-_SHOWN_LINES:]),
            code="source.patch",
            place=Place(file=str(patch.path)),
            remedy="make the patch anew for this source; hunks may have moved, but all their lines must agree",
        )
