"""Staging outputs in the store: what a script left, by build key, so that it is never stale and never built twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from builder.environment.wall import in_thread
from builder.errors import MachineError
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LockedPackage,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.finding import Finding, Severity
from builder.model.frozen import frozen
from builder.model.inside import SEALED, InsidePaths
from builder.model.payload import Entry, EntryKind, Installed
from builder.model.source import SourceDigest, SourceTree
from builder.pipeline.trees import put_entries
from builder.store import Store

_KIND = "staging"
_FILE = "staged.json"
Json = Mapping[str, Any]


@frozen
class Staged:
    """A finished staging output: ``installed`` and ``source`` lie in the store, read-only.

    ``owners`` are the host environment's paths with their packages' names; ``rendered`` is the output as
    CEP 40 stores it. ``inside`` is where its script found its things; ``unpublishable`` are the packages of its
    environments that are never to be published.
    """

    build_key: str
    environments: Environments
    installed: Installed
    source: SourceTree
    owners: tuple[tuple[str, str], ...]
    rendered: str = "{}"
    inside: InsidePaths = SEALED
    unpublishable: tuple[str, ...] = ()


def load(store: Store, build_key: str) -> Staged | None:
    """Return the staging output with that build key, if the store has it.

    Raises `MachineError` when somebody has damaged what the store holds.
    """
    folder = store.folder(_KIND, build_key)
    if folder is None:
        return None
    try:
        staged = _read(folder, build_key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, str(error)) from error
    for entry in staged.installed.entries:
        if entry.content is not None and not entry.content.is_file():
            raise _damaged(folder, f"{entry.path} is gone")
    return staged


def _damaged(folder: Path, reason: str) -> MachineError:
    return MachineError(
        f"a staging output in the store is damaged: {reason}",
        code="pipeline.staging",
        remedy=f"remove {folder} and run the same command again",
    )


def _read(folder: Path, build_key: str) -> Staged:
    data = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    prefix = folder / "prefix"
    return Staged(
        build_key=build_key,
        environments=_environments(data["environments"]),
        installed=Installed(
            folder=prefix,
            entries=tuple(_entry(entry, prefix) for entry in data["entries"]),
            changed=tuple(data["changed"]),
            deleted=tuple(data["deleted"]),
            irregular=tuple(data["irregular"]),
            undeclared=tuple(data.get("undeclared", ())),
        ),
        source=SourceTree(
            folder=folder / "work",
            digests=tuple(SourceDigest(**digest) for digest in data["sources"]),
            newest=data["newest"],
            findings=tuple(_finding(one) for one in data.get("findings", ())),
        ),
        owners=tuple((path, name) for path, name in data["owners"]),
        rendered=data["rendered"],
        inside=_inside(data["inside"]) if "inside" in data else SEALED,
        unpublishable=tuple(data.get("unpublishable", ())),
    )


async def keep(store: Store, staged: Staged) -> Staged:
    """Move a staging output's files into the store and return it as it lies there; another process may be first."""
    async with store.making_async(_KIND, staged.build_key) as making:
        if not making.ready:
            await in_thread(_write, staged, making.path)
    kept = await in_thread(load, store, staged.build_key)
    assert kept is not None
    return kept


def _write(staged: Staged, folder: Path) -> None:
    staged.source.folder.rename(folder / "work")
    prefix = folder / "prefix"
    prefix.mkdir()
    put_entries(prefix, staged.installed.entries)
    data = {
        "environments": asdict(staged.environments),
        "entries": [[e.path, e.kind, e.target, e.executable, e.size] for e in staged.installed.entries],
        "changed": staged.installed.changed,
        "deleted": staged.installed.deleted,
        "irregular": staged.installed.irregular,
        "undeclared": staged.installed.undeclared,
        "sources": [asdict(digest) for digest in staged.source.digests],
        "findings": [asdict(finding) for finding in staged.source.findings],
        "newest": staged.source.newest,
        "owners": staged.owners,
        "rendered": staged.rendered,
        "inside": {name: str(path) for name, path in asdict(staged.inside).items()},
        "unpublishable": staged.unpublishable,
    }
    (folder / _FILE).write_text(json.dumps(data), encoding="utf-8")


def _finding(data: Json) -> Finding:
    return Finding(**{**data, "severity": Severity(data["severity"])})


def _entry(data: list[Any], prefix: Path) -> Entry:
    path, kind, target, executable, size = data
    content = prefix / path if kind == EntryKind.FILE else None
    return Entry(
        path=path, kind=EntryKind(kind), content=content, target=target, executable=executable, size=size
    )  # fmt: skip


def _inside(data: Json) -> InsidePaths:
    return InsidePaths(**{name: PurePosixPath(path) for name, path in data.items()})


def _environments(data: Json) -> Environments:
    exports = {kind: tuple(specs) for kind, specs in data["run_exports"].items()}
    return Environments(
        build=_environment(data["build"]),
        host=_environment(data["host"]),
        depends=tuple(_dependency(one) for one in data["depends"]),
        constrains=tuple(_dependency(one) for one in data["constrains"]),
        run_exports=ResolvedRunExports(**exports),
    )


def _environment(data: Json) -> Environment:
    return Environment(specs=tuple(data["specs"]), packages=tuple(_package(one) for one in data["packages"]))


def _package(data: Json) -> LockedPackage:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return LockedPackage(**values)


def _dependency(data: Json) -> RunDependency:
    return RunDependency(spec=data["spec"], origin=DependencyOrigin(data["origin"]), source=data["source"])
