"""Whether a package is what its channel's index calls it: an index may patch what it needs, never what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.archive.metadata import noarch_kind
from builder.errors import SourceError
from builder.model.environment import LockedPackage
from builder.model.name import stem_of

_SHOWN = 3


def compared(wanted: Sequence[LockedPackage], unpacked: Mapping[str, Path]) -> str | None:
    """Compare the packages with what indexes say of them; return a line for people if an index patched some.

    ``unpacked`` are the packages' folders by their names. Dependencies and constraints may differ: channels mend
    packages so (repodata patches, CEP 21), and solvers went by the index.

    Raises:
        SourceError: a package is another one than the index says.
    """
    patched = []
    for package in wanted:
        info = unpacked[package.name] / "info"
        own = json.loads((info / "index.json").read_bytes())
        _require(package, own)
        if _is_patched(package, own) or _exports_other(package, info / "run_exports.json"):
            patched.append(package.name)
    if not patched:
        return None
    more = f" and {len(patched) - _SHOWN} more" if len(patched) > _SHOWN else ""
    return (
        f"the index says another thing of what {', '.join(patched[:_SHOWN])}{more} needs, or asks of its users, "
        "than the package itself; the index counts"
    )


def _require(package: LockedPackage, own: Mapping[str, Any]) -> None:
    said = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": package.build_number,
        "subdir": package.subdir,
        "noarch": noarch_kind(package.noarch),
        "file name": stem_of(package.file_name),
    }
    found = {key: own.get(key) for key in said} | {
        "noarch": noarch_kind(own.get("noarch")),
        "file name": "-".join(str(own.get(key)) for key in ("name", "version", "build")),
    }
    for key, value in said.items():
        if found[key] != value:
            raise SourceError(
                f"{package.file_name} has the {key} {found[key]!r}, and the index of {package.channel} says {value!r}",
                code="environment.identity",
                remedy="find out who changed it before you use it; if it was you, index the channel again",
            )


def _is_patched(package: LockedPackage, own: Mapping[str, Any]) -> bool:
    said = (package.depends, package.constrains)
    return any(
        sorted(own.get(key) or ()) != sorted(specs) for key, specs in zip(("depends", "constrains"), said, strict=True)
    )


def _exports_other(package: LockedPackage, file: Path) -> bool:
    """Whether the index gives run exports, and others than the package."""
    said = json.loads(package.record).get("run_exports")
    own = json.loads(file.read_bytes()) if said is not None and file.is_file() else {}
    return said is not None and _by_kind(said) != _by_kind(own)


def _by_kind(exports: object) -> dict[str, list[str]]:
    kinds = {"weak": exports} if isinstance(exports, list) else exports if isinstance(exports, dict) else {}
    return {str(kind): sorted(map(str, specs)) for kind, specs in kinds.items() if isinstance(specs, list) and specs}
