from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.jailer import Jail, open_jail
from builder.sandbox.processes import family
from tests.archive.making import T, tar


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "room").mkdir(mode=0o700)
    return tmp_path / "room"


@pytest.fixture
def jail(room: Path) -> Iterator[Jail]:
    found = open_jail(room)
    yield found
    found.close()


def said(jail: Jail, archive: Path, **other: object) -> dict[str, object]:
    """The answer to a job in the jail."""
    ours, theirs = socket.socketpair()
    job = {
        "what": "unpack", "name": archive.name, "folder": str(jail.room), "strip": True, "case_blind": False,
        "archive": {}, "limits": {}, **other,
    }  # fmt: skip
    with archive.open("rb") as file, ours:
        with theirs:
            jail.send(json.dumps(job).encode(), file.fileno(), theirs.fileno())
        answer = b""
        while piece := ours.recv(1 << 16):
            answer += piece
    found = json.loads(answer.splitlines()[0])
    assert isinstance(found, dict)
    return found


def lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: list[int]) -> bool:
    """Whether all of them end, collected or not, which the kernel sees to after the first has ended."""
    deadline = time.monotonic() + 10
    while there := [pid for pid in pids if lives(pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.005)
    return not there


def test_a_job_is_done_and_answered(jail: Jail, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar([T("x/f", b"content", mode=0o755)]))
    assert said(jail, tmp_path / "a.tar")["done"] == {"newest": 1600000000, "members": 1, "size": 7, "warnings": []}
    made = jail.room / "tree" / "f"
    assert (made.read_bytes(), stat.S_IMODE(made.stat().st_mode), made.stat().st_uid) == (
        b"content",
        0o755,
        os.getuid(),
    )


def test_it_is_in_namespaces_of_its_own_and_sees_its_room_only(jail: Jail) -> None:
    assert not jail.alone
    assert not jail.note
    inner = list(family(jail.pid))[-1]
    for name in ("mnt", "user", "pid", "net", "ipc", "uts"):
        assert os.readlink(f"/proc/{inner}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")  # noqa: PTH115
    top = Path(f"/proc/{inner}/root")
    assert not (top / "etc" / "passwd").exists()
    assert not (top / "proc").exists()
    assert not (top / "root").exists() or not list((top / "root").glob(".ssh"))
    assert list((top / str(jail.room).lstrip("/")).parent.iterdir()) == [top / str(jail.room).lstrip("/")]
    assert Path(f"/proc/{inner}/environ").read_bytes().replace(b"\0", b"").startswith((b"", b"PWD=/"))
    status = Path(f"/proc/{inner}/status").read_text(encoding="ascii")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_it_ends_with_all_that_it_started(room: Path) -> None:
    jail = open_jail(room)
    chain = list(family(jail.pid))
    assert len(chain) >= 2
    jail.close()
    jail.close()
    assert gone(chain)
    with pytest.raises(OSError, match="Bad file descriptor"):
        jail.send(b"{}", 0, 0)


def test_it_ends_when_nobody_holds_it_any_more(room: Path) -> None:
    assert gone([open_jail(room).pid])


def test_without_bubblewrap_it_raises_its_own_walls_and_says_so(room: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar([T("x/f", b"content")]))
    jail = open_jail(room, search_path=str(tmp_path))
    try:
        assert jail.note == (
            "archives are unpacked without bubblewrap (bwrap is not on this machine): by processes that can write to "
            "their own folder only (Landlock)"
        )
        assert "done" in said(jail, tmp_path / "a.tar")
        inner = list(family(jail.pid))[-1]
        assert os.readlink(f"/proc/{inner}/ns/net") != os.readlink("/proc/self/ns/net")  # noqa: PTH115
    finally:
        jail.close()


def test_a_bubblewrap_that_fails_is_told(room: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    broken.chmod(0o755)
    jail = open_jail(room, search_path=f"{broken.parent}:{SEARCH_PATH}")
    jail.close()
    assert "without bubblewrap (bwrap: setting up uid map: Permission denied)" in jail.note
    with pytest.raises(MachineError, match="uid map") as caught:
        open_jail(room, strict=True, search_path=f"{broken.parent}:{SEARCH_PATH}")
    assert caught.value.problems[0].remedy


def test_a_farm_takes_nothing_weaker(room: Path, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="bwrap is not on this machine") as caught:
        open_jail(room, strict=True, search_path=str(tmp_path))
    (problem,) = caught.value.problems
    assert (problem.code, problem.remedy) == ("sandbox.unpacking", "run `apt-get install bubblewrap` as root")
