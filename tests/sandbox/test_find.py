"""Finding the sandbox of this machine, and of machines that lack something."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import MachineError, UsageError
from builder.sandbox import find_sandbox, tidy
from builder.sandbox.bubblewrap import Bubblewrap
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.layers import Stage
from builder.sandbox.unsealed import Unsealed

NEEDED = ["bwrap", "unshare", "setpriv", "prlimit", "setsid", "mount", "cp", "sh"]


def machine(folder: Path, **programs: str) -> str:
    """Return a search path on which programs of this name are scripts of ours, and all others the machine's."""
    folder.mkdir()
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{SEARCH_PATH}"


@pytest.mark.parametrize("isolation", [None, "bubblewrap"])
def test_bubblewrap_is_the_strongest(tmp_path: Path, isolation: str | None) -> None:
    sandbox = find_sandbox(isolation, tmp_path / "scratch")
    assert isinstance(sandbox, Bubblewrap)
    assert (sandbox.name, sandbox.sealed) == ("bubblewrap", True)
    capabilities = sandbox.capabilities()
    assert capabilities.version.split(".")[0].isdecimal()
    assert capabilities.network_isolated
    assert capabilities.processes_isolated
    assert bool(capabilities.notes) is not capabilities.overlay


def test_none_is_only_for_those_who_ask_by_name(tmp_path: Path) -> None:
    assert isinstance(find_sandbox("none", tmp_path), Unsealed)


@pytest.mark.parametrize("isolation", ["Docker", "", "Bubblewrap", "chroot"])
def test_other_words_are_wrong_use(tmp_path: Path, isolation: str) -> None:
    with pytest.raises(UsageError, match="is not known") as caught:
        find_sandbox(isolation, tmp_path)
    assert caught.value.exit_code == 2
    assert "bubblewrap, docker, podman or none" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize("missing", NEEDED)
def test_a_program_that_is_missing_has_its_package(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        if name != missing:
            (folder / name).symlink_to("/bin/true")
    with pytest.raises(MachineError, match=f"^{missing} is not on this machine") as caught:
        find_sandbox(None, tmp_path / "scratch", search_path=str(folder))
    assert caught.value.exit_code == 3
    package = {"bwrap": "bubblewrap", "cp": "coreutils", "sh": "dash"}.get(missing, "util-linux")
    assert caught.value.problems[0].remedy == f"run `apt-get install {package}` as root"


def test_a_machine_that_refuses_gets_no_weaker_sandbox(tmp_path: Path) -> None:
    path = machine(tmp_path / "bin", unshare="echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1")
    with pytest.raises(MachineError, match="refuses user namespaces") as caught:
        find_sandbox(None, tmp_path / "scratch", search_path=path)
    assert caught.value.problems[0].code == "sandbox.refused"
    assert caught.value.problems[0].remedy


def test_a_bubblewrap_that_fails_is_told(tmp_path: Path) -> None:
    path = machine(tmp_path / "bin", bwrap="echo 'bwrap: something odd' >&2; exit 1")
    with pytest.raises(MachineError, match="something odd"):
        find_sandbox(None, tmp_path / "scratch", search_path=path)


VANISHED = """echo 'bwrap: Can'"'"'t bind mount /oldroot/ on /newroot/: Unable to apply mount flags: remount \
"/newroot/merged": No such file or directory' >&2"""


@pytest.mark.parametrize(("times", "works"), [(1, True), (4, True), (5, False)])
def test_what_is_unmounted_meanwhile_is_no_refusal(tmp_path: Path, times: int, works: bool) -> None:
    """As a container's file system is that ends while bubblewrap looks at all of the machine's."""
    bwrap = find_sandbox(None, tmp_path / "known").programs.bwrap  # type: ignore[attr-defined]
    count = f'[ "$1" = --version ] && exec {bwrap} "$@"\necho >> {tmp_path}/tries\n[ $(wc -l < {tmp_path}/tries) -gt {times} ]'
    path = machine(tmp_path / "bin", bwrap=f'{count} && exec {bwrap} "$@"\n{VANISHED}\nexit 1')
    if works:
        assert find_sandbox(None, tmp_path / "scratch", search_path=path).name == "bubblewrap"
    else:
        with pytest.raises(MachineError, match="No such file or directory"):
            find_sandbox(None, tmp_path / "scratch", search_path=path)
    assert (tmp_path / "tries").read_text().count("\n") == min(times + 1, 5)


def test_without_overlays_it_copies_and_says_so(tmp_path: Path) -> None:
    path = machine(tmp_path / "bin", mount="echo 'mount: wrong fs type' >&2; exit 32")
    sandbox = find_sandbox(None, tmp_path / "scratch", search_path=path)
    capabilities = sandbox.capabilities()
    assert not capabilities.overlay
    (note,) = capabilities.notes
    assert "copied" in note
    assert "wrong fs type" in note
    assert str(tmp_path / "scratch") in note


def test_an_overlay_that_cannot_make_opaque_folders_is_none(tmp_path: Path) -> None:
    """A file system without user attributes mounts, and then fails in the middle of a build."""
    path = machine(tmp_path / "bin", mount="mkdir -p merged; chmod 555 merged; exit 1")
    assert not find_sandbox(None, tmp_path / "scratch", search_path=path).capabilities().overlay


def test_nothing_is_left_of_the_probe_but_that_it_worked(tmp_path: Path) -> None:
    overlay = find_sandbox(None, tmp_path / "scratch").capabilities().overlay
    names = [path.name.partition("-")[0] for path in (tmp_path / "scratch").iterdir()]
    assert sorted(names) == (["syscalls", "works"] if overlay else ["syscalls"])


@pytest.mark.sandbox
def test_what_worked_is_not_tried_again_until_something_changes(tmp_path: Path) -> None:
    count = tmp_path / "count"
    counting = f'echo >> {count}; exec /usr/bin/unshare "$@"'
    path = machine(tmp_path / "bin", unshare=counting)
    first, second = (find_sandbox(None, tmp_path / "scratch", search_path=path) for _ in range(2))
    assert first == second
    assert first.capabilities().overlay
    assert count.read_text() == "\n"

    (tmp_path / "bin" / "unshare").write_text(f"#!/bin/sh\n\n{counting}\n")
    find_sandbox(None, tmp_path / "scratch", search_path=path)
    assert count.read_text() == "\n\n"


def test_what_did_not_wholly_work_is_tried_again(tmp_path: Path) -> None:
    path = machine(tmp_path / "bin", mount="exit 1")
    find_sandbox(None, tmp_path / "scratch", search_path=path)
    assert find_sandbox(None, tmp_path / "scratch", search_path=path).capabilities().notes
    with pytest.raises(MachineError):
        find_sandbox(None, tmp_path / "other", search_path=machine(tmp_path / "bad", bwrap="exit 1"))
    assert not (tmp_path / "other/works").exists()


def test_the_search_path_is_what_commands_without_isolation_get(tmp_path: Path) -> None:
    sandbox = find_sandbox("none", tmp_path, search_path="/usr/bin:/bin")
    assert isinstance(sandbox, Unsealed)
    assert sandbox.search_path == "/usr/bin:/bin"


@pytest.mark.parametrize("name", ["session-x", "berth-x"])
@pytest.mark.parametrize("died", [True, False])
def test_what_the_killed_left_goes_and_what_the_living_have_stays(tmp_path: Path, name: str, died: bool) -> None:
    living = Stage(tmp_path)
    (tmp_path / name / "0").mkdir(parents=True)
    tidy(tmp_path, died=died)
    assert list(tmp_path.iterdir()) == [living.folder]
    living.close()


def test_without_a_folder_there_is_nothing_to_tidy(tmp_path: Path) -> None:
    tidy(tmp_path / "scratch", died=True)
    assert list(tmp_path.iterdir()) == []
