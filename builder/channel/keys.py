"""The keys of a subdir's packages, so that a plan need not open them: derived from the packages, always replaceable."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.archive import OpenPackage
from builder.channel.index import canonical, cut_lines, join_lines
from builder.model.frozen import frozen

FILE_NAME = "bakehouse_keys.json"
_INSIDE = "bakehouse/keys.json"
_PUBLISHABLE = "publishable"
_HEAD = '{\n"format":2,\n"packages":{\n'
"""Since format 2 packages that are never to be published are told."""


@frozen
class Keys:
    """A package's two keys and the digest of its content; all are empty for packages that we did not build.

    Of one that is not ``publishable`` nothing vouches for what it was made of.
    """

    recipe_key: str = ""
    build_key: str = ""
    content: str = ""
    publishable: bool = True


def keys_inside(package: OpenPackage) -> Keys:
    """Return the keys that a package carries in ``info/bakehouse/keys.json``."""
    return _keys(package.value_of(_INSIDE))


def to_json(keys: Keys) -> str:
    """Return canonical JSON; absent keys are left out."""
    plain = {"recipe_key": keys.recipe_key, "build_key": keys.build_key, "content": keys.content}
    unpublishable = {} if keys.publishable else {_PUBLISHABLE: False}
    return canonical({name: value for name, value in plain.items() if value} | unpublishable)


def from_json(text: str | bytes) -> Keys:
    """Return the keys in a JSON object, as far as there are any."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return Keys()
    return _keys(plain)


def _keys(plain: object) -> Keys:
    said = plain if isinstance(plain, dict) else {}
    found = {name: value for name, value in said.items() if isinstance(value, str)}
    return Keys(
        recipe_key=found.get("recipe_key", ""),
        build_key=found.get("build_key", ""),
        content=found.get("content", ""),
        publishable=said.get(_PUBLISHABLE) is not False,
    )


def render(entries: Mapping[str, str]) -> bytes:
    """Return the file for ``entries``: file name → keys as canonical JSON."""
    return f"{_HEAD}{join_lines(entries)}}}\n}}\n".encode()


def parse_own(data: bytes) -> dict[str, str]:
    """Return the entries of a file that is known to be of our making; nothing where it is of another format."""
    return cut_lines(data) if data.startswith(_HEAD.encode()) else {}


def parse(data: bytes) -> dict[str, str]:
    """Return the entries of such a file; nothing for anything else."""
    entries = cut_lines(data)
    return entries if render(entries) == data else {}
