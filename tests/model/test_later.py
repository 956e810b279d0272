"""Values that are found field by field are like those that were made at once."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace

import pytest

from builder.model.frozen import frozen
from builder.model.later import later


@frozen
class Loaf:
    """A value with a default, a method and a field that does not count."""

    flour: str
    grams: int = 500
    seen: tuple[str, ...] = field(default=(), compare=False)

    @property
    def label(self) -> str:
        return f"{self.grams} g of {self.flour}"


def baker(asked: list[str] | None = None) -> Callable[[str], object]:
    def find(name: str) -> object:
        if asked is not None:
            asked.append(name)
        return {"flour": "rye", "grams": 750, "seen": ("a",)}[name]

    return find


def test_a_field_is_found_when_it_is_asked_for_and_once() -> None:
    asked: list[str] = []
    loaf = later(Loaf, baker(asked), {"flour": "oat"})
    assert asked == []
    assert loaf.flour == "oat"
    assert asked == []
    assert (loaf.grams, loaf.grams) == (750, 750)
    assert asked == ["grams"]


def test_methods_see_what_is_found() -> None:
    assert later(Loaf, baker(), {}).label == "750 g of rye"


def test_it_equals_one_that_was_made_at_once() -> None:
    made, found = Loaf(flour="rye", grams=750), later(Loaf, baker(), {})
    assert made == found
    assert found == made
    assert hash(made) == hash(found)
    assert found == later(Loaf, baker(), {"flour": "rye"})
    assert found != later(Loaf, baker(), {"flour": "oat"})
    assert repr(found) == repr(Loaf(flour="rye", grams=750, seen=("a",)))


def test_it_is_one_of_its_class() -> None:
    found = later(Loaf, baker(), {})
    assert isinstance(found, Loaf)
    assert found.__class__ is Loaf
    assert [one.name for one in fields(found)] == ["flour", "grams", "seen"]
    match found:
        case Loaf(flour=flour):
            assert flour == "rye"


def test_copies_are_made_at_once() -> None:
    found = later(Loaf, baker(), {})
    for other in (replace(found), copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert type(other) is Loaf
        assert other == found
        assert other.seen == ("a",)
    assert replace(found, grams=1).label == "1 g of rye"


def test_it_cannot_be_changed() -> None:
    found = later(Loaf, baker(), {})
    with pytest.raises(FrozenInstanceError):
        found.grams = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del found.grams


def test_what_is_no_field_is_not_looked_for() -> None:
    asked: list[str] = []
    with pytest.raises(AttributeError, match="'Loaf' object has no attribute 'crumb'"):
        getattr(later(Loaf, baker(asked), {}), "crumb")  # noqa: B009 - mypy knows that there is none
    assert asked == []


def test_an_error_of_finding_is_told_and_the_field_asked_for_again() -> None:
    tries: list[str] = []

    def find(name: str) -> object:
        tries.append(name)
        if len(tries) == 1:
            raise ValueError("burnt")
        return 3

    found = later(Loaf, find, {})
    with pytest.raises(ValueError, match="burnt"):
        found.grams  # noqa: B018
    assert found.grams == 3
