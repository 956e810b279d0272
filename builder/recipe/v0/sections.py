"""Cuts the text of a ``meta.yaml`` into sections, by conda-build's patterns, which are its contract (``metadata.py``).

Used variant keys are looked for in these pieces, so that what a pattern cuts wrong is part of a build hash.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FLAGS = re.MULTILINE | re.DOTALL

_OUTPUTS = re.compile(r"(^outputs:.*?)(?=^test:|^extra:|^about:|\Z)", _FLAGS)
_OUTPUT = re.compile(r"^\ +-\ +(?:name|type):.+?(?=^\w|\Z|^\ +-\ +(?:name|type))", _FLAGS)
_TOP_REQUIREMENTS = re.compile(r"(^requirements:.*?)(?=^test:|^extra:|^about:|^outputs:|\Z)", _FLAGS)
_OWN_REQUIREMENTS = re.compile(
    r"(^\s*requirements:.*?)(?=^\s*test:|^\s*extra:|^\s*about:|^\s*-\s+name:|^outputs:|\Z)", _FLAGS
)
_PACKAGE_AND_BUILD = re.compile(r"(^.*?)(?=^requirements:|^test:|^extra:|^about:|^outputs:|\Z)", _FLAGS)
_REQUIREMENTS = re.compile(r"requirements:.+?(?=^\w|\Z|^\s+-\s(?=name|type))", _FLAGS)
_PACKAGE = "package:"
_TEXTS = 64
"""Texts whose sections are remembered: the variants of a recipe have few different ones."""


def has_package(text: str) -> bool:
    """Return whether ``text`` is that of a whole recipe, and not of one of its outputs."""
    return _PACKAGE in text


@lru_cache(maxsize=_TEXTS)
def outputs_section(text: str) -> str:
    """Return the section ``outputs``, with whatever follows it but tests, ``about`` and ``extra``."""
    return _first(_OUTPUTS, text)


@lru_cache(maxsize=_TEXTS)
def output_texts(outputs: str) -> tuple[str, ...]:
    """Return the text of each entry of an `outputs_section`, in their order."""
    return tuple(_OUTPUT.findall(outputs))


@lru_cache(maxsize=_TEXTS)
def requirements_section(text: str, *, top: bool) -> str:
    """Return the requirements with the selectors that belong to them: those of the recipe, or an output's own."""
    return _first(_TOP_REQUIREMENTS if top else _OWN_REQUIREMENTS, text)


@lru_cache(maxsize=_TEXTS)
def package_and_build(text: str) -> str:
    """Return all that stands before the requirements."""
    return _first(_PACKAGE_AND_BUILD, text)


@lru_cache(maxsize=_TEXTS)
def first_requirements(text: str) -> str:
    """Return the first section of requirements in ``text``, at any depth."""
    match = _REQUIREMENTS.search(text)
    return match[0] if match else ""


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
