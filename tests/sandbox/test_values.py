"""The sandbox's values: frozen, comparable, with defaults that promise nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Bind, Capabilities, Changes, Command, Exit, Limits, Overlay, Tmpfs

VALUES = [
    Bind(source=Path("/a"), inside=PurePosixPath("/b")),
    Overlay(lower=(Path("/a"),), upper=Path("/u"), inside=PurePosixPath("/b")),
    Tmpfs(inside=PurePosixPath("/b")),
    Limits(),
    Command(argv=("true",), cwd=PurePosixPath("/")),
    Exit(code=0, seconds=1.0, cpu_seconds=0.5),
    Capabilities(overlay=True, network_isolated=True, processes_isolated=True),
    Changes(folder=Path("/u")),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_do_not_change_and_can_be_keys(value: object) -> None:
    assert dataclasses.is_dataclass(value)
    assert not isinstance(value, type)
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
    assert hash(value) == hash(dataclasses.replace(value))
    assert value == dataclasses.replace(value)


def test_a_bind_is_read_only_unless_somebody_says_so() -> None:
    assert VALUES[0] == Bind(source=Path("/a"), inside=PurePosixPath("/b"), writable=False)


def test_without_a_word_nothing_is_limited() -> None:
    assert all(value is None for value in dataclasses.asdict(Limits()).values())


def test_nothing_changed_is_empty() -> None:
    changes = Changes(folder=Path("/u"))
    assert (changes.new, changes.changed, changes.deleted, changes.irregular) == ((), (), (), ())


def test_the_time_that_is_left() -> None:
    assert Limits().time_left(1.0, 1.0) == {}
    limits = Limits(wall_seconds=10, silence_seconds=4)
    assert limits.time_left(3.0, 1.0) == {"timeout": 7.0, "silence": 3.0}
    assert limits.time_left(11.0, None) == {"timeout": -1.0}
