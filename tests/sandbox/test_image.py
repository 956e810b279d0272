"""The image of the sandbox's root: the tree in it, equal bytes whatever made the tree, and what a hostile tree does."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from builder.errors import MachineError, WorkError
from builder.sandbox.image import Image, layer, rootfs_image
from builder.sandbox.rootfs import TIME, rootfs_lock

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small root with every kind of path that one has."""
    root = tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/empty").mkdir()
    (root / "usr/bin/sh").write_bytes(b"#!" + bytes(1500))
    (root / "usr/bin/sh").chmod(0o755)
    (root / "usr/bin-data").write_text("text\n")
    (root / f"usr/{'long' * 40}").write_text("a name over a hundred bytes\n")
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/absolute").symlink_to("/lib/" + "x" * 120)
    return root


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def files(image: Image) -> dict[str, bytes]:
    """Return the files of an image's archive, as Python's own reader finds them."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.archive()))) as archive:
        opened = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: file.read() for name, file in opened.items() if file is not None}


def test_the_layer_holds_the_tree(tree: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(layer(tree)))) as archive:
        found = {member.name: member for member in archive}
        for path in tree.rglob("*"):
            member = found.pop(str(path.relative_to(tree)))
            assert (member.uid, member.gid, member.mtime, member.uname, member.gname) == (0, 0, TIME, "", "")
            if path.is_symlink():
                assert (member.issym(), member.linkname) == (True, str(path.readlink()))
            elif path.is_dir():
                assert (member.isdir(), member.mode) == (True, 0o755)
            else:
                content = archive.extractfile(member)
                assert content is not None
                assert content.read() == path.read_bytes()
                assert member.mode == stat.S_IMODE(path.stat().st_mode)
    assert not found


def test_folders_stand_before_what_is_in_them(tree: Path) -> None:
    names = list(members(b"".join(layer(tree))))
    assert names == sorted(names, key=str.encode)
    for name in names:
        assert "/" not in name or name.rpartition("/")[0] in names[: names.index(name)]


def test_engines_of_both_kinds_find_the_same_blobs(tree: Path) -> None:
    image = rootfs_image(tree, DIGEST)
    found = files(image)
    ((docker),) = json.loads(found["manifest.json"])
    (listed,) = json.loads(found["index.json"])["manifests"]
    oci = json.loads(found[f"blobs/sha256/{listed['digest'].removeprefix('sha256:')}"])
    assert image.ids == (oci["config"]["digest"], listed["digest"])
    assert docker["RepoTags"] == ["bakehouse-rootfs:0123456789ab"]
    assert docker["Config"] == f"blobs/sha256/{oci['config']['digest'].removeprefix('sha256:')}"
    assert docker["Layers"] == [f"blobs/sha256/{one['digest'].removeprefix('sha256:')}" for one in oci["layers"]]
    for one in (listed, oci["config"], *oci["layers"]):
        blob = found[f"blobs/sha256/{one['digest'].removeprefix('sha256:')}"]
        assert (f"sha256:{hashlib.sha256(blob).hexdigest()}", len(blob)) == (one["digest"], one["size"])
    assert found["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'


def test_the_id_is_the_digest_of_the_configuration_and_names_the_layer(tree: Path) -> None:
    image = rootfs_image(tree, DIGEST)
    config = json.loads(image.config)
    assert image.id == f"sha256:{hashlib.sha256(image.config).hexdigest()}"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(b''.join(layer(tree))).hexdigest()}"]
    assert config["config"]["Labels"] == {"bakehouse.rootfs": DIGEST}
    assert config["created"] == "1980-01-01T00:00:00Z"


def test_another_umask_owner_time_and_order_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    for path in sorted(tree.rglob("*"), reverse=True):
        if not path.is_dir() or path.is_symlink():
            copy = again / path.relative_to(tree)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy, follow_symlinks=False)
    (again / "usr/empty").mkdir(mode=0o700)
    (again / "usr/bin/sh").chmod(0o700)
    (again / "usr/bin-data").chmod(0o600)
    (again / "usr").chmod(0o700)
    os.chown(again / "usr/bin-data", os.getuid(), os.getgid())
    os.utime(again / "usr/bin", (1, 1))
    one, other = rootfs_image(tree, DIGEST), rootfs_image(again, DIGEST)
    assert b"".join(one.archive()) == b"".join(other.archive())
    assert one.id == other.id


def test_the_list_is_part_of_the_image(tree: Path) -> None:
    assert rootfs_image(tree, DIGEST).id != rootfs_image(tree, DIGEST[::-1]).id


def test_a_file_that_is_written_to_meanwhile_is_told(tree: Path) -> None:
    image = rootfs_image(tree, DIGEST)
    (tree / "usr/bin-data").write_text("other\n")
    with pytest.raises(MachineError, match="changed while") as caught:
        b"".join(image.archive())
    assert caught.value.problems[0].remedy is not None


def test_streaming_holds_no_more_than_a_piece(tree: Path) -> None:
    (tree / "large").write_bytes(b"x" * (5 << 20))
    image = rootfs_image(tree, DIGEST)
    assert image.size > 5 << 20
    assert max(map(len, image.archive())) <= 1 << 20


def test_tar_agrees_with_us_on_the_real_root(rootfs: Path, tmp_path: Path) -> None:
    place = tmp_path / "layer.tar"
    place.write_bytes(b"".join(layer(rootfs)))
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xpf", place, "-C", out, "--no-same-owner"], check=True)
    assert subprocess.run(["diff", "-r", "--no-dereference", rootfs, out], check=False).returncode == 0
    assert b"".join(layer(out)) == place.read_bytes()


def test_the_real_root_has_one_id_in_every_process(rootfs: Path) -> None:
    here = rootfs_image(rootfs, rootfs_lock().digest).id
    text = (
        "import sys; from pathlib import Path; from builder.sandbox.image import rootfs_image\n"
        "print(rootfs_image(Path(sys.argv[1]), sys.argv[2]).id)"
    )
    env = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-c", text, str(rootfs), rootfs_lock().digest]
    assert subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout.strip() == here


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """One policy holds in both directions."""
    (tmp_path / "a\nb").write_bytes(b"")
    with pytest.raises(WorkError, match="control character"):
        list(layer(tmp_path))
