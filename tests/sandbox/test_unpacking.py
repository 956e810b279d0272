"""What a decompressor could do that an archive has taken over: it is tried, in the very process that unpacks."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.jailer import PROGRAM, Jail, open_jail
from builder.sandbox.processes import family
from builder.sandbox.unpacking import WORK, answered
from tests.archive.making import T, conda, tar

EVIL = """
import os, socket as sockets, ctypes, signal, time
from pathlib import Path

def tried(work):
    try:
        return ["done", str(work())]
    except BaseException as error:
        return [type(error).__name__, getattr(error, "errno", None)]

def evil(job, file, _):
    outside, fd, own = job["outside"], file.fileno(), job["folder"]
    libc = ctypes.CDLL(None, use_errno=True)
    secret = outside + "/secret"
    def network():
        with sockets.socket() as line:
            line.connect(("127.0.0.1", job["port"]))
    return {
        "read": tried(lambda: Path(secret).read_text()),
        "list": tried(lambda: os.listdir(outside)),
        "write": tried(lambda: Path(outside + "/new").write_text("x")),
        "home": tried(lambda: os.listdir(job["home"])),
        "passwd": tried(lambda: Path("/etc/passwd").read_text()),
        "tmp": tried(lambda: Path("/tmp/x").write_text("x")),
        "up": tried(lambda: Path(own + "/../x").write_text("x")),
        "sibling": tried(lambda: Path(job["sibling"] + "/x").write_text("x")),
        "modules": tried(lambda: Path(os.__file__).write_text("x")),
        "archive": tried(lambda: os.write(fd, b"x")),
        "mode": tried(lambda: os.fchmod(fd, 0o777)),
        "again": tried(lambda: os.open(f"/proc/self/fd/{fd}", os.O_RDWR)),
        "network": tried(network),
        "fork": tried(os.fork),
        "run": tried(lambda: os.execv("/bin/sh", ["sh"])),
        "kill": tried(lambda: os.kill(1, signal.SIGKILL)),
        "variables": sorted(os.environ),
        "own": tried(lambda: Path(own + "/mine").write_text("x")),
    }

def crash(job, file, _):
    ctypes.string_at(0)

def spin(job, file, _):
    while True:
        pass

def fill(job, file, _):
    Path(job["folder"] + "/large").write_bytes(bytes(1 << 20))
    return {}

def hoard(job, file, _):
    return {"length": len(bytearray(1 << 30))}

def reach(job, file, making):
    # Asks the process that writes, and is told what it met.
    def asked(root, work):
        maker = making(Path(root))
        work(maker)
        maker.finish({})
    return {"two": making.__name__ == "below", "asked": tried(lambda: asked(job["root"], {
        "nothing": lambda maker: None,
        "file": lambda maker: maker.file("new", 0o644, 0, iter([memoryview(b"x")]), None),
        "up": lambda maker: maker.file("../new", 0o644, 0, iter([memoryview(b"x")]), None),
        "link": lambda maker: maker.link("h", job["outside"] + "/secret"),
        "large": lambda maker: maker.file("large", 0o644, 0, iter([memoryview(bytes(1 << 20))]), None),
    }[job["ask"]]))}

def stay(job, file, _):
    Path(job["folder"] + "/begun").write_text("x")
    spin(job, file, _)

work = {"evil": evil, "crash": crash, "spin": spin, "fill": fill, "hoard": hoard, "stay": stay}
work |= {"unpack": stay, "extract": reach}
"""

NORMAL_WORDS = "serve(descriptor, settings)"
HOSTILE = PROGRAM.replace(NORMAL_WORDS, EVIL + "serve(descriptor, settings, work)")


@pytest.fixture(params=["bubblewrap", "its own walls"])
def jail(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Jail]:
    """The process that unpacks, with other work, in both kinds of walls."""
    (tmp_path / "room" / "sibling").mkdir(parents=True)
    (tmp_path / "room" / "own").mkdir()
    search_path = SEARCH_PATH if request.param == "bubblewrap" else str(tmp_path)
    found = open_jail(tmp_path / "room", program=HOSTILE, search_path=search_path)
    assert bool(found.note) == (request.param != "bubblewrap")
    yield found
    found.close()


def asked(jail: Jail, what: str, archive: Path, more: dict[str, str] | None = None, **limits: int) -> socket.socket:
    ours, theirs = socket.socketpair()
    outside = jail.room.parent / "outside"
    job = {
        "what": what, "name": "a.tar", "folder": str(jail.room / "own"), "limits": limits, "outside": str(outside),
        "sibling": str(jail.room / "sibling"), "home": str(Path.home()), "port": 0, **(more or {}),
    }  # fmt: skip
    with archive.open("rb") as file, theirs:
        jail.send(json.dumps(job).encode(), file.fileno(), theirs.fileno())
    return ours


def answer(jail: Jail, what: str, archive: Path, more: dict[str, str] | None = None, **limits: int) -> dict[str, Any]:
    said = b""
    with asked(jail, what, archive, more, **limits) as line:
        while piece := line.recv(1 << 16):
            said += piece
    found = json.loads(said.split(b"\n")[0] or said.split(b"\n")[1])
    assert isinstance(found, dict)
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    path = tmp_path / "a.tar"
    path.write_bytes(tar([T("a", b"x")]))
    return path


def test_a_hostile_archive_reaches_nothing_but_its_folder(jail: Jail, archive: Path) -> None:
    before = archive.read_bytes(), archive.stat().st_mode
    tried = answer(jail, "evil", archive)["done"]
    assert tried.pop("own")[0] == "done"
    assert tried.pop("variables") in ([], ["LC_CTYPE"], ["PWD"], ["LC_CTYPE", "PWD"])
    assert {name: said for name, said in tried.items() if said[0] == "done"} == {}
    assert sorted(path.name for path in archive.parent.rglob("*")) == [
        "a.tar", "mine", "outside", "own", "room", "secret", "sibling",
    ]  # fmt: skip
    assert (archive.read_bytes(), archive.stat().st_mode) == before


def test_what_ends_a_job_is_told_and_ends_no_other(jail: Jail, archive: Path) -> None:
    assert answer(jail, "crash", archive) == {"ended": -11}
    assert answer(jail, "spin", archive, CPU=1) == {"ended": "time"}
    assert answer(jail, "hoard", archive, AS=1 << 29) == {"ended": "memory"}
    assert answer(jail, "fill", archive, FSIZE=4096) == {"defect": "OSError: [Errno 27] File too large"}
    assert answer(jail, "unknown", archive) == {"ended": 1}
    assert answer(jail, "fill", archive) == {"done": {}}


def test_a_job_dies_with_the_wish_for_its_answer(jail: Jail, archive: Path) -> None:
    line = asked(jail, "stay", archive)
    while not (jail.room / "own" / "begun").exists():
        time.sleep(0.01)
    running = len(list(family(jail.pid)))
    line.close()
    deadline = time.monotonic() + 10
    while len(list(family(jail.pid))) == running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(list(family(jail.pid))) == running - 1
    assert answer(jail, "fill", archive) == {"done": {}}


@pytest.fixture
def processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many processors as are asked for."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(request.param)))


def enlarged(archive: Path) -> Path:
    archive.write_bytes(bytes(3 << 20))
    return archive


@pytest.mark.parametrize("processors", [2], indirect=True)
@pytest.mark.parametrize(
    ("ask", "root", "met"),
    [
        ("nothing", "own", ["done", "None"]),
        ("file", "own", ["done", "None"]),
        ("nothing", "sibling", ["PermissionError", 13]),
        ("nothing", "outside", None),
        ("nothing", "home", None),
        ("up", "own", ["PermissionError", 13]),
        ("link", "own", None),
        ("large", "own", ["OSError", 27]),
    ],
)
def test_the_process_that_writes_is_behind_the_same_walls(
    processors: None, jail: Jail, archive: Path, ask: str, root: str, met: list[object] | None
) -> None:
    room = jail.room
    roots = {"own": room / "own", "sibling": room / "sibling", "outside": room.parent / "outside", "home": Path.home()}
    found = answer(jail, "extract", enlarged(archive), {"ask": ask, "root": str(roots[root])}, FSIZE=4096)["done"]
    assert found["two"] is True
    if met is None:
        assert found["asked"][0] in {"PermissionError", "FileNotFoundError", "OSError"}
    else:
        assert found["asked"] == met
    made = {path.relative_to(room.parent).as_posix() for path in room.parent.rglob("*")}
    assert made - {"a.tar", "outside", "outside/secret", "room", "room/own", "room/sibling"} == (
        {"room/own/new"} if ask == "file" else {"room/own/large"} if ask == "large" else set()
    )


def processes_of(jail: Jail, what: str, archive: Path) -> int:
    """How many processes a job has while it lasts; all are gone when nobody wants its answer any more."""
    idle = list(family(jail.pid))
    begun = jail.room / "own" / "begun"
    begun.unlink(missing_ok=True)
    line = asked(jail, what, archive)
    while not begun.exists():
        time.sleep(0.01)
    found = len(list(family(jail.pid))) - len(idle)
    line.close()
    deadline = time.monotonic() + 10
    while list(family(jail.pid)) != idle and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(family(jail.pid)) == idle
    return found


@pytest.mark.parametrize("processors", [2], indirect=True)
def test_a_large_archive_keeps_two_processors_busy(processors: None, jail: Jail, archive: Path) -> None:
    assert processes_of(jail, "unpack", archive) == 1
    assert processes_of(jail, "unpack", enlarged(archive)) == 2
    assert processes_of(jail, "stay", archive) == 1, "it writes nothing"


@pytest.mark.parametrize("processors", [1], indirect=True)
def test_one_processor_is_kept_busy_by_one(processors: None, jail: Jail, archive: Path) -> None:
    assert processes_of(jail, "unpack", enlarged(archive)) == 1


POOR = """
import os
fork = os.fork
def poor():
    os.fork = lambda: os.open("/no memory for it", os.O_RDONLY)
    return fork()
os.fork = poor
"""


@pytest.mark.parametrize("processors", [2], indirect=True)
def test_who_gets_no_second_process_writes_himself(processors: None, tmp_path: Path, archive: Path) -> None:
    (tmp_path / "room" / "own").mkdir(parents=True)
    jail = open_jail(tmp_path / "room", program=HOSTILE.replace("serve(descriptor", POOR + "serve(descriptor"))
    assert processes_of(jail, "unpack", enlarged(archive)) == 1
    jail.close()


@pytest.mark.parametrize("processors", [2], indirect=True)
def test_processors_that_others_use_are_not_idle(processors: None, jail: Jail, archive: Path) -> None:
    (jail.room / "other").mkdir()
    with asked(jail, "stay", archive, {"folder": str(jail.room / "other")}):
        while not (jail.room / "other" / "begun").exists():
            time.sleep(0.01)
        assert processes_of(jail, "unpack", enlarged(archive)) == 1


@pytest.mark.parametrize("processors", [2], indirect=True)
def test_an_answer_ends_when_both_have_ended(processors: None, jail: Jail, archive: Path) -> None:
    """Whoever removes the folder then has nobody writing into it."""
    with asked(jail, "unpack", enlarged(archive)) as line:
        while not (jail.room / "own" / "begun").exists():
            time.sleep(0.01)
        first, second = list(family(jail.pid))[-2:]
        while "Seccomp:\t2" not in Path(f"/proc/{second}/status").read_text():  # it stands behind its walls
            time.sleep(0.01)
        os.kill(second, signal.SIGSTOP)
        os.kill(first, signal.SIGKILL)
        said = line.recv(1 << 16)
        while piece := line.recv(1 << 16):
            said += piece
        assert json.loads(said) == {"ended": -9}
        memory = Path(f"/proc/{second}/statm")  # what has closed its files has given its memory back before
        assert not memory.exists() or memory.read_text() == "0 0 0 0 0 0 0\n"


def test_the_work_itself(tmp_path: Path) -> None:
    """What the process does for each job; the walls are tested above."""
    path = tmp_path / "a.tar"
    path.write_bytes(tar([T("x/f", b"content"), T("../x")]))
    job = {"name": "a.tar", "folder": str(tmp_path), "archive": {}, "strip": True, "case_blind": False}
    with path.open("rb") as file:
        said = answered(WORK["unpack"], job, file)
    assert said["error"] == "SourceError"
    assert said["problems"][0]["message"] == "a.tar: member '../x' has '..' in its path"
    package = conda(tmp_path)
    with package.open("rb") as file:
        assert answered(WORK["extract"], {**job, "name": package.name}, file) == {"done": {}}
    assert (tmp_path / "tree" / "bin" / "hello").read_bytes() == b"hello\n"
    with package.open("rb") as file:
        single = {**job, "name": package.name, "wanted": "bin/hello", "most": 10}
        assert answered(WORK["single"], single, file) == {"done": {"content": b"hello\n".hex()}}
        assert "KeyError" in answered(WORK["single"], job, file)["defect"]


def test_the_program_is_ours_with_other_work() -> None:
    assert NORMAL_WORDS in PROGRAM
    assert set(WORK) == {"unpack", "lay out", "extract", "single"}
