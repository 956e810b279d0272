"""The image of our root: loaded once, known by its id before."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox.engine import connect
from builder.sandbox.image import rootfs_image
from builder.sandbox.pictures import image_of


def test_the_id_is_that_of_the_archive_and_is_remembered(rootfs: Path, tmp_path: Path, docker_engine: str) -> None:
    engine = connect("docker", docker_engine)
    found = image_of(engine, rootfs, tmp_path)
    assert found == rootfs_image(rootfs, rootfs.name).id
    (note,) = tmp_path.iterdir()
    assert tuple(note.read_text(encoding="ascii").split()) == rootfs_image(rootfs, rootfs.name).ids
    with engine.client() as client:
        assert client.inspect_image(found)["Id"] == found
    assert image_of(engine, rootfs, tmp_path) == found


def test_a_tree_that_is_missing_is_named(tmp_path: Path, docker_engine: str) -> None:
    with pytest.raises(MachineError, match="nowhere: No such file"):
        image_of(connect("docker", docker_engine), tmp_path / "nowhere", tmp_path)


def test_another_tree_is_another_image(tmp_path: Path, docker_engine: str) -> None:
    engine = connect("docker", docker_engine)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_text("one")
    first = image_of(engine, tree, tmp_path)
    (tree / "other").write_text("two")
    second = image_of(engine, tree, tmp_path)
    assert first != second
    with engine.client() as client:
        for image in (first, second):
            client.remove_image(image, force=True)
