"""Runs git so that nothing but its arguments decides what it does: no configuration, hooks or prompts."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from builder.archive import UnpackLimits
from builder.errors import MachineError
from builder.source.git.address import without_secret

_KEPT = ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_FIXED = {
    "GIT_ASKPASS": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_SSH_COMMAND": (
        "ssh -oBatchMode=yes -oControlMaster=no -oControlPath=none -oForwardAgent=no -oPermitLocalCommand=no "
        "-oConnectTimeout=30 -oServerAliveInterval=15 -oServerAliveCountMax=4"
    ),
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "SSH_ASKPASS_REQUIRE": "never",
}
_OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    # What is larger is streamed: a small pack may hold a blob that fills the memory.
    "core.bigFileThreshold=16m",
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=256m",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "transfer.fsckObjects=true",
    # Old mistakes of tools long mended, which many histories hold and which hurt nobody.
    "fetch.fsck.badTimezone=warn",
    "fetch.fsck.missingSpaceBeforeDate=warn",
    "fetch.fsck.missingEmail=warn",
    "fetch.fsck.zeroPaddedFilemode=warn",
    "fetch.recurseSubmodules=false",
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "maintenance.auto=false",
    "transfer.bundleURI=false",
)
_LARGEST_FILE = UnpackLimits().size
_MOST_MEMORY = 4 << 30
_MOST_OUTPUT = 64 << 20
_MOST_WORDS = 16 << 10

NO_GIT = "install git (apt-get install git)"


class GitError(Exception):
    """git ended with an error; the text is what it said, without secrets."""


def git_variables(caller: Mapping[str, str], protocol: str | None = None) -> dict[str, str]:
    """Return the variables that git runs with: of the caller's only what leads to programs, keys and proxies.

    ``protocol`` is the only one that it may use; without it, it reaches nothing outside the repository.
    """
    kept = {name: caller[name] for name in _KEPT if name in caller}
    kept |= {name: value for name, value in caller.items() if name.lower() in _PROXIES}
    if "SSL_CERT_FILE" in kept:  # git's own HTTP library reads another name
        kept["GIT_SSL_CAINFO"] = kept["SSL_CERT_FILE"]
    kept.setdefault("PATH", os.defpath)
    return {**kept, **_FIXED, "GIT_ALLOW_PROTOCOL": protocol or "none"}


def git_command(variables: Mapping[str, str], repository: Path | None, *arguments: str) -> list[str]:
    """Return the command line that runs git in ``repository``, ends it with the thread that starts it, and bounds it.

    Without a repository it finds none either. No file that it writes may be larger than an archive's contents may be,
    and no process of it larger than 4 GiB. Raises `MachineError` where there is no git.
    """
    git = shutil.which("git", path=variables["PATH"])
    if git is None:
        raise MachineError("git is not installed", code="source.no-git", remedy=NO_GIT)
    options = [part for option in _OPTIONS for part in ("-c", option)]
    place = "/dev/null" if repository is None else repository
    # Killed, we could not stop it, and it would go on writing into a folder that somebody else removes.
    ending = _with(variables, "setpriv", "--pdeathsig", "KILL", "--")
    return [*_bounds(variables), *ending, git, "--no-pager", *options, f"--git-dir={place}", *arguments]


def _bounds(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the start of a command line that is bounded; a narrower bound of our own stays."""
    wanted = {"fsize": (resource.RLIMIT_FSIZE, _LARGEST_FILE), "as": (resource.RLIMIT_AS, _MOST_MEMORY)}
    narrower = []
    for name, (kind, most) in wanted.items():
        now = resource.getrlimit(kind)[0]
        if now == resource.RLIM_INFINITY or now > most:
            narrower.append(f"--{name}={most}")
    return _with(variables, "prlimit", *narrower, "--") if narrower else ()


def _with(variables: Mapping[str, str], program: str, *options: str) -> tuple[str, ...]:
    """Return the start of a command line that goes through a program of util-linux, where there is one."""
    found = shutil.which(program, path=variables["PATH"])
    return (found, *options) if found else ()


async def run_git(
    variables: Mapping[str, str],
    repository: Path | None,
    *arguments: str,
    given: bytes = b"",
    seconds: float | None = None,
) -> bytes:
    """Run git with ``given`` as its input and return what it prints, 64 MiB at most.

    Raises `GitError` with its words when it fails, or goes on for more than ``seconds``. A cancelled call kills it and
    all that it started.
    """
    process = await _started(git_command(variables, repository, *arguments), variables, repository)
    try:
        async with asyncio.timeout(seconds):
            output, words, _ = await asyncio.gather(_first(process), _last(process.stderr), _give(process, given))
            code = await process.wait()
    except TimeoutError as error:
        raise GitError(f"git did not end within {seconds:.0f} s") from error
    finally:
        await _ended(process)
    if len(output) > _MOST_OUTPUT:
        raise GitError("git prints without end")
    if code != 0:
        raise GitError(_told(words) or f"git ended with {code}")
    return output


async def _started(
    argv: Sequence[str], variables: Mapping[str, str], repository: Path | None
) -> asyncio.subprocess.Process:
    """Start it in a group of its own. A cancellation waits for that: half started, only its first process would end."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            env=dict(variables),
            cwd=repository or "/",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _ended(await starting)
        raise


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of it and see it end."""
    if process.returncode is None:
        _kill(process)
        # A pipe that nobody reads keeps `wait` from seeing the end.
        await asyncio.gather(_last(process.stdout), _last(process.stderr))
        await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _give(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it says why it does not want more
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _first(process: asyncio.subprocess.Process) -> bytes:
    """Return all that it prints; when it is too much, kill it, and return no more than shows that."""
    found = bytearray()
    while process.stdout is not None and (piece := await process.stdout.read(1 << 16)):
        if len(found) <= _MOST_OUTPUT:
            found += piece
            if len(found) > _MOST_OUTPUT:
                _kill(process)
    return bytes(found)


async def _last(stream: asyncio.StreamReader | None) -> bytes:
    found = b""
    while stream is not None and (piece := await stream.read(1 << 14)):
        found = (found + piece)[-_MOST_WORDS:]
    return found


def _told(words: bytes) -> str:
    """Return what matters of git's words in one line: its errors, or all of it when none is marked as one."""
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:", "ERROR:"))]
    told = "; ".join(dict.fromkeys(marked or lines[-3:]))
    return without_secret("".join(sign if sign.isprintable() else "?" for sign in told))[:2000]
