"""Hostile scripts, ids G1 to G13 of the table, in a build and in a package test, on every back end.

One script looks at all it can see and tries all it can (``hostile/look.sh``, ``hostile/probe.c``); each test then says
what one id got. The same program run directly reaches what the tests plant, so that a refusal is one.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adversarial.attack import CHECKOUT, SECRET, row
from tests.adversarial.trial import BACK_ENDS, HOSTILE, PLACES, Machine, Oven, compiled, machine

LOOK = """
package: {name: look, version: "1.0"}
build:
  script: . "$RECIPE_DIR/look.sh"
tests:
  - script:
      - . ./look.sh
    files:
      recipe: [look.sh, probe, machine]
about: {license: CC0-1.0}
"""

SERVICES = ("service", "abstract-socket", "file-socket")
"""The attempts to reach what the tests open on this machine."""

DENIED = {"EPERM", "EACCES", "EROFS", "ENOENT", "ENOSYS", "EAFNOSUPPORT", "ENETUNREACH", "ENXIO", "ENOTTY", "killed"}
"""How a sandbox says no. Another answer (EINVAL, EFAULT, EBADF) would mean that it was not what said no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the script of one place told, by the word that each line begins with."""

    lines: tuple[str, ...]

    def of(self, word: str) -> list[str]:
        return [line.removeprefix(f"@{word} ") for line in self.lines if line.startswith(f"@{word} ")]

    @property
    def probes(self) -> dict[str, str]:
        return dict(line.split(" ") for line in self.of("probe"))

    def got(self, *names: str) -> dict[str, str]:
        """What each of the attempts got, where it was not denied."""
        probes = self.probes
        return {name: probes[name] for name in names if probes[name] not in DENIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the scripts of one back end saw, in a build and in a test, on which machine, and outside (``direct``)."""

    places: dict[str, Seen]
    machine: Machine
    oven: Oven
    direct: dict[str, str]


@pytest.fixture(scope="session", params=BACK_ENDS)
def looked(
    request: pytest.FixtureRequest, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Looked]:
    """Let the script look around once on each back end."""
    folder = tmp_path_factory.mktemp(f"look-{request.param}")
    probe = compiled(folder)
    variables = {"DOCKER_HOST": docker_engine, "MY_TOKEN": SECRET, "LD_PRELOAD_": SECRET}
    oven = Oven(store=kitchen, back_end=request.param, folder=folder, variables=variables)
    with machine(folder, docker_engine) as there:
        recipe = oven.put("look", LOOK, {"look.sh": (HOSTILE / "look.sh").read_bytes(), "probe": probe.read_bytes()})
        there.write(recipe)
        there.write(folder)
        names = [*SERVICES, "engine", "planted", "planted-write", "home"]
        said = subprocess.run([probe, *names], cwd=folder, capture_output=True, text=True, check=True).stdout
        direct = dict(line.split(" ") for line in said.splitlines())
        while len(there.accepted) < len(SERVICES):  # those who answer do so in threads of their own
            time.sleep(0.01)
        there.accepted.clear()
        tried = oven.build(recipe)
        assert tried.code == 0, tried.err
        lines = tried.lines("look")
        starts, ends = ([at for at, line in enumerate(lines) if line == word] for word in ("@begin", "@end"))
        assert len(starts) == len(ends) == len(PLACES), "the script did not come to its end in both places"
        both = [Seen(lines=tuple(lines[start:end])) for start, end in zip(starts, ends, strict=True)]
        yield Looked(places=dict(zip(PLACES, both, strict=True)), machine=there, oven=oven, direct=direct)


@pytest.fixture(params=PLACES)
def seen(request: pytest.FixtureRequest, looked: Looked) -> Seen:
    """What the script of one place saw."""
    return looked.places[request.param]


ALLOWED = re.compile(
    r"ARCH|BUILD|BUILD_PREFIX|CMAKE_GENERATOR|CONDA_\w+|CPU_COUNT|HOME|HOST|LANG|LC_ALL|LD_RUN_PATH|LOGNAME|PATH|PIP_\w+|"
    r"PKG_\w+|PREFIX|PWD|OLDPWD|PYTHON(HASHSEED|NOUSERSITE|DONTWRITEBYTECODE|IOENCODING)|RATTLER_BUILD_PACKAGE_FILES|"
    r"RECIPE_DIR|SHELL|SHLIB_EXT|SHLVL|SOURCE_DATE_EPOCH|SRC_DIR|SUBDIR|TERM|TMPDIR|TZ|USER|_|(build|host|target)_platform"
)


@row("G1", "a script has the variables on the list and no other", "contained")
def test_g01_the_environment(seen: Seen) -> None:
    names = [line.partition("=")[0] for line in seen.of("env")]
    assert {"PREFIX", "PATH", "HOME"} <= set(names)
    assert not [name for name in names if not ALLOWED.fullmatch(name)]
    assert SECRET not in "\n".join(seen.lines)


@row("G2", "nothing outside answers, by whatever family of sockets", "contained")
def test_g02_the_internet(seen: Seen) -> None:
    families = ("vsock", "packet", "raw", "alg", "bluetooth", "netlink-events")
    assert not seen.got("tcp", "udp", "gateway", *families)
    assert seen.probes["six"] in {"ENETUNREACH", "EADDRNOTAVAIL"}, "no way to there, or no address to come from"


@row("G3", "no service of the machine answers: TCP, Unix sockets with and without a file", "contained")
def test_g03_services_of_the_machine(looked: Looked, seen: Seen) -> None:
    names = ("service", "other-address", "abstract-socket", "file-socket")
    assert {looked.direct[name] for name in names if name != "other-address"} == {"done"}
    assert {seen.probes[name] for name in names} <= {"ECONNREFUSED", *DENIED}
    assert not looked.machine.accepted


@row("G4", "the address that tells clouds' secrets is out of reach", "contained")
def test_g04_the_cloud(seen: Seen) -> None:
    assert not seen.got("metadata")


@row("G5", "the machine's files are not there", "contained")
def test_g05_files_of_the_machine(looked: Looked, seen: Seen) -> None:
    assert {looked.direct[name] for name in ("planted", "planted-write", "home")} == {"done"}
    assert not seen.got("shadow", "planted", "planted-write", "home", "first-root", "first-cwd")
    assert not seen.got("memory-device", "kernel-core", "disk")
    assert not seen.of("place")
    assert looked.machine.planted.read_text() == SECRET


@row("G6", "no engine's socket is there", "contained")
def test_g06_the_engine(looked: Looked, seen: Seen) -> None:
    assert looked.direct["engine"] == "done"
    assert not seen.got("engine", "engine-usual")


@row("G7", "only its own processes are there, and none of them names a path of the machine", "contained")
def test_g07_processes(looked: Looked, seen: Seen) -> None:
    assert {name for _, name in (line.split(" ", 1) for line in seen.of("process"))} <= {
        "bwrap", "sh", "dash", "bash", "init",
    }  # fmt: skip
    home = [str(looked.machine.planted), str(CHECKOUT / "builder")]
    ours = [str(looked.oven.folder), str(looked.oven.store), *home]
    assert not [line for line in seen.of("proc") for path in ours if path in line]
    # A container's mounts carry the paths of what an engine mounts: the recipe's and the store's, and nothing else.
    hidden = ours if looked.oven.back_end == "bubblewrap" else home
    assert not [line for line in seen.of("mount") for path in hidden if path in line]


@row("G8", "what belongs to the sandbox is read-only, the kernel's switches too", "contained")
def test_g08_writing_to_the_root(seen: Seen) -> None:
    assert not seen.got("put-usr", "put-etc", "put-bin", "put-root", "put-recipe", "put-dev")
    assert not seen.got("sysctl-hostname", "sysctl-core", "sysctl-vm", "sysctl-binfmt", "sysrq", "sys-write")
    assert not seen.got("group-release")


@row("G9", "no mount and no namespace is made", "contained")
def test_g09_mounts(seen: Seen) -> None:
    assert not seen.got("mount", "bind", "remount", "umount", "pivot", "chroot", "fsopen", "open-tree", "setns")
    assert not seen.got("new-user", "new-mounts", "new-network", "clone", "clone3")


@row("G10", "no power over the kernel, the clock, keys, devices, terminals or other processes", "contained")
def test_g10_powers(seen: Seen) -> None:
    assert not seen.got("keyctl", "add-key", "request-key", "keyctl-32", "keyctl-x32")
    assert not seen.got("ptrace-first", "read-first", "steal-descriptor", "kcmp", "first-killed")
    assert not seen.got("mknod-char", "mknod-block", "tiocsti-tty", "tiocsti-output", "tiocsti-own")
    assert not seen.got("settimeofday", "clock-settime", "adjtimex", "sethostname")
    assert not seen.got("bpf", "perf", "userfaultfd", "io-uring", "fanotify", "by-handle")
    assert not seen.got("module", "kexec", "swap", "acct", "iopl", "syslog")
    assert not seen.got("nice", "core", "oom", "file-power", "immutable", "real-time")
    # without a user 0 inside there is nothing to become: that is EINVAL
    assert {seen.probes[name] for name in ("setuid", "chown")} <= {"EPERM", "EINVAL"}
