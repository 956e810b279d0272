"""What a hostile script tries: the network, the machine's files and processes, other builds, more powers, staying."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Bind, Command, Limits, Tmpfs
from tests.sandbox.conftest import BASE, Bench
from tests.sandbox.test_seam import assert_still

NETWORK = "3<>/dev/tcp"


def test_a_service_of_the_machine_is_out_of_reach(sealed: Bench) -> None:
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        port = server.getsockname()[1]

        def accept() -> None:
            try:
                server.accept()[0].close()
                accepted.set()
            except TimeoutError:
                pass

        thread = threading.Thread(target=accept)
        thread.start()
        ran = sealed.run(f"exec {NETWORK}/127.0.0.1/{port} && echo reached")
        assert "reached" not in ran.text
        assert not accepted.is_set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
    assert accepted.is_set()


@pytest.mark.parametrize("address", ["192.0.2.1/80", "169.254.169.254/80", "198.51.100.7/443"])
def test_the_network_is_unreachable(bench: Bench, address: str) -> None:
    ran = bench.run(f"exec {NETWORK}/{address} && echo reached")
    assert "unreachable" in ran.text
    assert "reached\n" not in ran.text.replace("unreachable", "")


def test_there_is_a_loopback_of_its_own_and_nothing_else(sealed: Bench) -> None:
    ran = sealed.run(
        "tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | tail -n +2; cat /proc/net/unix | wc -l"
    )
    assert [line.strip() for line in ran.lines] == ["lo", "1"]


@pytest.mark.parametrize(
    "path",
    ["/etc/shadow", "/root", "/home", "/var/run/docker.sock", "/run", "/sys", "/boot", "/opt", "/srv", "/mnt", "/var"],
)
def test_what_a_machine_has_is_absent(bench: Bench, path: str) -> None:
    assert bench.run(f"ls -d {path}").exit.code != 0


def test_the_folders_of_this_test_are_absent(sealed: Bench) -> None:
    (sealed.folder / "secret").write_text("hunter2")
    ran = sealed.run(f"cat {sealed.folder}/secret; ls {sealed.folder} {Path.cwd()} /tmp")
    assert "hunter2" not in ran.text
    assert ran.text.count("No such file") == 3


def test_only_its_own_processes_are_there(sealed: Bench) -> None:
    ran = sealed.run("for p in /proc/[0-9]*; do read name < $p/comm && echo $name; done")
    assert ran.lines == ["bwrap", "dash", "bash"]


def test_killing_all_processes_kills_only_its_own(sealed: Bench) -> None:
    assert sealed.run("kill -9 -1; sleep 5").exit.code == 137


@pytest.mark.parametrize("file", ["cmdline", "environ", "mountinfo", "mounts", "maps", "cwd", "root", "cgroup", "fd"])
def test_the_first_process_tells_nothing_of_the_machine(sealed: Bench, file: str) -> None:
    overlay = sealed.overlay(sealed.rootfs)
    ran = sealed.run(f"cat /proc/1/{file}; ls -l /proc/1/{file} /proc/1/{file}/ /proc/*/fd", overlay)
    leaks = [str(sealed.folder), str(Path.cwd()), "pytest"] if sealed.sandbox.capabilities().overlay else ["hunter2"]
    assert not [leak for leak in leaks if leak in ran.text]


def test_neither_mounts_nor_environment_name_a_path_of_the_machine(bench: Bench) -> None:
    recipe = bench.folder / "recipe"
    recipe.mkdir()
    mounts = (bench.overlay(bench.rootfs), Bind(source=recipe, inside=bench.inside.recipe))
    ran = bench.run("cat /proc/self/mountinfo /proc/self/mounts /proc/*/environ /proc/*/cmdline; env; df", *mounts)
    assert "overlay" in ran.text
    assert str(bench.folder) not in ran.text
    assert str(bench.rootfs) not in ran.text


@pytest.mark.parametrize("place", ["/usr/bin/evil", "/etc/passwd", "/evil", "/bin/sh", "/dev/evil", "/bakehouse/evil"])
def test_the_root_is_read_only(sealed: Bench, place: str) -> None:
    ran = sealed.run(f"echo x > {place}", sealed.overlay(), Tmpfs(inside=sealed.inside.home))
    assert "Read-only file system" in ran.text
    assert not list(sealed.rootfs.rglob("evil"))


@pytest.mark.parametrize(
    "attempt",
    [
        "f=/proc/sys/kernel/hostname; v=$(cat $f); echo $v > $f",
        "f=/proc/sys/kernel/core_pattern; v=$(cat $f); echo $v > $f",
        "f=/proc/sys/vm/overcommit_memory; v=$(cat $f); echo $v > $f",
        "[ -e /proc/sysrq-trigger ] && [ -w /proc/sysrq-trigger ]",
        "f=/proc/1/oom_score_adj; v=$(cat $f); echo $v > $f",
        "cat /proc/kcore > /dev/null",
        "cat /proc/1/mem > /dev/null",
        "mknod /tmp/null c 1 3",
        "chroot / /bin/true",
        "chown 0 /tmp",
        "hostname evil",
        "date -s 2001-01-01",
        "mount -t tmpfs tmpfs /tmp",
        "dd if=/dev/mem of=/dev/null count=1",
        "kill -STOP 1 && kill -9 1 && ! kill -0 1",
    ],
)
def test_powers_are_denied(bench: Bench, attempt: str) -> None:
    assert bench.run(attempt).exit.code != 0


def test_no_capability_is_left(sealed: Bench) -> None:
    ran = sealed.run("grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status")
    found = {line.partition(":")[0]: line.partition(":")[2].split() for line in ran.lines}
    assert {name: value for name, value in found.items() if name.startswith("Cap")} == {
        name: ["0" * 16] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    }
    assert found["NoNewPrivs"] == ["1"]
    assert found["Uid"] == found["Gid"] == ["1000"] * 4


def test_no_user_namespace_can_be_made_inside(sealed: Bench) -> None:
    unshare = Bind(source=Path("/usr/bin/unshare"), inside=PurePosixPath("/opt/unshare"))
    ran = sealed.run(
        "/opt/unshare --user --map-root-user true && echo made; /opt/unshare --mount true && echo made", unshare
    )
    assert "made" not in ran.text
    assert ran.text.count("unshare failed") == 2


def test_who_and_where_it_is(sealed: Bench) -> None:
    assert sealed.run("hostname; whoami; id -u; id -g; getconf ARG_MAX >/dev/null && echo ~").lines == [
        "bakehouse", "builder", "1000", "1000", "/bakehouse/home",
    ]  # fmt: skip


def test_the_locale_is_there(sealed: Bench) -> None:
    ran = sealed.run("x=ü; echo ${#x}; LC_ALL=C.UTF-8 bash -c true; date +%Z", env={"LC_ALL": "C.UTF-8", "TZ": "UTC"})
    assert ran.lines == ["1", "UTC"]


@pytest.mark.parametrize(
    "tool", ["gcc", "cc", "make", "python3", "perl", "git", "ld", "curl", "ssh", "mount", "unshare"]
)
def test_undeclared_tools_are_not_found(bench: Bench, tool: str) -> None:
    ran = bench.run(tool)
    assert ran.exit.code == 127
    assert "not found" in ran.text


def test_a_daemon_dies_with_its_command(sealed: Bench) -> None:
    beat = sealed.folder / "beat"
    beat.mkdir()
    bind = Bind(source=beat, inside=sealed.inside.work, writable=True)
    daemon = "while :; do echo x >> daemon; sleep 0.01; done"
    script = (
        f"cd {sealed.inside.work}; trap '' HUP TERM INT; (exec >/dev/null 2>&1 </dev/null; {daemon}) & disown; "
        f"(bash -c '({daemon}) >/dev/null 2>&1 &'); until [ -s daemon ]; do sleep 0.01; done"
    )
    ran = sealed.run(script, bind)
    size = (beat / "daemon").stat().st_size
    assert ran.exit.code == 0
    assert_still(beat / "daemon")
    assert (beat / "daemon").stat().st_size == size, "the end of run() is the end of everything"


def test_the_sandbox_dies_when_our_process_is_killed(bench: Bench) -> None:
    beat = bench.folder / "beat"
    beat.mkdir()
    program = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path, PurePosixPath
        from builder.sandbox import Bind, Command, Limits, find_sandbox

        async def main():
            sandbox = find_sandbox(None, Path({str(bench.folder / "scratch")!r}))
            bind = Bind(source=Path({str(beat)!r}), inside=PurePosixPath("/w"), writable=True)
            script = "trap '' HUP TERM; while :; do echo x >> daemon; sleep 0.01; done"
            async with sandbox.open(Path({str(bench.rootfs)!r}), [bind], Limits(), {{"PATH": "/usr/bin"}}) as session:
                await session.run(Command(argv=("bash", "-c", script), cwd=PurePosixPath("/w")), print)

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2]) as process:
        try:
            wait_for(beat / "daemon")
        finally:
            process.send_signal(signal.SIGKILL)
    time.sleep(0.3)
    assert_still(beat / "daemon")


def test_a_killed_process_leaves_nothing_running_whenever_it_dies(bench: Bench) -> None:
    """The window between fork and the parent's death signal is closed: kill at many moments, count what is left."""
    mark = f"bakehouse-mark-{os.getpid()}"
    program = textwrap.dedent(
        f"""
        import asyncio, os, signal, sys, threading, time
        from pathlib import Path, PurePosixPath
        from builder.sandbox import Command, Limits, find_sandbox

        async def main():
            sandbox = find_sandbox(None, Path({str(bench.folder / "scratch")!r}))
            async with sandbox.open(Path({str(bench.rootfs)!r}), [], Limits(), {{"PATH": "/usr/bin"}}) as session:
                def die():
                    time.sleep(float(sys.argv[1]))
                    os.kill(os.getpid(), signal.SIGKILL)
                threading.Thread(target=die).start()
                argv = ("bash", "-c", "exec -a {mark} sleep 600")
                await session.run(Command(argv=argv, cwd=PurePosixPath("/")), print)

        asyncio.run(main())
        """
    )
    for moment in range(0, 12, 2):
        subprocess.run([sys.executable, "-c", program, str(moment / 1000)], cwd=Path(__file__).parents[2], check=False)
    deadline = time.monotonic() + 10
    while survivors(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert survivors(mark) == []


def test_nothing_the_kernel_shows_can_be_written(sealed: Bench) -> None:
    """Started by root we are, to the kernel's files, their owner: only a read-only mount protects the machine."""
    ran = sealed.run(
        "find /proc -maxdepth 5 -writable ! -type l 2>/dev/null; find /dev -writable ! -path /dev/pts | sort"
    )
    assert ran.lines == [
        "/dev/full", "/dev/null", "/dev/ptmx", "/dev/pts/ptmx", "/dev/random", "/dev/shm", "/dev/stderr", "/dev/stdin",
        "/dev/stdout",        "/dev/tty", "/dev/urandom", "/dev/zero",
    ]  # fmt: skip


def test_many_processes_die_with_their_command(bench: Bench) -> None:
    ran = bench.run("for i in {1..200}; do (exec -a bakehouse-sleeper sleep 600) & done; echo up")
    assert ran.text == "up\n"
    assert survivors("bakehouse-sleeper") == []


def test_a_script_cannot_forge_the_report_of_the_sandbox(sealed: Bench) -> None:
    ran = sealed.run("echo 99m99.0s >&0; echo started > /proc/2/fd/0; kill -9 $PPID; echo alive")
    assert ran.exit.cpu_seconds < 60


def test_a_killed_shell_inside_is_no_fault_of_the_machine(sealed: Bench) -> None:
    ran = sealed.run("kill -9 2; sleep 5; echo alive")
    assert ran.exit.code == 137
    assert "alive" not in ran.text


def test_terminal_input_cannot_be_injected(bench: Bench) -> None:
    assert bench.run("exec 9<>/dev/tty").exit.code != 0


def test_a_suid_bit_gives_nothing(sealed: Bench) -> None:
    ran = sealed.run("cp /bin/bash x; chmod 4755 x; ./x -p -c 'id -u'", sealed.overlay(), cwd=sealed.inside.work)
    assert ran.lines == ["1000"]


def survivors(mark: str) -> list[str]:
    """Return the processes of the machine that carry ``mark``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(mark.encode()):
            found.append(process.name)
    return found


def wait_for(file: Path) -> None:
    """Wait until ``file`` has something in it."""
    deadline = time.monotonic() + 20
    while not (file.exists() and file.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_start_up_is_short_enough_not_to_be_noticed(bench: Bench) -> None:
    """No figure is asserted: the run must only not copy, hash or sync anything that grows with the prefix."""

    async def main() -> set[str]:
        async with bench.sandbox.open(bench.rootfs, [bench.overlay(bench.rootfs)], Limits(), BASE) as session:
            await session.run(Command(argv=("true",), cwd=PurePosixPath("/")), lambda _: None)
        return {path.name for path in (bench.folder / "upper-work").iterdir()}

    assert asyncio.run(main()) == set()
