"""The paths inside a sandbox."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from builder.model.inside import SEALED, inside_paths, padded
from builder.model.target import target
from tests.model.literals import unhurried


def test_the_host_prefix_is_as_long_as_a_placeholder() -> None:
    assert len(str(SEALED.prefix)) == target("linux-64").family.placeholder_length == 255
    assert str(SEALED.prefix).startswith("/bakehouse/host_env_placehold_placehold")
    assert len(str(inside_paths(PurePosixPath("/x"), 80).prefix)) == 80


@unhurried
@given(st.integers(20, 300))
def test_padding_is_exact_and_only_grows(length: int) -> None:
    path = padded(PurePosixPath("/a/b"), length)
    assert len(str(path)) == length
    assert str(path).startswith("/a/b_placehold")
    assert "//" not in str(path)


def test_paths_are_apart() -> None:
    paths = astuple(SEALED)
    assert len(set(paths)) == len(paths)
    assert all(path.is_absolute() and path.parent == PurePosixPath("/bakehouse") for path in paths)
    assert not any(one != other and one.is_relative_to(other) for one in paths for other in paths)
    assert not any(
        str(one).startswith(str(other)) for one in paths for other in paths if other not in {one, SEALED.test_work}
    )


def test_another_root() -> None:
    paths = inside_paths(PurePosixPath("/home/me/scratch"))
    assert paths.work == PurePosixPath("/home/me/scratch/work")
    assert len(str(paths.prefix)) == 255
    assert paths.test_prefix != paths.prefix
