"""The decorator of values: a frozen dataclass with slots whose methods are closures, not code compiled for each class.

The standard library's decorator compiles six methods for each class that it decorates, half a millisecond in all; with
two hundred classes that was a fifth of what a small build takes. This one leaves fields, defaults and slots to the
standard library, so that `dataclasses.replace`, ``fields`` and ``asdict`` work, and adds the methods itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...


@overload
def frozen(*, kw_only: bool = True, eq: bool = True) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(
    cls: type[T] | None = None, /, *, kw_only: bool = True, eq: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class what ``dataclass(frozen=True, slots=True, kw_only=True)`` makes of it.

    With ``kw_only=False`` fields may be given by position; with ``eq=False`` the class keeps the equality and the hash
    that it has. A class that defines its own representation keeps that.
    """

    def decorate(plain: type[T]) -> type[T]:
        made = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(plain)
        shape = fields(made)  # type: ignore[arg-type]  # it has just become one
        compared = _values([one.name for one in shape if one.compare])
        methods: dict[str, object] = {
            "__init__": _initialiser(made, shape, positional=not kw_only),
            "__setattr__": _refuse_setting,
            "__delattr__": _refuse_deleting,
            "__getstate__": _state_getter(shape),
            "__setstate__": _state_setter(made, shape),
        }
        if "__repr__" not in plain.__dict__:
            methods["__repr__"] = _representation([one.name for one in shape if one.repr])
        if eq:
            methods |= {"__eq__": _equality(compared), "__hash__": _hash(compared)}
        for name, method in methods.items():
            setattr(made, name, method)
        return made

    return decorate if cls is None else decorate(cls)


_Setter = Callable[[object, object], None]


def _initialiser(cls: type, shape: Sequence[Field[object]], *, positional: bool) -> Callable[..., None]:
    wanted = [one for one in shape if one.init]
    setters = tuple((one.name, _setter(cls, one)) for one in wanted)
    count = len(setters)
    by_position = tuple(one.name for one in wanted) if positional else ()
    defaults = {one.name: one.default for one in wanted if one.default is not MISSING}
    factories = [(one.name, one.default_factory) for one in wanted if one.default_factory is not MISSING]
    finish: Callable[[object], None] | None = getattr(cls, "__post_init__", None)

    def initialise(self: object, /, *given: object, **values: object) -> None:
        if given:
            named = dict(zip(by_position, given, strict=False))
            if len(named) < len(given) or not named.keys().isdisjoint(values):
                raise TypeError(f"{cls.__qualname__} was given a value twice, or too many")
            values = named | values
        if len(values) < count:
            values = defaults | values
            if len(values) < count:
                values |= {name: make() for name, make in factories if name not in values}
        if len(values) != count:
            raise _misfit(cls, values, wanted)
        try:
            for name, put in setters:
                put(self, values[name])
        except KeyError:
            raise _misfit(cls, values, wanted) from None
        if finish is not None:
            finish(self)

    return initialise


def _misfit(cls: type, values: dict[str, object], wanted: Sequence[Field[object]]) -> TypeError:
    needed = [one.name for one in wanted if one.default is MISSING and one.default_factory is MISSING]
    missing = [name for name in needed if name not in values]
    unknown = values.keys() - {one.name for one in wanted}
    what = f"misses {', '.join(missing)}" if missing else f"has no {', '.join(sorted(unknown))}"
    return TypeError(f"{cls.__qualname__} {what}")


def _setter(cls: type, one: Field[object]) -> _Setter:
    """Return what puts a value into a slot past ``__setattr__``."""
    setter: _Setter = getattr(cls, one.name).__set__
    return setter


def _state_getter(shape: Sequence[Field[object]]) -> Callable[[object], tuple[object, ...]]:
    """Return the one half of copies and pickles: all values in the order of the fields."""
    values = _values([one.name for one in shape])
    return lambda self: values(self)  # noqa: PLW0108 - only a function becomes a method


def _state_setter(cls: type, shape: Sequence[Field[object]]) -> Callable[[object, Sequence[object]], None]:
    """Return the other half."""
    setters = tuple(_setter(cls, one) for one in shape)

    def set_state(self: object, state: Sequence[object]) -> None:
        for put, value in zip(setters, state, strict=True):
            put(self, value)

    return set_state


def _values(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """Return what reads those attributes of an object; by itself `attrgetter` returns no tuple for less than two."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda self: (getattr(self, name),)
        case _:
            read: Callable[[object], tuple[object, ...]] = attrgetter(*names)
            return read


def _equality(values: Callable[[object], tuple[object, ...]]) -> Callable[[object, object], bool]:
    def equal(self: object, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(values: Callable[[object], tuple[object, ...]]) -> Callable[[object], int]:
    return lambda self: hash(values(self))


def _representation(names: Sequence[str]) -> Callable[[object], str]:
    def represent(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return represent


def _refuse_setting(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
