"""`bakehouse fetch`: what a later `--offline` needs, verified, told as a list."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from builder.sandbox.varied import tools_lock
from builder.store import Store
from tests.cli.conftest import HELLO, Command, Said, write_recipe
from tests.source.git.making import Upstream, upstream

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


def test_what_has_no_hash_is_told_with_that_of_what_came(command: Command, remote: Path) -> None:
    recipe = remote / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(f"    sha256: {DIGEST}\n", ""))
    refused = command("fetch", remote, "--no-rootfs")
    assert refused.code == 2
    assert f"sha256: {DIGEST}" in refused.err
    (found,) = listed(command("fetch", remote, "--no-rootfs", "--allow-unhashed", "--json"))
    assert found["sha256"] == DIGEST
    assert str(found["unhashed"]) == "True"
    assert Path(found["path"]).read_bytes() == FLOUR


def test_what_is_skipped_needs_nothing(command: Command, remote: Path) -> None:
    write_recipe(remote, (remote / "recipe.yaml").read_text().replace("build:\n", "build:\n  skip: true\n"))
    assert command("fetch", remote, "--no-rootfs", "--json").document == []


def test_the_root_of_the_sandbox_comes_along(
    command: Command, kitchen: Path, machine_store: Store, hello: Path
) -> None:
    store = Store(kitchen)
    debs = (*rootfs_lock().debs, *tools_lock().debs)
    for deb in debs:
        path = machine_store.file(deb.sha256)
        assert path is not None
        store.add_file([path.read_bytes()], sha256=deb.sha256)
    said = command("fetch", hello, "--json", "--offline")
    assert said.code == 0
    assert {found["sha256"] for found in listed(said)} == {deb.sha256 for deb in debs}


class TestGit:
    @pytest.fixture
    def up(self, tmp_path: Path) -> Upstream:
        return upstream(tmp_path / "up", {"flour.txt": "flour\n"})

    @pytest.fixture
    def moving(self, tmp_path: Path, up: Upstream) -> Path:
        """A recipe whose source is a branch."""
        source = f"source:\n  - git: {up.address}\n    branch: main\nbuild:\n"
        text = HELLO.replace("build:\n", source).replace("echo hello", "cat flour.txt").replace("-x hello", "-x flour")
        return write_recipe(tmp_path / "moving", text)

    def test_the_commit_to_pin_is_told(self, command: Command, kitchen: Path, up: Upstream, moving: Path) -> None:
        commit = up.git("rev-parse", "HEAD")
        said = command("fetch", moving, "--no-rootfs", "-q")
        assert said.err.splitlines() == [
            f"{up.address}: branch main is commit {commit}; to stay there write `expected_commit: {commit}`",
            f"0 files and 1 git commit are in {kitchen}",
        ]

    def test_one_that_is_pinned_needs_no_word(self, command: Command, up: Upstream, moving: Path) -> None:
        recipe = moving / "recipe.yaml"
        pin = f"branch: main\n    expected_commit: {up.git('rev-parse', 'HEAD')}"
        recipe.write_text(recipe.read_text().replace("branch: main", pin))
        assert "to stay there" not in command("fetch", moving, "--no-rootfs", "-q").err

    def test_a_wrong_pin_names_both_commits(self, command: Command, up: Upstream, moving: Path) -> None:
        recipe = moving / "recipe.yaml"
        recipe.write_text(recipe.read_text().replace("branch: main", f"branch: main\n    expected_commit: {'0' * 40}"))
        said = command("fetch", moving, "--no-rootfs", "-q")
        assert said.code == 2
        assert up.git("rev-parse", "HEAD") in said.err
        assert "0" * 40 in said.err

    def test_the_document_has_the_commit(self, command: Command, kitchen: Path, up: Upstream, moving: Path) -> None:
        (found,) = listed(command("fetch", moving, "--no-rootfs", "--json"))
        assert found["commit"] == up.git("rev-parse", "HEAD")
        assert (found["address"], found["revision"], str(found["moving"])) == (up.address, "branch main", "True")
        assert Path(found["path"]).is_relative_to(kitchen)

    @pytest.mark.sandbox
    def test_afterwards_offline_takes_what_was_fetched(
        self, command: Command, up: Upstream, moving: Path, tmp_path: Path
    ) -> None:
        build = ("build", moving, "--offline", "--out", tmp_path / "channel")
        before = command(*build)
        assert before.code == 3
        assert "bakehouse fetch" in before.err
        assert command("fetch", moving, "--no-rootfs").code == 0
        up.commit({"flour.txt": "other\n"})
        said = command(*build)
        assert said.code == 0, said
        assert "as fetched last" in said.err


class TestMirrors:
    def test_an_option_leads_elsewhere(self, command: Command, remote: Path, tmp_path: Path) -> None:
        (tmp_path / "server").rename(tmp_path / "mirror")
        there, here = (f"{(tmp_path / name).as_uri()}/" for name in ("server", "mirror"))
        assert command("fetch", remote, "--no-rootfs").code == 2
        said = command(
            "fetch", remote, "--no-rootfs", "--mirror", f"{there}=file:///nowhere/", "--mirror", f"{there}={here}"
        )
        assert said.code == 0, said

    def test_every_address_is_told_with_its_reason(self, command: Command, remote: Path, tmp_path: Path) -> None:
        (tmp_path / "server").rename(tmp_path / "gone")
        start = f"{(tmp_path / 'server').as_uri()}/"
        said = command("fetch", remote, "--no-rootfs", "--mirror", f"{start}=file:///nowhere/", "--json")
        (error,) = said.errors
        lines = str(error["message"]).splitlines()
        assert lines[1:] == [
            "  file:///nowhere/flour.txt: there is no such file",
            f"  {start}flour.txt: there is no such file",
        ]

    @pytest.mark.parametrize(
        "text", ["https://example.org/", "=https://x/", "nothing=https://x/", "https://a/=/srv", "https://a/=https://b"]
    )
    def test_what_is_no_mirror_is_refused(self, command: Command, remote: Path, text: str) -> None:
        said = command("fetch", remote, "--no-rootfs", "--mirror", text)
        assert said.code == 2
        assert "--mirror" in said.err

    def test_secrets_in_one_are_not_shown(self, command: Command, remote: Path) -> None:
        said = command("fetch", remote, "--no-rootfs", "--mirror", "https://example.org/=https://user:secret@b.example")
        assert said.code == 2
        assert "secret" not in said.err
