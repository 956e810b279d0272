"""The keys of `bakehouse.yaml`: one row for each, from which the parser, the reference and the JSON Schema are made."""

from __future__ import annotations

import re
from typing import Literal

from builder.model.frozen import frozen
from builder.model.policy import FARM
from builder.model.variant import VariantRule

Document = dict[str, object]
SEALED = ("bubblewrap", "docker", "podman")
"""The kinds of isolation that a file may choose."""

Holds = Literal[
    "texts",
    "text",
    "mirrors",
    "rules",
    "isolation",
    "limits",
    "permissions",
    "policy",
    "namespaces",
    "attestations",
    "archives",
]

WORDS: dict[Holds, str] = {
    "texts": "a list of texts",
    "text": "a text",
    "mirrors": "a mapping from an address prefix to a list of replacements",
    "rules": f"a list of {' and '.join(VariantRule)}",
    "isolation": "bubblewrap, docker or podman (`none` is for those who ask for it on a command line)",
    "limits": "a mapping from limits to values, or from names to such mappings",
    "permissions": "a mapping from names to what they may use",
    "policy": "farm, or absent",
    "namespaces": "a mapping from globs of package names to lists of channels",
    "attestations": "a mapping from channels to who must have published what they have",
    "archives": "a mapping from what is counted of an archive to how much it may be",
}
"""What each kind of value is called, to complete "must be …"."""


@frozen(kw_only=False)
class CollectionKey:
    """One key: what it holds (for the parser and for people), the option that says the same, and what it is for."""

    name: str
    holds: Holds
    words: str
    option: str
    doc: str


COLLECTION_KEYS = (
    CollectionKey(
        "recipes", "texts", "folders", "`PATH…`",
        "Where recipes are: what is built when none is named, and where `--with-deps` looks.",
    ),
    CollectionKey(
        "variants", "texts", "files", "`-m`",
        "Variant files for all recipes. Later ones win, then the one beside the recipe, then those of `-m`.",
    ),
    CollectionKey(
        "channels", "texts", "folders, addresses, names", "`-c`", "Channels to solve against, after the output.",
    ),
    CollectionKey(
        "output", "text", "a folder", "`--out`",
        "The channel that packages go to; `channel` in the current folder when nobody says.",
    ),
    CollectionKey(
        "mirrors", "mirrors", "beginning of an address → list", "`--mirror`",
        "What to put in its place, tried in order before the address itself; those of options come first. The longest "
        "beginning that fits, up to the end of a name, counts. Both end with a slash, or neither.",
    ),
    CollectionKey(
        "debian", "text", "an address", "–",
        "The Debian archive (the folder with `dists` and `pool`) for `debian:` sources and the sandbox's root; by "
        "default the first one of the machine's apt configuration.",
    ),
    CollectionKey(
        "pypi", "text", "an address", "`PIP_INDEX_URL`",
        "The simple index for `pypi:` sources; by default PyPI's own.",
    ),
    CollectionKey(
        "environment", "texts", "names", "`--allow-env`",
        "Environment variables that recipes may read with [`env.get`](expressions.md#what-they-ask-of-the-machine).",
    ),
    CollectionKey(
        "conda_build_rules", "rules", ", ".join(f"`{rule}`" for rule in VariantRule), "`--conda-build-rule`",
        "What [variant files](variants.md#what-a-file-says-besides) say and rattler-build ignores, to be applied.",
    ),
    CollectionKey(
        "isolation", "isolation", "`bubblewrap`, `docker`, `podman`", "`--isolation`",
        "In which kind of sandbox scripts run.",
    ),
    CollectionKey(
        "image", "text", "`name@sha256:…`", "`--image`",
        "The image of docker or podman to run them in instead of our root.",
    ),
    CollectionKey(
        "limits", "limits", "limit → value, name → such a mapping", "`--limit`",
        "What scripts [may use at most](../how-to/isolation.md#limits): all of them, or those of a recipe or output.",
    ),
    CollectionKey(
        "allow", "permissions", "name → `network`, `mounts`, `tests`", "`--allow-network`, `--mount`, …",
        "What scripts of a recipe or output [may use of the machine](../how-to/isolation.md#permissions).",
    ),
    CollectionKey(
        "archives", "archives", "`members`, `size`, `ratio`, `ratio_from`, `depth`", "`--archive-limit`",
        "How much [an archive of a source may hold](member-policy.md#how-much).",
    ),
    CollectionKey(
        "policy", "policy", "`farm`", "–",
        "Where [strangers' recipes](../how-to/farm.md) are built: no private addresses and files of the machine as "
        "sources, no package without a digest.",
    ),
    CollectionKey(
        "hosts", "texts", "names of hosts", "–",
        "Hosts that addresses in a channel's index may lead to, besides the channel's own.",
    ),
    CollectionKey(
        "namespaces", "namespaces", "glob of names → list of channels", "–",
        "Packages that [come from these channels alone](../how-to/trust-channels.md#names-that-are-yours), in whatever "
        "order channels stand.",
    ),
    CollectionKey(
        "attestations", "attestations", "channel → `publisher`, `issuer`, `root`, `published_to`", "–",
        "Channels whose packages are taken only with "
        "[an attestation](../how-to/trust-channels.md#packages-with-attestations-only) of who published them.",
    ),
)  # fmt: skip


def collection_schema() -> Document:
    """Return the JSON Schema of `bakehouse.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bakehouse.yaml",
        "description": "A collection of recipes: what options would otherwise have to say.",
        "type": ["object", "null"],
        "properties": {key.name: {"description": _plain(key.doc), **_SHAPES[key.holds]} for key in COLLECTION_KEYS},
        "additionalProperties": False,
    }


def _plain(doc: str) -> str:
    """Return a text of the reference without its links."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", doc)


_SCALAR = ["string", "number", "boolean", "null"]
_TEXTS: Document = {"type": "array", "items": {"type": _SCALAR}}
_SIZE: Document = {"type": ["string", "integer"], "pattern": "^[0-9.]+ *[kKmMgGtT]?i?B?$|^none$"}
_BYTES: Document = {"type": ["string", "integer"], "pattern": "^[0-9.]+ *[kKmMgGtT]?i?B?$"}
_TIME: Document = {"type": ["string", "integer"], "pattern": "^[0-9hmins ]+$|^none$"}
_COUNT: Document = {"type": ["string", "integer"], "pattern": "^[0-9]+$|^none$"}
_LIMITS: Document = {
    "memory": _SIZE, "processes": _COUNT, "disk": _SIZE, "cpu": _TIME, "wall": _TIME, "silence": _TIME,
}  # fmt: skip
_NUMBER: Document = {"type": ["string", "integer"], "pattern": "^[0-9]+$"}
_CAPS: Document = {"members": _NUMBER, "size": _BYTES, "ratio": _NUMBER, "ratio_from": _BYTES, "depth": _NUMBER}
_LENT: Document = {
    "network": {"type": ["boolean", "null"]},
    "mounts": {"type": ["array", "null"], "items": {"type": "string", "pattern": "^[^:]+:/[^:]+(:r[ow])?$"}},
}
_SHAPES: dict[Holds, Document] = {
    "texts": {**_TEXTS, "type": ["array", "null"]},
    "text": {"type": _SCALAR},
    "mirrors": {"type": ["object", "null"], "additionalProperties": _TEXTS},
    "rules": {"type": ["array", "null"], "items": {"enum": [str(rule) for rule in VariantRule]}},
    "isolation": {"enum": [*SEALED, None]},
    "policy": {"enum": [FARM, None]},
    "namespaces": {"type": ["object", "null"], "additionalProperties": _TEXTS},
    "attestations": {
        "type": ["object", "null"],
        "additionalProperties": {
            "type": "object",
            "properties": {key: {"type": "string"} for key in ("publisher", "issuer", "root", "published_to")},
            "required": ["publisher", "issuer"],
            "additionalProperties": False,
        },
    },
    "limits": {
        "type": ["object", "null"],
        "properties": _LIMITS,
        "additionalProperties": {"type": "object", "properties": _LIMITS, "additionalProperties": False},
    },
    "archives": {"type": ["object", "null"], "properties": _CAPS, "additionalProperties": False},
    "permissions": {
        "type": ["object", "null"],
        "additionalProperties": {
            "type": "object",
            "properties": {**_LENT, "tests": {"type": "object", "properties": _LENT, "additionalProperties": False}},
            "additionalProperties": False,
        },
    },
}
