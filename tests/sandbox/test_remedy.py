"""Why a machine refuses, told from what the probe said and from the machine's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.sandbox.remedy import CONTAINER_FLAGS, refusal

REFUSED = "unshare: unshare failed: Operation not permitted\n"


def machine(folder: Path, **files: str) -> Path:
    """Make the system files of a machine: names have ``__`` for slashes."""
    defaults = {"proc__self__mountinfo": "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"}
    for name, text in {**defaults, **files}.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (folder / "proc" / "1").mkdir(parents=True, exist_ok=True)
    (folder / "proc" / "1" / "root").symlink_to(folder)
    return folder


def remedy(said: str, root: Path) -> str:
    return refusal(said, root).remedy or ""


def test_a_limit_of_no_namespaces(tmp_path: Path) -> None:
    root = machine(tmp_path, proc__sys__user__max_user_namespaces="0\n")
    assert "user.max_user_namespaces" in remedy("unshare: unshare failed: No space left on device", root)


def test_debians_switch(tmp_path: Path) -> None:
    root = machine(tmp_path, proc__sys__kernel__unprivileged_userns_clone="0\n")
    assert "kernel.unprivileged_userns_clone=1" in remedy(REFUSED, root)


def test_ubuntus_switch(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        proc__sys__kernel__apparmor_restrict_unprivileged_userns="1\n",
        proc__sys__kernel__unprivileged_userns_clone="1\n",
        proc__sys__user__max_user_namespaces="100\n",
    )
    assert "apparmor_restrict_unprivileged_userns=0" in remedy(REFUSED, root)


@pytest.mark.parametrize("mark", [".dockerenv", "run__.containerenv"])
def test_a_container(tmp_path: Path, mark: str) -> None:
    root = machine(tmp_path, **{mark: "", "proc__sys__kernel__unprivileged_userns_clone": "0"})
    assert CONTAINER_FLAGS in remedy(REFUSED, root)


def test_a_chroot_whose_root_the_first_process_does_not_share(tmp_path: Path) -> None:
    root = machine(tmp_path / "root", **{".dockerenv": ""})
    (root / "proc" / "1" / "root").unlink()
    (root / "proc" / "1" / "root").symlink_to(tmp_path)
    assert "pivot_root" in remedy(REFUSED, root)


def test_a_chroot_that_is_no_mount_point(tmp_path: Path) -> None:
    root = machine(tmp_path, proc__self__mountinfo="22 1 254:0 / /proc rw - proc proc rw\n")
    (root / "proc" / "1" / "root").unlink()
    assert "unshare -m" in remedy(REFUSED, root)


def test_an_unknown_cause_names_both_ways(tmp_path: Path) -> None:
    text = remedy(REFUSED, machine(tmp_path))
    assert "pivot_root" in text
    assert CONTAINER_FLAGS in text


def test_a_machine_without_proc(tmp_path: Path) -> None:
    assert "pivot_root" in remedy(REFUSED, tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        "unshare: mount /proc failed: Operation not permitted",
        "bwrap: Can't mount proc on /newroot/proc: Operation not permitted",
    ],
)
def test_a_masked_proc(tmp_path: Path, said: str) -> None:
    problem = refusal(said, machine(tmp_path))
    assert "/proc" in problem.message
    assert "systempaths=unconfined" in (problem.remedy or "")


def test_bubblewraps_own_trouble_is_passed_on(tmp_path: Path) -> None:
    problem = refusal("bwrap: Unknown option --disable-userns\n", machine(tmp_path))
    assert problem.message == "bubblewrap does not work on this machine (bwrap: Unknown option --disable-userns)"
    assert problem.remedy is None


def test_bubblewrap_without_namespaces(tmp_path: Path) -> None:
    said = "bwrap: No permissions to creating new namespace, likely because the kernel does not allow user namespaces"
    assert "refuses user namespaces" in refusal(said, machine(tmp_path)).message


def test_silence_has_no_empty_brackets(tmp_path: Path) -> None:
    assert refusal("", machine(tmp_path)).message == "bubblewrap does not work on this machine"


def test_what_the_probe_said_is_in_every_message(tmp_path: Path) -> None:
    for said in (REFUSED, "mount /proc failed: Operation not permitted", "bwrap: x"):
        assert said.strip() in refusal(said, machine(tmp_path / said[:3])).message
