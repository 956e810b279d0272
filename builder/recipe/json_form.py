"""How each kind of a recipe's scalars looks in JSON Schema: the patterns of CEP 26, closed sets, types.

A form may accept more than the kind's check (versions, specs and licenses are no regular languages), never less.
"""

from __future__ import annotations

from collections.abc import Mapping

from builder.model.name import MAX_BUILD, MAX_NAME, MAX_VERSION

Document = dict[str, object]

TEMPLATE: Document = {"pattern": r"\$\{\{[\s\S]*\}\}"}
"""Text with an expression in it."""

_END = r"(?![\s\S])"
"""The very end: for some readers of patterns `$` stands before a line's end too."""

_ESCAPES = rf"^(?:[/\\~]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|{_END})|\u0000"
_INSIDE: Document = {"type": ["string", "number", "boolean"], "not": {"type": "string", "pattern": _ESCAPES}}
_WHOLE = r"^\s*[-+]?[0-9]{1,30}\s*$"
_TRUTHS = ["true", "True", "TRUE", "false", "False", "FALSE"]
_ANYTHING: Document = {"type": ["string", "number", "boolean"]}


def _matching(pattern: str, *also: str, most: int | None = None) -> Document:
    """Return the form of text that fits; numbers and truth values, which may fit as text, if ``also`` says so."""
    document: Document = {"type": ["string", *also], "pattern": pattern}
    return {**document, "maxLength": most} if most else document


def _one_of(*words: str) -> Document:
    return {"enum": list(words)}


_FORMS: Mapping[str, Document] = {
    "TEXT": _ANYTHING,
    "LINE": _ANYTHING,
    "NAME": _matching(r"^_?[a-z0-9]+(?:[._-][a-z0-9]+)*[._-]?$", "number", "boolean", most=MAX_NAME),
    "VERSION": _matching(r"^[0-9A-Za-z._+!]+$", "number", "boolean", most=MAX_VERSION),
    "NATURAL": {"type": ["integer", "string"], "minimum": 0, "pattern": r"^\s*(?:\+?[0-9]{1,30}|-0+)\s*$"},
    "INTEGER": {"type": ["integer", "string"], "pattern": _WHOLE},
    "BOOLEAN": {"enum": [True, False, *_TRUTHS]},
    "NOARCH": {"type": "string", "pattern": r"^\s*(?:python|generic|~|null|none|None|)\s*$"},
    "BEHAVIOR": _one_of("ignore", "error"),
    "BUILD_STRING": _matching(r"^[a-zA-Z0-9_.+]+$", "number", "boolean", most=MAX_BUILD),
    "SPEC": _ANYTHING,
    "PLAIN_SPEC": _ANYTHING,
    "PACKAGE": _ANYTHING,
    "FLAG": _matching(r"^[a-z0-9_]+(?::[a-z0-9_]+)?$", "number", "boolean"),
    "GROUP": _matching(r"^[a-z0-9_.+-]{1,64}$", "number", "boolean"),
    "PUBLISHER": _matching(r"^(?:github|gitlab):"),
    "SHA256": _matching(r"^[0-9a-fA-F]{64}$", "number"),
    "MD5": _matching(r"^[0-9a-fA-F]{32}$", "number"),
    "URL": _matching(r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"),
    "PAGE": _matching(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\n]+$"),
    "PATH": _INSIDE,
    "FILE_NAME": {**_ANYTHING, "not": {"type": "string", "pattern": rf"^\.{{1,2}}{_END}|[/\\\u0000]"}},
    "SOURCE_PATH": _ANYTHING,
    "PATCH": _INSIDE,
    "LICENSE_FILE": _INSIDE,
    "GLOB": _ANYTHING,
    "INNER_GLOB": _INSIDE,
    "LICENSE": _ANYTHING,
    "ENTRY_POINT": _matching(r"^[A-Za-z0-9_.+-]+\s*=\s*[^\s:]+\s*:\s*\S+$"),
    "VARIABLE": _matching(r"^[A-Za-z_][A-Za-z0-9_]*$", "boolean"),
    "GIT": {**_ANYTHING, "minLength": 1, "not": {"type": "string", "pattern": r"^-|::"}},
    "REFERENCE": {
        **_ANYTHING,
        "minLength": 1,
        "not": {"type": "string", "pattern": r"^-|[ \t\n~^:?*\[\\]"},
    },
    "REGEX": _ANYTHING,
    "PYTHON_VERSION": _ANYTHING,
    "COMMAND": _ANYTHING,
    "SCRIPT_TEXT": _ANYTHING,
}


def form(name: str, *, template: bool = True) -> Document:
    """Return the form of the kind ``name`` (a constant of `builder.recipe.kind`); nothing at all fits too.

    With ``template`` text with an expression in it fits, whatever it comes to.
    """
    own = _FORMS[name]
    if own is _ANYTHING:
        return {"type": ["string", "number", "boolean", "null"]} if template else own
    return {"anyOf": [own, {"type": "string", **TEMPLATE}, {"type": "null"}]} if template else own
