"""Frozen values whose fields are found when somebody asks for them.

One recipe makes thousands of renderings of which most fields are looked at by few, or by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

Find = Callable[[str], object]
"""Finds the value of a field by the field's name; asked once for each."""


def later(cls: type[T], find: Find, known: Mapping[str, object]) -> T:
    """Return a value of ``cls`` (see `builder.model.frozen`): the fields in ``known``, the others by ``find``.

    It equals one that was made at once, and becomes such a one when it is pickled or copied by `dataclasses.replace`.
    """
    kind, setters, hold = _kind(cls)  # type: ignore[arg-type]  # classes have a hash
    made: T = object.__new__(kind)
    hold(made, find)
    for name, value in known.items():
        setters[name](made, value)
    return made


_Setter = Callable[[object, object], None]


@cache
def _kind(cls: type[Any]) -> tuple[type[Any], dict[str, _Setter], _Setter]:
    """Return a class like ``cls`` that finds its fields, the setters of these, and that of its `Find`."""
    setters: dict[str, _Setter] = {field.name: getattr(cls, field.name).__set__ for field in fields(cls)}

    def found(self: object, name: str) -> object:
        """Find a field that is not there yet: Python asks for it here only then."""
        if name not in setters:
            raise AttributeError(f"{cls.__qualname__!r} object has no attribute {name!r}")
        value = self._find(name)  # type: ignore[attr-defined]
        setters[name](self, value)
        return value

    def reduced(self: object) -> tuple[object, ...]:
        return _at_once, (cls, {name: getattr(self, name) for name in setters})

    body = {
        "__slots__": ("_find",),
        "__class__": property(lambda _: cls),  # for `isinstance`, `replace` and equality it is one of them
        "__getattr__": found,
        "__reduce__": reduced,
        "__qualname__": cls.__qualname__,
        "__module__": cls.__module__,
    }
    kind = type(cls.__name__, (cls,), body)
    return kind, setters, vars(kind)["_find"].__set__


def _at_once(cls: Callable[..., T], values: dict[str, object]) -> T:
    return cls(**values)
