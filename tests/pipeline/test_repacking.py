"""Packages that are packed anew instead of built, and those that must be built."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.model.outcome import Ending, Outcome
from builder.model.packaging import Packaging
from builder.model.task import Phase, Task
from builder.pipeline.repacking import Twin, repacked
from builder.plan.keys import packed_as, recipe_key
from builder.report.events import Noted, PhaseStarted
from builder.sandbox.confined import confine
from tests.archive.making import tree as contents
from tests.pipeline.making import Stage, installs
from tests.pipeline.test_scripting import ready
from tests.sandbox.forbidding import without_writing

BZIP2 = Packaging(file_type="tar.bz2", level=9)
STEM = "bun-1-h0000000_0"


def task(stage: Stage, packaging: Packaging, *more: tuple[str, str]) -> Task:
    """A task whose explanation says how it is packed, as a plan's does."""
    explanation = packed_as((("the rootfs", "1"), *more, ("the name", f"linux-64/{STEM}")), packaging)
    return stage.task(explanation=explanation, recipe_key=recipe_key(explanation))


def run(stage: Stage, packaging: Packaging, *more: tuple[str, str], **changes: object) -> Outcome:
    return stage.run(task(stage, packaging, *more), (), packaging=packaging, **changes)


def scripts(stage: Stage) -> int:
    """How many scripts have run."""
    return stage.lines().count("the script has spoken")


@pytest.fixture
def built(stage: Stage) -> Stage:
    """A stage whose channel has the package as usual."""
    stage.sandbox = installs({"share/bun.txt": b"bun\n", "bin/bun": b"#!/bin/sh\n"})
    assert run(stage, Packaging()).ending is Ending.BUILT
    assert scripts(stage) == 1
    return stage


@pytest.mark.parametrize("packaging", [BZIP2, Packaging(level=19), Packaging(file_type="tar.bz2", level=1)])
def test_the_files_of_the_channel_are_packed_anew(built: Stage, packaging: Packaging, tmp_path: Path) -> None:
    built.told.clear()
    outcome = run(built, packaging)
    assert outcome.ending is Ending.BUILT
    assert outcome.reasons == (f"packed anew from {STEM}.conda, which has the same files",)
    assert scripts(built) == 0
    phases = [event.phase for event in built.told if isinstance(event, PhaseStarted)]
    assert phases == [Phase.ENVIRONMENT, Phase.PACK, Phase.TESTING, Phase.CHANNEL]
    (told,) = [event.text for event in built.told if isinstance(event, Noted)]
    assert told == f"linux-64/{STEM}: packed anew from {STEM}.conda, which has the same files"

    elsewhere = Stage(folder=tmp_path / "elsewhere", store=built.store, sandbox=built.sandbox)
    elsewhere.folder.mkdir()
    recipe = built.task().rendering.recipe
    again = task(elsewhere, packaging)
    again = replace(again, rendering=replace(again.rendering, recipe=recipe))
    fresh = elsewhere.run(again, (), packaging=packaging)
    assert scripts(elsewhere) == 1
    assert fresh.package is not None
    assert outcome.package is not None
    assert fresh.package.path.read_bytes() == outcome.package.path.read_bytes(), "as if it had been built"
    assert fresh.package == replace(outcome.package, path=fresh.package.path)


def test_there_and_back_gives_the_first_bytes(built: Stage) -> None:
    path = built.bench().channel.root / "linux-64" / f"{STEM}.conda"
    before = path.read_bytes()
    run(built, Packaging(level=3))
    assert path.read_bytes() != before
    run(built, Packaging())
    assert path.read_bytes() == before
    assert scripts(built) == 1


def test_other_inputs_are_another_package(built: Stage) -> None:
    run(built, BZIP2, ("the file build.sh", "2"))
    assert scripts(built) == 2


def test_other_metadata_is_another_package(built: Stage) -> None:
    packaging = replace(BZIP2, extra=(("sha", "1"),))
    made = replace(task(built, BZIP2), explanation=(*task(built, BZIP2).explanation[:2], ("--extra-meta sha", "1")))
    built.run(made, (), packaging=packaging)
    assert scripts(built) == 2


@pytest.mark.parametrize("wish", ["keep", "no_binary_prefix"])
def test_what_only_a_build_gives_is_built(built: Stage, wish: str) -> None:
    assert run(built, BZIP2, **{wish: True}).ending is Ending.BUILT
    assert scripts(built) == 2


def test_what_is_damaged_is_built(built: Stage) -> None:
    path = built.bench().channel.root / "linux-64" / f"{STEM}.conda"
    path.write_bytes(path.read_bytes()[:-100])
    built.told.clear()
    assert run(built, BZIP2).ending is Ending.BUILT
    assert scripts(built) == 1
    (told,) = [event.text for event in built.told if isinstance(event, Noted)]
    assert f"built, for {STEM}.conda cannot be packed anew" in told
    assert read_package(path.with_name(f"{STEM}.tar.bz2")).members()


def test_another_process_unpacks(built: Stage) -> None:
    """Ours may write the new package, and nothing else."""
    file = built.bench().channel.root / "linux-64" / f"{STEM}.conda"
    [key] = built.bench().channel.build_keys()
    unpacker = confine(built.store)
    unpacker.extract(file, built.folder / "free")
    work = built.work(task(built, BZIP2), packaging=BZIP2)
    out = work.folder("packed")
    anew = repacked(work, ready(built), Twin(file=file, build_key=key))
    assert without_writing(lambda: asyncio.run(anew), out) == ""
    anew.close()
    assert [path.name for path in out.iterdir()] == [f"{STEM}.tar.bz2"]
    assert contents(work.folder("unpacked")) == contents(built.folder / "free")
    here = built.folder / "here"
    assert "PermissionError" in without_writing(lambda: read_package(file).extract(here), out)
