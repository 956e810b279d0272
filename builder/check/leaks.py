"""Whether a path of the build got into the package: the work folder, the build prefix, an unrecorded placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.binary import mapped
from builder.check.compressed import unpacked
from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import Relocated, RelocatedEntry
from builder.model.recipe import GlobList, Json, Output

_CHUNK = 1 << 22
_AFTER = re.compile(rb"[A-Za-z0-9_-]")
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needle:
    text: str
    what: str
    is_placeholder: bool = False

    @property
    def spellings(self) -> tuple[bytes, bytes]:
        return self.text.encode(), self.text.encode("utf-16-le")


def check_leaks(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each file, symlink and licence that holds a path of the build.

    It is an error; a warning where the recipe allows it (``extra.bakehouse.leak_allowlist``, globs), where it asked not
    to record the placeholder (``build.prefix_detection``), in bytecode, and inside compressed files.
    """
    allowlist = _allowlist(context.output)
    allowed = Globs(allowlist) if allowlist else None
    leaks = [_Needle(text=leak.text, what=leak.what) for leak in context.leaks]
    placeholder = _Needle(text=relocated.placeholder, what="the host prefix", is_placeholder=True)
    for entry in relocated.entries:
        recorded = entry.prefix_mode is not None or not relocated.placeholder
        needles = leaks if recorded else [*leaks, placeholder]
        for needle, where, shown in _leaks_in(entry, needles):
            tolerated = where is not None or (allowed is not None and allowed.matches(entry.entry.path))
            if needle.is_placeholder:
                tolerated = tolerated or _is_asked_for(entry.entry.path, context.output)
            yield _finding(entry.entry.path, needle, where, shown, tolerated=tolerated)
    for license_file in relocated.licenses:
        for needle, _, shown in _leaks_of_file(license_file.content, leaks):
            yield _finding(f"info/licenses/{license_file.name}", needle, None, shown, tolerated=False)


def _leaks_in(entry: RelocatedEntry, needles: list[_Needle]) -> Iterator[tuple[_Needle, str | None, str]]:
    texts = (entry.entry.path, entry.entry.target or "")
    for needle in needles:
        if any(needle.text in text for text in texts):
            yield needle, None, next(text for text in texts if needle.text in text)
    if entry.entry.content is not None:
        yield from _leaks_of_file(entry.entry.content, needles)


def _leaks_of_file(path: Path, needles: Iterable[_Needle]) -> Iterator[tuple[_Needle, str | None, str]]:
    """Yield (leak, how the file is compressed or None, what stands around it) at most once for each leak."""
    with mapped(path) as data:
        left = list(needles)
        for start in range(0, len(data), _CHUNK):
            if not left:
                return
            found = list(_in_window(data[start : start + _CHUNK + _overlap(left)], left))
            yield from ((needle, None, shown) for needle, shown in found)
            left = [needle for needle in left if needle not in {hit for hit, _ in found}]
        how = unpacked(data)
        if how is not None and left:
            yield from ((needle, how.name, shown) for needle, shown in _in_window(how.data, left))


def _overlap(needles: Iterable[_Needle]) -> int:
    return max((len(spelling) + 1 for needle in needles for spelling in needle.spellings), default=0)


def _in_window(window: bytes, needles: Iterable[_Needle]) -> Iterator[tuple[_Needle, str]]:
    for needle in needles:
        for spelling in needle.spellings:
            at = _find(window, spelling)
            if at >= 0:
                yield needle, _around(window, at)
                break


def _find(window: bytes, spelling: bytes) -> int:
    """Return where ``spelling`` stands as a whole path, -1 when it does not: ``/w/work`` is not in ``/w/workshop``."""
    at = window.find(spelling)
    while at >= 0 and _AFTER.match(window, at + len(spelling)):
        at = window.find(spelling, at + 1)
    return at


def _around(window: bytes, at: int) -> str:
    line = re.split(rb"[\0\n]", window[at : at + _SHOWN], maxsplit=1)[0]
    return "".join(sign if sign.isprintable() else "." for sign in line.decode("utf-8", "replace"))


def _is_asked_for(path: str, output: Output) -> bool:
    detection = output.build.prefix_detection
    asked = any(
        which if isinstance(which, bool) else Globs(which).matches(path)
        for which in (detection.ignore, detection.ignore_binary_files)
    )
    return asked or PurePosixPath(path).suffix in {".pyc", ".pyo"}


def _allowlist(output: Output) -> GlobList:
    ours = dict(output.extra).get("bakehouse", ())
    patterns = _member(ours, "leak_allowlist")
    named = patterns if isinstance(patterns, tuple) else (patterns,)
    return GlobList(include=tuple(pattern for pattern in named if isinstance(pattern, str)))


def _member(value: Json, key: str) -> Json:
    if isinstance(value, tuple):
        for pair in value:
            if isinstance(pair, tuple) and len(pair) == 2 and pair[0] == key:
                return pair[1]
    return None


def _finding(path: str, needle: _Needle, how: str | None, shown: str, *, tolerated: bool) -> Finding:
    inside = f", compressed by {how}," if how is not None else ""
    recorded = " where no installer replaces it" if needle.is_placeholder else ""
    return Finding(
        check="leaks",
        severity=Severity.WARNING if tolerated else Severity.ERROR,
        path=path,
        message=f"{needle.what} stands in it{inside}{recorded}: {shown}",
        remedy="keep it out with -ffile-prefix-map=$SRC_DIR=. or by rewriting the file at the end of the script; globs "
        "in extra.bakehouse.leak_allowlist make it a warning",
    )
