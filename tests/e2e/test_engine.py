"""The tests' own Docker engine: it runs containers, ends with whoever asked for it, and leaves nothing behind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from ci.engine import PREFIX, SOCKETS, answers, engine
from tests.e2e.command import CHECKOUT

ENGINE = CHECKOUT / "ci" / "engine.py"
ROOT = os.geteuid() == 0
ONE_OF_OURS = "import sys; from ci.engine import begin; print(begin(int(sys.argv[1])))"


def ask(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing in its environment but PATH and ``variables``."""
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [sys.executable, ENGINE, *words], env=environment, capture_output=True, text=True, check=False
    )


def begin(owner: int, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start an engine, whether or not the machine has one that answers."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **variables}
    command = [sys.executable, "-c", ONE_OF_OURS, str(owner)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """A process that asks for an engine."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def traces(name: str) -> list[str]:
    """Return all that there is of an engine: processes, mounts, folders, control groups."""
    word = name.encode()
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if word in read(path)]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    folders = [
        SOCKETS / name,
        CHECKOUT / ".cache" / name,
        *Path("/sys/fs/cgroup").glob(f"*/{name}"),
        Path("/sys/fs/cgroup", name),
    ]
    return [*map(str, processes), *mounts, *(str(folder) for folder in folders if folder.exists())]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended


def run_something(address: str, rootfs: Path) -> None:
    """Start a container of an image with one program, which does not hear SIGTERM, for it is the first process there."""
    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w") as tar:
        for name in ("usr/bin/sleep", "lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6"):
            tar.add((rootfs / name).resolve(), name)
    client = docker.APIClient(base_url=address)
    try:
        client.import_image_from_data(image.getvalue(), repository="deaf")
        command = ["/usr/bin/sleep", "600"]
        made = client.create_container("deaf", command, host_config=client.create_host_config(network_mode="none"))
        client.start(made["Id"])
        state = client.inspect_container(made["Id"])["State"]
        assert state["Running"], (state, client.logs(made["Id"]))
    finally:
        client.close()


def gone(name: str, *, seconds: float = 60) -> bool:
    """Tell whether nothing is left of an engine, at the latest after so long."""
    late = time.monotonic() + seconds
    while traces(name) and time.monotonic() < late:
        time.sleep(0.1)
    return traces(name) == []


def by_stopping(address: str, owner: subprocess.Popen[bytes]) -> None:
    assert ask("stop", address).returncode == 0


def by_killing(address: str, owner: subprocess.Popen[bytes]) -> None:
    owner.kill()
    owner.wait()


@pytest.mark.parametrize("end", [by_stopping, by_killing])
def test_an_engine_runs_containers_and_leaves_nothing(
    end: Callable[[str, subprocess.Popen[bytes]], None], owner: subprocess.Popen[bytes], rootfs: Path
) -> None:
    started = begin(owner.pid)
    if not ROOT:
        assert "only root can start an engine" in started.stderr
        return
    address = started.stdout.strip()
    name = Path(address).parent.name
    assert started.returncode == 0, started.stderr
    assert name.startswith(PREFIX)
    assert len(address) < len("unix://") + 108
    try:
        run_something(address, rootfs)
        assert traces(name)
        assert ask("address", DOCKER_HOST=address).stdout.strip() == address
    finally:
        end(address, owner)
    assert gone(name), traces(name)


def test_an_engine_that_is_named_is_taken_and_never_stopped(docker_engine: str) -> None:
    for word in ("address", "start", "stop"):
        done = ask(
            word, *([docker_engine.replace(PREFIX, "other.")] if word == "stop" else []), DOCKER_HOST=docker_engine
        )
        assert (done.returncode, done.stdout.strip()) == (0, "" if word == "stop" else docker_engine), done.stderr
    client = docker.APIClient(base_url=docker_engine)
    try:
        assert client.ping()
    finally:
        client.close()


def test_who_asks_for_one_that_answers_does_not_stop_it(
    owner: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be one of ours that other tests, in other processes, still use."""
    started = begin(owner.pid)
    if not ROOT:
        assert "only root can start an engine" in started.stderr
        return
    address = started.stdout.strip()
    assert started.returncode == 0, started.stderr
    monkeypatch.setenv("DOCKER_HOST", address)
    with engine() as given:
        assert given == address
    assert answers(address)
    assert [ask("stop", address).returncode for _ in range(2)] == [0, 0]
    assert gone(Path(address).parent.name)


def test_one_that_is_named_must_answer(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    for word in ("address", "start"):
        done = ask(word, DOCKER_HOST=nobody)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == f"engine: no engine answers at DOCKER_HOST={nobody}: unset it, or start that engine\n"


def test_a_machine_without_one_is_told_what_to_install(tmp_path: Path) -> None:
    done = begin(os.getpid(), PATH=str(tmp_path))
    assert done.returncode != 0
    assert "this machine has no Docker engine: apt-get install docker.io, or set DOCKER_HOST" in done.stderr


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "dockerd").write_text("#!/bin/sh\necho the kernel is too old\nexit 7\n")
    (tmp_path / "dockerd").chmod(0o755)
    before = set(SOCKETS.glob(f"{PREFIX}*"))
    done = begin(os.getpid(), PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode != 0
    assert ("the engine ended with exit code 7" in done.stderr) == ROOT
    assert ("the kernel is too old" in done.stderr) == ROOT
    assert gone_since(before)


def gone_since(before: set[Path]) -> bool:
    """Tell whether no folder of an engine came to stay: others may run meanwhile."""
    return all((folder / "docker.sock").exists() for folder in set(SOCKETS.glob(f"{PREFIX}*")) - before)


def test_mistakes_are_told() -> None:
    for words in ((), ("halt",), ("stop",), ("start", "1", "2")):
        done = ask(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage:" in done.stderr
