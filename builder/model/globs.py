r"""Globs: which paths a recipe's patterns select, by the rules of the glob library that rattler-build uses.

``*`` and ``?`` match slashes too, so that ``*.txt`` finds text files in every folder; ``**`` between slashes matches
any number of folders, also none. ``[a-z]``, ``[!a]``, ``{one,two}`` and ``\*`` are what they look like. A pattern that
names a folder selects everything below it; a leading ``./`` is nothing, and ``.`` alone is everything. Lists that go
``by_folder`` have other rules (`builder.model.folder_globs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.model.folder_globs import folder_glob
from builder.model.frozen import frozen
from builder.model.recipe import GlobList
from builder.model.version import shortened

MAX_LENGTH = 4096
MAX_EXPANSIONS = 512

_Piece = tuple[bool, str]
"""Whether it is a star, and else the regular expression of a fixed number of characters."""

_Sequence = tuple[_Piece, ...]
_ANY: _Piece = (True, "")
_SLASH: _Piece = (False, "/")
_NO_FOLDER_OR_SOME: tuple[_Sequence, ...] = ((), (_ANY, _SLASH))
_BELOW: tuple[_Sequence, ...] = ((_SLASH, _ANY),)
_BETWEEN: tuple[_Sequence, ...] = ((_SLASH,), (_SLASH, _ANY, _SLASH))

_CLASS = re.compile(r"\[([!^]?)(\]?[^\]]*)\]", re.DOTALL)


@frozen(kw_only=False)
class Globs:
    """A recipe's list of patterns, ready to be asked; ValueError names a pattern that cannot be read.

    Paths are relative, with slashes. No pattern at all selects nothing; only exclusions select all the rest.
    """

    patterns: GlobList
    _include: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)
    _exclude: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        compiled = folder_glob if self.patterns.by_folder else _compiled
        object.__setattr__(self, "_include", tuple(map(compiled, self.patterns.include)))
        object.__setattr__(self, "_exclude", tuple(map(compiled, self.patterns.exclude)))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def matches(self, path: str) -> bool:
        """Whether ``path`` is selected."""
        if not self._include and not self._exclude:
            return False
        included = not self._include or any(pattern.fullmatch(path) for pattern in self._include)
        return included and not any(pattern.fullmatch(path) for pattern in self._exclude)

    def unmatched(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the patterns of ``include`` that match none of ``paths``: mostly spelling mistakes."""
        left = dict(zip(self.patterns.include, self._include, strict=True))
        for path in paths:
            if not left:
                break
            left = {text: pattern for text, pattern in left.items() if not pattern.fullmatch(path)}
        return tuple(left)


def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"the glob {shortened(pattern)!r} has more than {MAX_LENGTH} characters")
    text = pattern.removeprefix("./")
    if text in {"", "."}:
        return re.compile(r".*", re.DOTALL)
    _Reader(pattern, pattern).read()
    whole = _Reader(pattern, f"{text}**" if text.endswith("/") else f"{text}{{,/**}}").read()
    return re.compile("|".join(_expression(sequence) for sequence in whole), re.DOTALL)


def _expression(sequence: _Sequence) -> str:
    """Return a regular expression that matches in linear time: each star but the last stops at the first fit."""
    fixed = [""]
    for is_star, text in sequence:
        if not is_star:
            fixed[-1] += text
        elif fixed[-1] or len(fixed) == 1:
            fixed.append("")
    first, *others = fixed
    if not others:
        return f"(?:{first})"
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    return f"(?:{first}{middle}.*{others[-1]})"


@dataclass(slots=True)
class _Reader:
    """Reads a pattern into the sequences that it stands for: one, or one for each way through its braces."""

    source: str
    text: str
    at: int = 0

    def read(self) -> tuple[_Sequence, ...]:
        sequences = self._sequences(depth=0)
        if self.at < len(self.text):
            raise self._error("a '}' closes nothing")
        return sequences

    def _sequences(self, depth: int) -> tuple[_Sequence, ...]:
        """Read up to the end, or to the ``,`` or ``}`` that ends an alternative."""
        parts = list[tuple[_Sequence, ...]]()
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == "}" or (sign == "," and depth):
                break
            parts.append(self._part(sign, parts, depth))
        return self._product(parts)

    def _part(self, sign: str, parts: list[tuple[_Sequence, ...]], depth: int) -> tuple[_Sequence, ...]:
        match sign:
            case "{":
                return self._alternatives(depth + 1)
            case "[":
                return self._fixed(self._character_class())
            case "\\":
                self.at += 2
                if self.at > len(self.text):
                    raise self._error("a '\\' stands at its end")
                return self._fixed(re.escape(self.text[self.at - 1]))
            case "*":
                return self._stars(parts, depth)
            case _:
                self.at += 1
                return self._fixed("." if sign == "?" else re.escape(sign))

    def _fixed(self, expression: str) -> tuple[_Sequence, ...]:
        return (((False, expression),),)

    def _stars(self, parts: list[tuple[_Sequence, ...]], depth: int) -> tuple[_Sequence, ...]:
        """Read one star, or two that stand for folders when slashes or the ends are beside them."""
        before = self.text[self.at - 1] if self.at else ""
        if not self.text.startswith("**", self.at):
            self.at += 1
            return ((_ANY,),)
        self.at += 2
        after = self.text[self.at : self.at + 1]
        ends = not after or (depth > 0 and after in ",}")
        if not parts and (after == "/" or not after):
            self.at += len(after)
            return _NO_FOLDER_OR_SOME if after else ((_ANY,),)
        if before != "/" or not (ends or after == "/"):
            return ((_ANY,),)
        previous = parts.pop() if parts else _NO_FOLDER_OR_SOME
        if previous is _NO_FOLDER_OR_SOME:
            self.at += after == "/"
            return ((_ANY,),) if ends else _NO_FOLDER_OR_SOME
        self.at += after == "/"
        return _BELOW if ends else _BETWEEN

    def _alternatives(self, depth: int) -> tuple[_Sequence, ...]:
        if depth > 8:
            raise self._error("its braces are too deep")
        found = list[_Sequence]()
        while True:
            self.at += 1
            found += self._sequences(depth)
            if self.at >= len(self.text):
                raise self._error("a '{' is not closed")
            if self.text[self.at] == "}":
                self.at += 1
                return tuple(found)

    def _character_class(self) -> str:
        found = _CLASS.match(self.text, self.at)
        if found is None:
            raise self._error("a '[' is not closed")
        self.at = found.end()
        negation, signs = found.groups()
        inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", signs)
        try:
            re.compile(f"[{inside}]")
        except re.error:
            raise self._error(f"'[{signs}]' is not a range of characters") from None
        return f"[{'^' if negation else ''}{inside}]"

    def _product(self, parts: list[tuple[_Sequence, ...]]) -> tuple[_Sequence, ...]:
        sequences: tuple[_Sequence, ...] = ((),)
        for part in parts:
            if len(sequences) * len(part) > MAX_EXPANSIONS:
                raise self._error("its braces stand for too many patterns")
            sequences = tuple(one + other for one in sequences for other in part)
        return sequences

    def _error(self, why: str) -> ValueError:
        return ValueError(f"{shortened(self.source)!r} is not a glob: {why}")
