"""What a package says of its payload, ``info/paths.json`` (CEP 34) or the older ``info/files``, and whether it is so.

A reader that goes by the archive and one that goes by the list must see the same files, or each would be shown another
package. So every member is listed once, as what it is, and all that is listed is there, with the size and digest that
the list says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from builder.archive.document import Json, parsed_object
from builder.archive.files import wrong_digest
from builder.archive.member import DIRECTORY, FILE, HARDLINK, SYMLINK, MalformedError, Member, MemberKind, TooMuchError
from builder.archive.policy import Gate, UnpackLimits

PATHS, FILES, HAS_PREFIX, NO_LINK = "paths.json", "files", "has_prefix", "no_link"

_UNTIDY = frozenset({"", ".", ".."})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLACE = re.compile(r"(?:/|[A-Za-z]:[/\\])[^\x00-\x1f\x7f]{7,1023}")
_TYPES: Mapping[object, tuple[MemberKind, ...]] = {
    "hardlink": (FILE, HARDLINK),
    "softlink": (SYMLINK,),
    "directory": (DIRECTORY,),
    None: tuple(MemberKind),
}
_LINE = re.compile(r'("[^"]*"|[^ ]+) (text|binary) ("[^"]*"|.+)')
_UNLISTED_FOLDER: Json = {}
_SCRIPTS = "python-scripts/"
_MOST = 250_000  # a second's work; the largest packages have a tenth of that
_NO_OTHER = "has a digest in paths.json, and the file that it is another name of has none"
_MODES = frozenset({"text", "binary"})
_OLD_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
"""What a line of ``has_prefix`` without a placeholder means (conda-build)."""


def listing(info: Mapping[str, bytes], *, noarch_python: bool) -> tuple[Json, ...]:
    """Return the entries of paths.json, or those that the lists of old packages come to; ``info`` are the info files.

    Raises:
        MalformedError: no list, a path or a placeholder that cannot be, a path twice, lists that do not agree.
    """
    if PATHS not in info:
        if FILES not in info:
            raise MalformedError(f"it has no info/{PATHS}")
        entries = tuple(_of_old_lists(info))
    else:
        entries = _entries(parsed_object(f"info/{PATHS}", info[PATHS]))
    if not _are_right(entries):
        _refuse_wrong(entries, PATHS if PATHS in info else FILES)
    for placeholder in {entry.get("prefix_placeholder") for entry in entries} - {None}:
        if not _PLACE.fullmatch(str(placeholder)):
            shown = repr(placeholder)[:100]
            raise MalformedError(f"info/{PATHS} has the placeholder {shown}, which is no path to replace")
    if noarch_python:
        _check_places({entry["_path"] for entry in entries})
    elif PATHS in info:  # packages for every Python have other names in the old lists (conda-build)
        _check_old_lists(info, entries)
    return entries


def check_declared(entries: tuple[Json, ...], archive_size: int, limits: UnpackLimits) -> None:
    """Raise `MalformedError` when the list alone says that the package expands too much; equal contents count once."""
    sizes = {entry.get("sha256") or entry["_path"]: int(entry.get("size_in_bytes") or 0) for entry in entries}
    check_ratio(sum(sizes.values()), archive_size, limits)


def check_ratio(size: int, archive_size: int, limits: UnpackLimits) -> None:
    """Raise `MalformedError` when ``size`` bytes cannot come from an archive of ``archive_size`` in good faith."""
    if size > limits.ratio_from and size > limits.ratio * archive_size:
        raise TooMuchError(
            f"it says that it holds {size:,} bytes, more than {limits.ratio} times its own {archive_size:,}", "ratio"
        )
    if size > limits.size:
        message = f"it says that it holds {size:,} bytes, more than the {limits.size:,} that are allowed"
        raise TooMuchError(message, "size")


class Seen:
    """Compares the members of a payload, as they go past, with what is said of them."""

    def __init__(self, gate: Gate, entries: tuple[Json, ...]) -> None:
        """Compare with ``entries`` what ``gate`` admits."""
        self.gate = gate
        self._listed = {str(entry["_path"]): entry for entry in entries}
        self._digests: dict[str, str | None] = {}

    def expected(self, path: str, member: Member) -> str | None:
        """Return the digest that the file at ``path`` must have, whose size is right; None where none is said of it."""
        if _is_info(path):
            return None
        entry = self._entry(path, member)
        said = entry.get("size_in_bytes")
        if said is not None and said != member.size:
            raise MalformedError(f"{path[:200]!r} has {member.size:,} bytes, and paths.json says {said:,}")
        digest: str | None = entry.get("sha256")
        self._digests[path] = digest
        return digest

    def passed(self, member: Member) -> None:
        """Compare what has no content of its own, after the gate has admitted it."""
        if member.kind is FILE:
            return
        path = member.path.removeprefix("./").removesuffix("/")
        if _is_info(path):
            return
        digest = self._entry(path, member).get("sha256")
        if member.kind is HARDLINK:
            original = self._digests.get(self.gate.original(member))
            if digest is not None and digest != original:
                raise MalformedError(wrong_digest(path) if original else f"{path[:200]!r} {_NO_OTHER}")
            self._digests[path] = original

    def finish(self) -> None:
        """Raise `MalformedError` unless all that is listed went past."""
        self.gate.finish()
        if self._listed:
            raise MalformedError(f"paths.json lists {min(self._listed)[:200]!r}, which is not there")

    def _entry(self, path: str, member: Member) -> Json:
        """Return what is said of a member; folders need not be listed."""
        entry = self._listed.pop(path, None)
        if entry is None and member.kind is DIRECTORY:
            return _UNLISTED_FOLDER
        if entry is None:
            raise MalformedError(f"{path[:200]!r} is not listed in paths.json")
        if member.kind not in _TYPES[entry.get("path_type")]:
            raise MalformedError(f"{path[:200]!r} is a {member.kind}, and paths.json says {entry['path_type']}")
        return entry


def _is_info(path: str) -> bool:
    return path == "info" or path.startswith("info/")


def _entries(document: Json) -> tuple[Json, ...]:
    if document.get("paths_version", 1) != 1:
        raise MalformedError(f"info/{PATHS} is of the version {document['paths_version']!r:.40}, which nobody knows")
    entries = document.get("paths")
    if not isinstance(entries, list) or not all(type(e) is dict and type(e.get("_path")) is str for e in entries):
        raise MalformedError(f"info/{PATHS} lists no paths")
    if len(entries) > _MOST:
        raise MalformedError(f"info/{PATHS} lists more than {_MOST:,} paths")
    return tuple(entries)


def _are_right(entries: tuple[Json, ...]) -> bool:
    """Whether nothing is wrong with any entry, as far as this can be told of all together, in half the time."""
    paths = [entry["_path"] for entry in entries]
    text = "/|/".join(["", *paths, ""])  # a slash before and behind each: what is untidy shows as two, or as a dot
    tidy = "//" not in text and "/." not in text and "|/info" not in text.lower() and text.isprintable()
    if not tidy or len(set(paths)) < len(paths):
        return False
    kinds = [entry.get("path_type") for entry in entries]
    digests = [digest for entry in entries if (digest := entry.get("sha256")) is not None]
    sizes = [size for entry in entries if (size := entry.get("size_in_bytes")) is not None]
    typed = {*map(type, kinds)} <= {str, type(None)} and {*map(type, digests)} <= {str} and {*map(type, sizes)} <= {int}
    return (
        typed
        and set(kinds) <= _TYPES.keys()
        and {*map(len, digests)} <= {64}
        and not "".join(digests).encode("utf-8", "replace").translate(None, b"0123456789abcdef")
        and min(sizes, default=0) >= 0
        and not any(
            _prefix_trouble(entry) for entry in entries if "file_mode" in entry or "prefix_placeholder" in entry
        )
    )


def _refuse_wrong(entries: tuple[Json, ...], file: str) -> None:
    """Raise `MalformedError` for the first entry of ``file`` that is wrong, if one is."""
    seen = set[str]()
    for entry in entries:
        if trouble := _trouble(entry, seen):
            raise MalformedError(f"info/{file} {trouble}")


def _trouble(entry: Json, seen: set[str]) -> str | None:
    """Return what is wrong with one entry, whose path joins ``seen``."""
    path, kind = entry["_path"], entry.get("path_type")
    digest, size = entry.get("sha256"), entry.get("size_in_bytes")
    if _is_untidy(path):
        return f"lists {path[:200]!r}"
    if path in seen:
        return f"lists {path[:200]!r} twice"
    seen.add(path)
    if (kind is not None and type(kind) is not str) or kind not in _TYPES:
        return f"says that {path[:200]!r} is a {kind!r:.40}"
    if digest is not None and (type(digest) is not str or not _SHA256.fullmatch(digest)):
        return f"has no sha256 of {path[:200]!r}"
    if size is not None and (type(size) is not int or size < 0):
        return f"has no size of {path[:200]!r}"
    return _prefix_trouble(entry)


def _is_untidy(path: str) -> bool:
    parts = path.split("/")
    return (
        not _UNTIDY.isdisjoint(parts)
        or parts[0].lower() == "info"
        or (not path.isprintable() and _CONTROL.search(path) is not None)
    )


def _prefix_trouble(entry: Json) -> str | None:
    mode, placeholder = entry.get("file_mode"), entry.get("prefix_placeholder")
    if mode is None and placeholder is None:
        return None
    if type(placeholder) is not str or type(mode) is not str or mode not in _MODES:
        return f"does not say how to replace the prefix in {entry['_path'][:200]!r}"
    return None


def _check_places(paths: set[str]) -> None:
    """Raise `MalformedError` where two files of a package for every Python come to one place (CEP 20)."""
    for path in paths:
        if path.startswith(_SCRIPTS) and (place := f"bin/{path.removeprefix(_SCRIPTS)}") in paths:
            raise MalformedError(f"info/{PATHS} lists {path[:200]!r} and {place[:200]!r}, which become one file")


def _of_old_lists(info: Mapping[str, bytes]) -> Iterator[Json]:
    """Yield entries as paths.json has them for what packages from before it say (conda-build 2)."""
    prefixes = {path: (placeholder, mode) for placeholder, mode, path in _has_prefix(info.get(HAS_PREFIX, b""))}
    no_link = frozenset(_lines(info.get(NO_LINK, b"")))
    for path in _lines(info[FILES]):
        entry: Json = {"_path": path}
        if path in prefixes:
            entry["prefix_placeholder"], entry["file_mode"] = prefixes[path]
        if path in no_link:
            entry["no_link"] = True
        yield entry


def _check_old_lists(info: Mapping[str, bytes], entries: tuple[Json, ...]) -> None:
    """Raise `MalformedError` where the lists that old installers go by say another thing than paths.json."""
    if FILES in info:
        folders = {entry["_path"] for entry in entries if entry.get("path_type") == "directory"}
        listed = {entry["_path"] for entry in entries} - folders
        if other := listed ^ (set(_lines(info[FILES])) - folders):
            raise MalformedError(f"info/{FILES} and info/{PATHS} do not agree on {min(other)[:200]!r}")
    if HAS_PREFIX in info:
        said = {path for _, _, path in _has_prefix(info[HAS_PREFIX])}
        known = {entry["_path"] for entry in entries if entry.get("prefix_placeholder") is not None}
        if other := said ^ known:
            raise MalformedError(f"info/{HAS_PREFIX} and info/{PATHS} do not agree on {min(other)[:200]!r}")


def _lines(data: bytes) -> list[str]:
    try:
        return [line for line in data.decode("utf-8").replace("\r\n", "\n").split("\n") if line]
    except UnicodeDecodeError as error:
        raise MalformedError(f"a list of its files is no UTF-8: {error}") from error


def _has_prefix(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield (placeholder, mode, path) of each line; what has blanks in it stands in double quotes."""
    for line in _lines(data):
        found = _LINE.fullmatch(line)
        placeholder, mode, path = found.groups() if found else (_OLD_PLACEHOLDER, "text", line)
        yield placeholder.strip('"'), mode, path.strip('"')
