"""Pins of a ``meta.yaml``: templates see names, and the recipe remembers which of its requirements are pins.

A pin is known only after a solve. Until then conda-build puts the package's bare name in its place, and build hashes go
by that. So `pin_subpackage` and `pin_compatible` return the name; where a template writes it out, a mark follows, of
characters that nobody else uses. Once the text has been read as YAML, marks are gone again: a requirement that had one
is a `PinnedName`, equal to the bare name for all who only look at text.
"""

from __future__ import annotations

import re
from dataclasses import replace

from builder.model.legacy_pin import LegacyPin
from builder.model.pin import DEFAULT_LOWER, DEFAULT_UPPER
from builder.model.recipe import PinCompatible, PinSubpackage
from builder.syntax.legacy.data import Plain

Pinned = PinSubpackage | PinCompatible

_OPENS, _CLOSES = "\ue0b0", "\ue0b1"
_MARK = re.compile(f"{_OPENS}([0-9]+){_CLOSES}")
_PINNED = re.compile(f"([A-Za-z0-9_.-]+){_OPENS}([0-9]+){_CLOSES}(?:[ \t]+([A-Za-z0-9_.*^$-]+))?[ \t]*")
"""A name with its mark, and a build string behind it if anything is."""

MOST = 10_000
"""Pins of one rendering; a template can call for them in loops."""


class PinnedName(str):
    """The text of a requirement as conda-build has it before a solve, with the pin that it stands for.

    ``pinned`` is None where the pin cannot be told from what the template wrote around it.
    """

    __slots__ = ("pinned",)

    pinned: Pinned | None

    @classmethod
    def of(cls, text: str, pinned: Pinned | None) -> PinnedName:
        """Return ``text`` with its pin."""
        made = cls(text)
        made.pinned = pinned
        return made

    def __str__(self) -> str:
        return self


class _Marked(str):
    """A package's name in a template, which has its mark only where it is written out."""

    __slots__ = ("mark",)

    mark: str

    def __str__(self) -> str:
        return self.mark


def like(spec: str, text: str) -> str:
    """Return ``text``, which was made of ``spec``, with the pin of that if it has one."""
    return PinnedName.of(text, spec.pinned) if isinstance(spec, PinnedName) else text


class Pins:
    """The pins that one rendering of a template issues."""

    def __init__(self) -> None:
        """Start without any."""
        self.issued: list[Pinned] = []

    def pin_subpackage(
        self,
        subpackage_name: object,
        min_pin: object = DEFAULT_LOWER,
        max_pin: object = DEFAULT_UPPER,
        exact: object = False,
        **_: object,
    ) -> str:
        """Pin another output of the recipe; what else conda-build's function takes is not for recipes."""
        pin = LegacyPin(min_pin=_bound(min_pin), max_pin=_bound(max_pin), exact=bool(exact))
        return self._mark(PinSubpackage(name=_text(subpackage_name), pin=pin))

    def pin_compatible(
        self,
        package_name: object,
        lower_bound: object = None,
        upper_bound: object = None,
        min_pin: object = DEFAULT_LOWER,
        max_pin: object = DEFAULT_UPPER,
        *,
        exact: object = False,
        **_: object,
    ) -> str:
        """Pin a package to the version that the build's environments have."""
        pin = LegacyPin(
            min_pin=_bound(min_pin),
            max_pin=_bound(max_pin),
            lower_bound=_bound(lower_bound),
            upper_bound=_bound(upper_bound),
            exact=bool(exact),
        )
        return self._mark(PinCompatible(name=_text(package_name), pin=pin))

    def restored(self, value: Plain) -> Plain:
        """Return what was read of the rendered text without marks, requirements with their pins."""
        match value:
            case str():
                return self._restored(value) if _OPENS in value else value
            case list():
                return [self.restored(one) for one in value]
            case dict():
                return {_MARK.sub("", key): self.restored(one) for key, one in value.items()}
            case _:
                return value

    def _restored(self, text: str) -> str:
        found = _PINNED.fullmatch(text)
        plain = _MARK.sub("", text)
        issued = next(iter(self.issued[int(found[2]) :]), None) if found else None
        if found is None or issued is None or issued.name != found[1]:
            return PinnedName.of(plain, None)
        pinned = issued if found[3] is None else replace(issued, pin=replace(issued.pin, build=found[3]))
        return PinnedName.of(plain, pinned)

    def _mark(self, pinned: Pinned) -> str:
        if len(self.issued) >= MOST:
            raise ValueError(f"the recipe pins more than {MOST:,} times")
        made = _Marked(pinned.name)
        made.mark = f"{pinned.name}{_OPENS}{len(self.issued)}{_CLOSES}"
        self.issued.append(pinned)
        return made


def _text(value: object) -> str:
    """Return a text as such, even if it is a pin itself."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def _bound(value: object) -> str | None:
    return None if value in (None, False, "") else _text(value)
