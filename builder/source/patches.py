"""Applies a recipe's patches, strictly and in a sandbox session; a patch never reaches beyond the work folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builder.errors import Place, SourceError
from builder.model.frozen import frozen
from builder.sandbox import Command, Session

_HUNK = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")
_NAMES = ("--- ", "+++ ", "Index: ", "rename from ", "rename to ", "copy from ", "copy to ")
_STRICT = ("--batch", "--forward", "--unified", "--binary", "--fuzz=0", "--no-backup-if-mismatch", "--reject-file=-")
_SHOWN_LINES = 40


@frozen
class Patch:
    """A patch file: ``name`` as the recipe gives it, ``files`` the paths in its headers, unstripped."""

    name: str
    path: Path
    files: tuple[str, ...]


def read_patch(name: str, path: Path) -> Patch:
    """Read a patch's headers; a `SourceError` for one that is absent, no unified diff, or names paths outside."""
    place = Place(file=str(path))
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise SourceError(f"the patch {name} cannot be read", code="source.patch", place=place) from error
    files = []
    for header, value in _headers(text):
        if header == "mode" and value == "120000":
            raise SourceError(f"the patch {name} makes a symlink", code="source.patch-unsafe", place=place)
        if header == "mode" or value == "/dev/null":
            continue
        if value.startswith("/") or ".." in value.split("/"):
            raise SourceError(f"the patch {name} names {value!r}", code="source.patch-unsafe", place=place)
        files.append(value)
    if not files:
        raise SourceError(f"the patch {name} is no unified diff", code="source.patch", place=place)
    return Patch(name=name, path=path, files=tuple(dict.fromkeys(files)))


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """Yield the file names (and git's file modes) of a diff; lines of hunks are counted off, whatever they say."""
    old = new = 0
    for line in text.split("\n"):
        if old > 0 or new > 0:
            old -= line[:1] in {" ", "-", "", "\r"}
            new -= line[:1] in {" ", "+", "", "\r"}
        elif hunk := _HUNK.match(line):
            old, new = (int(hunk[side]) if hunk[side] is not None else 1 for side in ("old", "new"))
        elif line.startswith(("new file mode ", "new mode ")):
            yield "mode", line.split()[-1]
        else:
            for start in _NAMES:
                if line.startswith(start):
                    yield "name", _file_name(line.removeprefix(start))


def _file_name(text: str) -> str:
    """Return a header's path: up to the tab before a date, and out of git's quotes."""
    name = text.partition("\t")[0].rstrip("\r ")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = (
            name[1:-1]
            .encode("latin-1", "replace")
            .decode("unicode_escape")
            .encode("latin-1")
            .decode("utf-8", "replace")
        )
    return name


def strip_level(patch: Patch, folder: Path) -> int:
    """Guess how many leading folders to strip from the patch's paths: the fewest that make them files in ``folder``.

    All paths should be there, else any (a patch makes and removes files too); 1, as git writes them, when none is.
    """
    paths = [PurePosixPath(file) for file in patch.files]
    levels = range(max(len(path.parts) for path in paths))
    for enough in (all, any):
        for level in levels:
            if enough(_is_file(folder, path.parts[level:]) for path in paths):
                return level
    return 1


def _is_file(folder: Path, parts: tuple[str, ...]) -> bool:
    return bool(parts) and folder.joinpath(*parts).is_file()


async def apply_patch(session: Session, patch: Patch, *, inside: PurePosixPath, cwd: PurePosixPath, strip: int) -> None:
    """Apply ``patch``, which the session sees at ``inside``, to the tree at ``cwd``.

    Line offsets are accepted, fuzz is not. Raises `SourceError` with what patch(1) says about each hunk.
    """
    output = bytearray()
    command = Command(argv=("patch", *_STRICT, f"--strip={strip}", f"--input={inside}"), cwd=cwd)
    exit_ = await session.run(command, output.extend)
    if exit_.code != 0 or exit_.reason is not None:
        said = output.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(
            f"the patch {patch.name} does not apply:\n" + "\n".join(f"  {line}" for line in said[-_SHOWN_LINES:]),
            code="source.patch",
            place=Place(file=str(patch.path)),
            remedy="make the patch anew for this source; hunks may have moved, but all their lines must agree",
        )
