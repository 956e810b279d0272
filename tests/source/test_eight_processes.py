"""Eight processes of the real command, one store, the same fifty sources; some are killed: nothing torn, nothing twice."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from builder.store import Store
from tests.e2e.command import Bakehouse
from tests.source.server import Server, body_of, status

PROCESSES, SOURCES = 8, 50
KILLED = 5


class Pantry:
    """Serves fifty sources slowly enough to be met in the middle, and counts what was sent to its end."""

    def __init__(self, server: Server, *, pause: float = 0.0) -> None:
        dice = random.Random(8)
        self.bodies = {f"/source-{n}": dice.randbytes(dice.randrange(1, 60_000)) for n in range(SOURCES)}
        self.sent: Counter[str] = Counter()
        self._server = server
        self._pause = pause
        self._lock = threading.Lock()
        for path in self.bodies:
            server.say(path, self.answer)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.bodies[handler.path]
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        time.sleep(self._pause)
        handler.wfile.write(body[len(body) // 2 :])
        with self._lock:
            self.sent[handler.path] += 1

    def recipe(self, folder: Path) -> Path:
        lines = ["package:", "  name: pantry", '  version: "1"', "source:"]
        for path, body in self.bodies.items():
            lines += [f"  - url: {self._server.base}{path}", f"    sha256: {hashlib.sha256(body).hexdigest()}"]
        folder.mkdir()
        (folder / "recipe.yaml").write_text("\n".join([*lines, ""]))
        return folder

    def whole(self, store: Path) -> None:
        """The store holds all fifty, each whole, and nothing else; nobody holds a lock, nothing unfinished lies about."""
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in store.glob("files/*/*")}
        assert set(found) == {hashlib.sha256(body).hexdigest() for body in self.bodies.values()}
        assert all(name == digest for name, digest in found.items())
        assert list((store / "sessions").iterdir()) == []
        assert not (store / "torn").exists()
        one = Store(store)
        assert not any(one.is_locked(f"fetch {digest}") or one.is_locked(f"files/{digest}") for digest in found)


@pytest.fixture
def many(tmp_path: Path) -> Bakehouse:
    return Bakehouse(store=tmp_path / "store", environment=(("NO_PROXY", "*"),))


@contextmanager
def started(many: Bakehouse, recipe: Path) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [many.start("fetch", recipe, "--no-rootfs") for _ in range(PROCESSES)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def ended_well(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        assert "50 files are in" in said


def test_each_source_is_transferred_once(many: Bakehouse, server: Server, tmp_path: Path) -> None:
    pantry = Pantry(server)
    with started(many, pantry.recipe(tmp_path / "recipe")) as processes:
        ended_well(processes)
    assert [server.asked(path) for path in pantry.bodies] == [1] * SOURCES
    pantry.whole(many.store)


def test_some_are_killed_and_only_what_they_had_begun_comes_again(
    many: Bakehouse, server: Server, tmp_path: Path
) -> None:
    """A request that was not answered to its end, and only such a one, is made again by whoever comes next."""
    dice = random.Random(4)
    pantry = Pantry(server, pause=0.1)
    with started(many, pantry.recipe(tmp_path / "recipe")) as processes:
        for victim in dice.sample(processes, KILLED):
            for _ in range(dice.randrange(1, 8)):  # so many requests later
                assert server.arrived.acquire(timeout=60)
            time.sleep(dice.uniform(0, 0.12))
            victim.kill()
            victim.wait()
        killed = [process for process in processes if process.returncode == -signal.SIGKILL]
        assert len(killed) >= KILLED - 1, "one may have been done"
        ended_well([process for process in processes if process not in killed])
    again = {path: server.asked(path) for path in pantry.bodies if server.asked(path) > 1}
    assert sum(times - 1 for times in again.values()) <= 8 * KILLED, "each had eight transfers in hand at most"
    assert all(times <= 1 + KILLED for times in again.values())
    many.good("fetch", tmp_path / "recipe", "--no-rootfs", "--offline")
    pantry.whole(many.store)


def test_the_holder_is_killed_in_the_middle_and_exactly_one_more_transfer_follows(
    many: Bakehouse, server: Server, tmp_path: Path
) -> None:
    pantry = Pantry(server)
    path, body = next(iter(pantry.bodies.items()))
    begun, go_on = threading.Event(), threading.Event()

    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        begun.set()
        go_on.wait(60)
        handler.close_connection = True

    server.say(path, half, pantry.answer)
    recipe = pantry.recipe(tmp_path / "recipe")
    holder = many.start("fetch", recipe, "--no-rootfs")
    assert begun.wait(60)
    with started(many, recipe) as waiters:
        deadline = time.monotonic() + 60
        while len(list(many.store.glob("files/*/*"))) < SOURCES - 1 and time.monotonic() < deadline:
            time.sleep(0.02)  # the rest is fetched meanwhile
        assert server.asked(path) == 1, "all others wait for who has it in hand"
        assert all(waiter.poll() is None for waiter in waiters)
        holder.kill()
        holder.communicate()
        ended_well(waiters)
    go_on.set()
    assert server.asked(path) == 2
    assert all(server.asked(one) == 1 for one in pantry.bodies if one != path)
    pantry.whole(many.store)


def test_a_source_that_nobody_has_keeps_no_other_from_the_store(
    many: Bakehouse, server: Server, tmp_path: Path
) -> None:
    """Each process says what is missing, and which forty-nine it could have is not asked for again."""
    pantry = Pantry(server)
    bad, worse, *good = pantry.bodies
    server.say(bad, status(404))
    server.say(worse, body_of(b"something else"))
    with started(many, pantry.recipe(tmp_path / "recipe")) as processes:
        for process in processes:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 2
            assert f"{server.base}{bad}: the server answers 404" in said
            assert f"{server.base}{worse}: sha256 is" in said
    assert [server.asked(path) for path in good] == [1] * len(good)
    assert len(list(many.store.glob("files/*/*"))) == len(good)
    assert list((many.store / "sessions").iterdir()) == []


def git(folder: Path, *arguments: str) -> str:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
             "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": os.environ["PATH"]}  # fmt: skip
    done = subprocess.run(["git", *arguments], cwd=folder, env=names, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commits_of_git_too(many: Bakehouse, tmp_path: Path) -> None:
    """Eight processes and one repository with commits on many branches; three are killed while they fetch."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch=main")
    lines = ["package:", "  name: commits", '  version: "1"', "source:"]
    commits = []
    for number in range(4):
        (repository / f"file{number}").write_bytes(random.Random(number).randbytes(200_000))
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--message", str(number))
        git(repository, "branch", f"b{number}")
        commits.append(git(repository, "rev-parse", "HEAD"))
        lines += [f"  - git: {repository.as_uri()}", f"    rev: {commits[-1]}", f"    target_directory: t{number}"]
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (recipe / "recipe.yaml").write_text("\n".join([*lines, ""]))
    dice = random.Random(3)
    with started(many, recipe) as processes:
        for victim in dice.sample(processes, 3):
            time.sleep(dice.uniform(0, 0.5))
            victim.kill()
        for process in processes:
            _, said = process.communicate(timeout=120)
            assert process.returncode in {0, -signal.SIGKILL}, said
    many.good("fetch", recipe, "--no-rootfs", "--offline")
    folders = sorted(path.name for path in (many.store / "folders" / "git").iterdir())
    assert folders == sorted(commits)
    for commit in commits:
        git(many.store / "folders" / "git" / commit, "fsck", "--full", "--strict")
    assert list((many.store / "sessions").iterdir()) == []
