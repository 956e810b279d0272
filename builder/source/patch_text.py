"""Reads a patch so that two readers cannot read it in two ways: what is no header and no hunk is blanked out.

GNU patch looks for headers in everything: in indented lines, in the words of a commit, in scripts for ed. It gets the
text that is left here, in which only these are: git's headers, names before hunks, hunks. Names are cut off where it
cuts them off (`fetchname` and `parse_name` in its pch.c, 2.7), and the lines of hunks are counted as it counts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from builder.model.frozen import frozen
from builder.source.git.dotgit import is_dot_git

_HUNK = re.compile(r"@@ -\d{1,9}(?:,(?P<old>\d{1,9}))? \+\d{1,9}(?:,(?P<new>\d{1,9}))? @@")
_GIT = "diff --git "
_EXTENDED = re.compile(
    r"(?:index [0-9a-f]+\.\.[0-9a-f]+|similarity index|dissimilarity index|rename from|rename to|copy from|copy to"
    r"|old mode|new mode|deleted file mode|new file mode)(?: |$)"
)
_MODE = re.compile(r"(?:index \S+|old mode|new mode|deleted file mode|new file mode) (?P<mode>\S+)")
_PLAIN_MODE = re.compile(r"100[0-7]{3}\r?")
_NULL = "/dev/null"
_SPACES = " \t\v\f\r"
_QUOTED = re.compile(r'"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_SIGNS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXPECTED = {" ": (1, 1), "\t": (1, 1), "": (1, 1), "-": (1, 0), "+": (0, 1), "\\": (0, 0)}


class PatchTextError(Exception):
    """The patch is refused; ``line`` counts from 1. ``unsafe`` when it means harm, not only another format."""

    def __init__(self, line: int, why: str, *, unsafe: bool = True) -> None:
        """Say ``why`` so that it follows the patch's name."""
        super().__init__(why)
        self.line = line
        self.unsafe = unsafe


@frozen
class PatchText:
    """The ``text`` for patch(1), with as many lines as there were, and all ``files`` that it names, unstripped."""

    text: str
    files: tuple[str, ...]


def read_patch_text(text: str) -> PatchText:
    """Read a unified diff, plain or git's. Raises `PatchTextError` for one that is none, or does what it may not do."""
    reader = _Reader(text.split("\n"))
    kept = "\n".join(reader.kept())
    return PatchText(text=kept, files=tuple(dict.fromkeys(reader.files)))


class _Reader:
    """Goes through the lines of one patch; ``files`` are the names that it came by."""

    def __init__(self, lines: list[str]) -> None:
        self.files: list[str] = []
        self._lines = lines
        self._at = 0
        self._git = False
        self._named = False

    def kept(self) -> Iterator[str]:
        """Yield each line, or an empty one in its place."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            hunk = _HUNK.match(line)
            if hunk is not None:
                yield from self._hunk(hunk)
                continue
            following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
            if line.startswith("--- ") and following.startswith("+++ "):
                for one in (line, following):
                    self._name(_file_name(one[4:]))
                    self._at += 1
                    yield one
                self._git = False
                continue
            yield line if self._is_header(line) else ""
            self._at += 1

    def _is_header(self, line: str) -> bool:
        """Whether patch(1) shall see this line, which is outside of hunks."""
        if line.startswith(_GIT):
            self._git, self._named = True, False
            for name in _two_names(line.removeprefix(_GIT)):
                self._name(name)
            return True
        if line.startswith("Index:"):
            self._name(_file_name(line.removeprefix("Index:")))
            return True
        if line.startswith("@@ -"):
            raise self._problem("has a hunk whose first line cannot be read")
        if not self._git:
            return False
        if line.startswith("GIT binary patch"):
            raise self._problem("changes a binary file, which patch(1) cannot do", unsafe=False)
        if (mode := _MODE.match(line)) is not None and not _PLAIN_MODE.fullmatch(mode["mode"]):
            raise self._problem(f"makes something else than a regular file, of mode {mode['mode']!a}")
        return _EXTENDED.match(line) is not None

    def _hunk(self, header: re.Match[str]) -> Iterator[str]:
        """Yield a hunk; up to two empty lines may have been cut off at the end of the patch."""
        if not self._named:
            raise self._problem("has a hunk before the name of a file", unsafe=False)
        left = [int(header[side]) if header[side] is not None else 1 for side in ("old", "new")]
        yield header.string
        self._at += 1
        while max(left) > 0 and self._at < len(self._lines):
            line = self._lines[self._at]
            taken = _EXPECTED.get(line[:1])
            if taken is None and line[:1] != "\r":
                raise self._problem("has a line in a hunk that begins with no blank, - or +", unsafe=False)
            left = [have - take for have, take in zip(left, taken or (1, 1), strict=True)]
            if min(left) < 0:
                raise self._problem("has a hunk of other lines than its first line says", unsafe=False)
            yield line
            self._at += 1
        if self._at < len(self._lines) and self._lines[self._at].startswith("\\"):
            yield self._lines[self._at]
            self._at += 1

    def _name(self, name: str | None) -> None:
        if name is None or _CONTROL.search(name):
            raise self._problem("has a name that cannot be read")
        if name == _NULL or not name:
            return
        parts = name.split("/")
        if name.startswith("/") or ".." in parts:
            raise self._problem(f"names {name!r}")
        if any(is_dot_git(part) for part in parts):
            raise self._problem(f"names {name!r}, which is git's own")
        self._named = True
        self.files.append(name)

    def _problem(self, why: str, *, unsafe: bool = True) -> PatchTextError:
        return PatchTextError(self._at + 1, why, unsafe=unsafe)


def _file_name(text: str) -> str | None:
    """Return a header's path: in quotes, or up to the tab before a date, or up to the first blank."""
    text = text.lstrip(_SPACES)
    if text.startswith('"'):
        quoted = _QUOTED.match(text)
        return None if quoted is None else _unquoted(quoted[1])
    for at, sign in enumerate(text):
        if sign in _SPACES:
            blank = re.match(rf"[{_SPACES}]*", text[at:].partition("\t")[0])
            end = at + (blank.end() if blank else 0)
            if text[end : end + 1] == "\t" or "\t" not in text[end:]:
                return text[:at]
    return text


def _two_names(text: str) -> tuple[str | None, ...]:
    """Return the names after ``diff --git``; none when blanks in them hide where one ends, as for patch(1)."""
    names = []
    for _ in range(2):
        text = text.lstrip(_SPACES)
        if text.startswith('"'):
            quoted = _QUOTED.match(text)
            if quoted is None:
                return ()
            names.append(_unquoted(quoted[1]))
            text = text[quoted.end() :]
        else:
            name = re.match(rf"[^{_SPACES}]*", text)
            names.append(name[0] if name else "")
            text = text[len(names[-1]) :]
    return () if text.strip(_SPACES) or not all(names) else tuple(names)


def _unquoted(text: str) -> str:
    """Return what stands in git's quotes: octal bytes, C's escapes."""
    raw = _ESCAPE.sub(
        lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else _SIGNS.get(found[1], found[1]),
        text.encode("utf-8", "surrogateescape").decode("latin-1"),
    )
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")
