"""Failed solves in the user's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from builder.environment.trouble import Catalogue, Found, explained
from builder.errors import Problem
from builder.model.solving import SolveRules


def found(version: str, channel: str = "main", build: str = "h_0", number: int = 0) -> Found:
    return Found(channel=channel, version=version, build=build, build_number=number)


CATALOGUE = Catalogue(
    names=frozenset({"zlib", "libzlib", "numpy", "python", "cmake"}),
    packages={
        "zlib": (found("1.2.9"), found("1.2.10"), found("1.2.9", build="h_1", number=1)),
        "numpy": (found("1.0", "first"), found("2.0", "second"), found("0.9", "first")),
        "cmake": tuple(found(f"3.{minor}") for minor in range(20)),
        "one": (found("1.0", build="cpu_0"), found("1.0", build="cuda_0")),
        "odd": (found("not a version"), found("1.0")),
        "__glibc": (found("2.36", "the target", "0"),),
    },
)


def problems(*specs: str) -> list[Problem]:
    return list(explained(specs, CATALOGUE, "Cannot solve the request because of: reasons").problems)


@pytest.mark.parametrize(
    ("spec", "message", "remedy"),
    [
        ("numpi >=1", "no channel has a package called numpi (asked for as numpi >=1)", "did you mean numpy? Or else add a channel"),
        ("xyzzy", "no channel has a package called xyzzy", "add a channel that has it with -c CHANNEL"),
        ("zlip", "no channel has a package called zlip", "did you mean zlib?"),
        ("zlib >=2", "no package satisfies zlib >=2; there is 1.2.10, 1.2.9", "--with-deps"),
        ("one * tpu*", "no package satisfies one * tpu*; there is 1.0 (cpu_0, cuda_0)", "--with-deps"),
        ("cmake 4.*", "no package satisfies cmake 4.*; there is 3.19, 3.18, 3.17, 3.16, 3.15, 3.14, 3.13, 3.12 …", "-c CHANNEL"),
        ("numpy >=2", "numpy >=2 is in second, but first comes first and has numpy too", "put second before first"),
        ("numpy >=3", "no package satisfies numpy >=3; there is 1.0, 0.9", "-c CHANNEL"),
        ("odd >=2", "no package satisfies odd >=2; there is 1.0, not a version", "-c CHANNEL"),
        ("zlib[build_number='>=2']", "no package satisfies zlib[build_number='>=2']; there is 1.2.10, 1.2.9", "-c"),
    ],
)  # fmt: skip
def test_a_spec_at_fault(spec: str, message: str, remedy: str) -> None:
    (problem,) = problems(spec)
    assert problem.message == message
    assert remedy in (problem.remedy or "")


def test_the_target_is_at_fault() -> None:
    (problem,) = problems("__glibc >=2.40")
    assert problem.message == "__glibc >=2.40 asks for more than the target has: __glibc 2.36 0"
    (problem,) = problems("__cuda")
    assert problem.message == "the target has no __cuda (asked for as __cuda)"


def test_all_specs_at_fault_are_told_at_once() -> None:
    found = problems("numpi", "zlib >=1.2", "xyzzy", "zlib >=9")
    assert [problem.code for problem in found] == [
        "environment.missing",
        "environment.missing",
        "environment.no-version",
    ]


def test_otherwise_the_solver_tells() -> None:
    (problem,) = problems("zlib", "numpy")
    assert problem.message == "no set of packages satisfies zlib, numpy: reasons"
    assert problem.code == "environment.unsolvable"


def test_fitting_asks_build_and_number() -> None:
    from builder.model.match_spec import MatchSpec

    assert found("1.0", build="cuda_1", number=1).fits(MatchSpec.parse("x 1.* cuda*[build_number=1]"))
    assert not found("1.0", build="cuda_1").fits(MatchSpec.parse("x 1.* cuda*[build_number=1]"))
    assert not found("no version").fits(MatchSpec.parse("x"))


def test_a_package_that_came_too_late() -> None:
    then, cutoff = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 15, tzinfo=UTC)
    offers = (
        replace(found("1.0"), made=then),
        replace(found("2.0"), made=datetime(2024, 4, 1, tzinfo=UTC)),
        found("3.0"),
    )
    own = replace(found("9.0", "ours"), made=datetime(2025, 1, 1, tzinfo=UTC))
    glibc = found("2.36", "the target", "0")
    catalogue = Catalogue(
        names=frozenset({"zlib"}),
        packages={"zlib": offers, "own": (own,), "__glibc": (glibc,)},
        rules=SolveRules(newest=cutoff),
        ageless=frozenset({"ours"}),
    )
    (problem,) = explained(["zlib >=2", "own", "__glibc >=2.17"], catalogue, "because").problems
    assert problem.code == "environment.too-new"
    assert problem.message == (
        "zlib >=2 is met only by packages newer than 2024-03-15T00:00:00Z, or of no known time: 3.0, 2.0"
    )
    assert "--exclude-newer" in (problem.remedy or "")
    (told,) = explained(["zlib", "own"], catalogue, "because").problems
    assert told.message == "no set of packages satisfies zlib, own: because"
    (missing,) = explained(["zlib >=4"], catalogue, "because").problems
    assert missing.message == "no package satisfies zlib >=4; there is 3.0, 2.0, 1.0"


def test_no_channel_hides_another_when_none_comes_first() -> None:
    open_to_all = replace(CATALOGUE, rules=SolveRules(channel_priority="disabled"))
    (problem,) = explained(["numpy >=2"], open_to_all, "because").problems
    assert problem.message == "no set of packages satisfies numpy >=2: because"
    (problem,) = explained(["numpy >=3"], open_to_all, "because").problems
    assert problem.message == "no package satisfies numpy >=3; there is 2.0, 1.0, 0.9"
