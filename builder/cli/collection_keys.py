"""The keys of `bakehouse.yaml`: one row for each, from which the parser, the reference and the JSON Schema are made."""

from __future__ import annotations

import re
from typing import Literal

from builder.model.frozen import frozen
from builder.model.variant import VariantRule

Document = dict[str, object]
Holds = Literal["texts", "text", "mirrors", "rules"]

WORDS: dict[Holds, str] = {
    "texts": "a list of texts",
    "text": "a text",
    "mirrors": "a mapping from an address prefix to a list of replacements",
    "rules": f"a list of {' and '.join(VariantRule)}",
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
    CollectionKey("policy", "text", "a text", "–", "Reserved: nothing reads it yet."),
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
_SHAPES: dict[Holds, Document] = {
    "texts": {**_TEXTS, "type": ["array", "null"]},
    "text": {"type": _SCALAR},
    "mirrors": {"type": ["object", "null"], "additionalProperties": _TEXTS},
    "rules": {"type": ["array", "null"], "items": {"enum": [str(rule) for rule in VariantRule]}},
}
