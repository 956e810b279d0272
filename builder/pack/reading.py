"""A finished package file as the value that packing gave when it was made."""

from __future__ import annotations

from pathlib import Path

from builder.archive import package_record, read_package
from builder.model.package import Package
from builder.store import digest_file

_KEYS = "bakehouse/keys.json"


def read_back(path: Path) -> Package:
    """Read a package file, ours or anybody's; the keys of a package that is not ours are empty.

    Raises:
        SourceError: no package, damaged, or not as CEP 34 and 35 say.
    """
    opened, found = read_package(path), digest_file(path)
    index = opened.index()
    said = opened.value_of(_KEYS)
    keys = _keys(said)
    return Package(
        path=path,
        file_name=path.name,
        name=index["name"],
        version=index["version"],
        build=index["build"],
        subdir=index["subdir"],
        sha256=found.sha256,
        md5=found.md5,
        size=found.size,
        record=package_record(opened, sha256=found.sha256, md5=found.md5, size=found.size),
        recipe_key=keys.get("recipe_key", ""),
        build_key=keys.get("build_key", ""),
        content=keys.get("content", ""),
        publishable=not (isinstance(said, dict) and said.get("publishable") is False),
    )


def _keys(found: object) -> dict[str, str]:
    """Return the texts in keys.json; anybody may have written it, so whatever is not one says nothing."""
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}
