"""The record of a linked package in ``conda-meta`` (CEP 32) without what does not follow from the package alone."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from builder.model.frozen import frozen

_KEPT = frozenset({
    "name", "version", "build", "build_number", "subdir", "noarch", "depends", "constrains", "sha256", "md5", "size",
    "timestamp", "license", "license_family", "track_features", "python_site_packages_path", "files", "paths_data",
    "fn", "url", "channel",
})  # fmt: skip
_OURS = {"requested_specs": [], "link": {"source": "", "type": 1}}

CLOBBERS = "__clobbers__"
"""Where rattler lays files aside that another package's file won over, by the loser's name."""
HOLE = "\0"
"""Stands in the text of a record for an entry that linking makes; there is none in JSON."""
_MEMBER = '\n  "'
"""Where rattler begins a member of a record, and nothing within one: it indents by two blanks a level."""

_FILES, _DATA = f'{_MEMBER}files": [', f'{_MEMBER}paths_data": {{'
_PATHS_END = "\n    ]"
_BEGIN, _END = "\n      {", "\n      }"
_LINK = f'{_MEMBER}link": {{'
_ENTRY = '\n      {\n        "_path": "'
"""What each entry of a file begins with, before its path."""
_PLAIN = re.compile(
    rf'{_ENTRY}([^"\\\n]+)",\n        "path_type": "hardlink",'
    r'\n        "sha256": ".{64}",\n        "size_in_bytes": \d+\n      }'
)
"""The whole entry of a plain file: a path without escapes, the kind `hardlink`, a digest and a size."""


class UnlikeError(Exception):
    """A record does not speak of the files that it should."""


@frozen
class PrefixRecord:
    """What a record says of a package ``name``: its ``paths``, sorted, and ``lost``, which another package's file won.

    ``special`` are those of the paths that may be something else than a file as it is in the package. With ``placed``
    all others are just that, in folders that whoever linked them left as they are to be.
    """

    name: str
    paths: tuple[str, ...]
    lost: tuple[str, ...]
    special: frozenset[str]
    placed: bool = False

    def has(self, path: str) -> bool:
        """Whether a path is one of the package's."""
        at = bisect_left(self.paths, path)
        return at < len(self.paths) and self.paths[at] == path


def rewritten(path: Path) -> PrefixRecord:
    """Write the record at ``path`` anew, without places and requests, and return what it says.

    A record as rattler writes nearly all of them is taken apart as text, for there are tens of thousands of paths.
    """
    with path.open("r+b", buffering=0) as file:
        text = file.read().decode("utf-8")
        record, clean = _taken_apart(text) or _read(text)
        file.seek(0)
        file.write(clean.encode("utf-8"))
        file.truncate()
    return record


def plain_paths(entries: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return the members of a record that tell its files: the entry of each path, or a `HOLE` where it is None.

    Paths that have an entry must be their own text in JSON.
    """
    paths = sorted(entries)
    files = ",".join(
        f"\n    {json.dumps(path, ensure_ascii=False)}" if entries[path] is None else f'\n    "{path}"'
        for path in paths
    )
    return (
        f'{_FILES}{files}\n  ],{_DATA}\n    "paths_version": 1,\n    "paths": ['
        + ",".join(HOLE if (entry := entries[path]) is None else _entry(path, entry) for path in paths)
        + f"{_PATHS_END}\n  }}"
    )


def _entry(path: str, entry: Mapping[str, Any]) -> str:
    """Return the text of a plain file's entry, as rattler writes it."""
    return (
        f'{_ENTRY}{path}",\n        "path_type": "hardlink",'
        f'\n        "sha256": "{entry["sha256"]}",\n        "size_in_bytes": {entry["size_in_bytes"]}{_END}'
    )


def woven(path: Path, special: Sequence[str], files: str) -> PrefixRecord:
    """Write the record at ``path``, of a package's ``special`` files alone, anew as that of all; return what it says.

    ``files`` are those members of the record that `plain_paths` returned, with a hole for each of the special ones, in
    their order.

    Raises:
        UnlikeError: the record speaks of other files.
    """
    head, *members = path.read_text(encoding="utf-8").removesuffix("\n}").split(_MEMBER)
    by_name = {member.partition('": ')[0]: member.rstrip(",") for member in members}
    found = _entries(by_name.pop("paths_data", ""))
    if head != "{" or not {"name", "files"} <= set(by_name) or sorted(found) != sorted(special):
        raise UnlikeError(path.name)
    name = json.loads(by_name["name"].partition(": ")[2])
    pieces = files.removeprefix(_MEMBER).split(HOLE)
    by_name["files"] = "".join(chain(*zip(pieces, (*(found[one] for one in special), ""), strict=True)))
    path.write_text(_joined(member for key, member in by_name.items() if key in _KEPT), encoding="utf-8")
    listed = json.loads(files[len(_FILES) - 1 : files.index(_DATA)].rstrip(","))
    return PrefixRecord(name=name, paths=tuple(listed), lost=(), special=frozenset(special), placed=True)


def _entries(member: str) -> dict[str, str]:
    """Return the text of each entry of ``paths_data``, by its path."""
    texts = (f"{_BEGIN}{piece.rpartition(_END)[0]}{_END}" for piece in member.split(_BEGIN)[1:])
    try:
        return {str(json.loads(text)["_path"]): text for text in texts}
    except (ValueError, KeyError) as error:
        raise UnlikeError(member[:100]) from error


def _taken_apart(text: str) -> tuple[PrefixRecord, str] | None:
    """Return what a record says and its new text; None where the text is not quite as expected.

    Only the small members are looked at one by one: the files and what is known of them are nearly all of it.
    """
    files_at = text.find(_FILES)
    data_at = text.find(_DATA, files_at)
    end = text.find(_MEMBER, text.rfind(_PATHS_END, data_at))
    if not 0 < files_at < data_at < end or not text.startswith(_LINK, end):
        return None
    listed = text[files_at:data_at]
    files: list[str] = json.loads(listed[len(_FILES) - 1 :].rstrip(","))
    special = _special(files, text, data_at, end)
    start, *head = text[:files_at].split(_MEMBER)
    tail = text[end:].removesuffix("\n}").split(_MEMBER)[1:]
    name = next((member.partition(": ")[2] for member in head if member.startswith('name"')), None)
    if special is None or name is None or start != "{" or CLOBBERS in listed or files != sorted(files):
        return None
    record = PrefixRecord(name=json.loads(name.rstrip(",")), paths=tuple(files), lost=(), special=special)
    known = text[files_at + len(_MEMBER) : end].rstrip(",")
    kept = [*_kept(head), known, *_kept(tail)]
    return record, _joined(kept)


def _special(files: Sequence[str], text: str, start: int, end: int) -> frozenset[str] | None:
    """Return those of ``files`` whose entries in a part of the text are not those of plain files.

    None where the entries are those of others. rattler writes both from one list, so their order is one.
    """
    plain = _PLAIN.findall(text, start, end)
    special = frozenset(files).difference(plain)
    if len(plain) + len(special) != len(files) or text.count(_ENTRY, start, end) != len(files):
        return None
    found = all(text.find(f'{_ENTRY}{path}"', start, end) >= 0 for path in special)
    return special if found else None


def _joined(members: Iterable[str]) -> str:
    """Return the text of a record with these members, and those that are the same in each of ours."""
    return f"{{{_MEMBER}{f',{_MEMBER}'.join(members)},{_text(_OURS).removeprefix('{')}"


def _kept(members: Iterable[str]) -> Iterator[str]:
    return (member.rstrip(",") for member in members if member.partition('": ')[0] in _KEPT)


def _read(text: str) -> tuple[PrefixRecord, str]:
    """Do the same by reading all of it; rattler lays losers' files aside, below ``__clobbers__/NAME``."""
    found = json.loads(text)
    name = str(found["name"])
    aside = f"{CLOBBERS}/{name}/"
    entries = found["paths_data"]["paths"]
    lost = tuple(_path(entry).removeprefix(aside) for entry in entries if _path(entry).startswith(aside))
    entries = sorted((entry for entry in entries if not _path(entry).startswith(aside)), key=_path)
    paths = tuple(map(_path, entries))
    found["paths_data"]["paths"] = entries
    found["files"] = list(paths)
    clean = {key: value for key, value in found.items() if key in _KEPT} | _OURS
    record = PrefixRecord(name=name, paths=paths, lost=lost, special=frozenset(paths))
    return record, _text(clean)


def _text(value: Mapping[str, object]) -> str:
    """Return a record's text as rattler would write it."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _path(entry: Mapping[str, object]) -> str:
    return str(entry["_path"])
