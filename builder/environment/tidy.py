"""A freshly linked prefix without traces of when, where and by whom it was linked, and what is known of its files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from builder.environment.records import canonical
from builder.model.frozen import frozen
from builder.store import remove_tree

_EPOCH = 315_532_800
"""1980-01-01: the time of folders and of files that linking itself makes."""

_META = "conda-meta"
_CLOBBERS = "__clobbers__"
_CACHE_MARK = "CACHEDIR.TAG"
_LINK_SCRIPTS = ("-pre-link.sh", "-post-link.sh", "-pre-unlink.sh")
_KEPT = (
    "name", "version", "build", "build_number", "subdir", "noarch", "depends", "constrains", "sha256", "md5", "size",
    "timestamp", "license", "license_family", "track_features", "python_site_packages_path", "files", "paths_data",
)  # fmt: skip
"""What stays of rattler's prefix records (CEP 32): what follows from the packages alone."""


@frozen
class Linked:
    """What linking found out: ``owners`` maps a path to its package, ``clashes`` a path to all packages that bring it.

    ``scripts`` are the packages that want a script run at linking or unlinking, with its path in the prefix.
    """

    owners: tuple[tuple[str, str], ...] = ()
    clashes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()

    def notes(self, *, scripts_run: bool = False) -> Iterator[str]:
        """Give what a user should know, a line each; whether scripts are run after linking is the caller's affair."""
        for path, names in self.clashes:
            yield f"{' and '.join(names)} both bring {path}"
        for name in sorted({name for name, _ in self.scripts if not scripts_run}):
            yield f"{name} has link scripts, which are not run here"

    def write(self, folder: Path) -> None:
        """Keep it beside the prefix."""
        known = {"owners": self.owners, "clashes": self.clashes, "scripts": self.scripts}
        (folder / "linked.json").write_text(canonical(known), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Linked:
        """Read what `write` kept."""
        known = json.loads((folder / "linked.json").read_text(encoding="utf-8"))
        return cls(
            owners=tuple((path, name) for path, name in known["owners"]),
            clashes=tuple((path, tuple(names)) for path, names in known["clashes"]),
            scripts=tuple((name, path) for name, path in known["scripts"]),
        )


def tidied(prefix: Path, unpacked: Mapping[str, Path]) -> Linked:
    """Make ``prefix`` the same for the same packages and say what is in it; ``unpacked`` are the packages' folders."""
    meta = prefix / _META
    meta.mkdir(parents=True, exist_ok=True)
    (meta / "history").write_bytes(b"")
    owners, losers = dict[str, str](), dict[str, list[str]]()
    for path in sorted(meta.glob("*.json")):
        name, kept, lost = _rewritten(path)
        owners |= dict.fromkeys(kept, name)
        for each in lost:
            losers.setdefault(each, []).append(name)
    remove_tree(prefix / _CLOBBERS)
    if _CACHE_MARK not in owners:
        (prefix / _CACHE_MARK).unlink(missing_ok=True)
    _normalise(prefix, {path: unpacked[name] / path for path, name in owners.items()})
    return Linked(
        owners=tuple(sorted(owners.items())),
        clashes=tuple(sorted((path, (owners[path], *names)) for path, names in losers.items())),
        scripts=tuple(sorted((name, path) for path, name in owners.items() if _is_link_script(path, name))),
    )


def _rewritten(path: Path) -> tuple[str, list[str], list[str]]:
    """Rewrite a prefix record; return its package's name, its paths, and those that another package's file won.

    rattler lays the losers' files aside, below ``__clobbers__/NAME``.
    """
    record = json.loads(path.read_bytes())
    name = str(record["name"])
    aside = f"{_CLOBBERS}/{name}/"
    entries = record["paths_data"]["paths"]
    lost = [str(entry["_path"]).removeprefix(aside) for entry in entries if str(entry["_path"]).startswith(aside)]
    entries = sorted((entry for entry in entries if not str(entry["_path"]).startswith(aside)), key=_path)
    kept = [_path(entry) for entry in entries]
    record["paths_data"]["paths"] = entries
    record["files"] = kept
    clean = {key: record[key] for key in _KEPT if key in record} | {
        "fn": record["fn"],
        "url": record["url"],
        "channel": record["channel"],
        "requested_specs": [],
        "link": {"source": "", "type": 1},
    }
    path.write_text(json.dumps(clean, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return name, kept, lost


def _path(entry: Mapping[str, object]) -> str:
    return str(entry["_path"])


def _is_link_script(path: str, name: str) -> bool:
    return path.removeprefix(f"bin/.{name}") in _LINK_SCRIPTS


def _normalise(prefix: Path, origins: Mapping[str, Path]) -> None:
    """Give folders, and the files that linking wrote itself, modes and times that do not come from here and now.

    A file written anew because it holds the prefix keeps the time that it has in its package; hard links to unpacked
    packages are left alone.
    """
    folders = [prefix]
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                    continue
                found = entry.stat(follow_symlinks=False)
                if entry.is_file(follow_symlinks=False):
                    if found.st_nlink > 1:
                        continue
                    Path(entry.path).chmod(0o755 if found.st_mode & 0o100 else 0o644)
                origin = origins.get(os.path.relpath(entry.path, prefix))
                time = _time_of(origin)
                os.utime(entry.path, (time, time), follow_symlinks=False)
    for folder in reversed(folders):
        folder.chmod(0o755)
        os.utime(folder, (_EPOCH, _EPOCH))


def _time_of(origin: Path | None) -> float:
    try:
        return origin.lstat().st_mtime if origin is not None else _EPOCH
    except FileNotFoundError:  # what linking makes itself, an entry point, is in no package
        return _EPOCH
