"""Compares two packages of one recipe member by member, and gives each difference a name; nothing is left out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conda_package_handling import api as cph
from ruamel.yaml import YAML

from tests.conformance.elf import without_build_id, without_last_slash, without_room
from tests.conformance.wheels import without_bytecode_and_digests, without_place

PLACEHOLDER_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """One difference: in which member, and what of it; for a document the place in it, for a file the cause."""

    member: str
    what: str

    def __str__(self) -> str:
        return f"{self.member}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """An extracted package; ``placeholder`` is the prefix that it was built in, which stands for that of its users."""

    root: Path
    placeholder: str

    def members(self) -> dict[str, Path]:
        return {
            path.relative_to(self.root).as_posix(): path
            for path in self.root.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }


def extracted(package: Path, into: Path, placeholder: str | None = None) -> Tree:
    """Extract a package; its placeholder is the one that paths.json names, or else ``placeholder``."""
    cph.extract(str(package), dest_dir=str(into))
    entries = json.loads((into / "info" / "paths.json").read_text(encoding="utf-8"))["paths"]
    named = {entry["prefix_placeholder"] for entry in entries if "prefix_placeholder" in entry}
    assert len(named) <= 1, named
    return Tree(root=into, placeholder=named.pop() if named else placeholder or "")


def differences(ours: Tree, theirs: Tree) -> Iterator[Difference]:
    """Yield all differences of two packages: of names, kinds, modes and contents of their members."""
    mine, other = ours.members(), theirs.members()
    yield from (Difference(member=name, what="only ours") for name in sorted(mine.keys() - other.keys()))
    yield from (Difference(member=name, what="only theirs") for name in sorted(other.keys() - mine.keys()))
    for name in sorted(mine.keys() & other.keys()):
        yield from (Difference(member=name, what=what) for what in _of_member(name, ours, theirs))


def _of_member(name: str, ours: Tree, theirs: Tree) -> Iterator[str]:
    mine, other = ours.root / name, theirs.root / name
    if mine.is_symlink() or other.is_symlink():
        if not (mine.is_symlink() and other.is_symlink()):
            yield "a link on one side only"
        elif mine.readlink() != other.readlink():
            yield f"leads to {mine.readlink()}, theirs to {other.readlink()}"
        return
    if mine.stat().st_mode != other.stat().st_mode:
        yield "mode"
    if mine.read_bytes() == other.read_bytes():
        return
    if name == "info/paths.json":
        yield from _of_paths(ours, theirs)
    elif name.startswith("info/") and name.endswith(".json"):
        yield from of_documents(_json(mine), _json(other))
    elif name.startswith("info/") and name.endswith(".yaml"):
        yield from of_documents(_yaml(mine), _yaml(other))
    else:
        yield from of_files(name, mine.read_bytes(), other.read_bytes(), (ours.placeholder, theirs.placeholder))


# -- documents ---------------------------------------------------------------------------------------------------------


def _json(file: Path) -> object:
    return json.loads(file.read_text(encoding="utf-8"))


def _yaml(file: Path) -> object:
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def of_documents(mine: object, other: object, place: str = "") -> Iterator[str]:
    """Yield the places at which two documents differ; for a list of values what is wrong with the list."""
    if isinstance(mine, Mapping) and isinstance(other, Mapping):
        for key in sorted({*mine, *other}):
            inner = f"{place}/{key}" if place else str(key)
            if key not in other:
                yield f"{inner} only ours"
            elif key not in mine:
                yield f"{inner} only theirs"
            else:
                yield from of_documents(mine[key], other[key], inner)
    elif isinstance(mine, list) and isinstance(other, list):
        yield from _of_lists(mine, other, place)
    elif mine != other or type(mine) is not type(other):
        yield place


def _of_lists(mine: Sequence[Any], other: Sequence[Any], place: str) -> Iterator[str]:
    if mine == other:
        return
    if (named := _by_name(mine)) and (other_named := _by_name(other)):
        yield from of_documents(named, other_named, place)
        if named.keys() == other_named.keys() and list(named) != list(other_named):
            yield f"{place} order"
        return
    texts = [sorted(json.dumps(one, sort_keys=True, default=str) for one in side) for side in (mine, other)]
    if texts[0] == texts[1]:
        yield f"{place} order"
    elif len(mine) == len(other):
        for number, (one, another) in enumerate(zip(mine, other, strict=True)):
            yield from of_documents(one, another, f"{place}/{number}")
    else:
        yield f"{place} length"


def _by_name(side: Sequence[Any]) -> dict[str, Any]:
    """Return the elements by name, if all have one and no two the same."""
    named = {one["name"]: one for one in side if isinstance(one, Mapping) and "name" in one}
    return named if len(named) == len(side) else {}


def _of_paths(ours: Tree, theirs: Tree) -> Iterator[str]:
    """Compare paths.json entry by entry; a digest or size that differs because the file does is told of the file alone."""
    sides = [json.loads((tree.root / "info" / "paths.json").read_text(encoding="utf-8")) for tree in (ours, theirs)]
    mine, other = ({entry["_path"]: entry for entry in side.pop("paths")} for side in sides)
    yield from of_documents(*sides)
    yield from (f"{path} only ours" for path in sorted(mine.keys() - other.keys()))
    yield from (f"{path} only theirs" for path in sorted(other.keys() - mine.keys()))
    for path in sorted(mine.keys() & other.keys()):
        entries, files = (mine[path], other[path]), (ours.root / path, theirs.root / path)
        for key in of_documents(*entries):
            if key not in {"sha256", "size_in_bytes"} or not all(map(_is_true, entries, files)):
                yield f"{path} ({mine[path]['path_type']}) {key}"


def _is_true(entry: Mapping[str, Any], file: Path) -> bool:
    """Whether an entry tells the digest and the size of a file that is no link."""
    content = b"" if file.is_symlink() else file.read_bytes()
    told = (entry["sha256"], entry["size_in_bytes"])
    return not file.is_symlink() and told == (hashlib.sha256(content).hexdigest(), len(content))


# -- files -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What can be taken out of files of some names to see whether the rest is the same."""

    cause: str
    names: str
    take_out: Callable[[bytes], bytes]


_STEPS = (
    Step(cause="run path with a slash at its end", names="*", take_out=without_last_slash),
    Step(cause="build ID", names="*", take_out=without_build_id),
    Step(cause="room of the build's run path", names="*", take_out=without_room),
    Step(cause="place of the module", names="*.pyc", take_out=without_place),
    Step(cause="list of files", names="*.dist-info/RECORD", take_out=without_bytecode_and_digests),
)


def of_files(name: str, mine: bytes, other: bytes, placeholders: tuple[str, str] = ("", "")) -> Iterator[str]:
    """Yield the causes of a difference; the last is "content" when there is one that no known cause explains."""
    if mine == other:
        return
    sides = [_unplaced(mine, placeholders[0]), _unplaced(other, placeholders[1])]
    if sides != [mine, other] and _distance(*sides) < _distance(mine, other):
        yield "placeholder"
    for step in _STEPS:
        if sides[0] == sides[1] or not fnmatchcase(name, step.names):
            continue
        taken = [step.take_out(side) for side in sides]
        if _distance(*taken) < _distance(*sides):
            yield step.cause
            sides = taken
    if sides[0] != sides[1]:
        yield "content"


def _unplaced(content: bytes, placeholder: str) -> bytes:
    """Return a file with another text of the same length in the placeholder's place."""
    if not placeholder:
        return content
    assert len(placeholder) == PLACEHOLDER_LENGTH, placeholder
    return re.sub(re.escape(placeholder.encode()), b"P" * PLACEHOLDER_LENGTH, content)


def _distance(one: bytes, other: bytes) -> int:
    return abs(len(one) - len(other)) + sum(a != b for a, b in zip(one, other, strict=False))
