"""What scripts run in: our own root, or an ordinary Debian system out of a registry, by its digest."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from builder.archive import read_package
from builder.sandbox.rootfs import rootfs_lock
from tests.cli.conftest import Command, Said
from tests.registry import TREE, Registry, registry

RECIPE = """\
package: {name: seen, version: "1.0"}
build:
  script: |
    cat /etc/debian_version > "$PREFIX/version"
    ls -d /usr/lib/apt > "$PREFIX/apt"
    whoami > "$PREFIX/who"
    env | cut -d= -f1 > "$PREFIX/names"
tests:
  - script: test -d /usr/lib/apt
about: {license: CC0-1.0}
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of these tests' own."""
    with registry(tmp_path_factory.mktemp("registry")) as served:
        yield served


@pytest.fixture(scope="module")
def debian(shelf: Registry, docker_engine: str) -> Iterator[str]:
    """An ordinary Debian system in it, which the engine does not have."""
    assert TREE.is_file(), "the image is not made: run `make fetch`"
    reference = shelf.push(docker_engine, TREE)
    yield reference
    forget(docker_engine, reference)


def forget(engine: str, reference: str) -> None:
    client = docker.APIClient(base_url=engine, version="auto")
    try:
        client.remove_image(reference, force=True)
    except docker.errors.ImageNotFound:
        pass
    finally:
        client.close()


def documents(said: Said) -> list[dict[str, str]]:
    found = said.document
    assert isinstance(found, list)
    return found


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    place = tmp_path / "seen" / "recipe.yaml"
    place.parent.mkdir()
    place.write_text(RECIPE)
    return place


def test_a_foreign_image_is_pulled_built_in_and_named_in_the_package(
    command: Command, debian: str, docker_engine: str, recipe: Path, tmp_path: Path
) -> None:
    digest = debian.rpartition(":")[2]
    asked = ("--isolation", "docker", "--engine", docker_engine, "--image", debian, "--out", tmp_path / "out")
    planned = command("plan", recipe, *asked, "--json")
    assert planned.code == 0, planned.out
    said = command("build", recipe, *asked, "--json")
    assert said.code == 0, said.out
    (built,) = documents(said)
    opened = read_package(Path(built["path"]))
    opened.extract(tmp_path / "tree")
    info = json.loads((tmp_path / "tree" / "info" / "bakehouse" / "keys.json").read_text())
    assert (info["rootfs"], info["sealed"]) == (digest, True)
    assert digest in Path(f"{built['path']}.intoto.json").read_text()
    assert (tmp_path / "tree" / "version").read_text().startswith("12")
    assert (tmp_path / "tree" / "who").read_text() == "builder\n"
    assert "FOREIGN" not in (tmp_path / "tree" / "names").read_text(), "the environment of the image"
    own = command("build", recipe, "--out", tmp_path / "own", "--json")
    assert own.code == 1, "our own root has no apt"
    again = command("test", built["path"], "--isolation", "docker", "--engine", docker_engine, "--image", debian)
    assert again.code == 0, again.err


def test_podman_pulls_it_too_and_gives_the_same_bytes(
    command: Command, debian: str, docker_engine: str, podman_engine: str, recipe: Path, tmp_path: Path
) -> None:
    made = []
    for kind, engine in (("docker", docker_engine), ("podman", podman_engine)):
        asked = ("--isolation", kind, "--engine", engine, "--image", debian, "--out", tmp_path / kind)
        said = command("build", recipe, *asked, "--json")
        assert said.code == 0, said.out
        made += [one["sha256"] for one in documents(said)]
    assert made[0] == made[1]


def test_another_image_is_another_recipe_key(command: Command, recipe: Path, tmp_path: Path) -> None:
    def key(*more: str) -> str:
        said = command("plan", recipe, "--out", tmp_path / "out", "--json", *more)
        assert said.code == 0, said.out
        (task,) = documents(said)
        return task["recipe_key"]

    one, two = (f"example.org/debian@sha256:{digit * 64}" for digit in "12")
    asked = ("--isolation", "docker", "--image")
    assert len({key(), key(*asked, one), key(*asked, two)}) == 3
    assert key(*asked, one) == key("--isolation", "podman", "--image", f"sha256:{'1' * 64}"), "bytes count, not names"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--image", f"debian@sha256:{'0' * 64}"], "--image is an image of docker or podman"),
        (["--isolation", "bubblewrap", "--image", f"debian@sha256:{'0' * 64}"], "of docker or podman"),
        (["--isolation", "docker", "--image", "debian:12"], "does not name one image for ever"),
    ],
)
def test_images_without_digest_or_engine_are_refused(
    command: Command, recipe: Path, tmp_path: Path, more: list[str], message: str
) -> None:
    said = command("build", recipe, "--out", tmp_path / "out", "--json", *more)
    assert said.code == 2
    (error,) = said.errors
    assert message in str(error["message"])
    assert error["remedy"]


def test_an_image_without_a_shell_is_refused_with_the_remedy(
    command: Command, shelf: Registry, docker_engine: str, recipe: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "empty.tar"
    with tarfile.open(tree, "w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    reference = shelf.push(docker_engine, tree, name="empty")
    asked = ("--isolation", "docker", "--engine", docker_engine, "--image", reference)
    said = command("build", recipe, "--out", tmp_path / "out", "--json", *asked)
    forget(docker_engine, reference)
    assert said.code == 2, said.out
    (error,) = said.errors
    assert "has no /bin/sh, /bin/bash" in str(error["message"])
    assert "bash and coreutils" in str(error["remedy"])


def test_offline_an_image_that_is_not_there_is_told(
    command: Command, docker_engine: str, recipe: Path, tmp_path: Path
) -> None:
    asked = ("--isolation", "docker", "--engine", docker_engine, "--image", f"example.org/x@sha256:{'0' * 64}")
    said = command("build", recipe, "--out", tmp_path / "out", "--offline", "--json", *asked)
    assert said.code == 3
    (error,) = said.errors
    assert "docker has no image" in str(error["message"])
    assert "docker pull" in str(error["remedy"])


def test_our_own_root_is_what_there_is_without_an_image(command: Command, recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(RECIPE.replace("ls -d /usr/lib/apt", "true").replace("test -d /usr/lib/apt", "true"))
    said = command("build", recipe, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.out
    (built,) = documents(said)
    assert rootfs_lock().digest in Path(f"{built['path']}.intoto.json").read_text()
