"""Records that rattler cannot read, for reasons that are its own: which they are, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builder.environment.wall import reason
from builder.store import Store

if TYPE_CHECKING:
    from rattler.repo_data.sparse import SparseRepoData


def unreadable(data: SparseRepoData) -> frozenset[str]:
    """Return the names of packages of which rattler cannot read a record."""
    found = set()
    for name in data.package_names():
        try:
            data.load_records(name)
        except Exception:  # noqa: BLE001 - whatever it says of them
            found.add(name)
    return frozenset(found)


def fault_of(section: tuple[str, ...], key: str, text: str, store: Store) -> str | None:
    """Return what rattler says of a single record, of ``section`` and written as ``text``; None if it can read it."""
    from rattler.channel.channel import Channel
    from rattler.repo_data.sparse import SparseRepoData

    document = f"{json.dumps(key)}:{text}"
    for part in reversed(section):
        document = f"{json.dumps(part)}:{{{document}}}"
    with store.scratch("record") as folder:
        path = folder / "repodata.json"
        path.write_text(f"{{{document}}}", encoding="utf-8")
        try:
            SparseRepoData(Channel("file:///record"), "noarch", path).load_all_records()
        except Exception as error:  # noqa: BLE001 - whatever it says, the record cannot be used
            return reason(error)
    return None
