"""The keys of a subdir's packages, so that a plan need not open them: derived from the packages, always replaceable."""

from __future__ import annotations

import json
from collections.abc import Mapping

from builder.archive import OpenPackage
from builder.channel.index import canonical, cut_lines, join_lines
from builder.model.frozen import frozen

FILE_NAME = "bakehouse_keys.json"
_INSIDE = "bakehouse/keys.json"


@frozen
class Keys:
    """A package's two keys and the digest of its content; all are empty for packages that we did not build."""

    recipe_key: str = ""
    build_key: str = ""
    content: str = ""


def keys_inside(package: OpenPackage) -> Keys:
    """Return the keys that a package carries in ``info/bakehouse/keys.json``."""
    try:
        return from_json(package.read_info(_INSIDE))
    except KeyError:
        return Keys()


def to_json(keys: Keys) -> str:
    """Return canonical JSON; absent keys are left out."""
    plain = {"recipe_key": keys.recipe_key, "build_key": keys.build_key, "content": keys.content}
    return canonical({name: value for name, value in plain.items() if value})


def from_json(text: str | bytes) -> Keys:
    """Return the keys in a JSON object, as far as there are any."""
    try:
        plain = json.loads(text)
    except ValueError:
        return Keys()
    found = {name: value for name, value in plain.items() if isinstance(value, str)} if isinstance(plain, dict) else {}
    return Keys(**{name: found.get(name, "") for name in ("recipe_key", "build_key", "content")})


def render(entries: Mapping[str, str]) -> bytes:
    """Return the file for ``entries``: file name → keys as canonical JSON."""
    return f'{{\n"format":1,\n"packages":{{\n{join_lines(entries)}}}\n}}\n'.encode()


def parse(data: bytes) -> dict[str, str]:
    """Return the entries of such a file; nothing for anything else."""
    entries = cut_lines(data)
    return entries if render(entries) == data else {}
