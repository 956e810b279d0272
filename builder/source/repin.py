"""Renews the pins of Debian packages in recipes and in the rootfs list: first as a list of edits, then in the files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from builder.errors import MachineError, Place, Problem, RecipeError
from builder.model.frozen import frozen
from builder.source.debian import Index, PoolFile, is_newer, is_of_an_older_release, pool_file, successors
from builder.source.pins import Pin, Scalar, lock_pins, pins, solve
from builder.store import atomic_write


@frozen
class PinEdit:
    """One text to replace in one line (``line`` counts from 1), and ``why`` in the user's words."""

    file: Path
    line: int
    old: str
    new: str
    why: str


async def repin(paths: Sequence[Path], index: Index) -> tuple[PinEdit, ...]:
    """Return the edits that bring every ``debian:`` pin below ``paths`` (recipes, folders of them) up to date.

    A binary package gets the version that its suite has now, unless it was made for an older release; an upstream
    tarball is renewed only when its file has left the archive, since the recipe's version must follow it. Nothing but
    addresses, their sha256 and the context values in them is touched. Raises `RecipeError` for pins that must be
    renewed and cannot be.
    """
    found = await asyncio.to_thread(_all_pins, paths)
    there = await successors(index, {pin.path for pin in found if pin.path is not None})
    edits: list[PinEdit] = []
    problems: list[Problem] = []
    for pin in found:
        now = there.get(pin.path or "")
        try:
            if await _is_stale(pin, now, index) and now is not None:
                edits.extend(_edits(pin, now))
        except RecipeError as error:
            problems.extend(error.problems)
    if problems:
        raise RecipeError.of(problems)
    return tuple(edit for edit in dict.fromkeys(edits) if edit.old != edit.new)


def apply(edits: Iterable[PinEdit]) -> tuple[Path, ...]:
    """Make the edits, each file at once and whole, and return the files; a file that changed since is an error."""
    files: dict[Path, list[PinEdit]] = {}
    for edit in edits:
        files.setdefault(edit.file, []).append(edit)
    texts = {file: _edited(file, own) for file, own in files.items()}
    for file, text in texts.items():
        atomic_write(file, text.encode("utf-8"), mode=file.stat().st_mode & 0o777)
    return tuple(texts)


def _all_pins(paths: Sequence[Path]) -> list[Pin]:
    found: list[Pin] = []
    for path in paths:
        for file in sorted(path.rglob("recipe.yaml")) if path.is_dir() else (path,):
            read = lock_pins if file.suffix == ".lock" else pins
            found.extend(read(file, _text(file)))
    return found


def _text(file: Path) -> str:
    """Return the file's text with the line ends that it has."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"{file} cannot be read: {error}", code="source.repin", place=Place(file=str(file))
        ) from error


async def _is_stale(pin: Pin, now: PoolFile | None, index: Index) -> bool:
    """Tell whether the pin must be renewed; a `RecipeError` when it must but ``now`` is nowhere, or it is a riddle."""
    old = None if pin.path is None else pool_file(pin.path)
    if pin.path is None:
        raise _error(pin, "the address holds more than names of the recipe's context", "write the path out")
    if old is not None and old.is_deb and is_of_an_older_release(old.version):
        return False  # it was chosen for its age, and that release stands still
    if now is not None and now.path == pin.path:
        if pin.sha256 is not None and pin.sha256.text != now.sha256:
            raise _error(pin, f"the archive has {pin.path} with sha256 {now.sha256}", "correct the recipe's sha256")
        return False
    if old is not None and old.is_deb and now is not None and is_newer(now.version, old.version):
        return True
    if not await index.is_gone(f"debian:{pin.path}"):
        return False  # it is from another suite, or some revision still uses it
    if old is not None and not old.is_deb and [address for address in pin.others if await _is_there(address, index)]:
        return False  # the recipe can still be built as it is
    if now is None:
        raise _error(pin, f"{pin.path} has left the archive, and nothing there takes its place", "name another source")
    return True


async def _is_there(address: str, index: Index) -> bool:
    try:
        return not await index.is_gone(address)
    except MachineError:  # who does not answer is no help to a build
        return False


def _edits(pin: Pin, now: PoolFile) -> Iterator[PinEdit]:
    old = pool_file(pin.path or "")
    why = f"{now.suite} has {now.package} {now.version}" + (f", not {old.version}" if old else "")
    if pin.file.suffix == ".lock":
        line = f"{now.package} {now.epoch}{now.version} {now.path} {now.sha256} {now.size}"
        yield _edit(pin, pin.address, line, why)
        return
    if pin.sha256 is None:
        raise _error(pin, "there is no sha256 beside the address", "write the new one: " + now.sha256)
    if not now.is_deb:
        why += "; the recipe's version must follow"
    values = solve(pin.template, now.path)
    if values is not None:
        changed = (
            (scalar, values[name]) for name, scalar in pin.context if values.get(name, scalar.text) != scalar.text
        )
        yield from (_edit(pin, scalar, value, why) for scalar, value in changed)
    elif "${{" in pin.address.text:
        raise _error(pin, f"no context values make this address {now.path}", "write the path out")
    else:
        yield _edit(pin, pin.address, now.path, why)
    yield _edit(pin, pin.sha256, now.sha256, why)


def _edit(pin: Pin, old: Scalar, new: str, why: str) -> PinEdit:
    return PinEdit(file=pin.file, line=old.line + 1, old=old.text, new=new, why=why)


def _edited(file: Path, edits: Sequence[PinEdit]) -> str:
    lines = _text(file).splitlines(keepends=True)
    for edit in edits:
        line = lines[edit.line - 1] if edit.line <= len(lines) else ""
        if edit.old not in line:
            raise RecipeError(
                f"{edit.old!r} is no longer in this line",
                code="source.repin",
                place=Place(file=str(file), line=edit.line),
                remedy="run the command again",
            )
        lines[edit.line - 1] = line.replace(edit.old, edit.new, 1)
    return "".join(lines)


def _error(pin: Pin, message: str, remedy: str) -> RecipeError:
    place = Place(file=str(pin.file), line=pin.address.line + 1, frame=pin.address.text)
    return RecipeError(message, code="source.repin", place=place, remedy=remedy)
