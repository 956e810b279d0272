"""`bakehouse fetch`: what a later `--offline` needs, verified, told as a list."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.cli.conftest import HELLO, Command, Said, write_recipe

FLOUR = b"flour\n"
DIGEST = hashlib.sha256(FLOUR).hexdigest()


def listed(said: Said) -> list[dict[str, str]]:
    document = said.document
    assert isinstance(document, list)
    return document


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A recipe with one source, at an address that needs no network."""
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "flour.txt").write_bytes(FLOUR)
    url = (tmp_path / "server" / "flour.txt").as_uri()
    source = f"source:\n  - url: {url}\n    sha256: {DIGEST}\nbuild:\n"
    return write_recipe(
        tmp_path / "remote",
        HELLO.replace("build:\n", source).replace("echo hello", "cat flour.txt").replace("-x hello", "-x flour"),
    )


def test_the_document_says_what_lies_where(command: Command, kitchen: Path, remote: Path) -> None:
    said = command("fetch", remote, "--no-rootfs", "--json")
    assert said.code == 0, said
    (found,) = listed(said)
    assert (found["address"].rpartition("/")[2], found["sha256"]) == ("flour.txt", DIGEST)
    assert Path(found["path"]).read_bytes() == FLOUR
    assert Path(found["path"]).is_relative_to(kitchen)


def test_the_text_counts(command: Command, kitchen: Path, remote: Path) -> None:
    said = command("fetch", remote, "--no-rootfs", "-q")
    assert (said.out, said.err) == ("", f"1 files are in {kitchen}\n")


@pytest.mark.sandbox
def test_afterwards_offline_works_without_the_server(command: Command, remote: Path, tmp_path: Path) -> None:
    build = ("build", remote, "--offline", "--out", tmp_path / "channel")
    (tmp_path / "server").rename(tmp_path / "away")
    before = command(*build, "--json")
    assert before.code == 3
    assert "bakehouse fetch" in str(before.errors[0]["remedy"])
    (tmp_path / "away").rename(tmp_path / "server")
    assert command("fetch", remote, "--no-rootfs").code == 0
    (tmp_path / "server").rename(tmp_path / "away")
    assert command(*build).code == 0


def test_wrong_bytes_are_told_and_not_kept(command: Command, kitchen: Path, remote: Path, tmp_path: Path) -> None:
    (tmp_path / "server" / "flour.txt").write_bytes(b"chalk\n")
    said = command("fetch", remote, "--no-rootfs", "--json")
    assert said.code == 2
    (error,) = said.errors
    assert DIGEST in str(error["message"])
    assert Store(kitchen).file(DIGEST) is None


def test_a_source_that_two_variants_share_is_one(command: Command, remote: Path) -> None:
    write_recipe(remote, (remote / "recipe.yaml").read_text().replace("cat flour", "echo ${{ kind }} && cat flour"))
    said = command("fetch", remote, "--no-rootfs", "--json", "--variant", "kind=a,b")
    assert len(listed(said)) == 1


def test_what_is_skipped_needs_nothing(command: Command, remote: Path) -> None:
    write_recipe(remote, (remote / "recipe.yaml").read_text().replace("build:\n", "build:\n  skip: true\n"))
    assert command("fetch", remote, "--no-rootfs", "--json").document == []


def test_the_root_of_the_sandbox_comes_along(
    command: Command, kitchen: Path, machine_store: Store, hello: Path
) -> None:
    store = Store(kitchen)
    for deb in rootfs_lock().debs:
        path = machine_store.file(deb.sha256)
        assert path is not None
        store.add_file([path.read_bytes()], sha256=deb.sha256)
    said = command("fetch", hello, "--json", "--offline")
    assert said.code == 0
    assert {found["sha256"] for found in listed(said)} == {deb.sha256 for deb in rootfs_lock().debs}
