"""What a bench answers: which secrets a script gets, where scripts find their things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from builder.model.inside import SEALED
from builder.model.outcome import TestStrategy
from builder.model.permission import Allowed, Permissions
from builder.model.recipe import Script
from builder.model.rendering import Platforms
from builder.model.variant import Variant
from builder.sandbox import Limits
from builder.sandbox.allowance import Allowance
from builder.sandbox.fake import FakeSandbox
from tests.pipeline.making import Stage, Table


@pytest.mark.parametrize(
    ("asked", "given"),
    [((), {}), (("TOKEN",), {"TOKEN": "t"}), (("TOKEN", "UNSET"), {"TOKEN": "t"}), (("UNSET",), {})],
)
def test_a_script_gets_the_secrets_that_it_asks_for_and_no_other(
    stage: Stage, asked: tuple[str, ...], given: dict[str, str]
) -> None:
    bench = stage.bench(secrets={"TOKEN": "t", "OTHER": "o"})
    assert bench.secrets_of(Script(content=("make",), secrets=asked)) == given


def test_sealed_scripts_find_everything_at_the_same_place(stage: Stage, tmp_path: Path) -> None:
    bench = stage.bench()
    assert bench.inside(tmp_path / "one") == bench.inside(tmp_path / "two") == SEALED


def test_unsealed_scripts_work_below_the_tasks_own_folder(stage: Stage, tmp_path: Path) -> None:
    bench = stage.bench(sandbox=FakeSandbox(sealed=False))
    inside = bench.inside(tmp_path)
    for path in (inside.work, inside.prefix, inside.build_prefix, inside.test_prefix, inside.script):
        assert path.is_relative_to(tmp_path)
    assert len(str(inside.prefix)) == 255, "the prefix is the packages' placeholder"
    assert inside != SEALED


def test_variants_that_name_their_channels_have_solvers_of_their_own(stage: Stage) -> None:
    own = Table()
    bench = stage.bench(solvers={("a", "b"): own})
    plain = stage.rendering()
    sourced = replace(plain, variant=Variant.of({"channel_sources": "a, b"}))
    assert bench.solver_of(plain) is stage.solver
    assert bench.solver_of(sourced) is own
    assert bench.solver_of(replace(plain, variant=Variant.of({"channel_sources": "b,a"}))) is stage.solver


@pytest.mark.parametrize(
    ("host", "build", "noarch", "skipped"),
    [
        ("linux-64", "linux-64", False, {"skip"}),
        ("osx-arm64", "linux-64", False, {"skip", "native"}),
        ("linux-64", "osx-64", False, {"skip", "native"}),
        ("osx-arm64", "linux-64", True, {"skip"}),
    ],
)
def test_whose_tests_are_run(stage: Stage, host: str, build: str, noarch: bool, skipped: set[str]) -> None:
    rendering = replace(stage.rendering(), platforms=Platforms(target=host, host=host, build=build))
    rendering = replace(rendering, subdir="noarch" if noarch else host)
    reasons = {strategy: stage.bench(test=strategy).untested(rendering) for strategy in get_args(TestStrategy)}
    assert {strategy for strategy, reason in reasons.items() if reason is not None} == skipped
    assert "--test=skip" in str(reasons["skip"])
    if "native" in skipped:
        assert f"(on {build} for {host})" in str(reasons["native"])


def test_tasks_without_an_allowance_have_the_usual_one(stage: Stage) -> None:
    own = Allowance(limits=Limits(memory=7), allowed=Allowed(tests=Permissions(network=True)))
    bench = stage.bench(allowances={"one": own})
    assert bench.allowance("one") is own
    assert bench.allowance("two") == Allowance(limits=bench.limits)
    assert not bench.allowance("two").allowed
