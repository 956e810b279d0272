"""A prefix as a script left it, made of real files, for the tests of everything that follows the script."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from builder.model.environment import Environment, LinkedPrefix, LockedPackage
from builder.model.payload import Entry, EntryKind, Installed
from builder.model.recipe import Output
from builder.payload import PayloadContext

FOLDER = object()
"""Stands for an empty folder in the trees below."""


class Link(str):
    """The target of a symlink in the trees below."""

    __slots__ = ()


Tree = Mapping[str, "str | bytes | Link | object"]


def write_tree(root: Path, tree: Tree) -> Path:
    """Write ``tree`` below ``root``: text, bytes, `Link` or `FOLDER` by path; programs in ``bin/`` are executable."""
    for path, content in tree.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is FOLDER:
            place.mkdir()
        elif isinstance(content, Link):
            place.symlink_to(content)
        else:
            data = content.encode() if isinstance(content, str) else content
            assert isinstance(data, bytes)
            place.write_bytes(data)
            place.chmod(0o755 if path.startswith("bin/") else 0o644)
    return root


def installed(
    root: Path,
    tree: Tree | None = None,
    *,
    irregular: tuple[str, ...] = (),
    changed: tuple[str, ...] = (),
    deleted: tuple[str, ...] = (),
) -> Installed:
    """Write ``tree`` below ``root`` and return everything there, as the script room collects it."""
    write_tree(root, tree or {})
    entries = []
    for folder, folders, files in os.walk(root):
        for name in sorted([*folders, *files]):
            place = Path(folder, name)
            path, status = str(place.relative_to(root)), place.lstat()
            if stat.S_ISLNK(status.st_mode):
                entries.append(Entry(path=path, kind=EntryKind.SYMLINK, target=str(place.readlink())))
            elif stat.S_ISDIR(status.st_mode):
                entries.append(Entry(path=path, kind=EntryKind.DIRECTORY))
            elif stat.S_ISREG(status.st_mode):
                executable = bool(status.st_mode & stat.S_IXUSR)
                entries.append(
                    Entry(path=path, kind=EntryKind.FILE, content=place, executable=executable, size=status.st_size)
                )
    entries.sort(key=lambda entry: entry.path)
    return Installed(folder=root, entries=tuple(entries), irregular=irregular, changed=changed, deleted=deleted)


def locked(name: str, *depends: str, constrains: tuple[str, ...] = ()) -> LockedPackage:
    """Return a package of an environment."""
    return LockedPackage(
        name=name, version="1", build="0", build_number=0, subdir="linux-64", file_name=f"{name}-1-0.conda",
        url=f"file:///channel/linux-64/{name}-1-0.conda", channel="file:///channel", sha256="0" * 64, size=1,
        depends=depends, constrains=constrains,
    )  # fmt: skip


def linked(folder: Path, owners: Mapping[str, str], *packages: LockedPackage) -> LinkedPrefix:
    """Return the environment in ``folder`` whose paths belong to the packages that ``owners`` names."""
    found = packages or tuple(locked(name) for name in sorted(set(owners.values())))
    return LinkedPrefix(
        environment=Environment(packages=found),
        folder=folder,
        inside=PurePosixPath("/bakehouse/host_env"),
        owners=tuple(owners.items()),
    )


def package(name: str = "demo", **fields: object) -> Output:
    """Return a package output with these fields."""
    return Output(kind="package", name=name, version="1.0", **fields)  # type: ignore[arg-type]


def context(tmp_path: Path, host: LinkedPrefix | None = None) -> PayloadContext:
    """Return a context whose folders lie below ``tmp_path``: ``recipe``, ``work`` and ``scratch``."""
    for name in ("recipe", "work"):
        (tmp_path / name).mkdir(exist_ok=True)
    return PayloadContext(
        host=host, recipe_folder=tmp_path / "recipe", work=(tmp_path / "work",), scratch=tmp_path / "scratch"
    )
