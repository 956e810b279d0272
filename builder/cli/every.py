"""Looking at everything that a user named before saying what is wrong with any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from builder.errors import BakehouseError, joined

_A = TypeVar("_A")
_B = TypeVar("_B")


def every(look: Callable[[_A], _B], items: Iterable[_A]) -> list[_B]:
    """Return what ``look`` gives for each of ``items``, or raise one error with the problems of all that it refuses."""
    found: list[_B] = []
    errors: list[BakehouseError] = []
    for item in items:
        try:
            found.append(look(item))
        except BakehouseError as error:
            errors.append(error)
    if errors:
        raise joined(errors)
    return found
