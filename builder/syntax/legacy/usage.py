"""Finds the variant keys that a text mentions, by conda-build's patterns, which are its contract (its ``variants.py``).

The patterns see text and not meaning: a key in a comment with brackets counts, and so does one in the branch of an
``if`` that is never taken; ``"$mpi"`` in a script does not. Build hashes depend on it, so nothing here is bettered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from builder.model.frozen import frozen

_TARGET = re.compile(r"(.*?)_(compiler|stdlib)(_version)?$")
_BRING_SYSROOT = frozenset({"c_stdlib", "c_compiler", "cxx_compiler"})
_SYSROOT = "CONDA_BUILD_SYSROOT"


def keys_in_text(keys: Iterable[str], text: str) -> frozenset[str]:
    """Return those of ``keys`` that templates, requirements without a version and statements of ``text`` mention.

    ``text`` is without selectors (`select_lines`).
    """
    read, known = _Text.of(text), frozenset(keys)
    found = {key for key in known if _mentions(_text_patterns(key), read.about(key))}
    return frozenset(found | {_SYSROOT} if found & _BRING_SYSROOT and _SYSROOT in known else found)


def keys_in_selectors(keys: Iterable[str], text: str) -> frozenset[str]:
    """Return those of ``keys`` that the selectors of ``text`` mention; ``text`` still has them.

    What stands in brackets counts, whether or not it is a selector: recipes use that on purpose.
    """
    read = _Text.of("\n".join(line for line in text.splitlines() if "[" in line))
    return frozenset(key for key in keys if _mentions(_selector_pattern(key), read.about(key)))


def keys_in_script(keys: Iterable[str], text: str) -> frozenset[str]:
    """Return those of ``keys`` that a shell script mentions as the first variable after a line's start."""
    return frozenset(key for key in keys if key in text and _shell_pattern(key).search(text))


def keys_in_batch(keys: Iterable[str], text: str) -> frozenset[str]:
    """Return those of ``keys`` that a script for cmd mentions, as ``%key%``."""
    return frozenset(key for key in keys if f"%{key}%" in text)


def _mentions(pattern: re.Pattern[str], lines: Iterable[str]) -> bool:
    return any(pattern.search(line) for line in lines)


@frozen
class _Text:
    """A text, its lines, and its lines with every ``-`` as ``_``, for requirements spell keys either way."""

    lines: Sequence[str]
    flat: Sequence[str]
    whole: str

    @classmethod
    def of(cls, text: str) -> _Text:
        lines, whole = text.splitlines(), text.replace("-", "_")
        return cls(lines=lines, flat=whole.splitlines(), whole=whole)

    def about(self, key: str) -> Iterator[str]:
        """Yield the lines in which ``key`` can be mentioned at all; most keys are in none."""
        other = _other_sign(key)
        if other is not None:
            yield from (line for line in self.lines if key in line or other in line)
        elif key in self.whole:
            yield from (line for line, flat in zip(self.lines, self.flat, strict=True) if key in flat)


def _other_sign(key: str) -> str | None:
    """Return the text by which a line that does not have ``key`` itself may still mention it."""
    if target := _TARGET.match(key):
        return target[1]
    return "cdt(" if key.startswith("cdt_") else None


@lru_cache(maxsize=4096)
def _selector_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"^[^#\[]*?\#?\s\[[^\]]*?(?<![_\w\d]){re.escape(key)}[=\s<>!\]]")


@lru_cache(maxsize=4096)
def _shell_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"(^[^$]*?\$\{{?\s*{re.escape(key)}\s*[\s|\}}])", re.MULTILINE | re.DOTALL)


@lru_cache(maxsize=4096)
def _text_patterns(key: str) -> re.Pattern[str]:
    """Return the pattern of all forms in which a text mentions ``key``."""
    name = re.escape(key)
    requirement = "[-_]".join(map(re.escape, key.split("_")))
    not_before, not_after = "(?<![a-zA-Z_0-9])", "(?![a-zA-Z_0-9])"
    statement = r"(?:^|[^\{])\{%\s*"
    end = r"(?:[^%]*?)?%\}"
    return re.compile(
        "|".join(
            [
                *_functions(key),
                rf"\{{\s*(?:pin_[a-z]+\(\s*?['\"])?{name}(?:[^_0-9a-zA-Z].*?)?\}}\}}",
                rf"^\s+\-\s+{requirement}\s*(?:\s[\[#]|$)",
                rf"{statement}(?:el)?if\s*.*{name}\s*{end}",
                rf"{statement}for\s*.*\s*in\s*{name}{not_after}{end}",
                rf"{statement}set\s*.*\s*=\s*.*{not_before}{name}{not_after}{end}",
            ]
        )
    )


def _functions(key: str) -> Iterator[str]:
    """Yield the pattern of the function that reads ``key``, if there is one."""
    if target := _TARGET.match(key):
        yield rf"\{{\s*{target[2]}\([\'\"]{re.escape(target[1])}[\"\'][^\{{]*?\}}"
    elif key.startswith("cdt_"):
        yield r"\{{\s*cdt\("
