"""Kill it anywhere, run it again: nothing finished is repeated, nothing torn is ever seen, the end is the same."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from builder.model.task import Phase
from tests.e2e.command import SIX, Bakehouse, indexed, packages
from tests.e2e.conftest import MakeBakehouse

KILLS_PER_PHASE = 3
TASKS = 7  # six packages and a staging output
STAGING = (Phase.ENVIRONMENT, Phase.SOURCE, Phase.SCRIPT)
PROCESSES, ROUNDS = 8, 10


def build(out: Path) -> tuple[str | Path, ...]:
    return ("build", SIX, "--out", out, "-j", "1", "--progress", "json")


def whole(channel: Path) -> None:
    """Every package that can be seen is a complete archive, and every index is complete JSON of packages that exist."""
    for path in channel.glob("*/*.conda"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    there = packages(channel)
    for name, digest in indexed(channel).items():
        assert there.get(name) == digest


def kill_at(process: subprocess.Popen[str], task: str, phase: str, delay: float) -> tuple[bool, set[str]]:
    """Follow the progress until ``task`` enters ``phase``, then kill; return whether that happened, and what was built.

    When the task ends without entering the phase (an earlier kill came after its last step), the kill comes then.
    """
    assert process.stderr is not None
    built: set[str] = set()
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "finished" and event["ending"] in {"built", "staged"}:
            built.add(event["task"])
        if event.get("event") == "finished" and event["task"] == task:
            process.kill()
            process.communicate()
            return False, built
        if event.get("event") == "phase-started" and (event["task"], event["phase"]) == (task, phase):
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True, built
    process.wait()
    return False, built


def task_ids(bakehouse: Bakehouse) -> list[str]:
    plan = bakehouse.document("plan", SIX)
    assert isinstance(plan, list)
    return [task["id"] for task in plan]


@pytest.fixture
def undisturbed(make_bakehouse: MakeBakehouse, tmp_path: Path) -> dict[str, str]:
    make_bakehouse("undisturbed store").good("build", SIX, "--out", tmp_path / "undisturbed", "-j", "2")
    return packages(tmp_path / "undisturbed")


def forget(bakehouse: Bakehouse, out: Path, task: str) -> None:
    """Take a finished task's work away, as a user may, so that it can be killed once more."""
    if task.startswith("staging:"):
        shutil.rmtree(bakehouse.store / "folders" / "staging")
    else:
        (out / f"{task}.conda").unlink()
        bakehouse.good("index", out)


def test_kills_in_every_phase_of_every_task(bakehouse: Bakehouse, undisturbed: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "channel"
    dice = random.Random(20261121)
    ids = task_ids(bakehouse)
    assert len(ids) == TASKS
    finished: set[str] = set()
    for task in ids:
        for phase in STAGING if task.startswith("staging:") else Phase:
            kills, tries = 0, 0
            while kills < KILLS_PER_PHASE:
                with bakehouse.start(*build(out)) as process:
                    killed, built = kill_at(process, task, phase, dice.uniform(0, 0.02))
                assert not built & finished, "finished work was repeated"
                finished |= built
                whole(out)
                kills += killed
                tries += 1
                assert tries < 5 * KILLS_PER_PHASE, f"{task} was never met in {phase}"
                if not killed:  # the kill before came after the task's last step: it is done
                    forget(bakehouse, out, task)
                    finished.discard(task)
    bakehouse.good(*build(out))
    whole(out)
    assert packages(out) == indexed(out) == undisturbed


def test_eight_processes_into_one_channel_and_one_store(
    bakehouse: Bakehouse, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    for round_ in range(ROUNDS):
        out = tmp_path / f"channel-{round_}"
        processes = [bakehouse.start(*build(out)) for _ in range(PROCESSES)]
        ends = [process.communicate() for process in processes]
        bad = [end[1] for process, end in zip(processes, ends, strict=True) if process.returncode != 0]
        assert not bad, bad[0]
        assert packages(out) == indexed(out) == undisturbed
        built = [
            event["task"]
            for _, text in ends
            for event in map(json.loads, (line for line in text.splitlines() if line.startswith("{")))
            if event["event"] == "finished" and event["ending"] == "built"
        ]
        assert len(built) == len(set(built)), "something was built twice"
