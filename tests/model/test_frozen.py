"""The decorator of values beside the standard library's, which it must not differ from."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.frozen import frozen

STANDARD = dataclass(frozen=True, slots=True, kw_only=True)
VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=4), st.tuples(st.integers(0, 2)))
FIELDS = ("one", "two", "three", "four")


@frozen
class Shelf:
    """Has every kind of field."""

    name: str
    loaves: tuple[str, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    note: str = field(default="", compare=False)
    hidden: int = field(default=0, repr=False)


@frozen(kw_only=False)
class Point:
    """May be made by position."""

    x: int
    y: int = 2


@frozen
class Nothing:
    """Has no field."""


@frozen
class Alone:
    """Has one field."""

    only: object


@frozen(eq=False)
class Same:
    """Is equal to itself only."""

    number: int


@frozen(kw_only=False)
class Positive:
    """Works something out of what it was given."""

    number: int
    double: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if self.number <= 0:
            raise ValueError(self.number)
        object.__setattr__(self, "double", 2 * self.number)


@frozen
class Table(Mapping[str, int]):
    """Inherits its equality from a mapping, which a value does not want."""

    rows: tuple[tuple[str, int], ...]

    def __getitem__(self, key: str) -> int:
        return dict(self.rows)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.rows))

    def __len__(self) -> int:
        return len(self.rows)


@frozen
class Spoken:
    """Says itself what it is."""

    word: str

    def __repr__(self) -> str:
        return f"<{self.word}>"


def made(decorate: Callable[[type], type], defaults: Mapping[str, object]) -> Any:
    """Return a class with four fields, the last of which have ``defaults``."""
    names = {"__annotations__": dict.fromkeys(FIELDS, "object"), "__qualname__": "Made", "__doc__": "x", **defaults}
    return decorate(type("Made", (), dict(names)))


@given(
    defaults=st.dictionaries(st.sampled_from(FIELDS), VALUES),
    first=st.dictionaries(st.sampled_from((*FIELDS, "five")), VALUES),
    second=st.dictionaries(st.sampled_from(FIELDS), VALUES),
)
def test_it_behaves_as_the_standard_librarys_decorator(
    defaults: dict[str, object], first: dict[str, object], second: dict[str, object]
) -> None:
    ours, theirs = made(frozen, defaults), made(STANDARD, defaults)

    def outcome(cls: Any) -> object:
        try:
            one, other = cls(**first), cls(**second)
        except TypeError:
            return TypeError
        return (
            repr(one), repr(other), one == other, one != other, hash(one), hash(other), one == 1,
            dataclasses.asdict(one), dataclasses.astuple(other), repr(dataclasses.replace(one, **second)),
            [each.name for each in dataclasses.fields(one)], cls.__slots__, cls.__match_args__, hasattr(one, "__dict__"),
        )  # fmt: skip

    assert outcome(ours) == outcome(theirs)


def test_values_of_two_classes_are_not_equal() -> None:
    assert made(frozen, dict.fromkeys(FIELDS, 1))() != made(frozen, dict.fromkeys(FIELDS, 1))()


def test_defaults_are_filled_in_and_made_fresh() -> None:
    one, other = Shelf(name="a"), Shelf(name="b")

    assert (one.loaves, one.labels, one.note, one.hidden) == ((), {}, "", 0)
    assert one.labels is not other.labels
    assert Shelf(name="a", labels={"rye": 1}).labels == {"rye": 1}


def test_fields_may_be_left_out_of_comparing_and_showing() -> None:
    assert Shelf(name="a", note="x") == Shelf(name="a", note="y")
    assert Shelf(name="a", hidden=1) != Shelf(name="a", hidden=2)
    assert repr(Shelf(name="a", note="x", hidden=1)) == "Shelf(name='a', loaves=(), labels={}, note='x')"


@pytest.mark.parametrize(
    ("arguments", "names", "words"),
    [
        ((), {}, "Point misses x"),
        ((1, 2, 3), {}, "too many"),
        ((1,), {"x": 1}, "twice"),
        ((1,), {"z": 1}, "Point has no z"),
        ((), {"x": 1, "y": 1, "z": 1}, "Point has no z"),
        ((), {"y": 1, "z": 1}, "Point misses x"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple[int, ...], names: dict[str, int], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Point(*arguments, **names)


def test_positions_are_for_those_who_ask() -> None:
    untyped: Any = Alone

    assert Point(1) == Point(1, 2) == Point(x=1) == Point(1, y=2) == Point(y=2, x=1)
    with pytest.raises(TypeError, match="too many"):
        untyped(1)


def test_nothing_can_be_set_or_deleted() -> None:
    point: Any = Point(1)

    for name in ("x", "other"):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(point, name, 3)
        with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
            delattr(point, name)
    assert point == Point(1)


def test_work_after_the_beginning_is_done() -> None:
    assert Positive(3).double == 6
    assert dataclasses.replace(Positive(3), number=4).double == 8
    with pytest.raises(ValueError, match="-1"):
        Positive(-1)


def test_no_field_and_one_field() -> None:
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(())
    assert repr(Nothing()) == "Nothing()"
    assert Alone(only=(1,)) != Alone(only=1)
    assert hash(Alone(only=1)) == hash((1,))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Alone(only=[]))


def test_identity_is_kept_for_those_who_ask() -> None:
    one = Same(number=1)

    assert one == one  # noqa: PLR0124
    assert one != Same(number=1)
    assert hash(one) == object.__hash__(one)


def test_methods_of_its_own_and_of_its_bases() -> None:
    table = Table(rows=(("a", 1),))

    assert table == Table(rows=(("a", 1),))
    assert table != {"a": 1}
    assert dict(table) == {"a": 1}
    assert repr(Spoken(word="hm")) == "<hm>"


@pytest.mark.parametrize(
    "value", [Shelf(name="a", labels={"rye": 1}), Point(1), Nothing(), Alone(only=None), Positive(2), Table(rows=())]
)
def test_copies_and_pickles_are_equal(value: object) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value
        assert repr(again) == repr(value)
    assert copy.copy(value) == copy.deepcopy(value) == value


def test_it_is_matched_by_its_fields() -> None:
    match Point(1, 5):
        case Point(x, y=5):
            assert x == 1
        case _:
            pytest.fail("no match")
    assert Shelf.__match_args__ == ()


def test_types_are_known() -> None:
    assert_type(Point(1).x, int)
    assert_type(dataclasses.replace(Point(1), y=3), Point)
