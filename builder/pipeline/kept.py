"""The kept state of a task as a document beside its tree: all that it takes to enter it again, but no secret.

What lies in the store is named by kind and key, what lies in the kept folder by its path in it, so that both may move.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.model.recipe import GitSource, GlobList, PathSource, Source, UrlSource
from builder.model.source import SourceDigest
from builder.model.task import Task
from builder.plan.keys import is_dependency, is_lent, is_option, recipe_key
from builder.sandbox import Bind, Limits, Mount, Overlay, Tmpfs
from builder.store import Store

FILE = "kept.json"
FORMAT = 1
Json = Mapping[str, Any]
_SOURCES = (UrlSource, PathSource, GitSource)


@frozen
class Touched:
    """A file as the script left it, changed or made anew: ``mtime`` in nanoseconds since 1970, ``size`` in bytes."""

    path: str
    mtime: int
    size: int


@frozen
class Origin:
    """What a work folder was made of before its script: sources, their digests, the sha256 of each patch file."""

    sources: tuple[Source, ...] = ()
    digests: tuple[SourceDigest, ...] = ()
    patches: tuple[tuple[str, str], ...] = ()


@frozen
class Kept:
    """A task's state, and where it came from.

    ``said`` is how it failed, empty for one that was only prepared; ``given`` is the recipe's file, or the package
    whose test it is; ``own_key`` is that of the task (see there). ``scratch`` is where the state lay while its script
    ran. ``variables`` are the whole environment but for the ``secrets``, which are asked for again. ``touched`` and
    ``removed`` are what the script did to files that were in its work folder before. With ``network`` it could use the
    machine's. ``engine`` is where the container engine listened, ``image`` what it ran instead of our root.
    """

    task_id: str
    kind: Literal["build", "test"]
    name: str
    said: str
    given: Path
    recipe_folder: Path
    own_key: str
    isolation: str
    rootfs: str
    scratch: Path
    mounts: tuple[Mount, ...]
    variables: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    limits: Limits
    script: PurePosixPath
    network: bool = False
    engine: str | None = None
    image: str | None = None
    log: Path | None = None
    origin: Origin = Origin()
    touched: tuple[Touched, ...] = ()
    removed: tuple[str, ...] = ()

    def variable(self, name: str) -> str:
        """Return the value of a variable that every script has, or nothing."""
        return dict(self.variables).get(name, "")

    @property
    def start(self) -> PurePosixPath:
        """Where the script starts."""
        return PurePosixPath(self.variable("SRC_DIR"))

    def mount(self, inside: PurePosixPath) -> Mount | None:
        """Return what is mounted at ``inside``."""
        return next((mount for mount in self.mounts if mount.inside == inside), None)

    def place(self, inside: PurePosixPath) -> Path | None:
        """Return the folder of this machine that holds what was written at ``inside``."""
        match self.mount(inside):
            case Bind(source=source):
                return source
            case Overlay(upper=upper):
                return Path(inside) if self.isolation == "none" else upper
            case _:
                return None


def own_key(task: Task) -> str:
    """Return the digest of what a task is: a recipe key's own part.

    It is the same whatever the plan knows of the task's dependencies, whatever packages were to be like, and whatever
    the script may use of the machine.
    """
    parts = (
        part for part in task.explanation if not (is_dependency(part[0]) or is_option(part[0]) or is_lent(part[0]))
    )
    return recipe_key(tuple(parts))


def write(kept: Kept, folder: Path, store: Store) -> None:
    """Write ``kept`` into its ``folder``; paths below ``kept.scratch`` are meant to be in it."""
    data = {
        "format": FORMAT,
        **{name: getattr(kept, name) for name in _PLAIN},
        **{name: str(getattr(kept, name)) for name in _PATHS},
        "log": str(kept.log) if kept.log else None,
        "limits": asdict(kept.limits),
        "network": kept.network,
        "engine": kept.engine,
        "image": kept.image,
        "mounts": [_mount_data(mount, kept.scratch, store) for mount in kept.mounts],
        "sources": [{"type": type(source).__name__, **asdict(source)} for source in kept.origin.sources],
        "digests": [asdict(digest) for digest in kept.origin.digests],
        "patches": kept.origin.patches,
        "touched": [[one.path, one.mtime, one.size] for one in kept.touched],
    }
    text = json.dumps(data, ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text, encoding="utf-8", errors="surrogateescape")


def read(folder: Path, store: Store) -> Kept:
    """Return what `write` wrote into ``folder``, which may have moved since.

    A state of isolation ``none`` names the paths that its script saw. Raises `MachineError` with the remedy for a
    document that is damaged or of another version, and for a part that is gone.
    """
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8", errors="surrogateescape"))
        if data["format"] != FORMAT:
            raise _unusable(folder, f"it was kept by another version (format {data['format']}, not {FORMAT})")
        return _kept(data, folder, store)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise _unusable(folder, f"{FILE} is damaged ({type(error).__name__}: {error})") from error


def there(folder: Path) -> bool:
    """Whether ``folder`` holds a kept state."""
    return (folder / FILE).is_file()


def said(folder: Path) -> str:
    """Return how the task of the state in ``folder`` failed, nothing when it was only prepared or cannot be read."""
    try:
        return str(json.loads((folder / FILE).read_text(encoding="utf-8", errors="surrogateescape"))["said"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


_PLAIN = ("task_id", "kind", "name", "said", "own_key", "isolation", "rootfs", "variables", "secrets", "removed")
_PATHS = ("given", "recipe_folder", "scratch", "script")


def _kept(data: Json, folder: Path, store: Store) -> Kept:
    scratch = Path(data["scratch"])
    base = scratch if data["isolation"] == "none" else folder
    return Kept(
        **{name: data[name] for name in ("task_id", "kind", "name", "said", "own_key", "isolation", "rootfs")},
        given=Path(data["given"]),
        recipe_folder=Path(data["recipe_folder"]),
        scratch=scratch,
        mounts=tuple(_mount(one, base, folder, store) for one in data["mounts"]),
        variables=tuple((name, value) for name, value in data["variables"]),
        secrets=tuple(data["secrets"]),
        limits=Limits(**data["limits"]),
        network=bool(data.get("network", False)),
        engine=data.get("engine"),
        image=data.get("image"),
        script=PurePosixPath(data["script"]),
        log=Path(data["log"]) if data["log"] else None,
        origin=Origin(
            sources=tuple(_source(one) for one in data["sources"]),
            digests=tuple(SourceDigest(**one) for one in data["digests"]),
            patches=tuple((name, sha256) for name, sha256 in data["patches"]),
        ),
        touched=tuple(Touched(path=path, mtime=mtime, size=size) for path, mtime, size in data["touched"]),
        removed=tuple(data["removed"]),
    )


def _source(data: Json) -> Source:
    make = next(one for one in _SOURCES if one.__name__ == data["type"])
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items() if name != "type"
    }
    chosen = values["filter"]
    values["filter"] = GlobList(include=tuple(chosen["include"]), exclude=tuple(chosen["exclude"]))
    return make(**values)


def _mount_data(mount: Mount, scratch: Path, store: Store) -> Json:
    match mount:
        case Bind(source=source, inside=inside, writable=writable):
            return {"bind": _reference(source, scratch, store), "inside": str(inside), "writable": writable}
        case Overlay(lower=lower, upper=upper, inside=inside):
            layers = [_reference(layer, scratch, store) for layer in lower]
            return {"overlay": _reference(upper, scratch, store), "lower": layers, "inside": str(inside)}
        case Tmpfs(inside=inside, size=size):
            return {"size": size, "inside": str(inside)}


def _mount(data: Json, base: Path, folder: Path, store: Store) -> Mount:
    inside = PurePosixPath(data["inside"])
    if "bind" in data:
        return Bind(source=_found(data["bind"], base, folder, store), inside=inside, writable=data["writable"])
    if "overlay" in data:
        lower = tuple(_found(layer, base, folder, store) for layer in data["lower"])
        upper = base / data["overlay"][1]  # made when it is absent
        return Overlay(lower=lower, upper=upper, inside=inside)
    return Tmpfs(inside=inside, size=data["size"])


def _reference(path: Path, scratch: Path, store: Store) -> list[str]:
    """Return how ``path`` is found again: in the kept folder, in the store by kind and key, or on the machine."""
    folders = store.root / "folders"
    if path.is_relative_to(scratch):
        return ["kept", str(path.relative_to(scratch))]
    if path.is_relative_to(folders):
        kind, key, *rest = path.relative_to(folders).parts
        return ["store", kind, key, "/".join(rest)]
    return ["machine", str(path.absolute())]


def _found(reference: list[str], base: Path, folder: Path, store: Store) -> Path:
    match reference:
        case ["kept", path]:
            if not (folder / path).exists():
                raise _unusable(folder, f"{folder / path} is gone")
            return base / path
        case ["store", kind, key, rest]:
            found = store.folder(kind, key)
            if found is None:
                raise _unusable(folder, f"a part of it ({kind} {key[:12]}) is no longer in the store {store.root}")
            return found / rest
        case ["machine", path]:
            if not Path(path).exists():
                raise _unusable(folder, f"{path} is not there: it has moved, or this is another machine")
            return Path(path)
        case _:
            raise ValueError(f"{reference} names nothing")


def _unusable(folder: Path, reason: str) -> MachineError:
    return MachineError(
        f"the kept state {folder.name} cannot be entered: {reason}",
        code="debug.kept",
        remedy="build again to have it fail anew, or enter a freshly prepared one with --fresh",
    )
