"""What a machine offers: every kind of sandbox tried, and the ground that it stands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.sandbox import Engines
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.survey import KINDS, back_ends, ground


def nowhere(tmp_path: Path) -> Engines:
    return Engines(docker=f"unix://{tmp_path}/docker.sock", podman=f"unix://{tmp_path}/podman.sock")


@pytest.mark.sandbox
def test_every_kind_is_tried_and_what_does_not_work_has_a_remedy(tmp_path: Path) -> None:
    found = back_ends(tmp_path / "scratch", SEARCH_PATH, nowhere(tmp_path))
    assert tuple(one.name for one in found) == KINDS
    assert [one.name for one in found if one.works] == ["bubblewrap", "none"]
    bubblewrap, docker, podman, _ = found
    assert bubblewrap.capabilities is not None
    assert bubblewrap.capabilities.version[0].isdigit()
    for one in (docker, podman):
        assert one.capabilities is None
        assert one.address == f"unix://{tmp_path}/{one.name}.sock"
        assert all(problem.remedy for problem in one.problems)


def test_a_machine_without_programs_is_told_what_to_install(tmp_path: Path) -> None:
    found = back_ends(tmp_path / "scratch", str(tmp_path / "empty"), nowhere(tmp_path))
    assert not any(one.works for one in found)
    assert "apt-get install" in str(found[0].problems[0].remedy)


def test_what_worked_before_is_tried_again(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "works").write_text("everything")
    (bubblewrap, *_) = back_ends(scratch, str(tmp_path / "empty"), nowhere(tmp_path))
    assert not bubblewrap.works
    assert not (scratch / "works").exists()


def test_the_ground_of_this_machine(tmp_path: Path) -> None:
    found = ground(tmp_path / "store")
    assert found.file_system
    assert 0 < found.room.free <= found.room.size
    assert found.memory
    assert list((tmp_path / "store").iterdir()) == [], "nothing is left there"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        ("proc/1/cgroup", "0::/kubepods/besteffort/pod1\n", "kubepods"),
        ("proc/1/cgroup", "0::/init.scope\n", None),
    ],
)
def test_containers_are_known_by_their_marks(tmp_path: Path, name: str, text: str, expected: str | None) -> None:
    write(tmp_path, name, text)
    assert ground(tmp_path, tmp_path).container == expected


@pytest.mark.parametrize(("text", "expected"), [("0\n", 0), ("31415\n", 31415), ("", None)])
def test_how_many_user_namespaces(tmp_path: Path, text: str, expected: int | None) -> None:
    write(tmp_path, "proc/sys/user/max_user_namespaces", text)
    assert ground(tmp_path, tmp_path).namespaces == expected


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    found = ground(tmp_path, tmp_path / "nothing")
    assert (found.memory, found.namespaces, found.container, found.file_system) == (None, None, None, None)
