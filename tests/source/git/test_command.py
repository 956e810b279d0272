"""git as it is run here: nothing of the caller's decides what it does, and nobody outlives whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder.archive import UnpackLimits
from builder.errors import MachineError
from builder.source.git.command import GitError, git_command, git_variables, run_git
from tests.e2e.command import CHECKOUT
from tests.source.git.making import upstream

CALLER = {"PATH": os.environ["PATH"]}


def run(*arguments: str, caller: dict[str, str] | None = None, protocol: str | None = None) -> bytes:
    return asyncio.run(run_git(git_variables({**CALLER, **(caller or {})}, protocol), None, *arguments))


def script(folder: Path, name: str, text: str) -> dict[str, str]:
    """Put a program of that name first in the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{CALLER['PATH']}"}


class TestVariables:
    def test_of_the_caller_only_ways_are_kept(self) -> None:
        caller = {
            "PATH": "/bin", "HOME": "/home/x", "SSH_AUTH_SOCK": "/s", "https_proxy": "http://p", "NO_PROXY": "*",
            "GIT_DIR": "/x", "GIT_CONFIG_COUNT": "1", "GIT_SSH_COMMAND": "evil", "LD_PRELOAD": "/x.so", "TOKEN": "t",
            "GIT_ALLOW_PROTOCOL": "ext",
        }  # fmt: skip
        found = git_variables(caller, "https")
        assert {name: found[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "https_proxy", "NO_PROXY")} == {
            "PATH": "/bin", "HOME": "/home/x", "SSH_AUTH_SOCK": "/s", "https_proxy": "http://p", "NO_PROXY": "*",
        }  # fmt: skip
        assert not {"GIT_DIR", "GIT_CONFIG_COUNT", "LD_PRELOAD", "TOKEN"} & found.keys()
        assert found["GIT_ALLOW_PROTOCOL"] == "https"
        assert "evil" not in found["GIT_SSH_COMMAND"]

    def test_certificates_reach_gits_own_library(self) -> None:
        assert git_variables({"SSL_CERT_FILE": "/c.pem"})["GIT_SSL_CAINFO"] == "/c.pem"
        assert "GIT_SSL_CAINFO" not in git_variables({})

    def test_without_a_protocol_none_is_allowed(self, tmp_path: Path) -> None:
        address = upstream(tmp_path / "up").address
        assert run("ls-remote", "--", address, protocol="file")
        with pytest.raises(GitError, match="not allowed"):
            run("ls-remote", "--", address)
        with pytest.raises(GitError, match="not allowed"):
            run("ls-remote", "--", address, protocol="https")


class TestConfiguration:
    def test_that_of_user_and_machine_does_not_count(self, tmp_path: Path) -> None:
        (tmp_path / ".gitconfig").write_text('[url "https://evil.example/"]\n\tinsteadOf = file:///\n[x]\n\ty = z\n')
        found = run(
            "config", "--list", caller={"HOME": str(tmp_path), "GIT_CONFIG_SYSTEM": str(tmp_path / ".gitconfig")}
        )
        assert b"evil" not in found
        assert b"x.y" not in found
        assert b"core.hookspath=/dev/null" in found
        assert b"transfer.fsckobjects=true" in found

    def test_the_folder_it_is_started_in_does_not_count(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        inner = upstream(tmp_path / "up")
        inner.git("config", "x.y", "z")
        monkeypatch.chdir(inner.folder)
        assert b"x.y" not in run("config", "--list")


class TestFailures:
    def test_a_machine_without_git(self, tmp_path: Path) -> None:
        with pytest.raises(MachineError) as caught:
            run("version", caller={"PATH": str(tmp_path)})
        [problem] = caught.value.problems
        assert (problem.code, caught.value.exit_code) == ("source.no-git", 3)
        assert "apt-get install git" in (problem.remedy or "")

    def test_its_errors_are_one_line(self) -> None:
        with pytest.raises(GitError, match=r"^fatal: .* does not appear to be a git repository") as caught:
            run("ls-remote", "--", "file:///nowhere", protocol="file")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("noise\\nfatal: it broke\\n", "fatal: it broke"),
            ("one\\ntwo\\n", "one; two"),
            ("", "git ended with 7"),
            ("fatal: https://user:secret@example.org/x\\n", "fatal: https://example.org/x"),
            ("fatal: a\\033[31mred\\n", "fatal: a?[31mred"),
            ("fatal: a\\nfatal: a\\n", "fatal: a"),
        ],
    )
    def test_what_it_says_is_shown_without_secrets_and_signs(self, tmp_path: Path, said: str, shown: str) -> None:
        path = script(tmp_path / "bin", "git", f"#!/bin/sh\nprintf '{said}' >&2\nexit 7\n")
        with pytest.raises(GitError) as caught:
            run("fetch", caller=path)
        assert str(caught.value) == shown

    def test_endless_output_is_cut_off(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nexec cat /dev/zero\n")
        with pytest.raises(GitError, match="without end"):
            run("ls-remote", caller=path)

    def test_no_file_can_be_endless(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nulimit -f\n")
        assert int(run("fetch", caller=path)) * 512 == UnpackLimits().size

    def test_endless_words_are_too(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nhead -c 9000000 /dev/zero | tr '\\0' x >&2\nexit 1\n")
        with pytest.raises(GitError) as caught:
            run("fetch", caller=path)
        assert len(str(caught.value)) <= 2000


class TestBounds:
    def test_no_process_can_take_all_memory(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nulimit -v\n")
        assert int(run("fetch", caller=path)) << 10 == 4 << 30

    def test_a_narrower_bound_of_our_own_stays(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nulimit -v\nulimit -f\n")["PATH"]
        code = (
            "import asyncio, resource\nfrom builder.source.git.command import git_variables, run_git\n"
            "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
            f"print(asyncio.run(run_git(git_variables({{'PATH': {path!r}}}), None, 'fetch')).decode())\n"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(1 << 20), str((1 << 20) // 512)]

    def test_it_ends_in_time(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nsleep 300 &\nwait\n")
        with pytest.raises(GitError, match="did not end within 0 s"):
            asyncio.run(run_git(git_variables({**CALLER, **path}), None, "rev-parse", seconds=0.05))


class TestInput:
    def test_it_reads_what_it_is_given(self) -> None:
        listing = b"[a]\n\tb = c\n"
        said = asyncio.run(run_git(git_variables(CALLER), None, "config", "--file=-", "--list", given=listing))
        assert said == b"a.b=c\n"

    def test_it_need_not(self, tmp_path: Path) -> None:
        path = script(tmp_path / "bin", "git", "#!/bin/sh\nexec 0<&-\necho done\n")
        variables = git_variables({**CALLER, **path})
        assert asyncio.run(run_git(variables, None, "config", given=bytes(1 << 22))) == b"done\n"


def test_what_a_repository_lacks_is_not_fetched_by_the_way(tmp_path: Path) -> None:
    """A promisor remote is asked whenever an object is missing, by whatever transport its settings name."""
    made = upstream(tmp_path / "up", {"a": "gone"})
    blob = made.git("rev-parse", "HEAD:a")
    (made.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "extensions.partialClone": "origin", "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::touch {tmp_path}/ran", "remote.origin.uploadpack": f"touch {tmp_path}/ran",
    }.items():  # fmt: skip
        made.git("config", key, value)
    for protocol in (None, "file", "https"):
        with pytest.raises(GitError):
            asyncio.run(run_git(git_variables(CALLER, protocol), made.folder / ".git", "cat-file", "-p", blob))
    assert not (tmp_path / "ran").exists()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def written(place: Path) -> int:
    """Wait for a process to write its id."""
    while not place.exists() or not place.read_text().endswith("\n"):
        time.sleep(0.005)
    return int(place.read_text())


class TestEnding:
    def test_a_cancelled_call_kills_it_and_what_it_started(self, tmp_path: Path) -> None:
        place = tmp_path / "pid"
        path = script(tmp_path / "bin", "git", f"#!/bin/sh\nsleep 300 &\necho $! > {place}\nwait\n")

        async def work() -> int:
            task = asyncio.ensure_future(run_git(git_variables({**CALLER, **path}), None, "fetch"))
            pid = await asyncio.to_thread(written, place)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return pid

        pid = asyncio.run(work())
        while alive(pid):
            time.sleep(0.005)

    def test_cancelled_while_it_starts_it_is_killed_too(self, tmp_path: Path) -> None:
        place = tmp_path / "pid"
        path = script(tmp_path / "bin", "git", f"#!/bin/sh\nsleep 300 &\necho $! > {place}\nwait\n")

        async def work() -> int:
            task = asyncio.ensure_future(run_git(git_variables({**CALLER, **path}), None, "fetch"))
            for _ in range(4):  # it begins to start the process
                await asyncio.sleep(0)
            pid = written(place)  # which runs while the loop stands still
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return pid

        pid = asyncio.run(work())
        while alive(pid):
            time.sleep(0.005)

    def test_it_dies_with_a_killed_parent(self, tmp_path: Path) -> None:
        place = tmp_path / "pid"
        path = script(tmp_path / "bin", "git", f"#!/bin/sh\necho $$ > {place}\nexec sleep 300\n")["PATH"]
        code = (
            "import asyncio\nfrom builder.source.git.command import git_variables, run_git\n"
            f"asyncio.run(run_git(git_variables({{'PATH': {path!r}}}), None, 'fetch'))\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT) as parent:
            pid = written(place)
            parent.send_signal(signal.SIGKILL)
        while alive(pid):
            time.sleep(0.005)


def test_options_come_before_the_repository(tmp_path: Path) -> None:
    argv = git_command(git_variables(CALLER), tmp_path, "cat-file", "--batch")
    assert argv[-3:] == [f"--git-dir={tmp_path}", "cat-file", "--batch"]
    assert "core.hooksPath=/dev/null" in argv
