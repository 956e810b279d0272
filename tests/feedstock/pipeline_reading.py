"""Reads a pipeline as its provider does: parses the YAML, then expands what that provider expands.

An expression that is no literal is looked up in ``known``; whatever is not there has been smuggled in and is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from ruamel.yaml import YAML

from builder.feedstock.quoting import Provider

Document = dict[str, object]


class SmuggledError(Exception):
    """Something would be expanded that the template did not write."""


def parsed(text: str) -> Document:
    """The document, by another parser than ours: YAML 1.2 in plain Python, duplicate keys refused."""
    return cast("Document", YAML(typ="safe", pure=True).load(text))


def expanded(text: str, provider: Provider, known: Mapping[str, str] | None = None) -> str:
    """What a string of the document becomes."""
    given = known or {}
    match provider:
        case Provider.GITHUB:
            return _expressions(text, given)
        case Provider.GITLAB:
            return re.sub(r"\$\$|%%|\$(\w+)|\$\{(\w*)\}|%(\w+)%", lambda found: _variable(found, given), text)
        case Provider.AZURE:
            return _macros(_expressions(text, given), given)


def _expressions(text: str, known: Mapping[str, str]) -> str:
    """``${{ … }}`` of GitHub and Azure; quotes inside hide the two braces at the end, doubled they stand for one."""
    out, rest = "", text
    while "${{" in rest:
        before, _, rest = rest.partition("${{")
        found = re.match(r"((?:[^'}]|'(?:[^']|'')*'|\}(?!\}))*)\}\}(.*)", rest, re.DOTALL)
        if found is None:
            raise SmuggledError(f"an expression without an end: {text!r}")
        inner, rest = found[1].strip(), found[2]
        literal = re.fullmatch(r"'((?:[^']|'')*)'", inner)
        out += before + (literal[1].replace("''", "'") if literal else _asked(inner, known))
    return out + rest


def _macros(text: str, known: Mapping[str, str]) -> str:
    """``$(NAME)`` of Azure, which are expanded in the values of variables too, and ``$[ … ]``."""
    if re.search(r"\$\[", text):
        raise SmuggledError(text)
    return re.sub(r"\$\(([^)]*)\)", lambda found: _asked(found[1], known), text)


def _variable(found: re.Match[str], known: Mapping[str, str]) -> str:
    return _asked(next(name for name in (*found.groups(), found[0]) if name is not None), known)


def _asked(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise SmuggledError(name)
    return known[name]
