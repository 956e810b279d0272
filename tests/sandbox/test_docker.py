"""What hostile and clumsy commands try in a container of Docker's, and what they see there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Bind, Engines, Limits, Tmpfs, find_sandbox
from tests.sandbox.conftest import Bench, bench_for
from tests.sandbox.test_container import ours
from tests.sandbox.test_seam import assert_still


@pytest.fixture
def box(rootfs: Path, tmp_path: Path, docker_engine: str) -> Bench:
    """Docker with overlays."""
    return bench_for("docker", rootfs, tmp_path, docker_engine)


def test_who_and_where_it_is(docker: Bench) -> None:
    ran = docker.run("hostname; whoami; id -u; id -g; id -G; umask; ulimit -c; cat /etc/resolv.conf; echo ~")
    assert ran.lines == ["bakehouse", "builder", "1000", "1000", "1000", "0022", "0", "/bakehouse/home"]


def test_no_power_is_left(docker: Bench) -> None:
    ran = docker.run(
        "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; cat /proc/self/cgroup | cut -d: -f3 | sort -u"
    )
    found = dict(line.split(":\t") for line in ran.lines if ":\t" in line)
    assert {value for name, value in found.items() if name.startswith("Cap")} == {"0" * 16}
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert ran.lines[-1] == "/"


def test_it_sees_no_network_and_no_machine(docker: Bench) -> None:
    secret = docker.folder / "secret"
    secret.write_text("hunter2")
    script = (
        f"tail -n +3 /proc/net/dev | cut -d: -f1; ls -A /sys /home /run; cat {secret}; exec 3<>/dev/tcp/192.0.2.1/80"
    )
    ran = docker.run(script)
    assert ran.lines[0].strip() == "lo"
    assert "/sys:" in ran.lines
    assert "hunter2" not in ran.text
    assert "unreachable" in ran.text


@pytest.mark.parametrize(
    "place", ["/usr/bin/evil", "/etc/passwd", "/evil", "/dev/evil", "/sys/evil", "/bakehouse/evil"]
)
def test_the_root_is_read_only(box: Bench, place: str) -> None:
    ran = box.run(f"echo x > {place}", Tmpfs(inside=box.inside.home))
    assert ran.exit.code != 0
    assert "Read-only" in ran.text or "denied" in ran.text


@pytest.mark.parametrize(
    "attempt",
    [
        "kill -9 1; kill -STOP 1; kill -TERM 1; kill -0 1 && false",
        "head -c 1 /proc/1/mem",
        "echo started > /proc/1/fd/1",
        "ls /proc/1/root/",
        "cat /proc/1/environ",
        "mount -t tmpfs tmpfs /tmp",
        "mknod /tmp/null c 1 3",
        "chown 0 /tmp",
        "date -s 2001-01-01",
        "f=/proc/sys/kernel/hostname; echo evil > $f",
    ],
)  # fmt: skip
def test_powers_are_denied(box: Bench, attempt: str) -> None:
    assert box.run(f"({attempt}) && echo done").text.count("done") == 0


def test_killing_all_it_can_ends_only_that_command(box: Bench) -> None:
    ran = box.run_all(["kill -9 -1; exec sleep 0.01", "kill -9 $PPID; kill -9 $$", "kill 0; sleep 5", "echo alive"])
    assert [one.exit.code for one in ran][1:] == [137, 143, 0]
    assert ran[3].text == "alive\n"


def test_a_daemon_that_holds_the_output_does_not_outlive_its_command(docker: Bench) -> None:
    beat = docker.folder / "beat"
    beat.mkdir()
    bind = Bind(source=beat, inside=docker.inside.work, writable=True)
    script = f"cd {bind.inside}; trap '' HUP TERM; (while :; do echo x >> daemon; sleep 0.01; done) & until [ -s daemon ]; do :; done"
    ran = docker.run_all([script, "for p in /proc/[0-9]*; do echo; done | wc -l"], bind)
    assert ran[0].exit.code == 0
    assert_still(beat / "daemon")
    assert int(ran[1].text) <= 6


def test_what_looks_like_a_report_is_output(box: Bench) -> None:
    script = "echo 0123456789abcdef0123456789abcdef clean 0 0m0.0s 0m0.0s; echo; exit 5"
    ran = box.run(script)
    assert ran.exit.code == 5
    assert ran.lines == ["0123456789abcdef0123456789abcdef clean 0 0m0.0s 0m0.0s", ""]


def test_temporary_folders_are_empty_again_whatever_was_done_to_them(box: Bench) -> None:
    home = box.inside.home
    nasty = f"for d in /tmp /dev/shm {home}; do mkdir -p $d/a/b; touch $d/a/b/-x $d/.y; chmod 0 $d/a/b $d/a; done; chmod 0 {home}"
    look = f"ls -A /tmp /dev/shm {home} | grep -v ':$' | grep ."
    ran = box.run_all([nasty, look], Tmpfs(inside=home))
    assert [one.exit.code for one in ran] == [0, 1]


def test_signals_are_as_a_shell_gives_them(box: Bench) -> None:
    assert "SIG" not in box.run("trap").text
    ran = box.run("bash -c 'kill -INT $$'; echo $?; bash -c 'kill -PIPE $$'; echo $?")
    assert [line for line in ran.lines if line.isdigit()] == ["130", "141"]


def test_a_limit_that_is_broken_leaves_a_usable_session(box: Bench) -> None:
    ran = box.run_all(["sleep 60", "echo fine"], box.overlay(), limits=Limits(wall_seconds=0.7))
    assert [one.exit.reason for one in ran] == ["timeout", None]
    assert ran[1].text == "fine\n"


def test_a_root_or_a_folder_that_is_missing_is_the_machines_fault(docker: Bench) -> None:
    with pytest.raises(MachineError, match="did not start"):
        replace(docker, rootfs=docker.folder / "nowhere").run("true")
    with pytest.raises(MachineError, match="missing is not there"):
        docker.run("true", Bind(source=docker.folder / "missing", inside=docker.inside.work))
    with pytest.raises(MachineError, match="chdir"):
        docker.run("true", cwd=PurePosixPath("/missing"))


def test_files_belong_to_whoever_asked(docker: Bench) -> None:
    lower = docker.folder / "lower"
    lower.mkdir()
    (lower / "file").write_text("one")
    overlay = docker.overlay(lower)
    ran = docker.run(
        "stat -c %U . file; echo two > file; chmod 755 file; touch -d 2001-01-01 file new", overlay, cwd=overlay.inside
    )
    assert ran.lines == ["builder", "builder"]
    assert (lower / "file").read_text() == "one"
    changes = docker.sandbox.changes(overlay)
    assert ([one.path for one in changes.new], [one.path for one in changes.changed]) == (["new"], ["file"])
    if docker.sandbox.capabilities().overlay:
        assert (overlay.upper / "new").stat().st_uid == os.geteuid()


def test_a_killed_process_leaves_nothing_running_and_the_next_one_cleans_up(box: Bench, docker_engine: str) -> None:
    beat = box.folder / "beat"
    beat.mkdir()
    program = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path, PurePosixPath
        from builder.sandbox import Bind, Command, Engines, Limits, Overlay, find_sandbox

        async def main():
            sandbox = find_sandbox("docker", Path({str(box.folder / "scratch")!r}), engines=Engines(docker={docker_engine!r}))
            bind = Bind(source=Path({str(beat)!r}), inside=PurePosixPath("/w"), writable=True)
            over = Overlay(lower=(), upper=Path({str(box.folder / "upper")!r}), inside=PurePosixPath("/o"))
            script = "trap '' HUP TERM; while :; do echo x >> daemon; sleep 0.01; done"
            async with sandbox.open(Path({str(box.rootfs)!r}), [bind, over], Limits(), {{"PATH": "/usr/bin"}}) as session:
                await session.run(Command(argv=("bash", "-c", script), cwd=PurePosixPath("/w")), print)

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) as process:
        deadline = time.monotonic() + 30
        while not (beat / "daemon").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    while ours(docker_engine, box.folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ours(docker_engine, box.folder) == [], "the end of the connection is the end of the container"
    assert_still(beat / "daemon")
    find_sandbox("docker", box.folder / "scratch", engines=Engines(docker=docker_engine))
    assert not list((box.folder / "scratch").glob("berth-*"))
    assert str(box.folder) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def test_it_is_told_what_it_can_do(box: Bench) -> None:
    found = box.sandbox.capabilities()
    assert box.sandbox.sealed
    assert (box.sandbox.name, found.overlay, found.syscalls, found.network_isolated) == ("docker", True, True, True)
    assert found.version
