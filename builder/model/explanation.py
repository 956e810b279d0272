"""An explanation: for one rendering, how each key got into its build hash, and why others did not."""

from __future__ import annotations

from typing import Literal

from builder.errors import Place
from builder.model.frozen import frozen
from builder.model.rendering import Rendering
from builder.model.variant import Origin, VariantValue

Through = Literal[
    "expression", "context", "script", "requirement", "use_keys", "virtual package", "staging", "pin", "always",
    "environment", "selector", "variable",
]  # fmt: skip
"""By what a key gets into a hash."""

Obstacle = Literal[
    "ignored", "noarch", "shadowed", "branch", "not needed", "own version", "run only", "zipped", "no value", "unused",
]  # fmt: skip
"""By what a key stays out of a hash."""


Part = Literal["name", "version", "prefix", "hash", "number", "build string"]
"""The pieces of ``name-version-build``."""


@frozen
class Reason:
    """One way by which a key gets into a hash.

    ``text`` is the expression, requirement or key as written at ``place``, below the recipe's key ``path``. ``name`` is
    the context variable, staging output or sibling that it goes through, and ``further`` what reads that context
    variable in its turn, or why the key is in the hash of that staging output.
    """

    through: Through
    text: str = ""
    path: str = ""
    place: Place | None = None
    name: str | None = None
    further: tuple[Reason, ...] = ()


@frozen
class Setting:
    """The values that a key was given in one place, and the place of the first of them."""

    values: tuple[VariantValue, ...]
    origin: Origin


@frozen
class UsedKey:
    """A key of the hash: its value, where that was set, and all ways by which it got in.

    ``choices`` are all values that the variant files have for it; ``replaced`` are the settings that were overridden,
    the latest first. ``given`` is the value of the variant files where another one is hashed (a context variable of the
    same name, ``noarch``). ``zipped`` are the keys that it varies with, ``zip_place`` where that is said.
    """

    key: str
    value: VariantValue
    reasons: tuple[Reason, ...]
    origin: Origin | None = None
    given: VariantValue | None = None
    choices: tuple[VariantValue, ...] = ()
    replaced: tuple[Setting, ...] = ()
    zipped: tuple[str, ...] = ()
    zip_place: Place | None = None


@frozen
class UnusedKey:
    """A key that one might expect in the hash and that is not there; ``text`` and ``place`` show what keeps it out."""

    key: str
    obstacle: Obstacle
    why: str
    text: str = ""
    place: Place | None = None
    choices: tuple[VariantValue, ...] = ()
    origin: Origin | None = None


@frozen
class NamePart:
    """A piece of ``name-version-build`` and what it came of; ``through`` are the context variables that it shows."""

    part: Part
    text: str
    why: str
    place: Place | None = None
    through: tuple[Reason, ...] = ()


@frozen
class Explanation:
    """Why a rendering is called what it is; ``hash_input`` is the text whose sha1 begins with the build hash.

    ``unused`` are keys that one might expect, ``unmentioned`` those of the variant files that the output has nothing to
    do with. ``asked`` are the environment variables that selectors of variant files read.
    """

    rendering: Rendering
    hash_input: str
    parts: tuple[NamePart, ...]
    used: tuple[UsedKey, ...]
    unused: tuple[UnusedKey, ...]
    unmentioned: tuple[str, ...]
    asked: tuple[str, ...] = ()
