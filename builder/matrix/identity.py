"""The build hash and the build string of an output: the peers' rules, digit for digit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from builder.model.recipe import Noarch
from builder.model.variant import VariantValue

HASH_LENGTH = 7

LANGUAGE_PREFIXES = (
    ("np", 2, ("numpy",)),
    ("py", 2, ("python",)),
    ("pl", 3, ("perl",)),
    ("lua", 2, ("lua",)),
    ("r", 2, ("r_base", "r")),
)
"""In the order of the build string: prefix, how many parts of the version follow it, the variant keys that it names."""


def hash_input(variant: Mapping[str, VariantValue]) -> str:
    """Return the text that is hashed: JSON, keys sorted, ``", "`` and ``": "`` between, beyond ASCII not escaped."""
    return _HASHED.encode(variant if isinstance(variant, dict) else dict(variant))


_HASHED = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


def build_hash(variant: Mapping[str, VariantValue]) -> str:
    """Return the build hash of a used variant: the first seven hexadecimal digits of the sha1 of `hash_input`."""
    return digest_of(hash_input(variant))


def digest_of(text: str) -> str:
    """Return the build hash of a used variant whose `hash_input` is ``text``."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:HASH_LENGTH]


def language_parts(variant: Mapping[str, VariantValue], noarch: Noarch | None) -> tuple[tuple[str, str | None], ...]:
    """Return the parts of `language_prefix`, each with the variant key whose value it shows, if it shows one."""
    if noarch == "python":
        return (("py", None),)
    found = []
    for prefix, parts, keys in LANGUAGE_PREFIXES:
        key = next((key for key in keys if key in variant), None)
        if key is not None:
            found.append((prefix + "".join(value_text(variant[key]).split(".")[:parts]), key))
    return tuple(found)


def language_prefix(variant: Mapping[str, VariantValue], noarch: Noarch | None) -> str:
    """Return what stands before the ``h`` of a default build string: ``np126py311``, or ``py`` for noarch Python."""
    return "".join(part for part, _ in language_parts(variant, noarch))


def default_build_string(
    variant: Mapping[str, VariantValue],
    noarch: Noarch | None,
    number: int,
    prefix: str | None = None,
    digest: str | None = None,
) -> str:
    """Return ``{language prefix}h{build hash}_{build number}``, after ``{prefix}_`` where the caller wants one.

    ``digest`` is the build hash, if it is known.
    """
    wanted = "" if prefix is None else f"{prefix}_"
    return f"{wanted}{language_prefix(variant, noarch)}h{digest or build_hash(variant)}_{number}"


def value_text(value: VariantValue) -> str:
    """Return ``value`` as templates and environment variables show it: booleans are ``true`` and ``false``."""
    return str(value).lower() if isinstance(value, bool) else str(value)
