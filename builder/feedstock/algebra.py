"""What variants become under a migration: CFEP-9's algebra, with the results that conda-smithy's computes.

Three sums: without an operation the newer of two values wins at each place; ``key_add`` puts values beside those that
are there; ``key_remove`` takes one away. Keys that are zipped with the primary key follow it. What is newer is said by
the migration's ``ordering``, or else by the order of versions; text that is no version is older than all versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from builder.errors import Place, RecipeError
from builder.feedstock.migration import Migration
from builder.matrix.v0.config import Spec, values_of
from builder.model.version import Version
from builder.recipe.v0.scope import Fixed

Values = tuple[str, ...]
Groups = tuple[Values, ...]
_ZIP = "zip_keys"


def migrated(spec: Spec, migration: Migration) -> Spec:
    """Return what ``spec`` becomes under ``migration``; both stay as they are.

    Raises `RecipeError` where the two do not fit: a primary key without values, keys of a group with unequally many.
    """
    if not migration.values:
        return spec
    match migration.operation:
        case "key_add":
            return _with_values(spec, migration)
        case "key_remove":
            return _without_values(spec, migration)
        case _:
            return _sum(spec, migration)


def newer_values(
    left: Values, right: Values, ordering: Values | None, fail: Callable[[str, str], RecipeError]
) -> Values:
    """Return the newer value at each place; what is longer keeps its end.

    With an ordering, the values of both sides in that order, as many from its end as the longer side has.
    """
    if ordering is None:
        pairs = zip(left, right, strict=False)
        newest = tuple(theirs if _age(mine) < _age(theirs) else mine for mine, theirs in pairs)
        return newest + left[len(newest) :] + right[len(newest) :]
    ranks = _ranks(ordering)
    merged = sorted({_rank(value, ranks, fail) for value in left + right})
    count = max(len(left), len(right))
    if len(merged) == 1:
        return left[:1] * count
    if len(merged) < count:
        raise fail(f"{count} values cannot be told apart, for some are given twice", "give each value once")
    return tuple(ordering[rank] for rank in merged[-count:])


def _sum(spec: Spec, migration: Migration) -> Spec:
    given = migration.values
    found = {key: value for key, value in {**spec, **given}.items() if not (key in spec and key in given)}
    groups = (*_groups(spec), *_groups(given))
    handled = set[str]()
    for key in migration.primary_keys:
        if key in given:
            followed = _followed(key, next((group for group in groups if key in group), ()), spec, migration)
            found |= followed
            handled |= followed.keys()
    for key in spec:
        if key in given and key not in handled:
            found[key] = _joint(key, spec, migration)
    if _ZIP in given:
        found[_ZIP] = _joined_groups(_groups(spec), _groups(given)) if _ZIP in spec else _groups(given)
    return found


def _joint(key: str, spec: Spec, migration: Migration) -> Fixed:
    """Return what becomes of a key that both sides have; of mappings the migration's entries win."""
    mine, theirs = spec[key], migration.values[key]
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return {**mine, **theirs}
    return newer_values(
        values_of(mine), values_of(theirs), migration.ordering.get(key), lambda *why: _error(migration, key, *why)
    )


def _followed(key: str, group: Values, spec: Spec, migration: Migration) -> dict[str, Fixed]:
    """Return the primary key's values, and for the keys zipped with it those at the places that were chosen."""
    mine, theirs = _of(spec, key, migration), values_of(migration.values[key])
    merged = newer_values(mine, theirs, migration.ordering.get(key), lambda *why: _error(migration, key, *why))
    found: dict[str, Fixed] = {key: merged}
    kept = set(merged)
    chosen = [place for place, value in enumerate(mine + theirs) if value in kept]
    for other in group:
        if other != key:
            values = _of(spec, other, migration) + _given(other, key, migration)
            found[other] = tuple(values[place] for place in chosen if place < len(values))
    return found


def _with_values(spec: Spec, migration: Migration) -> Spec:
    primary = _primary_key(migration)
    if primary not in migration.values:
        return spec
    mine = _of(spec, primary, migration)
    groups, group, added = _widened(_groups(spec), primary, migration.additional_zip_keys)
    columns = {key: _of(spec, key, migration) for key in group}
    for key in added:
        columns[key] = _broadcast(key, columns[key], len(mine), migration)
    existing = set(zip(*(columns[key] for key in group), strict=False))  # what an earlier one left longer is cut here
    new = [row for row in _new_rows(group, primary, migration) if row not in existing]
    found: dict[str, Fixed] = {**spec, **columns}
    if groups:
        found[_ZIP] = groups
    if new:
        place = group.index(primary)
        age = _ageing(migration, primary)
        rows = sorted(sorted(existing.union(new)), key=lambda row: age(row[place]))
        found |= dict(zip(group, zip(*rows, strict=True), strict=True))
    for key in migration.ordering:
        if key != primary and key not in added:
            found[key] = _ordered_anew(key, spec, migration)
    return found


def _ordered_anew(key: str, spec: Spec, migration: Migration) -> Values:
    """Return a key that has an ordering of its own beside the primary key: the newer values win in it."""
    mine, theirs = _of(spec, key, migration), _given(key, _primary_key(migration), migration)
    return newer_values(mine, theirs, migration.ordering[key], lambda *why: _error(migration, key, *why))


def _without_values(spec: Spec, migration: Migration) -> Spec:
    primary = _primary_key(migration)
    mine, gone = values_of(spec.get(primary, ())), frozenset(values_of(migration.values.get(primary, ())))
    if gone.isdisjoint(mine):
        return spec
    first = _ranks(mine)
    left = sorted((value for value in first if value not in gone), key=_ageing(migration, primary))
    places = [first[value] for value in left]
    found: dict[str, Fixed] = {**spec, primary: tuple(left)}
    for group in _groups(spec):
        for key in group if primary in group else ():
            values = _of(spec, key, migration)
            if len(values) < len(mine):
                raise _short(key, len(values), primary, len(mine), migration)
            found[key] = tuple(values[place] for place in places)
    return found


def _widened(groups: Groups, primary: str, additional: Values) -> tuple[Groups, Values, Values]:
    """Return all groups, the one of the primary key, and the keys that are new in it."""
    at = next((place for place, group in enumerate(groups) if primary in group), None)
    if at is None:
        if not additional:
            return groups, (primary,), ()
        group = (primary, *additional)
        return (*groups, group), group, additional
    known = frozenset(groups[at])
    added = tuple(key for key in additional if key not in known)
    group = groups[at] + added
    return (*groups[:at], group, *groups[at + 1 :]), group, added


def _broadcast(key: str, values: Values, count: int, migration: Migration) -> Values:
    if len(values) == 1:
        return values * count
    raise _error(
        migration,
        key,
        f"{key} has {len(values)} values, and only one can be spread over the {count} of the primary key",
        f"take {key} out of additional_zip_keys, or give it one value before",
    )


def _new_rows(group: Values, primary: str, migration: Migration) -> list[Values]:
    """Return what the migration gives the keys of a group, a tuple for each value of the primary key."""
    count = len(values_of(migration.values[primary]))
    columns = [_given(key, primary, migration) for key in group]
    for key, values in zip(group, columns, strict=True):
        if len(values) < count:
            raise _short(key, len(values), primary, count, migration)
    return list(zip(*(values[:count] for values in columns), strict=True))


def _joined_groups(mine: Groups, theirs: Groups) -> Groups:
    """Return the groups of both sides: one that lies in a group of the migration is part of that one."""
    wider = {key: frozenset(group) for group in theirs for key in group}
    kept = [group for group in mine if not wider.get(group[0], frozenset()).issuperset(group)]
    found = {tuple(sorted(set(group))) for group in (*kept, *theirs)}
    return tuple(sorted(found, key=lambda group: (len(group), str(list(group)))))


def _groups(spec: Spec) -> Groups:
    found = [group for group in spec.get(_ZIP, ()) if group]
    if found and isinstance(found[0], str):
        return (values_of(tuple(found)),)
    return tuple(values_of(group) for group in found)


def _primary_key(migration: Migration) -> str:
    if len(migration.primary_keys) == 1:
        return migration.primary_keys[0]
    raise _error(
        migration,
        "__migrator",
        f"{migration.operation} needs one primary_key, and has {len(migration.primary_keys)}",
        "write primary_key with the name of one variant key under __migrator",
    )


def _of(spec: Spec, key: str, migration: Migration) -> Values:
    if key in spec:
        return values_of(spec[key])
    raise _error(
        migration, key, f"the migration changes {key}, which has no values yet", f"give {key} in a variant file first"
    )


def _given(key: str, primary: str, migration: Migration) -> Values:
    if key in migration.values:
        return values_of(migration.values[key])
    raise _error(
        migration,
        primary,
        f"the migration gives {primary} new values, and {key}, which goes with it, none",
        f"give {key} as many values as {primary}",
    )


def _ageing(migration: Migration, key: str) -> Callable[[str], tuple[int, Version | str | int]]:
    ordering = migration.ordering.get(key)
    if ordering is None:
        return _age
    ranks = _ranks(ordering)
    return lambda value: (0, _rank(value, ranks, lambda *why: _error(migration, key, *why)))


def _age(value: str) -> tuple[int, Version | str]:
    """Return what orders values: versions as such, builds of one (``3.12.* *_cpython``) by version and name."""
    text = value.replace(" ", ".").replace("*", "1")
    try:
        return 1, Version.parse(text)
    except ValueError:
        return 0, text


def _ranks(ordering: Iterable[str]) -> dict[str, int]:
    """Return the first place of each value."""
    found: dict[str, int] = {}
    for rank, value in enumerate(ordering):
        found.setdefault(value, rank)
    return found


def _rank(value: str, ranks: Mapping[str, int], fail: Callable[[str, str], RecipeError]) -> int:
    if value in ranks:
        return ranks[value]
    raise fail(f"the ordering does not name the value {value}", f"add {value} to the ordering, at its place")


def _short(key: str, count: int, primary: str, wanted: int, migration: Migration) -> RecipeError:
    return _error(
        migration,
        key,
        f"{key} has {count} values and goes with {primary}, which has {wanted}",
        f"give {key} {wanted} values too",
    )


def _error(migration: Migration, key: str, message: str, remedy: str) -> RecipeError:
    place = migration.places.get(key) or Place(file=migration.file)
    return RecipeError(message, code="migration.misfit", place=place, remedy=remedy)
