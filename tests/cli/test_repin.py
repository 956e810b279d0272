"""`bakehouse repin`: the pins of recipes and of the sandbox's root, as edits."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command, write_recipe


def test_a_recipe_without_debian_sources_needs_no_network(command: Command, hello: Path) -> None:
    before = (hello / "recipe.yaml").read_text()
    said = command("repin", hello, "--offline")
    assert said.code == 0
    assert "every pin is what the archive has" in said.err
    assert (hello / "recipe.yaml").read_text() == before
    assert command("repin", hello, "--offline", "--json").document == []


def test_without_a_network_it_says_what_it_could_not_reach(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(
        tmp_path / "r",
        "package: {name: x, version: '1'}\n"
        "source:\n"
        "  url: debian:pool/main/m/make-dfsg/make_4.3-4.1_amd64.deb\n"
        f"  sha256: {'0' * 64}\n",
    )
    before = (recipe / "recipe.yaml").read_text()
    said = command("repin", recipe, "--offline", "--json")
    assert said.code == 3
    assert said.errors[0]["remedy"]
    assert (recipe / "recipe.yaml").read_text() == before


def test_a_path_that_is_not_there_is_wrong_use(command: Command, tmp_path: Path) -> None:
    assert command("repin", tmp_path / "nowhere").code == 2


def test_it_must_be_told_where_the_pins_are(command: Command) -> None:
    assert command("repin").code == 2
