"""``bakehouse doctor``: what it says of this machine, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def no_engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Engines of the machine are no part of these tests."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/podman.sock")
    monkeypatch.chdir(tmp_path)


@pytest.mark.sandbox
def test_the_default_works_here(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = command("doctor")
    assert said.code == 0
    assert said.out.startswith("bubblewrap  works ")
    assert "ci          GitHub Actions" in said.out.splitlines()
    assert "unpacking   archives are unpacked behind bubblewrap" in said.out.splitlines()
    assert said.err == ""


@pytest.mark.sandbox
def test_all_of_it_as_data(command: Command) -> None:
    document = command("doctor", "--json").document
    assert isinstance(document, dict)
    assert document["works"] is True
    assert [one["name"] for one in document["isolation"]] == ["bubblewrap", "docker", "podman", "none"]
    assert [one["works"] for one in document["isolation"]] == [True, False, False, True]
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["unpacking"] == "bubblewrap"
    assert document["machine"]["limits"]["processes"] == 4096
    assert document["versions"]["bakehouse"]
    assert document["reached"] is None


@pytest.mark.sandbox
def test_an_isolation_that_is_asked_for_and_does_not_work_ends_with_3(command: Command, tmp_path: Path) -> None:
    said = command("doctor", "--isolation", "docker", "--engine", f"unix://{tmp_path}/other.sock")
    assert said.code == 3
    assert "docker      does not work (default)" in said.out
    assert f"{tmp_path}/other.sock" in said.out
    assert "→ " in said.out


@pytest.mark.sandbox
def test_the_collections_isolation_and_limits_are_those_that_count(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text("isolation: podman\nlimits: {processes: 77}\n")
    said = command("doctor")
    assert said.code == 3
    assert "77 processes" in said.out


def test_network_is_asked_only_when_wanted(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text("pypi: http://127.0.0.1:9/\ndebian: http://127.0.0.1:9/debian\n")
    document = command("doctor", "--online", "--json").document
    assert isinstance(document, dict)
    assert [one["address"] for one in document["reached"]] == ["http://127.0.0.1:9/debian", "http://127.0.0.1:9/"]
    assert all(one["problem"] for one in document["reached"])
