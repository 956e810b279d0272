"""``kill -9`` of the command at any moment: after the next one nothing of it is left, and the channel is as ever."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adversarial.leftovers import Leftovers, deserted, groups, leftovers
from tests.adversarial.trial import BACK_ENDS, Oven, told
from tests.e2e.command import indexed, packages

SEED = 20261122
KILLS = 10
RECIPE = """
package: {{name: {name}, version: "1.0"}}
build:
  script:
    - mkdir -p $PREFIX/share; (sleep 1000 & sleep 1000) & seq 2000 > $PREFIX/share/{name}; sleep 0.2
tests:
  - script: test "$(tail -n 1 $PREFIX/share/{name})" = 2000; sleep 0.1
about: {{license: CC0-1.0}}
"""


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_ten_kills_at_random_moments(
    back_end: str, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(f"killed-{back_end}")
    oven = Oven(store=kitchen, back_end=back_end, folder=folder, variables={"DOCKER_HOST": docker_engine})
    for name in ("one", "two", "three"):
        oven.put(name, RECIPE.format(name=name))
    recipes = folder / "recipes"
    started = time.monotonic()
    assert oven.build(recipes, "-j", "2", out="undisturbed").code == 0
    whole = time.monotonic() - started
    undisturbed = packages(folder / "undisturbed")
    dice = random.Random(SEED)
    for number in range(KILLS):
        moment = dice.uniform(0, whole)
        with leftovers(oven) as left:
            built = _killed(oven, recipes, f"channel-{number}", moment)
            orphans = groups()
            again = oven.build(recipes, "-j", "2", out=f"channel-{number}")
        at = f"seed {SEED}, kill {number}: after {moment:.2f} of {whole:.2f} s"
        assert again.code == 0, (at, again.err)
        assert left == Leftovers(), at
        assert not orphans & deserted(), at
        assert packages(folder / f"channel-{number}") == indexed(folder / f"channel-{number}") == undisturbed, at
        twice = {one["task"] for one in again.events if one["event"] == "finished" and one["ending"] == "built"} & built
        assert not twice, at


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_the_next_command_may_have_nothing_to_do(
    back_end: str, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The kill comes when all is built, before the command has cleared away; what comes next makes no folder itself."""
    folder = tmp_path_factory.mktemp(f"killed-late-{back_end}")
    oven = Oven(store=kitchen, back_end=back_end, folder=folder, variables={"DOCKER_HOST": docker_engine})
    recipe = oven.put("late", RECIPE.format(name="late"))
    with leftovers(oven) as left:
        _killed_after(oven, recipe, '"event": "finished"')
        assert list((kitchen / "sessions").iterdir()), "killed too late"
        again = oven.build(recipe)
    assert again.code == 0, again.err
    assert again.finished("late")["ending"] == "reused"
    assert left == Leftovers()


def test_the_next_command_may_be_on_another_back_end(
    kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed-across")
    first = Oven(store=kitchen, back_end="docker", folder=folder, variables={"DOCKER_HOST": docker_engine})
    recipe = first.put("sleeper", RECIPE.format(name="sleeper").replace("sleep 0.2", "echo here; sleep 1000"))
    with leftovers(first) as left:
        _killed_after(first, recipe, '"line": "here"')
        mounted = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        again = replace(first, back_end="bubblewrap").build(first.put("other", RECIPE.format(name="other")))
    assert again.code == 0, again.err
    assert os.geteuid() or str(kitchen) in mounted, "a killed session leaves mounts where root runs it"
    assert left == Leftovers()


def _killed_after(oven: Oven, recipe: Path, words: str) -> None:
    """Start a build, and kill it as soon as it says a line with these words."""
    with subprocess.Popen(
        oven.argv(recipe), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=oven.environment(), cwd=oven.folder, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert any(words in line for line in process.stderr)
        process.kill()


def _killed(oven: Oven, recipes: Path, out: str, moment: float) -> set[str]:
    """Start a build, kill it, and return the tasks that it said were built."""
    argv = oven.argv(recipes, "-j", "2", out=out)
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=oven.environment(),
        cwd=oven.folder,
    ) as process:  # fmt: skip
        try:
            _, said = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
    *lines, _ = said.decode().split("\n")
    tried = told(process.returncode, "\n".join(lines))
    return {one["task"] for one in tried.events if one["event"] == "finished" and one["ending"] == "built"}
