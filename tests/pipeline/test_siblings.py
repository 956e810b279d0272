"""The files of the recipe's other outputs, wherever their packages are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.check import SiblingFiles
from builder.environment import Solver
from builder.errors import UnsolvableError
from builder.model.outcome import Ending, Outcome
from builder.model.rendering import Rendering, Sibling
from builder.pipeline.siblings import sibling_files
from tests.environment.packages import Made, channel
from tests.pipeline.making import Stage, installs


def siblings(stage: Stage, *names: str) -> Rendering:
    """A rendering with these siblings."""
    known = tuple(Sibling(name=name, version="1", build_string="h0000000_0") for name in names)
    return replace(stage.rendering(), siblings=known)


def found(stage: Stage, rendering: Rendering, *inputs: Outcome) -> dict[str, frozenset[str]]:
    files = asyncio.run(sibling_files(stage.work(stage.task(rendering), inputs)))
    assert all(isinstance(one, SiblingFiles) for one in files)
    return {one.name: one.paths for one in files}


def test_the_files_of_finished_siblings_are_known(stage: Stage) -> None:
    stage.sandbox = installs({"share/crumb.txt": b"c"})
    crumb = stage.run(stage.task(stage.rendering("crumb")))
    other = stage.run(stage.task(stage.rendering("other"), recipe_key="o" * 64))
    staged = Outcome(task_id="staging:linux-64/dough-1-h0000000_0", ending=Ending.STAGED, build_key="s" * 64)
    crumbs = {"crumb": frozenset({"share/crumb.txt"})}
    assert found(stage, siblings(stage, "crumb", "dough", "later"), crumb, other, staged) == crumbs
    assert found(stage, stage.rendering(), crumb) == {}


def test_a_sibling_that_waits_for_its_tests_lies_elsewhere(stage: Stage, tmp_path: Path) -> None:
    stage.sandbox = installs({"share/crumb.txt": b"c"})
    crumb = stage.run(stage.task(stage.rendering("crumb")))
    assert crumb.package is not None
    place = tmp_path / crumb.package.file_name
    crumb.package.path.rename(place)
    waiting = replace(crumb, ending=Ending.WAITING, package=replace(crumb.package, path=place))
    assert list(found(stage, siblings(stage, "crumb"), waiting)) == ["crumb"]


def reused(subdir: str, name: str) -> Outcome:
    """The end of a task that was not run, for another channel has its package."""
    return Outcome(task_id=f"{subdir}/{name}-1-h0000000_0", ending=Ending.REUSED)


@pytest.mark.parametrize("subdir", ["linux-64", "noarch"])
def test_a_sibling_in_another_channel_is_fetched(stage: Stage, tmp_path: Path, subdir: str) -> None:
    made = Made(
        name="crumb", version="1", build="h0000000_0", subdir=subdir, noarch="generic" if subdir == "noarch" else None,
        files={"share/crumb.txt": b"c"},
    )  # fmt: skip
    other = Made(name="crumb", version="1", build="h1111111_0", files={"share/other.txt": b"o"})
    place = channel(tmp_path / "market", made, other, Made(name="unasked"))
    stage.solver = Solver([str(place)], stage.store)
    rendering = siblings(stage, "crumb", "later")
    crumbs = {"crumb": frozenset({"share/crumb.txt"})}
    assert found(stage, rendering, reused(subdir, "crumb"), reused("linux-64", "unasked")) == crumbs


def test_a_sibling_that_is_gone_is_an_error(stage: Stage, tmp_path: Path) -> None:
    stage.solver = Solver([str(channel(tmp_path / "market"))], stage.store)
    with pytest.raises(UnsolvableError, match="crumb"):
        found(stage, siblings(stage, "crumb"), reused("linux-64", "crumb"))
