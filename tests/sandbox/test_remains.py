"""What killed processes left in an engine goes with the next start; what is somebody else's stays."""

from __future__ import annotations

from pathlib import Path

from builder.sandbox.berth import Berth
from builder.sandbox.container import Container
from builder.sandbox.engine import connect
from builder.sandbox.pictures import image_of
from builder.sandbox.remains import PROBE, clean, remove_as_root
from builder.sandbox.spec import LABEL, SESSION, Spec
from builder.sandbox.values import Limits
from tests.sandbox.test_berth import OURS, UNSHARE
from tests.sandbox.test_container import ours


def test_only_containers_of_those_who_are_gone_are_removed(rootfs: Path, tmp_path: Path, docker_engine: str) -> None:
    scratch = tmp_path / "scratch"
    engine = connect("docker", docker_engine)
    living = Berth(scratch, OURS, UNSHARE)
    (scratch / "berth-dead").mkdir()
    image = image_of(engine, rootfs, scratch)
    made = []
    for session in (living.folder.name, "berth-dead", "berth-removed"):
        labels = {LABEL: str(scratch), SESSION: session}
        spec = Spec(engine=engine, image=image, user=OURS, labels=labels, limits=Limits())
        made.append(Container(engine, spec.container(["/bin/cat"], [])))
    clean(engine, scratch)
    assert len(ours(docker_engine, tmp_path)) == 1
    assert living.folder.is_dir()
    assert not (scratch / "berth-dead").exists()
    for container in made:
        container.end()
        container.end()
    assert ours(docker_engine, tmp_path) == []
    assert living.close()


def test_an_image_of_a_probe_that_was_killed_is_removed(tmp_path: Path, docker_engine: str) -> None:
    engine = connect("docker", docker_engine)
    folder = tmp_path / "berth-probing"
    folder.mkdir()
    with engine.client() as client:
        client.import_image_from_data(bytes(10240), repository=PROBE, tag=folder.name)
        assert client.images(name=f"{PROBE}:{folder.name}")
        clean(engine, tmp_path)
        assert client.images(name=f"{PROBE}:{folder.name}") == []
    assert not folder.exists()


def test_what_the_engines_root_left_is_removed_by_it(rootfs: Path, tmp_path: Path, docker_engine: str) -> None:
    engine = connect("docker", docker_engine)
    left = tmp_path / "berth-left"
    (left / "1/work/deep").mkdir(parents=True)
    (left / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    (left / "1/work").chmod(0)
    remove_as_root(engine, image_of(engine, rootfs, tmp_path), [left])
    assert not left.exists()
    assert (tmp_path / "kept").is_dir()
    assert list((tmp_path / "kept").iterdir()) == []
