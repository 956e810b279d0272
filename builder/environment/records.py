"""Index records as locked packages, in an order that links dependencies first."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Mapping
from typing import cast

from builder.errors import UsageError
from builder.model.environment import LockedPackage

Record = Mapping[str, object]

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


def canonical(value: object) -> str:
    """Return ``value`` as JSON text that is the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def dependencies_first(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Return the packages so that each follows what it depends on, ties by name; a cycle starts at its first name."""
    by_name = {package.name: package for package in packages}
    needs = {name: {need for text in package.depends if (need := _name(text)) in by_name} - {name}
             for name, package in by_name.items()}  # fmt: skip
    users: dict[str, list[str]] = {name: [] for name in by_name}
    for name, needed in needs.items():
        for need in needed:
            users[need].append(name)
    waiting = {name: len(needed) for name, needed in needs.items()}
    ready = [name for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    done = dict[str, LockedPackage]()
    while len(done) < len(by_name):
        name = heapq.heappop(ready) if ready else min(set(by_name) - set(done))
        if name in done:
            continue
        done[name] = by_name[name]
        for user in users[name]:
            waiting[user] -= 1
            if waiting[user] == 0 and user not in done:
                heapq.heappush(ready, user)
    return tuple(done.values())


def _name(spec: str) -> str:
    """Return the package that a dependency of an index record names: other tools' records need not be well formed."""
    head = spec.rpartition("::")[2].strip()
    for at, sign in enumerate(head):
        if sign.isspace() or sign in "<>=!~[":
            return head[:at].lower()
    return head.lower()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("list[object]", value or []))
