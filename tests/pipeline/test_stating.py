"""Statements of finished tasks: what the bench and the task know of a build stands in them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import __version__
from builder.model.outcome import Ending, Outcome
from builder.model.packaging import Packaging
from builder.model.permission import Allowed, Permissions
from builder.model.recipe import Build
from builder.model.task import Task
from builder.pack.statement import Machine
from builder.pipeline import run_task
from builder.pipeline.bench import Account
from builder.sandbox import Limits
from builder.sandbox.allowance import Allowance
from tests.pipeline.making import Stage, installs
from tests.pipeline.test_repacking import task

MACHINE = Machine(kernel="6.1", architecture="x86_64", cores=2)


def ticking() -> Iterator[float]:
    """A clock that is a minute later each time."""
    seconds = 1_600_000_000.0
    while True:
        yield seconds
        seconds += 60


def account(home: Path | None = None) -> Account:
    clock = ticking()
    return Account(invocation="run", clock=lambda: next(clock), machine=MACHINE, home=home)


def run(stage: Stage, task: Task | None = None, home: Path | None = None, **changes: object) -> Outcome:
    stage.sandbox = installs({"share/bun.txt": b"bun\n"})
    bench = stage.bench(account=account(home), **changes)
    return asyncio.run(run_task(task or stage.task(), (), bench))


def predicate(outcome: Outcome) -> dict[str, Any]:
    assert outcome.ending is Ending.BUILT, outcome.problems
    assert outcome.package is not None
    found = json.loads(outcome.package.statement)["predicate"]
    assert isinstance(found, dict)
    return found


def test_it_lies_beside_the_published_package(stage: Stage) -> None:
    outcome = run(stage)
    assert outcome.package is not None
    text = stage.bench().channel.statement("linux-64", outcome.package.file_name)
    assert text == outcome.package.statement
    [subject] = json.loads(text or "")["subject"]
    published = stage.folder / "channel" / "linux-64" / subject["name"]
    assert subject["digest"]["sha256"] == hashlib.sha256(published.read_bytes()).hexdigest()


def test_without_an_account_there_is_none(stage: Stage) -> None:
    stage.sandbox = installs({"share/bun.txt": b"bun\n"})
    outcome = stage.run()
    assert outcome.package is not None
    assert outcome.package.statement == ""
    assert not list((stage.folder / "channel").rglob("*.intoto.json"))


def test_the_run_and_the_sandbox(stage: Stage) -> None:
    details = predicate(run(stage))["runDetails"]
    assert details["metadata"] == {
        "invocationId": "run/linux-64/bun-1-h0000000_0",
        "startedOn": "2020-09-13T12:26:40Z",
        "finishedOn": "2020-09-13T12:27:40Z",
    }
    assert details["builder"]["version"] == {"bakehouse": __version__}
    assert details["bakehouse_sandbox"]["name"] == "fake"
    assert details["bakehouse_machine"] == {"kernel": "6.1", "architecture": "x86_64", "cores": 2}
    log = stage.folder / "logs" / "bun-1-h0000000_0.log"
    digest = hashlib.sha256(log.read_bytes()).hexdigest()
    assert details["byproducts"] == [{"name": log.name, "digest": {"sha256": digest}}]


def test_a_task_without_a_script_has_no_log_of_an_earlier_one(stage: Stage) -> None:
    (stage.folder / "logs").mkdir(exist_ok=True)
    (stage.folder / "logs" / "bun-1-h0000000_0.log").write_text("of another build")
    details = predicate(run(stage, stage.task(stage.rendering(build=Build()))))["runDetails"]
    assert details["byproducts"] == []


def test_limits_and_permissions_are_the_tasks_own(stage: Stage) -> None:
    lent = Permissions(network=True)
    task = replace(stage.task(), allowed=Allowed(build=lent), exposed=lent)
    allowances = {task.id: Allowance(limits=Limits(memory=5), allowed=task.allowed)}
    found = predicate(run(stage, task, allowances=allowances))
    assert found["runDetails"]["bakehouse_limits"] == {"kept_by": "watcher", "memory": 5}
    assert found["buildDefinition"]["externalParameters"]["permissions"]["network"] is True


@pytest.mark.parametrize("inside", [True, False])
def test_the_recipe_counts_from_the_collection(stage: Stage, inside: bool) -> None:
    home = stage.folder if inside else stage.folder / "elsewhere"
    found = predicate(run(stage, home=home))["buildDefinition"]["externalParameters"]["recipe"]
    assert found == ("recipes/bun/recipe.yaml" if inside else "bun/recipe.yaml")


def test_the_users_epoch(stage: Stage) -> None:
    definition = predicate(run(stage, epoch=7))["buildDefinition"]
    assert definition["externalParameters"]["options"] == {"SOURCE_DATE_EPOCH": 7}
    assert definition["internalParameters"]["source_date_epoch"] == 7


def test_what_is_packed_anew_names_its_twin(stage: Stage) -> None:
    bzip2 = Packaging(file_type="tar.bz2", level=1)
    first = run(stage, task(stage, Packaging()))
    assert first.package is not None
    again = run(stage, task(stage, bzip2), packaging=bzip2)
    definition = predicate(again)["buildDefinition"]
    assert definition["buildType"].endswith("repack/v1")
    assert definition["resolvedDependencies"] == [
        {"name": first.package.file_name, "digest": {"sha256": first.package.sha256}}
    ]
