"""`bakehouse rootfs`: what it writes and shows, equal bytes from another user, and lists of one's own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd

from builder.sandbox.image import rootfs_image
from builder.sandbox.rootfs import read_rootfs_lock, rootfs_lock
from builder.store import Store
from tests.cli.conftest import Command
from tests.e2e.command import Bakehouse

CHECKOUT = Path(__file__).parents[2]
STEM = f"bakehouse-rootfs-{rootfs_lock().digest[:12]}"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_image_tree_and_description_fit_together(command: Command, rootfs: Path, tmp_path: Path) -> None:
    said = command("rootfs", "build", "--out", tmp_path / "out", "--json")
    assert (said.code, said.err) == (0, "")
    document = said.document
    assert isinstance(document, dict)
    out = tmp_path / "out"
    assert document == json.loads((out / f"{STEM}.json").read_text())
    found = contents(out)
    assert found.keys() == {f"{STEM}-image.tar", f"{STEM}.tar.zst", f"{STEM}.json"}
    assert {name: file["sha256"] for name, file in document["files"].items()} == {
        name: digest for name, digest in found.items() if not name.endswith(".json")
    }
    image = rootfs_image(rootfs, rootfs_lock().digest)
    assert (document["image_id"], document["image_name"]) == (image.id, image.tag)
    assert [one["name"] for one in document["packages"]] == [deb.name for deb in rootfs_lock().debs]
    tree = zstd.decompress((out / f"{STEM}.tar.zst").read_bytes())
    assert f"sha256:{hashlib.sha256(tree).hexdigest()}" in image.config.decode()
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        assert {"usr/bin/bash", "etc/passwd", "bin"} <= set(archive.getnames())


def test_the_text_names_the_files_and_the_image(command: Command, tmp_path: Path) -> None:
    said = command("rootfs", "build", "--out", tmp_path, "-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    said = command("rootfs", "build", "--out", tmp_path)
    *files, last = said.err.splitlines()
    assert sorted(files) == sorted(str(path) for path in tmp_path.iterdir() if path.is_file())
    assert last.startswith(f"image bakehouse-rootfs:{rootfs_lock().digest[:12]}, id sha256:")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users may pass through, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def elsewhere(public: Path, machine_store: Store) -> Path:
    """A store that was fetched and never unpacked."""
    fresh = Store(public / "store")
    for deb in rootfs_lock().debs:
        path = machine_store.file(deb.sha256)
        assert path is not None
        fresh.add_file([path.read_bytes()], sha256=deb.sha256)
    fresh.close()
    return fresh.root


def test_another_user_umask_and_time_zone_give_the_same_bytes(
    command: Command, public: Path, elsewhere: Path, tmp_path: Path
) -> None:
    assert command("rootfs", "build", "--out", tmp_path / "one").code == 0
    other = public / "other"
    other.mkdir()
    words = [sys.executable, "-m", "builder", "rootfs", "build", "--offline", "--out", str(other)]
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "4321:4321", elsewhere, other], check=True)
        words = ["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", "--no-new-privs", *words]
    shell = ["sh", "-c", 'umask 077; exec "$@"', "sh", *words]
    env = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "BAKEHOUSE_STORE": str(elsewhere), "HOME": str(other),
        "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "9",
    }  # fmt: skip
    done = subprocess.run(shell, env=env, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert contents(other) == contents(tmp_path / "one")
    assert {path.stat().st_mode & 0o777 for path in other.iterdir()} == {0o644}


def test_what_is_shown_is_a_list_to_start_from(command: Command, rootfs: Path, tmp_path: Path) -> None:
    said = command("rootfs", "show")
    own = tmp_path / "own.lock"
    own.write_text(said.out)
    assert read_rootfs_lock(own) == rootfs_lock()
    assert f"# image_id: {rootfs_image(rootfs, rootfs_lock().digest).id}\n" in said.out
    again = command("rootfs", "show", "--from-lock", own)
    assert again.out == said.out


def test_showing_unpacks_and_fetches_nothing(command: Command, tmp_path: Path) -> None:
    said = command("rootfs", "show", "--json", "--store", tmp_path / "empty")
    assert said.code == 0
    assert isinstance(said.document, dict)
    assert (said.document["image_id"], said.document["glibc"]) == (None, "2.36")
    assert not (tmp_path / "empty").exists()
    assert "# image_id: not known" in command("rootfs", "show", "--store", tmp_path / "empty").out


def test_a_list_of_ones_own_is_another_root(command: Command, elsewhere: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.lock"
    own.write_text("".join(line for line in lines() if not line.startswith("patch ")))
    said = command(
        "rootfs", "build", "--from-lock", own, "--out", tmp_path, "--store", elsewhere, "--offline", "--json"
    )
    assert said.code == 0, said.out
    document = said.document
    assert isinstance(document, dict)
    assert document["digest"] == read_rootfs_lock(own).digest != rootfs_lock().digest
    (packed,) = tmp_path.glob("*.tar.zst")
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(packed.read_bytes()))) as archive:
        assert "usr/bin/patch" not in archive.getnames()


def lines() -> list[str]:
    text = (CHECKOUT / "builder" / "sandbox" / "rootfs.lock").read_text(encoding="ascii")
    return text.splitlines(keepends=True)


def test_a_bad_list_is_told_with_its_place(command: Command, tmp_path: Path) -> None:
    own = tmp_path / "own.lock"
    own.write_text("bash\n")
    said = command("rootfs", "build", "--from-lock", own, "--out", tmp_path / "out", "--json")
    assert said.code == 2
    (error,) = said.errors
    assert (error["code"], error["file"], error["line"]) == ("rootfs.line", str(own), 1)
    assert not (tmp_path / "out").exists()


def test_without_network_and_without_packages_the_remedy_is_told(command: Command, tmp_path: Path) -> None:
    said = command("rootfs", "build", "--offline", "--store", tmp_path / "empty", "--out", tmp_path / "out", "--json")
    assert said.code == 3
    assert all(error["remedy"] for error in said.errors)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = command("rootfs", "build", "--out", tmp_path / "file" / "out", "--json")
    assert said.code == 3
    assert said.errors


def test_docker_has_the_id_that_was_said(process: Bakehouse, docker_engine: str, tmp_path: Path) -> None:
    document = json.loads(process.good("rootfs", "build", "--out", tmp_path, "--json"))
    name = loaded(docker_engine, tmp_path / f"{STEM}-image.tar")
    assert name == (document["image_name"], document["image_id"])


def loaded(engine: str, archive: Path) -> tuple[str, str]:
    """Load an image; return its name and the id that the engine gives it."""
    import docker

    client = docker.DockerClient(base_url=engine)
    try:
        with archive.open("rb") as file:
            (image,) = client.images.load(file)
        assert isinstance(image.id, str)
        return image.tags[0].removeprefix("docker.io/library/"), image.id
    finally:
        client.close()
