"""`bakehouse repin`: what the verb adds to `builder.source.repin`, whose own tests have a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

DEBIAN = f"source:\n  - url: debian:pool/main/h/hello/hello_1.0_amd64.deb\n    sha256: {'0' * 64}\n"


@pytest.fixture
def plain(hello: Path) -> Path:
    """A recipe without a Debian package in it."""
    return hello


def test_a_recipe_without_pins_stays_as_it_is(command: Command, plain: Path) -> None:
    before = (plain / "recipe.yaml").read_bytes()
    said = command("repin", plain, "--offline")
    assert (said.code, said.out) == (0, "")
    assert "every pin is what the archive has" in said.err
    assert (plain / "recipe.yaml").read_bytes() == before
    assert command("repin", plain, "--json", "--offline").document == []


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_without_a_network_nothing_is_changed(command: Command, plain: Path, more: tuple[str, ...]) -> None:
    recipe = plain / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("build:\n", f"{DEBIAN}build:\n"))
    before = recipe.read_bytes()
    said = command("repin", plain, "--offline", "--json", *more)
    assert said.code == 3
    assert said.errors
    assert recipe.read_bytes() == before


def test_a_path_must_be_there(command: Command, tmp_path: Path) -> None:
    said = command("repin", tmp_path / "nowhere", "--json")
    assert said.code == 2
    (error,) = said.errors
    assert "nowhere" in str(error["message"])
    assert command("repin").code == 2
