"""`bakehouse plan`: what would be built and why, without solving or fetching anything."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import SIX

FIELDS = {"id", "recipe_key", "deps", "state", "reason"}


def tasks(document: object) -> dict[str, dict[str, object]]:
    assert isinstance(document, list)
    return {task["name"]: task for task in document}


def test_the_document_has_the_fields_of_the_contract_in_an_order_that_can_be_built(command: Command) -> None:
    document = command("plan", SIX, "--json").document
    assert isinstance(document, list)
    seen: set[str] = set()
    for task in document:
        assert set(task) >= FIELDS
        assert set(task["deps"]) <= seen
        seen.add(task["id"])
    assert len(seen) == 7


def test_text_has_a_line_for_each_task_and_a_sum(command: Command) -> None:
    lines = command("plan", SIX).out.splitlines()
    assert len(lines) == 8
    assert all(line.startswith(("build  ", "after  ")) for line in lines[:-1])
    assert "build" in lines[-1]


def test_recipe_keys_do_not_depend_on_where_a_recipe_lies(command: Command, tmp_path: Path, hello: Path) -> None:
    copy = write_recipe(tmp_path / "elsewhere", (hello / "recipe.yaml").read_text())
    keys = [tasks(command("plan", folder, "--json").document)["hello"]["recipe_key"] for folder in (hello, copy)]
    assert keys[0] == keys[1]


def test_a_recipe_key_follows_every_file_of_the_folder(command: Command, hello: Path) -> None:
    def key() -> object:
        return tasks(command("plan", hello, "--json").document)["hello"]["recipe_key"]

    first = key()
    (hello / "helper.sh").write_text("echo\n")
    second = key()
    (hello / ".hidden").write_text("nobody sees it\n")
    assert (first == second, key() == second) == (False, True)


def test_with_deps_plans_what_the_collection_provides(command: Command) -> None:
    alone = tasks(command("plan", SIX / "app", "--json").document)
    together = tasks(command("plan", SIX / "app", "--with-deps", "--json").document)
    assert set(alone) == {"six-app"}
    assert set(together) == {"six-app", "six-base", "six-show", "six-data", "six-kit-build", "six-words"}


def test_a_broken_recipe_is_all_that_is_said(command: Command, hello: Path, tmp_path: Path) -> None:
    broken = write_recipe(tmp_path / "broken", "package: {name: x, version: '1'}\nbuild: {scrpt: x}\n")
    said = command("plan", hello, broken, "--json")
    assert said.code == 2
    assert said.errors[0]["line"] == 2
    assert "script" in str(said.errors[0]["remedy"])


def test_nothing_to_plan_is_said(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", "package: {name: x, version: '1'}\nbuild: {skip: [linux], script: x}\n")
    assert "nothing to do" in command("plan", recipe).out
