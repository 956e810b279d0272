"""Scripts that take all there is, never end, or leave traps: ids G11 to G16 of the table, and what it does not name.

All of them are built by one command, as a farm would: each ends with its own error, and nothing of any is left. In a
package test the same is tried by the test of a package whose build is harmless.
"""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adversarial.attack import SECRET, row
from tests.adversarial.leftovers import Leftovers, leftovers, seen_by
from tests.adversarial.trial import BACK_ENDS, HOSTILE, PLACES, Oven, Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A script, the limits that it gets, and what the error says ("" where it ends well)."""

    script: str
    limits: tuple[str, ...] = ()
    ends: str = ""


ATTEMPTS: Mapping[str, Attempt] = {
    "forks": Attempt(script="leave forks", limits=("processes=50",), ends="started more processes than it may"),
    "bomb": Attempt(script="leave bomb", limits=("processes=50",), ends="started more processes than it may"),
    "fills": Attempt(script="head -c 1G /dev/zero > big", limits=("disk=16M",), ends="wrote more to the disk"),
    "unlinked": Attempt(script="leave unlinked", limits=("disk=16M",), ends="wrote more to the disk"),
    "small": Attempt(script="leave small", limits=("disk=2M",), ends="wrote more to the disk"),
    "eats": Attempt(script="leave eat", limits=("memory=64M",), ends="needed more memory"),
    "shares": Attempt(script="leave share", limits=("memory=64M",), ends="needed more memory"),
    "tmpfs": Attempt(script="head -c 1G /dev/zero > /tmp/big", limits=("memory=64M", "disk=32M"),
                     ends="needed more memory|wrote more to the disk"),
    "spins": Attempt(script="while :; do :; done", limits=("cpu=1",), ends="used more CPU time"),
    "spins-apart": Attempt(script="for i in 1 2 3 4; do (while :; do :; done) & done; wait", limits=("cpu=2",),
                           ends="used more CPU time"),
    "sleeps": Attempt(script="sleep infinity", limits=("wall=1s",), ends="ran longer than it may"),
    "silent": Attempt(script="sleep infinity", limits=("silence=1s",), ends="printed nothing for longer than it may"),
    "ignores": Attempt(script="trap '' TERM INT HUP; sleep infinity", limits=("wall=1s",), ends="ran longer than it may"),
    "stops": Attempt(script="leave stopped; sleep infinity", limits=("wall=1s",), ends="ran longer than it may"),
    "daemon": Attempt(script="leave daemon daemon daemon; (sleep infinity &) ; echo away"),
    "kills": Attempt(script="kill -9 -1; kill -9 $$", ends=r"exit code 137|killed"),
    "parent": Attempt(script="kill -9 $PPID; kill -9 1; kill -9 $$", ends=r"exit code 137|killed"),
    "code-125": Attempt(script="exit 125", ends="exit code 125"),
    "code-137": Attempt(script="exit 137", ends="exit code 137"),
    "code-255": Attempt(script="exit 255", ends="exit code 255"),
    "device": Attempt(script="mknod $PREFIX/null c 1 3", ends="exit code 1"),
    "sparse": Attempt(script="mkdir -p $PREFIX/share; cd $PREFIX/share; leave sparse", limits=("disk=16M",),
                      ends="wrote more to the disk"),
    "deep": Attempt(script="leave deep", ends=""),
    "closed": Attempt(script="leave closed", ends=""),
    "names": Attempt(script="leave names socket attributes; mkfifo pipe; ln -s /etc/passwd out; ln -s . loop; ln -s loop loop2"),
    "set-uid": Attempt(script="mkdir -p $PREFIX/share; cp $LEAVE $PREFIX/share/sh; cp $LEAVE sh; "
                              "chmod 6755 sh $PREFIX/share/sh; chmod 2777 $PREFIX/share; [ -u sh ]"),
    "set-uid-kept": Attempt(script="cp $LEAVE sh; chmod 6755 sh; [ -u sh ]; exit 3", ends="exit code 3"),
    "files": Attempt(script="ulimit -n $(ulimit -Hn); leave descriptors"),
    "long": Attempt(script="export BIG=$(head -c 120000 /dev/zero | tr '\\0' x); printenv BIG | wc -c; exit 5", ends="exit code 5"),
}  # fmt: skip

SCRIPT = 'leave() { "$LEAVE" "$@"; }\n'
BUILD = """
package: {{name: {name}, version: "1.0"}}
build: {{script: "LEAVE=$RECIPE_DIR/leave; . $RECIPE_DIR/attempt.sh"}}
about: {{license: CC0-1.0}}
"""
TEST = """
package: {{name: {name}, version: "1.0"}}
tests:
  - script: ["LEAVE=$PWD/leave", ". ./attempt.sh"]
    files: {{recipe: [leave, attempt.sh]}}
about: {{license: CC0-1.0}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How all attempts in one place of one back end ended."""

    tried: Tried
    left: Leftovers
    place: str
    oven: Oven

    def package(self, name: str) -> Path:
        """The package of an attempt that ended well."""
        (found,) = (self.oven.folder / "channel").glob(f"*/{name}-{self.place}-1.0-*.conda")
        return found


@pytest.fixture(scope="session")
def leave(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The program that leaves traps."""
    made = tmp_path_factory.mktemp("leave") / "leave"
    subprocess.run(["gcc", "-static", "-O1", "-s", "-o", str(made), str(HOSTILE / "leave.c")], check=True)
    return made.read_bytes()


@pytest.fixture(scope="session", params=BACK_ENDS)
def oven(
    request: pytest.FixtureRequest, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Oven:
    """The command on each back end."""
    folder = tmp_path_factory.mktemp(f"ends-{request.param}")
    return Oven(store=kitchen, back_end=request.param, folder=folder, variables={"DOCKER_HOST": docker_engine})


@pytest.fixture(scope="session", params=PLACES)
def ended(request: pytest.FixtureRequest, oven: Oven, leave: bytes) -> Ended:
    """Try everything at once."""
    place: str = request.param
    options: list[str] = []
    for name, attempt in ATTEMPTS.items():
        own = f"{name}-{place}"
        text = (BUILD if place == "build" else TEST).format(name=own)
        oven.put(f"{place}/{own}", text, {"leave": leave, "attempt.sh": SCRIPT + attempt.script + "\n"})
        options += [word for limit in attempt.limits for word in ("--limit", f"{own}:{limit}")]
    with leftovers(oven) as left:
        tried = oven.build(oven.folder / "recipes" / place, "--keep-going", "-j", "2", *options)
    return Ended(tried=tried, left=left, place=place, oven=oven)


def ending(ended: Ended, name: str) -> None:
    """Check that an attempt ended as it should, with a remedy where that is badly."""
    end = ended.tried.finished(f"{name}-{ended.place}-1.0")
    if not ATTEMPTS[name].ends:
        assert (end["ending"], end["errors"]) == ("built", []), end
        return
    assert end["ending"] == "failed", end
    (problem,) = ended.tried.told(f"{name}-{ended.place}-1.0")
    (message,) = end["errors"]
    assert re.search(ATTEMPTS[name].ends, message), message
    assert "bakehouse debug" in str(problem.remedy)
    options = [f"--limit {name}-{ended.place}:{limit.partition('=')[0]}=" for limit in ATTEMPTS[name].limits]
    assert not options or any(option in f"{message} {problem.remedy}" for option in options)


@row("G11", "a set-user-ID file is never packed, and kept where only its owner may enter", "contained")
def test_g11_set_user_id(ended: Ended) -> None:
    ending(ended, "set-uid-kept")
    oven = ended.oven
    assert oven.build(oven.folder / "recipes" / ended.place / f"set-uid-kept-{ended.place}").code == 1
    kept = oven.store / "failed"
    found = [path for place in (oven.store, oven.folder / "channel", oven.folder / "tmp") for path in _set_id(place)]
    assert {path.is_relative_to(kept) and _private(kept / path.relative_to(kept).parts[0]) for path in found} <= {True}
    if ended.place == "build":
        assert {path.name for path in found} == {"sh"}, "the trees of failed tasks are kept"
        assert ("set-id", "share/sh") in ended.tried.found("set-uid-build")
        assert ended.tried.finished("set-uid-build")["ending"] == "failed"
    else:
        ending(ended, "set-uid")


def _set_id(folder: Path) -> list[Path]:
    return [path for path in seen_by(folder) if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]


def _private(folder: Path) -> bool:
    return not folder.stat().st_mode & 0o077


@row("G13", "a background process dies with its script", "contained")
def test_g13_daemons(ended: Ended) -> None:
    ending(ended, "daemon")
    assert not ended.left.processes


@row("G14", "no more processes than allowed, and all of them end", "contained")
def test_g14_forks(ended: Ended) -> None:
    ending(ended, "forks")
    ending(ended, "bomb")
    assert not ended.left.processes


@row("G15", "no more disk than allowed: one file, many, without a name, in memory, sparse", "contained")
def test_g15_disk(ended: Ended) -> None:
    for name in ("fills", "unlinked", "small", "tmpfs", "sparse"):
        ending(ended, name)


@row("G16", "no more memory, CPU time, time and silence than allowed", "contained")
def test_g16_memory_and_time(ended: Ended) -> None:
    for name in ("eats", "shares", "spins", "spins-apart", "sleeps", "silent", "ignores", "stops"):
        ending(ended, name)


@pytest.mark.parametrize("name", ["kills", "parent", "code-125", "code-137", "code-255", "device", "files", "long"])
def test_an_end_is_told_as_it_was(ended: Ended, name: str) -> None:
    ending(ended, name)


@pytest.mark.parametrize("name", ["deep", "closed", "names"])
def test_traps_in_the_work_folder_stop_nobody(ended: Ended, name: str) -> None:
    ending(ended, name)


def test_nothing_is_left(ended: Ended) -> None:
    assert ended.tried.code == 1
    assert ended.left == Leftovers()
    failed = {name for name, attempt in ATTEMPTS.items() if attempt.ends}
    if ended.place == "build":
        failed.add("set-uid")  # it ends well, and then its package is refused
    assert {one["task"] for one in ended.tried.events if one["event"] == "finished" and one["ending"] == "failed"} == {
        f"linux-64/{name}-{ended.place}-1.0-hb0f4dca_0" for name in failed
    }
    assert SECRET not in "".join(ended.tried.lines())
