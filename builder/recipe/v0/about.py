"""``about`` of a ``meta.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from builder.model.recipe import About
from builder.recipe.license import is_common
from builder.recipe.v0.keys import Keys

_ADDRESSES = ("home", "dev_url", "doc_url")
_TEXTS = ("doc_source_url", "license_url", "readme", "prelink_message")
_LISTS = ("identifiers", "tags", "keywords")
_SAID = ("license", "license_file", "license_family", "summary", "description", "recipe_log_file")
KNOWN = frozenset((*_ADDRESSES, *_TEXTS, *_LISTS, *_SAID))

_WITHOUT_EFFECT = {
    "readme": "no file is put into the package for it; about.json names it",
    "prelink_message": "no installer shows it",
    "recipe_log_file": "info/recipe has what the recipe is made of",
}
_NAME = r"(?:DocumentRef-[\w.-]+:)?[\w.-]+\+?"
_EXPRESSION = re.compile(rf"\(*{_NAME}\)*(?:\s+(?:AND|OR|WITH|and|or|with)\s+\(*{_NAME}\)*)*")
"""What SPDX expressions look like; whether the names are known is for the checks of a feedstock."""

_PLACE = re.compile(r"(?:\$\{(\w+)\}|\$(\w+)|%(\w+)%)[/\\]+")


def about_of(keys: Keys) -> About:
    """Return what the recipe says of the software. A license may be any text (conda-build)."""
    keys.unknown(KNOWN)
    for key, why in _WITHOUT_EFFECT.items():
        if key in keys:
            keys.remarks.ignored(keys.at(key), why)
    license_text = keys.text("license")
    if license_text is not None and not _EXPRESSION.fullmatch(license_text.strip()):
        keys.remarks.warn(
            "recipe.license",
            f"{keys.at('license')} is {license_text!r}, which is no SPDX expression",
            keys.at("license"),
            "write one, such as BSD-3-Clause or MIT AND Apache-2.0",
        )
    home, repository, documentation = (next(iter(keys.texts(key)), None) for key in _ADDRESSES)
    return About(
        homepage=home,
        repository=repository,
        documentation=documentation,
        license=license_text,
        license_is_spdx=license_text is None or is_common(license_text.strip()),
        license_file=tuple(map(_license_file, keys.texts("license_file"))),
        license_family=keys.text("license_family"),
        summary=keys.text("summary"),
        description=keys.text("description"),
        further=tuple(_further(keys)),
    )


def _further(keys: Keys) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield what about.json has of conda-build beside what it has of everybody."""
    for key in _ADDRESSES:
        if len(found := keys.texts(key)) > 1:
            yield key, found
    if files := keys.texts("license_file"):
        yield "license_file", files if len(files) > 1 else files[0]
    for key in _TEXTS:
        if (text := keys.text(key)) is not None:
            yield key, text
    for key in _LISTS:
        if found := keys.texts(key):
            yield key, found


def _license_file(path: str) -> str:
    """Return a path as the rest reads it: a folder of the build is named ``${{ PREFIX }}``."""
    place = _PLACE.match(path)
    if place is None:
        return path
    name = place[1] or place[2] or place[3]
    return f"${{{{ {name} }}}}/{path[place.end() :]}"
