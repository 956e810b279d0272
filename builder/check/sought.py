"""Searching bytes for secrets in one pass: values that are known, in every form, and shapes of credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from builder.archive.inside import windows
from builder.binary import Data
from builder.model.frozen import frozen
from builder.model.token import TOKENS, Token, is_placeholder

SHORTEST = 8
"""Shorter values are not looked for: they stand in every file by chance."""

_CHUNK = 1 << 22
_OVERLAP = 1 << 13
_MEMORY = 1 << 26


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


_Search = Callable[[bytes], Iterable[_Match]]


@frozen
class Secret:
    """A value that may stand nowhere: the variable's ``name``, the value, and all ``forms`` of it that are known."""

    name: str
    value: str
    forms: frozenset[str]

    def __repr__(self) -> str:
        return f"Secret({self.name})"

    @property
    def spellings(self) -> Iterator[bytes]:
        """Every form as bytes, the plain value in UTF-16 too."""
        yield from (form.encode("utf-8", "surrogateescape") for form in self.forms if len(form) >= SHORTEST)
        if len(self.value) >= SHORTEST:
            yield from (self.value.encode(code, "surrogatepass") for code in ("utf-16-le", "utf-16-be"))


@frozen
class Hit:
    """Where something secret stands: its place in bytes, and whose value or which kind of credential it is."""

    offset: int
    length: int
    secret: str | None = None
    plain: bool = False
    token: Token | None = None

    @property
    def what(self) -> str:
        """What stands there, in words that do not tell it."""
        if self.token is not None:
            return self.token.what
        return f"the value of {self.secret}{'' if self.plain else ' in another form'}"


class Sought:
    """What is looked for; compiled once, used for every file of a package, by several threads."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        """Look for ``secrets`` and for every shape of `TOKENS`."""
        self._names: dict[bytes, tuple[str, bool]] = {}
        for secret in secrets:
            for spelling in secret.spellings:
                plain = spelling == secret.value.encode("utf-8", "surrogateescape")
                self._names.setdefault(spelling, (secret.name, plain))
        self._overlap = max([_OVERLAP, *map(len, self._names)])
        usual = tuple(token for token in TOKENS if token.in_payload is not None)
        self._in_payload, self._elsewhere = self._compiled(usual), self._compiled(TOKENS)
        self._tokens: Mapping[Token, re.Pattern[bytes]] = {
            token: re.compile(token.pattern.encode("latin-1")) for token in TOKENS
        }

    def in_data(self, data: Data, *, payload: bool = False, often: bool = False) -> Iterator[Hit]:
        """Yield what stands in ``data``, in order: each value and kind of credential once, or as ``often`` as it does.

        In a ``payload`` some kinds are too usual to be looked for.
        """
        starts = range(0, len(data), _CHUNK)
        parts = ((start, bytes(data[start : start + _CHUNK + self._overlap])) for start in starts)
        return self._in_windows(parts, payload=payload, often=often)

    def in_pieces(self, pieces: Iterable[bytes], *, payload: bool = False) -> Iterator[Hit]:
        """Yield what stands in the bytes that ``pieces`` are together, as `in_data` does."""
        return self._in_windows(windows(pieces, _CHUNK, self._overlap), payload=payload)

    def _in_windows(self, parts: Iterable[tuple[int, bytes]], *, payload: bool, often: bool = False) -> Iterator[Hit]:
        told: set[str] = set()
        search = self._in_payload if payload else self._elsewhere
        for start, window in parts:
            for match in search(window):
                first, end = match.span()
                for hit in self._hits(window[first:end], start + first):
                    if often or hit.what not in told:
                        told.add(hit.what)
                        yield hit

    def hidden(self, text: str) -> str:
        """Return ``text``, which is to be shown, with stars in the place of all that is sought."""
        data = text.encode("utf-8", "surrogateescape")
        for hit in self.in_data(data, often=True):
            data = data[: hit.offset] + b"*" * hit.length + data[hit.offset + hit.length :]
        return data.decode("utf-8", "surrogateescape")

    def _hits(self, found: bytes, offset: int) -> Iterator[Hit]:
        """Yield what the bytes ``found`` are; a value may be a part of what looks like a credential."""
        whole = self._names.get(found)
        if whole is not None:
            yield Hit(offset=offset, length=len(found), secret=whole[0], plain=whole[1])
            return
        values = {
            name: Hit(offset=offset + found.find(spelling), length=len(spelling), secret=name, plain=plain)
            for spelling, (name, plain) in self._names.items()
            if spelling in found
        }
        yield from values.values()
        if not values and not is_placeholder(found.decode("latin-1")):
            token = next((token for token, pattern in self._tokens.items() if pattern.match(found)), None)
            if token is not None:
                yield Hit(offset=offset, length=len(found), token=token)

    def _compiled(self, tokens: Iterable[Token]) -> _Search:
        import re2  # only a build searches; its time goes with the bytes, whatever they are

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MEMORY
        # Values first: where both begin at one place, it is the value that counts.
        literals = [re2.escape(spelling) for spelling in sorted(self._names, key=lambda one: (-len(one), one))]
        shapes = [token.pattern.encode("latin-1") for token in tokens]
        search: _Search = re2.compile(b"|".join((*literals, *shapes)), options).finditer
        return search
