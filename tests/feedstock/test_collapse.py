"""What the jobs of a platform hold together: kept keys, keys that divide, groups, pins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from builder.feedstock.collapse import Collapsed, collapse
from builder.feedstock.seen import Seen, Sight
from builder.matrix.v0.space import Axis, LegacySpace
from builder.recipe.v0.scope import Fixed

PINS: Mapping[str, Fixed] = {"r-base": {"max_pin": "x.x"}, "leaf": {"max_pin": "x"}}
WHOLE = LegacySpace(
    fixed={"pin_run_as_build": PINS},
    axes=(
        Axis(("python", "is_abi3", "docker_image"), (("3.11", "true", "x"), ("3.12", "false", "x"), ("3.13", "false", "y"))),
        Axis(("mpi",), (("nompi",), ("mpich",))),
        Axis(("mpich",), (("5",),)),
        Axis(("target_platform",), (("linux-64",),)),
        Axis(("channel_targets",), (("conda-forge main",),)),
        Axis(("python_min",), (("3.11",),)),
        Axis(("sweet",), (("yes",), ("no",))),
    ),
)  # fmt: skip


def seen(
    used: set[str], at_top: set[str] | None = None, *, space: LegacySpace = WHOLE, is_noarch: bool = False
) -> Seen:
    return Seen(
        stem="a-1-0",
        feedstock="a",
        is_noarch=is_noarch,
        used=frozenset(used),
        used_at_top=frozenset(used if at_top is None else at_top),
        variant=space.first(),
        space=space,
    )


def sight(*outputs: Seen, text: str = "") -> Sight:
    return Sight(outputs=outputs, space=WHOLE, text=text)


def column(found: Collapsed, key: str) -> list[Fixed] | None:
    return next((list(axis.column(key)) for axis in found.axes if key in axis.keys), None)


def keys(found: Collapsed) -> set[str]:
    return {key for axis in found.axes for key in axis.keys}


def test_used_keys_are_kept_and_those_that_always_are() -> None:
    found = collapse(sight(seen({"sweet", "nobody_has_this"})))
    assert keys(found) == {"sweet", "docker_image", "channel_targets", "target_platform"}
    assert column(found, "sweet") == ["yes", "no"]
    assert column(found, "docker_image") == ["x", "y"]
    assert keys(collapse(sight(seen({"sweet"})), extra=("python_min", "no_such_key"))) >= {"python_min"}


def test_jobs_are_divided_by_what_all_outputs_vary_by() -> None:
    every = {"python", "mpi", "target_platform"}
    assert collapse(sight(seen(every))).loops == ("mpi", "python", "target_platform")
    assert collapse(sight(seen(every), seen({"mpi", "sweet", "target_platform"}))).loops == ("mpi", "target_platform")
    assert collapse(sight(seen({"mpi", "mpich"}))).loops == ("mpi",)  # of mpich there is one value only
    assert collapse(sight(seen({"mpi"}), seen({"sweet"}))).loops == ()


def test_keys_beside_the_outputs_divide_too_with_all_their_values() -> None:
    narrow = WHOLE.kept("sweet", ("no",))
    found = collapse(sight(seen({"mpi"}, {"mpi", "sweet"}, space=narrow)))
    assert found.loops == ("mpi", "sweet")
    assert column(found, "sweet") == ["yes", "no"]
    found = collapse(sight(seen({"mpi", "sweet"}, space=narrow)))
    assert column(found, "sweet") == ["no"]


def test_groups_are_trimmed_to_kept_keys() -> None:
    found = collapse(sight(seen({"python", "is_abi3"})))
    assert found.zip_keys == (("python", "is_abi3", "docker_image"),)
    found = collapse(sight(seen({"is_abi3"})))
    assert found.zip_keys == (("is_abi3", "docker_image"),)
    assert next(axis.rows for axis in found.axes if "is_abi3" in axis.keys) == (
        ("true", "x"), ("false", "x"), ("false", "y"),
    )  # fmt: skip
    found = collapse(sight(seen({"mpi"})))
    assert found.zip_keys == ()
    assert column(found, "docker_image") == ["x", "y"]


def test_what_outputs_stand_for_is_joined() -> None:
    one, other = WHOLE.kept("python", ("3.11",)), WHOLE.kept("python", ("3.13",))
    found = collapse(sight(seen({"python"}, space=one), seen({"python"}, space=other), seen({"python"}, space=one)))
    assert column(found, "python") == ["3.11", "3.13"]


def test_mpi_brings_what_its_variants_are_pinned_by() -> None:
    assert "mpich" in keys(collapse(sight(seen({"mpi"}))))
    assert "mpich" not in keys(collapse(sight(seen({"sweet"}))))


def test_python_min_counts_where_the_text_has_it_as_conda_smithy_looks_for_it() -> None:
    assert "python_min" in keys(collapse(sight(seen({"mpi"}), text="host:\n  - python ${{ python_min }}.*\n")))
    assert "python_min" not in keys(collapse(sight(seen({"mpi"}), text="host:\n  - python {{python_min}}\n")))


def test_pins_of_packages_that_are_no_kept_keys_go() -> None:
    space = LegacySpace(
        fixed=WHOLE.fixed, axes=(*WHOLE.axes, Axis(("r_base",), (("4.4",),)), Axis(("leaf",), (("1",),)))
    )
    assert collapse(sight(seen({"r_base"}, space=space))).pins == {"r-base": {"max_pin": "x.x"}}
    assert collapse(sight(seen({"sweet"}, space=space))).pins == {}


def test_jobs_of_noarch_packages_have_no_platform() -> None:
    noarch = seen({"mpi"}, is_noarch=True)
    assert "target_platform" not in keys(collapse(sight(noarch)))
    assert "target_platform" in keys(collapse(sight(noarch, seen({"mpi", "target_platform"}))))


SPACES = st.lists(
    st.dictionaries(st.sampled_from(["mpi", "sweet", "python"]), st.booleans(), max_size=3), min_size=1, max_size=4
)


@given(chosen=SPACES)
def test_joining_axes_is_joining_the_variants(chosen: list[dict[str, bool]]) -> None:
    """conda-smithy joins every variant of every output; the values of each key are the same."""
    spaces = [_narrowed(one) for one in chosen]
    outputs = [seen({"mpi", "sweet", "python"}, space=space) for space in spaces]
    found = collapse(sight(*outputs))
    for key in ("mpi", "sweet", "python", "docker_image"):
        every = {variant[key] for space in spaces for variant in _variants(space)}
        assert set(column(found, key) or ()) == every


def _narrowed(chosen: Mapping[str, bool]) -> LegacySpace:
    space = WHOLE
    for key, first in chosen.items():
        axis = next(axis for axis in WHOLE.axes if key in axis.keys)
        space = space.kept(key, (str(axis.column(key)[0 if first else -1]),))
    return space


def _variants(space: LegacySpace) -> list[dict[str, Fixed]]:
    return [
        {
            key: value
            for axis, row in zip(space.axes, rows, strict=True)
            for key, value in zip(axis.keys, row, strict=True)
        }
        for rows in product(*(axis.rows for axis in space.axes))
    ]
