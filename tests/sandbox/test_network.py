"""What a command with network knows of it: laid out files, and a session that reaches this test."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path, PurePosixPath

import pytest

from builder.sandbox import Command, Limits
from builder.sandbox.network import network_etc
from tests.sandbox.conftest import BASE, Bench


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """The ``etc`` of a root."""
    folder = tmp_path / "root/etc"
    folder.mkdir(parents=True)
    (folder / "hosts").write_text("127.0.0.1 localhost bakehouse\n")
    (folder / "nsswitch.conf").write_text("passwd: files\nhosts: files\nservices: files\n")
    (folder / "os-release").symlink_to("../usr/lib/os-release")
    return folder


def test_what_the_machine_knows_is_added(etc: Path, tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    (machine / "etc/pki/tls/certs").mkdir(parents=True)
    (machine / "run").mkdir()
    (machine / "run/resolv.conf").write_text("nameserver 192.0.2.53\n")
    (machine / "etc/resolv.conf").symlink_to(machine / "run/resolv.conf")
    (machine / "etc/hosts").write_text("192.0.2.1 mirror.example.org\n")
    (machine / "etc/pki/tls/certs/ca-bundle.crt").write_text("CERTIFICATE\n")
    made = network_etc(etc, tmp_path / "made", machine)
    assert (made / "resolv.conf").read_text() == "nameserver 192.0.2.53\n"
    assert not (made / "resolv.conf").is_symlink()
    assert (made / "hosts").read_text() == "127.0.0.1 localhost bakehouse\n192.0.2.1 mirror.example.org\n"
    assert (made / "nsswitch.conf").read_text() == "passwd: files\nhosts: files dns\nservices: files\n"
    assert (made / "ssl/certs/ca-certificates.crt").read_text() == "CERTIFICATE\n"
    assert (made / "os-release").readlink() == Path("../usr/lib/os-release")
    assert (etc / "hosts").read_text() == "127.0.0.1 localhost bakehouse\n"


def test_what_the_machine_lacks_is_left_out(etc: Path, tmp_path: Path) -> None:
    made = network_etc(etc, tmp_path / "made", tmp_path / "machine")
    assert sorted(file.name for file in made.iterdir()) == ["hosts", "nsswitch.conf", "os-release"]


def reached(bench: Bench, script: str, *, network: bool) -> tuple[bool, str]:
    """Run ``script``, with PORT for a port of this machine's loopback; tell whether it was reached, and what was said."""
    said = bytearray()
    seen = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def accept() -> None:
            try:
                server.accept()[0].close()
                seen.set()
            except OSError:
                pass

        thread = threading.Thread(target=accept)
        thread.start()

        async def main() -> None:
            port = str(server.getsockname()[1])
            async with bench.sandbox.open(bench.rootfs, [], Limits(), BASE, network=network) as session:
                command = Command(argv=("bash", "-c", script.replace("PORT", port)), cwd=PurePosixPath("/"))
                await session.run(command, said.extend)

        asyncio.run(main())
        answered = seen.is_set()
        if not answered:
            server.shutdown(socket.SHUT_RDWR)
        thread.join()
    return answered, said.decode()


CALL = "exec 3<>/dev/tcp/127.0.0.1/PORT; cat /etc/resolv.conf"


def test_with_network_a_command_reaches_what_the_machine_reaches(sealed: Bench) -> None:
    answered, said = reached(sealed, CALL, network=True)
    assert answered
    assert said == Path("/etc/resolv.conf").read_text()


def test_without_it_nothing_is_reached_and_nothing_known(bench: Bench) -> None:
    answered, said = reached(bench, CALL, network=False)
    assert not answered
    assert "/etc/resolv.conf: No such file" in said


def test_all_else_stays_divided(bench: Bench) -> None:
    script = "ls /proc | grep -c '^[0-9]'; touch /etc/x; hostname 2>/dev/null || cat /proc/sys/kernel/hostname; id -u"
    _, said = reached(bench, f"{CALL} >/dev/null; {script}; cat /proc/self/mountinfo", network=True)
    assert "'/etc/x': Read-only file system" in said
    assert "\nbakehouse\n1000\n" in said
    assert str(bench.folder) not in said
    assert str(bench.rootfs) not in said
