"""What ``info/index.json``, ``link.json`` and ``run_exports.json`` of a package may say, judged when it is opened.

Whoever installs a package acts on them: names become paths, commands become files, and an index repeats them to all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from builder.archive.document import Json
from builder.archive.member import MalformedError
from builder.model.name import check_build_string, check_foreign_version, check_package_name, check_subdir

_LATEST = 253_402_300_799_999  # the last millisecond of the year 9999
_LARGEST_NUMBER = 2**63 - 1
_LONGEST_TEXT = 1 << 16
_KINDS = frozenset({None, "python", "generic", True, False})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNTIDY = re.compile(r"^$|^/|/$|//|(?:^|/)\.{1,2}(?:/|$)|\\|:")
_COMMAND = re.compile(r"[^/\\\x00-\x20\x7f=:]{1,255}")
_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")

_OF_AN_INDEX = frozenset({
    "attestations_sha256", "base_url", "channel", "fn", "indexed_timestamp", "legacy_bz2_md5", "legacy_bz2_size",
    "md5", "run_exports", "sha256", "size", "url",
})  # fmt: skip


def check_index(index: Json, stem: str) -> None:
    """Raise `MalformedError` unless index.json (CEP 34) names the package ``stem``, and all in it has the right form.

    Old packages may have capitals and large numbers in their versions; names, build strings and subdirs are CEP 26's.
    """
    parts = [index.get(key) for key in ("name", "version", "build")]
    if not all(isinstance(part, str) and part for part in parts) or "-".join(map(str, parts)) != stem:
        raise MalformedError(f"index.json says {_shown(parts)}, which is not the file's name")
    if not _is_number(index.get("build_number")) or not isinstance(index.get("subdir"), str):
        raise MalformedError("index.json has no build_number or no subdir")
    checks: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("name", check_package_name),
        ("version", check_foreign_version),
        ("build", check_build_string),
        ("subdir", check_subdir),
    )
    for key, check in checks:
        try:
            check(str(index[key]))
        except ValueError as error:
            raise MalformedError(f"index.json: {error}") from error
    for key, is_right in _FORMS.items():
        if key in index and not is_right(index[key]):
            raise MalformedError(f"index.json: {key} cannot be {_shown(index[key])}")


def check_link(link: Json, index: Json) -> None:
    """Raise `MalformedError` unless link.json agrees with index.json and each of its commands is a plain name.

    An installer makes a file ``bin/<command>`` of each, and Python source of what stands behind it.
    """
    noarch = link.get("noarch")
    if noarch is None:
        return
    if not isinstance(noarch, dict) or noarch.get("type") not in {"python", "generic"}:
        raise MalformedError(f"link.json: noarch cannot be {_shown(noarch)}")
    if noarch["type"] != noarch_kind(index.get("noarch")):
        raise MalformedError(f"link.json is of a package that is noarch {noarch['type']}, and index.json of another")
    points = noarch.get("entry_points")
    for point in points if isinstance(points, list) else [points] if points is not None else []:
        if not _is_entry_point(point):
            raise MalformedError(f"link.json: {_shown(point)} is no entry point, `command = module:function`")


def run_exports_of(found: object) -> dict[str, tuple[str, ...]]:
    """Return the run exports by kind (CEP 12); a bare list, as old packages have, is weak."""
    kinds = {"weak": found} if isinstance(found, list) else found
    if not isinstance(kinds, dict):
        raise MalformedError("run_exports.json is no object")
    for kind, specs in kinds.items():
        if isinstance(specs, list) and not _is_list_of_texts(specs):
            raise MalformedError(f"run_exports.json: {kind[:80]} has something that is no requirement")
    return {kind: tuple(specs) for kind, specs in sorted(kinds.items()) if isinstance(specs, list) and specs}


def for_index(index: Json) -> Json:
    """Return what of index.json goes into a channel's index: all that the index does not say by itself."""
    return {key: value for key, value in index.items() if key not in _OF_AN_INDEX}


def noarch_kind(value: object) -> str | None:
    """Return ``python``, ``generic`` or None; the oldest packages say true instead of ``generic``."""
    return value if isinstance(value, str) else "generic" if value is True else None


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_NUMBER


def _is_time(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= _LATEST)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and not _CONTROL.search(value)


def _is_text_or_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= _LONGEST_TEXT)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text_or_list(value: object) -> bool:
    return value is None or _is_text(value) or _is_list_of_texts(value)


def _is_place(value: object) -> bool:
    """Whether it is a path inside the prefix: installers put the modules of every noarch package there."""
    return value is None or (_is_text(value) and not _UNTIDY.search(str(value)))


def _is_kind(value: object) -> bool:
    return isinstance(value, str | bool | None) and value in _KINDS


_FORMS: Mapping[str, Callable[[object], bool]] = {
    "depends": _is_list_of_texts,
    "constrains": _is_list_of_texts,
    "noarch": _is_kind,
    "timestamp": _is_time,
    "python_site_packages_path": _is_place,
    "track_features": _is_text_or_list,
    "features": _is_text_or_nothing,
    "license": _is_text_or_nothing,
    "license_family": _is_text_or_nothing,
    "arch": _is_text_or_nothing,
    "platform": _is_text_or_nothing,
}


def _is_entry_point(point: object) -> bool:
    if not isinstance(point, str) or _CONTROL.search(point):
        return False
    command, equals, target = (part.strip() for part in point.partition("="))
    module, colon, function = (part.strip() for part in target.partition(":"))
    names = (module, function)
    return bool(
        equals
        and colon
        and _COMMAND.fullmatch(command)
        and command not in {".", ".."}
        and all(map(_FUNCTION.fullmatch, names))
    )


def _shown(value: object) -> str:
    return repr(value)[:200]
