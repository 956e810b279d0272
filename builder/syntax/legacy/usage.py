"""Finds the variant keys that a text mentions, by conda-build's patterns, which are its contract (its ``variants.py``).

The patterns see text and not meaning: a key in a comment with brackets counts, and so does one in the branch of an
``if`` that is never taken; ``"$mpi"`` in a script does not. Build hashes depend on it, so nothing here is bettered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from builder.model.frozen import frozen

_TARGET = re.compile(r"(.*?)_(compiler|stdlib)(_version)?$")
_BRING_SYSROOT = frozenset({"c_stdlib", "c_compiler", "cxx_compiler"})
_SYSROOT = "CONDA_BUILD_SYSROOT"
_STATEMENT = re.compile(r"(?:^|(?<=[^{]))\{%\s*((?:el)?if|for|set)")
_TEXTS = 256
"""Texts whose keys are remembered; a recipe has a few for each output, and the variants of each."""

Find = Callable[[str], frozenset[str]]
"""Returns the keys that a text mentions."""


class Mentions:
    """Finds those of some variant keys that texts mention; what was found in a text is remembered.

    A recipe's variants come to few different texts, and conda-forge's pinning file has some 500 keys.
    """

    in_text: Find
    in_selectors: Find
    in_script: Find
    in_batch: Find

    def __init__(self, keys: Iterable[str]) -> None:
        """Take the keys that there are."""
        self._keys = tuple(keys)
        self._calls = tuple((key, call) for key in self._keys if (call := _call(key)) is not None)
        self.in_text = lru_cache(maxsize=_TEXTS)(self._in_text)
        self.in_selectors = lru_cache(maxsize=_TEXTS)(self._in_selectors)
        self.in_script = lru_cache(maxsize=_TEXTS)(self._in_script)
        self.in_batch = lru_cache(maxsize=_TEXTS)(self._in_batch)

    def _in_text(self, text: str) -> frozenset[str]:
        """Return the keys that templates, requirements without a version and statements of ``text`` mention.

        ``text`` is without selectors (`select_lines`). Requirements spell keys with ``-`` or ``_``.
        """
        flat = text.replace("-", "_")
        lines = list(zip(text.splitlines(), flat.splitlines(), strict=True))
        found: set[str] = set()
        for key in self._keys:
            if key in flat and any(_mentioned(key, line) for line, other in lines if key in other):
                found.add(key)
        for key, call in self._calls:
            if call in text and any(_mentioned(key, line) for line, _ in lines if call in line):
                found.add(key)
        return frozenset(found | {_SYSROOT} if found & _BRING_SYSROOT and _SYSROOT in self._keys else found)

    def _in_selectors(self, text: str) -> frozenset[str]:
        """Return the keys that the selectors of ``text`` mention; ``text`` still has them.

        What stands in brackets counts, whether or not it is a selector: recipes use that on purpose.
        """
        lines = [line for line in text.splitlines() if "[" in line]
        together = "\n".join(lines)
        return frozenset(
            key
            for key in self._keys
            if key in together and any(_selector_pattern(key).search(line) for line in lines if key in line)
        )

    def _in_script(self, text: str) -> frozenset[str]:
        """Return the keys that a shell script mentions as the first variable after a line's start."""
        return frozenset(key for key in self._keys if key in text and _mentioned_in_script(key, text))

    def _in_batch(self, text: str) -> frozenset[str]:
        """Return the keys that a script for cmd mentions, as ``%key%``."""
        return frozenset(key for key in self._keys if f"%{key}%" in text)


@lru_cache(maxsize=4096)
def _call(key: str) -> str | None:
    """Return the call by which a line that does not have ``key`` itself may still mention it."""
    if target := _TARGET.match(key):
        return f"{target[2]}("
    return "cdt(" if key.startswith("cdt_") else None


@lru_cache(maxsize=4096)
def _selector_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"^[^#\[]*?\#?\s\[[^\]]*?(?<![_\w\d]){re.escape(key)}[=\s<>!\]]")


def _mentioned_in_script(key: str, text: str) -> bool:
    r"""Whether a line start leads to ``$key`` or ``${key}`` without another dollar between.

    conda-build's pattern is ``(^[^$]*?\$\{?\s*KEY\s*[\s|\}])`` over all lines, and may go on from line to line.
    """
    for match in _shell_variable(key).finditer(text):
        dollar = match.start()
        before = text.rfind("$", 0, dollar) + 1
        if before == 0 or text.find("\n", before, dollar) >= 0:
            return True
    return False


@lru_cache(maxsize=4096)
def _shell_variable(key: str) -> re.Pattern[str]:
    return re.compile(rf"\$\{{?\s*{re.escape(key)}\s*[\s|\}}]")


def _mentioned(key: str, line: str) -> bool:
    """Whether ``line`` has any of the forms in which conda-build takes ``key`` for mentioned."""
    return (
        _in_braces(key, line)
        or _patterns(key).simple.search(line) is not None
        or ("{%" in line and _in_statement(key, line))
    )


@frozen
class _Patterns:
    """The parts of conda-build's patterns for one key that take time with the length of a line only.

    Its own, in which ``.*`` follows ``.*``, can be made to take hours with one line.
    """

    braces: re.Pattern[str]
    simple: re.Pattern[str]
    name: re.Pattern[str]
    word: re.Pattern[str]
    after_in: re.Pattern[str]


@lru_cache(maxsize=4096)
def _patterns(key: str) -> _Patterns:
    name = re.escape(key)
    requirement = "[-_]".join(map(re.escape, key.split("_")))
    not_before, not_after = "(?<![a-zA-Z_0-9])", "(?![a-zA-Z_0-9])"
    return _Patterns(
        braces=re.compile(rf"\{{\s*(?:pin_[a-z]+\(\s*?['\"])?{name}"),
        simple=re.compile("|".join([*_functions(key), rf"^\s+\-\s+{requirement}\s*(?:\s[\[#]|$)"])),
        name=re.compile(name),
        word=re.compile(rf"{not_before}{name}{not_after}"),
        after_in=re.compile(rf"in\s*{name}{not_after}"),
    )


def _in_braces(key: str, line: str) -> bool:
    r"""Whether the line has ``\{\s*(?:pin_[a-z]+\(\s*?['"])?KEY(?:[^_0-9a-zA-Z].*?)?\}\}``."""
    last = line.rfind("}}")
    if last < 0 or key not in line:
        return False
    for match in _patterns(key).braces.finditer(line):
        end = match.end()
        if line.startswith("}}", end) or (last > end and not _is_of_a_word(line[end])):
            return True
    return False


def _in_statement(key: str, line: str) -> bool:
    """Whether an ``if`` reads the key, a ``for`` goes over it, or a ``set`` has it behind ``=``, up to ``%}``."""
    patterns, starts = (
        _patterns(key),
        {match[1].removeprefix("el"): match.end() for match in reversed([*_STATEMENT.finditer(line)])},
    )
    if "if" in starts and _closed(patterns.name, line, starts["if"]):
        return True
    if "for" in starts and _closed(patterns.after_in, line, starts["for"]):
        return True
    given = line.find("=", starts["set"]) if "set" in starts else -1
    return given >= 0 and _closed(patterns.word, line, given + 1)


def _closed(pattern: re.Pattern[str], line: str, start: int) -> bool:
    """Whether ``pattern`` is found from ``start`` on with ``%}`` behind it and no other ``%`` between."""
    percent = -1
    for match in pattern.finditer(line, start):
        if percent < match.end():
            percent = line.find("%", match.end())
        if percent < 0:
            return False
        if line.startswith("%}", percent):
            return True
    return False


def _is_of_a_word(letter: str) -> bool:
    return letter == "_" or (letter.isascii() and letter.isalnum())


def _functions(key: str) -> Iterator[str]:
    """Yield the pattern of the function that reads ``key``, if there is one."""
    if target := _TARGET.match(key):
        yield rf"\{{\s*{target[2]}\([\'\"]{re.escape(target[1])}[\"\'][^\{{]*?\}}"
    elif key.startswith("cdt_"):
        yield r"\{{\s*cdt\("
