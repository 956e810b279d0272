"""What names an output of a ``meta.yaml``: its name, version, build number and build string, each of allowed signs.

conda-build's rules (``metadata.py``): a name is lower case, versions and build strings have no dash, for dashes divide
the parts of a file's name.
"""

from __future__ import annotations

from difflib import get_close_matches

from builder.errors import Problem
from builder.recipe.v0.metadata import MAX_DIGITS, SECTIONS, Metadata
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.remarks import Remarks

_NEVER = frozenset("=@#$%^&*:;\"'\\|<>?/")
_OF_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-")
_LONGEST = 128


def wrong_names(output: OutputMetadata, remarks: Remarks) -> tuple[Problem, ...]:
    """Return what is wrong with what names an output; ``remarks`` know where things stand."""
    metadata, section = output.metadata, "outputs" if output.parent else "package"
    found = [
        _name(metadata.name, f"{section}.name"),
        _version(metadata.version, "package.version" if "version" not in output.entry else "outputs.version"),
        _number(metadata),
        _string(metadata.text("build", "string")),
    ]
    return tuple(
        Problem(code="recipe.name", message=message, place=remarks.place(path), remedy=remedy)
        for message, path, remedy in filter(None, found)
    )


def unknown_sections(metadata: Metadata, remarks: Remarks) -> None:
    """Warn of what stands at a line's start and is no section: conda-build reads nothing there."""
    for name in metadata.sections:
        if name not in SECTIONS:
            close = get_close_matches(name, SECTIONS, n=1)
            remedy = f"did you mean {close[0]!r}?" if close else f"the sections are {', '.join(SECTIONS)}"
            remarks.warn("recipe.unknown-section", f"there is no section {name!r}", name, remedy)


_Wrong = tuple[str, str, str] | None
"""A message, the key that it is about, and the remedy."""


def _name(name: str, path: str) -> _Wrong:
    if not name:
        return f"{path} is missing", path, f"write `{path.rpartition('.')[2]}:` with the package's name"
    if name != name.lower():
        return f"the name {name!r} has capitals", path, f"write {name.lower()}"
    if name.startswith((".", "-")):
        return f"the name {name!r} begins with {name[0]!r}", path, "a name begins with a letter, a digit or `_`"
    if wrong := _signs(name, "!") or next((repr(sign) for sign in name if sign not in _OF_NAMES), None):
        return f"the name {name!r} has {wrong}", path, "a name is made of small letters, digits and `_ . -`"
    return None


def _version(version: str, path: str) -> _Wrong:
    if not version:
        return f"{path} is missing", path, "write `version:` below the name"
    if wrong := _signs(version, "-"):
        return f"the version {version!r} has {wrong}", path, "a version is made of letters, digits and `_ . + !`"
    if version.startswith("."):
        return f"the version {version!r} begins with a point", path, "write a number before it"
    return None


def _number(metadata: Metadata) -> _Wrong:
    value = metadata.section("build").get("number")
    if value in (None, "", False) or (isinstance(value, int) and value >= 0):
        return None
    text = str(value).strip()
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return None
    return f"build.number is {text!r}, which is no whole number from 0 on", "build.number", "write `number: 0`"


def _string(text: str) -> _Wrong:
    if wrong := _signs(text, "-!"):
        remedy = "a build string is made of letters, digits and `_ . +`"
        return f"the build string {text!r} has {wrong}", "build.string", remedy
    return None


def _signs(text: str, more: str) -> str:
    """Return the signs of ``text`` that may not stand in it, for people; nothing if there are none."""
    wrong = sorted({sign for sign in text if sign in _NEVER or sign in more or not "!" <= sign <= "~"})
    if wrong:
        return ", ".join("a space" if sign == " " else repr(sign) for sign in wrong)
    return f"more than {_LONGEST} letters" if len(text) > _LONGEST else ""
