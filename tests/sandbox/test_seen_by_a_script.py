"""What a build script sees of the machine equals a committed list, ``seen_by_a_script.txt``; one entry more fails.

Left out are only: the value of ``CPU_COUNT``; type and flags of the device nodes, which are the machine's own (a
devtmpfs, a tmpfs or a disk) bound one by one, and of the one folder that is on the machine's own file system; and which
parts of the read-only ``/proc`` bubblewrap covers once more, since that depends on whether its user is root.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from builder.model.inside import SEALED
from builder.model.recipe import Script
from builder.sandbox import Bind, Limits, Mount, Overlay, Tmpfs
from builder.script import ActivatedPrefix, Log, Run, Stage, build_variables, run_script
from tests.sandbox.conftest import Bench
from tests.script.conftest import rendering

LIST = Path(__file__).with_name("seen_by_a_script.txt")
NODES = {"full", "null", "random", "tty", "urandom", "zero"}
COVERED = {"bus", "irq", "sys", "sysrq-trigger"}

LOOK = r"""
echo '[environment]'
env | sort
echo '[mounts]'
cat /proc/self/mountinfo
echo '[processes]'
for process in /proc/[0-9]*; do read -r name < "$process/comm" && echo "$name"; done
echo '[network]'
tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '
tail -n +2 /proc/net/route
echo '[host]'
echo "$(hostname) $(id -un) $(id -u) $(id -g) $(id -G) $(umask) $(ulimit -c)"
echo '[root]'
ls -A /
echo '[files]'
ls -R /etc /dev /usr
"""


def looked(bench: Bench, *more: Mount, env: Mapping[str, str] | None = None) -> list[str]:
    """Return what a build script sees, in the form of the list."""
    for name in ("source", "host", "build", "recipe", "script"):
        (bench.folder / name).mkdir(exist_ok=True)
    mounts: list[Mount] = [
        Overlay(lower=(bench.folder / "host",), upper=bench.folder / "upper-host", inside=SEALED.prefix),
        Overlay(lower=(bench.folder / "source",), upper=bench.folder / "upper-work", inside=SEALED.work),
        Overlay(lower=(bench.folder / "build",), upper=bench.folder / "upper-build", inside=SEALED.build_prefix),
        Bind(source=bench.folder / "recipe", inside=SEALED.recipe),
        Bind(source=bench.folder / "script", inside=SEALED.script),
        Tmpfs(inside=SEALED.home),
        Overlay(lower=(), upper=bench.folder / "upper-listing", inside=SEALED.listing),
        *more,
    ]
    stage = Stage(inside=SEALED, epoch=1_700_000_000, cores=3)
    variables = {**build_variables(rendering(), stage), **(env or {})}
    run = Run(
        script=Script(content=(LOOK,)),
        folder=bench.folder / "script",
        inside=SEALED.script,
        cwd=SEALED.work,
        prefixes=[
            ActivatedPrefix(inside=SEALED.prefix, folder=bench.folder / "host"),
            ActivatedPrefix(inside=SEALED.build_prefix, folder=bench.folder / "build"),
        ],
    )
    lines: list[str] = []

    async def main() -> None:
        log = Log(bench.folder / "log", on_line=lines.append)
        async with bench.sandbox.open(bench.rootfs, mounts, Limits(), variables) as session:
            assert (await run_script(session, run, log)).good

    asyncio.run(main())
    return told(lines)


def told(lines: list[str]) -> list[str]:
    """Bring lines into the form of the list: mounts as place, type and flags, long paths by their name."""
    named = (re.sub(r"^CPU_COUNT=\d+$", "CPU_COUNT=*", line).replace(str(SEALED.prefix), "{PREFIX}") for line in lines)
    return [line for line in map(mount, named) if line]


def mount(line: str) -> str:
    """Return a line of ``mountinfo`` as place, type and flags; empty for what is left out; other lines as they are."""
    match = re.match(r"\d+ \d+ \d+:\d+ \S+ (?P<place>\S+) (?P<flags>\S+) (?:\S+ )*?- (?P<type>\S+) ", line)
    if match is None:
        return line or "-"
    place = PurePosixPath(match["place"])
    if place.parent == PurePosixPath("/dev") and place.name in NODES:
        return f"{place} device"
    if place == SEALED.listing:
        return f"{place} {match['flags'].split(',')[0]}"
    if place.parent == PurePosixPath("/proc") and place.name in COVERED and "ro" in match["flags"].split(","):
        return ""
    return f"{place} {match['type']} {match['flags']}"


def test_it_is_the_committed_list(bench: Bench) -> None:
    assert looked(bench) == LIST.read_text(encoding="utf-8").splitlines()


def test_the_machines_own_does_not_show(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TZ", "LC_ALL", "LANG", "HOME", "LD_PRELOAD", "CFLAGS", "BASH_ENV"):
        monkeypatch.setenv(name, "/nowhere")
    before = os.umask(0o077)
    try:
        assert looked(bench) == LIST.read_text(encoding="utf-8").splitlines()
    finally:
        os.umask(before)


def test_one_mount_more_is_one_line_more(bench: Bench) -> None:
    (bench.folder / "more").mkdir()
    seen = looked(bench, Bind(source=bench.folder / "more", inside=PurePosixPath("/mnt")))
    expected = LIST.read_text(encoding="utf-8").splitlines()
    assert seen != expected
    assert [line for line in seen if line not in expected] == ["/mnt overlay ro,nosuid,nodev,relatime", "mnt"]


def test_one_variable_more_is_one_line_more(bench: Bench) -> None:
    expected = LIST.read_text(encoding="utf-8").splitlines()
    assert set(looked(bench, env={"CFLAGS": "-O3"})) - set(expected) == {"CFLAGS=-O3"}


def test_the_list_names_nothing_of_a_machine() -> None:
    text = LIST.read_text(encoding="utf-8")
    assert not re.search(r"ext4|btrfs|xfs|/root|/var/|pytest|sda|vda|(?<!bakehouse)/(home|work)", text)
