"""Puts options of a command line into groups: each group becomes one frozen value, so that verbs stay short."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

R = TypeVar("R")
Decorator = Callable[[Callable[..., R]], Callable[..., R]]

PATH = click.Path(path_type=Path)
"""The type of options that take a path."""


def grouped(name: str, make: Callable[..., object], *options: Decorator[R]) -> Decorator[R]:
    """Return a decorator that adds ``options`` to a command and hands their values to it as one argument ``name``.

    A group may be among the options of another: its value becomes a field of the other's. Fields that no option is for
    have their defaults.
    """
    fields = tuple(getattr(make, "__annotations__", {}))

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(function)
        def grouped(*arguments: object, **values: object) -> R:
            own = {field: values.pop(field) for field in fields if field in values}
            return function(*arguments, **values, **{name: make(**own)})

        bundled: Callable[..., R] = grouped
        for option in reversed(options):
            bundled = option(bundled)
        return bundled

    return decorate
