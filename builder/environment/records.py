"""Index records as locked packages, in an order that links dependencies first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

from builder.errors import UsageError
from builder.model.environment import LockedPackage

Record = Mapping[str, object]

INDEXED = "indexed_timestamp"
"""The time at which a package got into an index; rattler takes it before that of the package."""

_FIRST_MILLISECONDS = 253402300800  # as seconds that is the year 10000

_NOT_OF_THE_INDEX = frozenset({"fn", "url", "channel"})


def locked_package(record: Record, *, url: str, channel: str) -> LockedPackage:
    """Return a solved record (the shape of CEP 36, with ``fn``) as a locked package; UsageError without a sha256."""
    name, file_name = str(record["name"]), str(record["fn"])
    if not record.get("sha256"):
        raise UsageError(
            f"the index of {channel} gives no sha256 for {file_name}",
            code="environment.no-digest",
            remedy="index that channel with a tool of today",
        )
    kept = {key: value for key, value in record.items() if key not in _NOT_OF_THE_INDEX}
    return LockedPackage(
        name=name,
        version=str(record["version"]),
        build=str(record["build"]),
        build_number=int(str(record["build_number"])),
        subdir=str(record["subdir"]),
        file_name=file_name,
        url=url,
        channel=channel,
        sha256=str(record["sha256"]),
        size=int(str(record.get("size") or 0)),
        depends=_texts(record.get("depends")),
        constrains=_texts(record.get("constrains")),
        noarch=str(record["noarch"]) if record.get("noarch") else None,
        record=canonical(kept),
    )


def made_at(package: LockedPackage) -> datetime | None:
    """Return when a package was made, or got into its index where that says so; None if neither is known.

    Times are milliseconds since 1970, in old records seconds.
    """
    record = json.loads(package.record)
    time = record.get(INDEXED, record.get("timestamp"))
    if not isinstance(time, int):
        return None
    return datetime.fromtimestamp(time if time < _FIRST_MILLISECONDS else time / 1000, UTC)


def canonical(value: object) -> str:
    """Return ``value`` as JSON text that is the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def dependencies_first(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Return the packages so that each follows what it depends on, else by name; a cycle ends where it was entered."""
    by_name = {package.name: package for package in packages}
    known = by_name.keys()
    needs = {name: sorted(known & map(name_of_spec, package.depends)) for name, package in by_name.items()}
    order, seen = list[LockedPackage](), set[str]()
    for first in sorted(by_name):
        way = [first] if first not in seen else []
        while way:
            seen.add(way[-1])
            need = next((name for name in needs[way[-1]] if name not in seen), None)
            if need is not None:
                way.append(need)
            else:
                order.append(by_name[way.pop()])
    return tuple(order)


def needed_names(record: Record) -> set[str]:
    """Return the names of all packages that a record may need, in any of its extras (CEP 44)."""
    extras = record.get("extra_depends")
    lists = [record.get("depends"), *(extras.values() if isinstance(extras, dict) else ())]
    specs = [spec for each in lists if isinstance(each, list) for spec in each if isinstance(spec, str)]
    return {name_of_spec(spec) for spec in specs}


def name_of_spec(spec: str) -> str:
    """Return the package that a dependency of an index record names: other tools' records need not be well formed."""
    head = spec.rpartition("::")[2].strip()
    for at, sign in enumerate(head):
        if sign.isspace() or sign in "<>=!~[":
            return head[:at].lower()
    return head.lower()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("list[object]", value or []))
