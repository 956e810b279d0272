"""Changing the run path of an ELF file: planned as data first, in place where that is safe, by patchelf elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from builder.binary.elf import DT_RPATH, DT_RUNPATH, TEXT_TAGS, Elf, MalformedElf, read_elf
from builder.binary.facts import mapped, read_facts
from builder.binary.patchelf import set_run_path
from builder.binary.symbols import symbol_count, symbols
from builder.binary.versions import defined_names, needed_names
from builder.errors import WorkError
from builder.model.binary import BinaryFacts
from builder.model.frozen import frozen


@frozen
class RunPathEdit:
    """One planned change of a run path; ``old`` and ``new`` are whole paths, their parts joined by colons.

    ``in-place`` overwrites ``room`` bytes at ``offset`` of the file, ``patchelf`` lets that tool move what must move.
    ``tag`` is the tag that holds the path afterwards: the one that is there, and ``rpath`` where there is none, for
    conda's compilers link with ``--disable-new-dtags`` so that ``LD_LIBRARY_PATH`` cannot come before the environment's
    own libraries. (rattler-build turns every tag into that one; we change nothing that works.)
    """

    how: Literal["in-place", "patchelf"]
    old: str
    new: str
    tag: Literal["rpath", "runpath"]
    offset: int = 0
    room: int = 0


def run_path_edit(path: Path, wanted: tuple[str, ...]) -> RunPathEdit | None:
    """Plan to give the ELF file at ``path`` exactly the run path ``wanted``; None when it has it already.

    Raises `WorkError` when the file is no ELF file with a dynamic section.
    """
    new = ":".join(wanted)
    with mapped(path) as data:
        try:
            elf = read_elf(data)
            if elf is None or not elf.dynamic:
                raise WorkError(f"{path} has no dynamic section, so it can have no run path", code="binary.run-path")
            return _plan(elf, new)
        except MalformedElf as error:
            raise WorkError(f"{path} is malformed: {error}", code="binary.run-path") from error


def _plan(elf: Elf, new: str) -> RunPathEdit | None:
    tags = [tag for tag in (DT_RPATH, DT_RUNPATH) if elf.values(tag)]
    if not tags:
        return RunPathEdit(how="patchelf", old="", new=new, tag="rpath") if new else None
    index = elf.values(tags[-1])[-1]
    name: Literal["rpath", "runpath"] = "runpath" if tags[-1] == DT_RUNPATH else "rpath"
    raw = elf.raw_text(index)
    old = elf.text(index)
    if old == new and len(tags) == 1:
        return None
    alone = len(tags) == 1 and len(elf.values(tags[0])) == 1
    # An empty path would be searched as the working folder by some loaders; patchelf removes the tag instead.
    if new and alone and len(new.encode()) <= len(raw) and not _shared(elf, index, len(raw)):
        return RunPathEdit(how="in-place", old=old, new=new, tag=name, offset=elf.strings[0] + index, room=len(raw))
    return RunPathEdit(how="patchelf", old=old, new=new, tag=name)


def _shared(elf: Elf, index: int, length: int) -> bool:
    """Whether any other string uses bytes of the one at ``index``: linkers merge one into the tail of a longer one.

    Unknown counts as shared: without a hash table nothing tells how many symbols there are.
    """
    start = elf.strings[0]
    if index and elf.data[start + index - 1 : start + index] != b"\0":
        return True
    if symbol_count(elf) is None:
        return True
    return any(index <= other <= index + length for other in _other_strings(elf))


def _other_strings(elf: Elf) -> Iterator[int]:
    yield from (value for tag, value in elf.dynamic if tag in TEXT_TAGS - {DT_RPATH, DT_RUNPATH})
    yield from needed_names(elf)
    yield from defined_names(elf)
    yield from (name for name, _ in symbols(elf))


def patch_run_path(path: Path, edit: RunPathEdit, before: BinaryFacts) -> BinaryFacts:
    """Carry out ``edit`` on the file at ``path``, which must be writable and nobody else's; return its new facts.

    ``before`` are its facts so far. Everything is read again afterwards: raises `WorkError` when anything but the run
    path changed, or the run path is not the one that was planned.
    """
    if edit.how == "in-place":
        with path.open("r+b") as file:
            file.seek(edit.offset)
            file.write(edit.new.encode().ljust(edit.room, b"\0"))
    else:
        set_run_path(path, edit.new, tag=edit.tag)
    after = read_facts(path)
    wanted = tuple(part for part in edit.new.split(":") if part)
    expected = replace(before, runpath=wanted, runpath_kind=edit.tag if wanted else None)
    if after is None or after != expected:
        raise WorkError(
            f"{path} is not what it was after its run path became {edit.new!r}",
            code="binary.run-path",
            remedy="exclude the file with build.dynamic_linking.binary_relocation and report what it is",
        )
    return after
