"""The solve that needs no solver, beside the solver's own answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.environment import Solver
from builder.environment.alone import alone
from builder.errors import UnsolvableError
from builder.model.environment import Environment
from builder.store import Store
from tests.environment.packages import Made, channel, loose

A = Made(name="a", version="1.2", build="h1_3", build_number=3)
FITTING = [["a"], ["a ==1.2 h1_3"], ["a 1.2.* h1_*"], ["a >=1,<2"], ["a", "a >1"], ["a[build_number=3]"], ["A"]]


def answer(solver: Solver, specs: list[str], made: Made, folder: Path, *constraints: str) -> Environment:
    """Return what the solver says; one that gets a constraint goes the long way."""
    package = loose(folder, made)
    return asyncio.run(solver.solve(specs, subdir="linux-64", loose=[package], constraints=constraints))


@pytest.mark.parametrize("specs", FITTING)
@pytest.mark.parametrize("made", [A, replace(A, subdir="noarch", noarch="generic")])
def test_it_is_the_solvers_answer(store: Store, tmp_path: Path, specs: list[str], made: Made) -> None:
    solver = Solver([str(channel(tmp_path / "channel", replace(A, version="1.9"), Made(name="b")))], store)
    short, long = (answer(solver, specs, made, tmp_path, *more) for more in ([], ["unrelated >=1"]))
    assert alone(specs, "linux-64", [loose(tmp_path, made)]) == short.packages[0]
    assert short.specs == long.specs
    assert [replace(one, record="") for one in short.packages] == [replace(one, record="") for one in long.packages]
    records = [json.loads(one.record) for one in (*short.packages, *long.packages)]
    told = [{field: value for field, value in record.items() if value != []} for record in records]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("specs", "made"),
    [
        (["a"], replace(A, depends=["b"])),
        (["a"], replace(A, depends=["__glibc >=2.17"])),
        (["a"], replace(A, constrains=["__glibc >=99"])),
        (["a"], replace(A, subdir="osx-arm64")),
        (["a", "b"], A),
        (["b"], A),
        (["a >=2"], A),
        (["a 1.2 h2_3"], A),
        (["a[build_number=4]"], A),
        (["elsewhere::a"], A),
        (["a[license=MIT]"], A),
        ([f"a[sha256={'0' * 64}]"], A),
    ],
)
def test_everything_else_is_for_the_solver(tmp_path: Path, specs: list[str], made: Made) -> None:
    assert alone(specs, "linux-64", [loose(tmp_path, made)]) is None


def test_several_packages_are_for_the_solver(tmp_path: Path) -> None:
    packages = [loose(tmp_path / str(number), replace(A, version=str(number))) for number in range(2)]
    assert alone(["a"], "linux-64", packages) is None
    assert alone(["a"], "linux-64", []) is None


def test_constraints_are_for_the_solver(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnsolvableError):
        answer(Solver([], store), ["a"], A, tmp_path, "a >=2")


def test_a_package_that_cannot_be_had_is_still_explained(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnsolvableError, match="a >=2"):
        answer(Solver([], store), ["a >=2"], A, tmp_path)
