"""Dividing what jobs hold: one value for what divides, all values of the rest, nothing that no output has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.feedstock.breakup import Part, parts
from builder.feedstock.collapse import Collapsed
from builder.feedstock.seen import Seen, Sight
from builder.matrix.v0.space import Axis, LegacySpace

NOWHERE = LegacySpace(fixed={}, axes=())
PYTHON = Axis(("python", "abi3"), (("3.13", "false"), ("3.11", "true"), ("3.12", "false")))
MPI = Axis(("mpi",), (("openmpi",), ("mpich",)))
FAT = Axis(("fat",), (("10",), ("2",), ("x",)))


def output(**variant: str) -> Seen:
    return Seen(
        stem="-".join(variant.values()),
        feedstock="a",
        is_noarch=False,
        used=frozenset(variant),
        used_at_top=frozenset(variant),
        variant=variant,
        space=NOWHERE,
    )


def divided(
    *axes: Axis, loops: tuple[str, ...], outputs: list[Seen], numbers: frozenset[tuple[str, str]] = frozenset()
) -> list[Part]:
    collapsed = Collapsed(axes=axes, pins={"leaf": {"max_pin": "x", "min_pin": "x.x"}}, loops=loops)
    return list(parts(collapsed, Sight(outputs=tuple(outputs), space=NOWHERE, text="", numbers=numbers)))


def test_one_part_for_each_combination_that_an_output_has() -> None:
    outputs = [
        output(python="3.11", mpi="mpich"),
        output(python="3.12", mpi="openmpi"),
        output(python="3.11", mpi="mpich"),
    ]
    found = divided(PYTHON, MPI, loops=("mpi", "python"), outputs=outputs)
    assert [part.first_values(("mpi", "python")) for part in found] == [
        {"python": "3.11", "mpi": "mpich"}, {"python": "3.12", "mpi": "openmpi"},
    ]  # fmt: skip


def test_what_does_not_divide_keeps_all_values_sorted() -> None:
    (part,) = divided(PYTHON, MPI, loops=(), outputs=[output()])
    assert part.settings() == {
        "abi3": ("true", "false", "false"),
        "mpi": ("mpich", "openmpi"),
        "pin_run_as_build": {"leaf": {"min_pin": "x.x", "max_pin": "x"}},
        "python": ("3.11", "3.12", "3.13"),
        "zip_keys": (("python", "abi3"),),
    }
    assert list(part.settings()) == sorted(part.settings())
    assert list(part.settings()["pin_run_as_build"]["leaf"]) == ["min_pin", "max_pin"]  # type: ignore[call-overload]


def test_a_pin_may_be_one_expression() -> None:
    collapsed = Collapsed(axes=(MPI,), pins={"leaf": "x.x"}, loops=())
    (part,) = parts(collapsed, Sight(outputs=(output(),), space=NOWHERE, text=""))
    assert part.settings()["pin_run_as_build"] == {"leaf": "x.x"}


def test_a_group_that_is_divided_by_one_of_its_keys_keeps_the_rows_with_its_value() -> None:
    found = divided(PYTHON, loops=("abi3",), outputs=[output(abi3="false"), output(abi3="true")])
    assert [part.settings()["python"] for part in found] == [("3.12", "3.13"), ("3.11",)]
    assert [part.settings()["abi3"] for part in found] == [("false", "false"), ("true",)]


def test_numbers_are_sorted_by_size_and_come_first() -> None:
    numbers = frozenset({("fat", "10"), ("fat", "2")})
    (part,) = divided(FAT, loops=(), outputs=[output()], numbers=numbers)
    assert part.settings()["fat"] == (2, 10, "x")
    (part,) = divided(FAT, loops=(), outputs=[output()])
    assert part.settings()["fat"] == ("10", "2", "x")


def test_a_value_that_is_nowhere_gives_no_job() -> None:
    """An output for a macOS version that another key has raised: conda-smithy has no job for it either."""
    assert divided(MPI, loops=("mpi",), outputs=[output(mpi="nompi")]) == []


def test_containers_have_one_image_and_what_belongs_to_it() -> None:
    axis = Axis(("cuda", "docker_image"), (("12", "cuda"), ("None", "plain")))
    (part,) = divided(axis, loops=(), outputs=[output()])
    assert part.in_container("spare").settings()["cuda"] == ("12",)
    assert part.in_container("spare").settings()["docker_image"] == ("cuda",)
    assert part.settings()["docker_image"] == ("cuda", "plain")
    (part,) = divided(MPI, loops=(), outputs=[output()])
    assert part.in_container("spare").settings()["docker_image"] == ("spare",)


def test_a_part_builds_what_agrees_with_one_row_of_each_axis() -> None:
    (part,) = divided(PYTHON, MPI, loops=("mpi",), outputs=[output(mpi="mpich")])
    assert part.builds(output(mpi="mpich", python="3.12", abi3="false"))
    assert not part.builds(output(mpi="mpich", python="3.12", abi3="true"))
    assert not part.builds(output(mpi="openmpi"))
    assert part.builds(output(crust="thin"))


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=6, unique=True)


@given(
    rows=ROWS,
    others=st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=3, unique=True),
    which=st.sampled_from(["k", "l", "k l", ""]),
)
def test_parts_are_a_division(rows: list[tuple[str, str]], others: list[str], which: str) -> None:
    """Every row of what divides is in exactly one part, every row of the rest in each."""
    axes = Axis(("k", "l"), tuple(rows)), Axis(("o",), tuple((one,) for one in others))
    outputs = [output(k=k, l=other, o=o) for k, other in rows for o in others]
    found: list[Part] = divided(*axes, loops=tuple(which.split()), outputs=outputs)
    assert sorted(row for part in found for row in part.axes[0].rows) == sorted(rows)
    assert all(sorted(part.axes[1].rows) == sorted(axes[1].rows) for part in found)
    assert all(sum(part.builds(one) for part in found) == 1 for one in outputs)
