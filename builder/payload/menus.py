"""Looking at menu documents (CEP 11) before an installer has to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.payload import Entry

_CHECK = "menus"
_LARGEST = 1 << 20


def check_menus(entries: Iterable[Entry], package: str) -> tuple[Finding, ...]:
    """Return what is wrong with the ``Menu/*.json`` among ``entries``.

    Only what makes every installer fail is an error: no JSON, or neither a name nor items. CEP 11 also asks that the
    document is called like the package, which older recipes do not do.
    """
    found: list[Finding] = []
    for entry in entries:
        place = PurePosixPath(entry.path)
        if entry.content is None or place.parent.name != "Menu" or place.suffix != ".json" or len(place.parts) != 2:
            continue
        if wrong := _wrong(entry):
            found.append(Finding(check=_CHECK, severity=Severity.ERROR, path=entry.path, message=wrong))
        if place.stem != package:
            found.append(
                Finding(
                    check=_CHECK,
                    severity=Severity.WARNING,
                    path=entry.path,
                    message=f"CEP 11 wants this file to be called Menu/{package}.json",
                )
            )
    return tuple(found)


def _wrong(entry: Entry) -> str | None:
    if entry.content is None or entry.size > _LARGEST:
        return f"no menu document is larger than {_LARGEST} bytes"
    try:
        document = json.loads(entry.content.read_bytes())
    except (ValueError, RecursionError) as error:
        return f"it is no JSON: {error}"
    if not isinstance(document, dict):
        return "it is no JSON object"
    missing = [key for key in ("menu_name", "menu_items") if not document.get(key)]
    return f"it lacks {' and '.join(missing)}" if missing else None
