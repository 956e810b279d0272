"""`bakehouse plan`: what would be built and why, without a solve, a fetch or a sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import HELLO, Command, write_recipe
from tests.e2e.command import SIX


def tasks(document: object) -> list[dict[str, object]]:
    assert isinstance(document, list)
    return document


def test_the_document_is_the_dag(command: Command, tmp_path: Path) -> None:
    found = tasks(command("plan", SIX, "--out", tmp_path / "channel", "--json").document)
    assert len(found) == 7
    seen: set[object] = set()
    for task in found:
        assert set(task) >= {"id", "recipe_key", "deps", "state", "reason"}
        deps = task["deps"]
        assert isinstance(deps, list)
        assert set(deps) <= seen, "each follows what it needs"
        seen.add(task["id"])
    assert len({task["recipe_key"] for task in found}) == 7


def test_the_same_plan_every_time_and_nothing_is_made(command: Command, kitchen: Path, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    assert command("plan", SIX, "--out", out).out == command("plan", SIX, "--out", out).out
    assert not out.exists()
    assert {path.name for path in kitchen.iterdir()} <= {"folders", "ledger.sqlite", "locks", "sessions", "used"}


def test_text_counts_what_would_happen(command: Command, tmp_path: Path) -> None:
    lines = command("plan", SIX, "--out", tmp_path / "channel").out.splitlines()
    assert len(lines) == 8
    states = [line.partition("  ")[0] for line in lines[:-1]]
    assert set(states) <= {"build", "after", "reuse"}
    assert lines[-1] == ", ".join(
        f"{states.count(state)} {state}" for state in ("reuse", "build", "after") if state in states
    )


@pytest.mark.sandbox
def test_what_was_built_is_reused_and_a_change_is_named(command: Command, hello: Path, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    assert command("plan", hello, "--out", out).out.startswith("build  linux-64/hello-1.0-")
    assert command("build", hello, "--out", out).code == 0
    (task,) = tasks(command("plan", hello, "--out", out, "--json").document)
    assert task["state"] == "reuse"
    assert command("plan", hello, "--out", out).out.endswith("\n1 reuse\n")
    write_recipe(hello, HELLO.replace("script: echo hello", "script: echo  hello"))
    (task,) = tasks(command("plan", hello, "--out", out, "--json").document)
    assert task["state"] == "build"
    assert "build" in str(task["reason"])
    (other,) = tasks(command("plan", hello, "--out", tmp_path / "other", "--json").document)
    assert other["state"] == "build", "another channel has nothing"


def test_other_platforms_can_be_planned(command: Command, tmp_path: Path) -> None:
    found = tasks(command("plan", SIX, "--json", "--target-platform", "osx-arm64", "--out", tmp_path / "c").document)
    assert {str(task["id"]).removeprefix("staging:").partition("/")[0] for task in found} == {"osx-arm64", "noarch"}


def test_dependencies_come_from_the_collection_when_asked(command: Command, tmp_path: Path) -> None:
    alone = tasks(command("plan", SIX / "app", "--json", "--out", tmp_path / "c").document)
    assert len(alone) == 2
    together = tasks(command("plan", SIX / "app", "--json", "--with-deps", "--out", tmp_path / "c").document)
    assert len(together) == 7


def test_nothing_to_do(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "skipped", HELLO.replace("build:\n", "build:\n  skip: true\n"))
    assert command("plan", recipe, "--out", tmp_path / "c").out == "nothing to do\n"
    assert command("plan", recipe, "--out", tmp_path / "c", "--json").document == []


def test_a_broken_recipe_is_no_plan(command: Command, tmp_path: Path, hello: Path) -> None:
    bad = write_recipe(tmp_path / "bad", "package: {nam: x}\n")
    said = command("plan", hello, bad, "--json")
    assert said.code == 2
    assert {error["file"] for error in said.errors} == {str(bad / "recipe.yaml")}


def test_what_scripts_may_use_stands_below_their_task(command: Command, hello: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lent = ("--allow-network", "hello", "--test-mount", f"hello={tmp_path}/data:/opt/data:rw")
    lines = command("plan", hello, "--out", tmp_path / "channel", *lent).out.splitlines()
    assert lines[1] == "       its script may use the network"
    assert lines[2] == f"       its tests may use {tmp_path}/data at /opt/data (writable)"
    document = command("plan", hello, "--out", tmp_path / "channel", *lent, "--json").document
    assert isinstance(document, list)
    assert document[0]["allowed"]["network"] is True
    assert document[0]["allowed"]["tests"]["mounts"][0]["inside"] == "/opt/data"


def test_nobody_is_allowed_anything_by_mistake(command: Command, hello: Path, tmp_path: Path) -> None:
    for words in (("--allow-network", "helo"), ("--limit", "helo:wall=1h")):
        said = command("plan", hello, "--out", tmp_path / "channel", *words)
        assert said.code == 2
        assert "no recipe or output here is called helo" in said.err
        assert "did you mean hello?" in said.err


def test_isolation_none_is_another_plan(command: Command, hello: Path, tmp_path: Path) -> None:
    keys = {
        command("plan", hello, "--out", tmp_path / "channel", "--json", *words).out.partition('"recipe_key"')[2][:70]
        for words in ((), ("--isolation", "docker"), ("--isolation", "none"))
    }
    assert len(keys) == 2, "what seals does not matter, whether anything does does"


def test_what_nobody_vouches_for_stands_below_its_task(command: Command, tmp_path: Path) -> None:
    (tmp_path / "flour.txt").write_text("flour")
    url = (tmp_path / "flour.txt").as_uri()
    recipe = write_recipe(tmp_path / "loose", HELLO.replace("build:\n", f"source: {{url: {url}}}\nbuild:\n"))
    said = command("plan", recipe, "--out", tmp_path / "c", "--allow-unhashed")
    assert said.out.splitlines()[1] == f"       never to be published: {url} has no sha256"
    (task,) = tasks(command("plan", recipe, "--out", tmp_path / "c", "--allow-unhashed", "--json").document)
    assert task["unhashed"] == [url]
