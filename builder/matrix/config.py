"""Variant configuration: the values of each variant key, where each was set, and which keys vary together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError, UsageError
from builder.matrix.keys import check_key, variant_key
from builder.model.frozen import frozen
from builder.model.pin import DEFAULT_LOWER, DEFAULT_UPPER, Pin
from builder.model.variant import Origin, VariantRule, VariantValue
from builder.syntax.value import NOWHERE

_SHOWN = 20
OPTION = Origin(source="--variant")

PinRunAsBuild = Mapping[str, Mapping[str, str]]
"""Package → ``min_pin`` / ``max_pin`` → expression of ``x`` and dots."""


@frozen(kw_only=False)
class Values:
    """The values of one variant key in their order, and where each was set; both have the same length.

    ``replaced`` are the values that the key had before, in an earlier file.
    """

    values: tuple[VariantValue, ...]
    origins: tuple[Origin, ...]
    replaced: Values | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.values)

    def extended(self, more: Values) -> Values:
        """Return these values and those of ``more`` that are not among them."""
        known = {token(value) for value in self.values}
        new = [
            (value, origin)
            for value, origin in zip(more.values, more.origins, strict=True)
            if token(value) not in known
        ]
        values, origins = (value for value, _ in new), (origin for _, origin in new)
        return Values((*self.values, *values), (*self.origins, *origins), self.replaced)

    def over(self, earlier: Values | None) -> Values:
        """Return these values in the place of ``earlier`` ones."""
        return Values(self.values, self.origins, earlier)

    def picked(self, rows: Iterable[int]) -> Values:
        """Return the values of ``rows`` only, in that order."""
        chosen = tuple(rows)
        return Values(tuple(self.values[row] for row in chosen), tuple(self.origins[row] for row in chosen), self)


@frozen
class VariantConfig:
    """The values of all variant keys after merging.

    ``zip_keys`` are groups of keys that vary together; ``zip_places`` says where each group was written. ``known`` are
    all keys that any file names, with or without a value left for this platform. ``asked`` are the environment
    variables that selectors read. ``pin_run_as_build`` and ``ignore_version`` count where ``rules`` has them, for
    rattler-build ignores both.
    """

    values: Mapping[str, Values] = field(default_factory=dict)
    zip_keys: tuple[tuple[str, ...], ...] = ()
    zip_places: tuple[Place | None, ...] = ()
    extend_keys: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    pin_run_as_build: PinRunAsBuild = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    ignore_version: frozenset[str] = frozenset()
    rules: frozenset[VariantRule] = frozenset()

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """The packages that run requirements pin to what was built with, sorted; none unless the rule is applied."""
        if VariantRule.PIN_RUN_AS_BUILD not in self.rules:
            return ()
        return tuple((package.lower(), _pin(package, said)) for package, said in sorted(self.pin_run_as_build.items()))

    @property
    def ignored(self) -> frozenset[str]:
        """The keys that enter no build hash, whatever uses them; none unless the rule is applied."""
        return self.ignore_version if VariantRule.IGNORE_VERSION in self.rules else frozenset()

    def merged(self, later: VariantConfig) -> VariantConfig:
        """Return this configuration with ``later`` over it: whole keys are replaced, those of ``extend_keys`` extended.

        ``zip_keys`` of ``later`` replace all earlier groups, if it has any (rattler-build's rule).
        """
        extend = self.extend_keys | later.extend_keys
        values = dict(self.values)
        for key, new in later.values.items():
            old = values.get(key)
            values[key] = old.extended(new) if old is not None and key in extend else new.over(old)
        zips = later if later.zip_keys else self
        return VariantConfig(
            values=values,
            zip_keys=zips.zip_keys,
            zip_places=zips.zip_places,
            extend_keys=extend,
            known=self.known | later.known,
            pin_run_as_build={**self.pin_run_as_build, **later.pin_run_as_build},
            asked=self.asked | later.asked,
            ignore_version=self.ignore_version | later.ignore_version,
            rules=self.rules | later.rules,
        )

    def overridden(self, overrides: Mapping[str, Sequence[str]]) -> VariantConfig:
        """Return this configuration with the values that the user asked for; they are text.

        When a zipped key is given fewer values than its group has rows, and the group has each of them, the rows with
        these values remain. Raises `UsageError` for a name that cannot be a variant key or a key without values.
        """
        values = dict(self.values)
        for name, texts in overrides.items():
            wrong = check_key(name) if texts else f"--variant {name} needs at least one value"
            if wrong:
                raise UsageError(wrong, code="variant.option", remedy="write `--variant python=3.12,3.13`")
            if any(NOWHERE.search(text) for text in texts):
                message, remedy = f"the value of --variant {name} is no text", "give it in UTF-8"
                raise UsageError(message, code="variant.option", remedy=remedy)
            key, asked = variant_key(name), Values(tuple(texts), (OPTION,) * len(texts))
            group = next((group for group in self.zip_keys if key in group), ())
            rows = _rows_with(values.get(key), asked) if any(other not in overrides for other in group) else None
            if rows is None:
                values[key] = asked.over(values.get(key))
            else:
                values.update({member: values[member].picked(rows) for member in group if member in values})
        return replace(self, values=values, known=self.known | {variant_key(name) for name in overrides})

    def with_key(self, key: str, value: VariantValue, origin: Origin) -> VariantConfig:
        """Return this configuration with exactly one value for ``key``, in no zip group."""
        kept = [(group, place) for group, place in zip(self.zip_keys, self.zip_places, strict=True) if key not in group]
        return replace(
            self,
            values={**self.values, key: Values((value,), (origin,), self.values.get(key))},
            zip_keys=tuple(group for group, _ in kept),
            zip_places=tuple(place for _, place in kept),
            known=self.known | {key},
        )

    def checked(self) -> VariantConfig:
        """Return this configuration if its zip groups fit, else raise `RecipeError` with all problems."""
        found = itertools.chain(self._overlaps(), self._unknown(), self._lengths())
        problems = list(itertools.islice(found, MAX_PROBLEMS))
        if problems:
            raise RecipeError.of(problems)
        return self

    def _groups(self) -> list[tuple[tuple[str, ...], Place | None]]:
        return list(zip(self.zip_keys, self.zip_places, strict=True))

    def _overlaps(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for group, place in self._groups():
            for key in group:
                if key in seen:
                    yield Problem(
                        code="variant.zip-twice",
                        message=f"zip_keys names {key} in two groups",
                        place=place,
                        remedy="join the groups, or leave the key in one of them",
                    )
            seen.update(group)

    def _unknown(self) -> Iterator[Problem]:
        for group, place in self._groups():
            for key in group:
                if key not in self.known:
                    remedy = (
                        f"give {key} as many values as the other keys of its group have, or take it out of zip_keys"
                    )
                    yield Problem(
                        code="variant.zip-unknown",
                        message=f"zip_keys names {key}, which no variant file defines",
                        place=place,
                        remedy=remedy,
                    )

    def _lengths(self) -> Iterator[Problem]:
        for group, place in self._groups():
            by_length: dict[int, list[str]] = {}
            for key in group:
                if key in self.values:
                    by_length.setdefault(len(self.values[key]), []).append(key)
            if len(by_length) > 1:
                shown = [f"{_some(keys)} {'has' if len(keys) == 1 else 'have'} {n}" for n, keys in by_length.items()]
                yield Problem(
                    code="variant.zip-length",
                    message=f"zipped keys need equally many values, but {_some(shown)}",
                    place=place,
                    remedy=f"give all of them in one place, with as many values each: {_some(group)}",
                )


def _some(words: Sequence[str]) -> str:
    """Join words for people, the first of them where there are very many."""
    return ", ".join(words) if len(words) <= _SHOWN else f"{', '.join(words[:_SHOWN])} and {len(words) - _SHOWN:,} more"


def token(value: VariantValue) -> tuple[bool, VariantValue]:
    """Return what tells values apart, for Python takes ``1`` and ``True`` for equal."""
    return isinstance(value, bool), value


def _pin(package: str, said: Mapping[str, str]) -> Pin:
    """Return conda-build's pin, of ``x`` and dots only; what it does not say is as for ``pin_compatible``."""
    lower, upper = said.get("min_pin", DEFAULT_LOWER), said.get("max_pin", DEFAULT_UPPER)
    if not set(lower + upper) <= set("x."):
        wrong = f"{lower!r} and {upper!r} are not both expressions of x and dots"
        raise UsageError(f"pin_run_as_build of {package}: {wrong}", code="variant.pin", remedy="write x, x.x, x.x.x …")
    try:
        return Pin(lower_bound=lower or None, upper_bound=upper or None)
    except ValueError as error:
        raise UsageError(f"pin_run_as_build of {package}: {error}", code="variant.pin") from error


def _rows_with(old: Values | None, asked: Values) -> tuple[int, ...] | None:
    """Return the rows of ``old`` that have one of the asked values (as text), None if one of these is not there."""
    if old is None:
        return None
    wanted = {str(value) for value in asked.values}
    have = [str(value).lower() if isinstance(value, bool) else str(value) for value in old.values]
    return tuple(row for row, text in enumerate(have) if text in wanted) if wanted <= set(have) else None
