"""Other surroundings: each variation is seen by scripts, whatever the back end, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError
from builder.sandbox import Bind, Command, Limits, Mount, Sandbox, find_sandbox
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Exit, Overlay
from builder.sandbox.varied import TOOLS, Surroundings, Varied, ensure_tools, surroundings_of, tools_lock
from builder.store import Store

ENV = {"PATH": "/usr/bin", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def tools(machine_store: Store) -> Path:
    debs = {deb.sha256: machine_store.file(deb.sha256) for deb in tools_lock().debs}
    missing = [sha256 for sha256, path in debs.items() if path is None]
    assert not missing, "run `make fetch` once: it fetches what varies surroundings"
    return ensure_tools(machine_store, {sha256: path for sha256, path in debs.items() if path is not None})


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Sandbox:
    return find_sandbox("bubblewrap", tmp_path / "probe")


def told(sandbox: Sandbox, rootfs: Path, script: str, *mounts: Mount) -> list[str]:
    said = bytearray()

    async def main() -> Exit:
        async with sandbox.open(rootfs, mounts, Limits(wall_seconds=60), ENV) as session:
            command = Command(argv=("/bin/bash", "-c", script), cwd=PurePosixPath("/tmp"))
            return await session.run(command, said.extend)

    assert asyncio.run(main()).code == 0
    return said.decode().splitlines()


def found(sandbox: Sandbox, rootfs: Path, tools: Path) -> Surroundings:
    return asyncio.run(surroundings_of(sandbox, rootfs, tools))


def test_all_is_varied_in_bubblewrap(bubblewrap: Sandbox, rootfs: Path, tools: Path) -> None:
    around = found(bubblewrap, rootfs, tools)
    assert {"date", "kernel"} <= set(around.variations)
    assert ("processors" in around.variations) == (told(bubblewrap, rootfs, "nproc") != ["1"])


def test_what_scripts_see(bubblewrap: Sandbox, rootfs: Path, tools: Path) -> None:
    around = found(bubblewrap, rootfs, tools)
    script = "date +%s; nproc; uname -r; date -d 2020-01-01 +%s; stat -c %Y /usr/bin/date; hostname; id -u; pwd"
    here, there = (told(one, rootfs, script) for one in (bubblewrap, Varied(sandbox=bubblewrap, surroundings=around)))
    assert 401 * 86400 < int(there[0]) - int(here[0]) < 402 * 86400
    assert int(there[1]) == max(1, int(here[1]) - 1)
    assert there[2] != here[2]
    assert there[3:] == here[3:], "neither what is computed nor the times of files"


def test_what_waits_does_not_wait_for_ever(bubblewrap: Sandbox, rootfs: Path, tools: Path) -> None:
    varied = Varied(sandbox=bubblewrap, surroundings=found(bubblewrap, rootfs, tools))
    assert told(varied, rootfs, "sleep 0.05; timeout 0.05 sleep 5; read -rt 0.05 line </dev/zero; echo over") == [
        "over"
    ]


def test_it_reaches_children_and_not_those_without_the_variables(
    bubblewrap: Sandbox, rootfs: Path, tools: Path
) -> None:
    varied = Varied(sandbox=bubblewrap, surroundings=found(bubblewrap, rootfs, tools))
    years = told(varied, rootfs, "bash -c 'date +%s'; env -i date +%s")
    assert int(years[0]) - int(years[1]) > 400 * 86400


def test_the_tools_cannot_be_written(bubblewrap: Sandbox, rootfs: Path, tools: Path) -> None:
    varied = Varied(sandbox=bubblewrap, surroundings=found(bubblewrap, rootfs, tools))
    assert told(varied, rootfs, f"touch {TOOLS}/x 2>/dev/null || echo refused") == ["refused"]


def test_it_is_the_sandbox_else(bubblewrap: Sandbox, tools: Path, tmp_path: Path) -> None:
    varied = Varied(sandbox=bubblewrap, surroundings=Surroundings(tools=tools))
    assert (varied.name, varied.sealed) == (bubblewrap.name, bubblewrap.sealed)
    assert varied.capabilities() == bubblewrap.capabilities()
    mount = Overlay(lower=(tmp_path,), upper=tmp_path / "upper", inside=PurePosixPath("/x"))
    (tmp_path / "upper").mkdir()
    assert varied.changes(mount) == bubblewrap.changes(mount)


class TestArguments:
    def opened(self, around: Surroundings) -> tuple[Opened, Command]:
        fake = FakeSandbox()
        varied = Varied(sandbox=fake, surroundings=around)

        async def main() -> None:
            mount = Bind(source=Path("/a"), inside=PurePosixPath("/b"))
            async with varied.open(Path("/root"), [mount], Limits(), ENV, network=True) as session:
                await session.run(
                    Command(argv=("make", "-j"), cwd=PurePosixPath("/"), env=(("A", "1"),)), lambda _: None
                )

        asyncio.run(main())
        [opened], [command] = fake.opened, fake.commands
        assert opened.network
        assert fake.closed == [opened]
        return opened, command

    def test_what_is_varied_goes_by_arguments_variables_and_a_mount(self) -> None:
        around = Surroundings(tools=Path("/t"), variations=("date", "processors", "kernel"), processors="1-3")
        opened, command = self.opened(around)
        assert opened.mounts == (
            Bind(source=Path("/a"), inside=PurePosixPath("/b")),
            Bind(source=Path("/t"), inside=TOOLS),
        )
        assert dict(opened.env) == {**ENV, **around.variables}
        assert around.variables["LD_PRELOAD"] == f"{TOOLS}/libfaketime.so.1"
        assert command.argv == (
            f"{TOOLS}/taskset", "--cpu-list", "1-3", f"{TOOLS}/setarch", "--uname-2.6", "make", "-j",
        )  # fmt: skip
        assert command.env == (("A", "1"),)

    def test_only_what_can_be_varied(self) -> None:
        opened, command = self.opened(Surroundings(tools=Path("/t"), variations=("processors",), processors="2"))
        assert dict(opened.env) == ENV
        assert command.argv == (f"{TOOLS}/taskset", "--cpu-list", "2", "make", "-j")
        assert self.opened(Surroundings(tools=Path("/t")))[1].argv == ("make", "-j")


class TestProbe:
    """What is concluded from what a probe says."""

    def around(self, *lines: str) -> Surroundings:
        def play(command: Command, opened: Opened, output: Output) -> int:
            output("\n".join(lines).encode())
            return 0

        return asyncio.run(surroundings_of(FakeSandbox(play=play), Path("/root"), Path("/t")))

    ALL = ("cpus 0-3", "now 100", "shifted 200", "release 6.1", "bound yes", "renamed 2.6.61")

    def test_all(self) -> None:
        around = self.around(*self.ALL)
        assert around.variations == ("date", "processors", "kernel")
        assert around.processors == "1-3"

    @pytest.mark.parametrize(
        ("cpus", "expected"),
        [("0-1", "1-1"), ("0,2", "2"), ("0-3,8-9", "1-3,8-9"), ("5,7-8", "7-8"), ("0", ""), ("3-3", ""), ("", "")],
    )
    def test_processors_but_one(self, cpus: str, expected: str) -> None:
        around = self.around(f"cpus {cpus}", *self.ALL[1:])
        assert around.processors == expected
        assert ("processors" in around.variations) == bool(expected)

    @pytest.mark.parametrize(
        ("lines", "left"),
        [
            (("cpus 0-3", "now 100", "shifted 100", *ALL[3:]), ("processors", "kernel")),
            (("cpus 0-3", "now 100", "shifted ", *ALL[3:]), ("processors", "kernel")),
            (("cpus 0-3", "now 100", "shifted what?", *ALL[3:]), ("processors", "kernel")),
            ((*ALL[:5], "renamed "), ("date", "processors")),
            ((*ALL[:5], "renamed 6.1"), ("date", "processors")),
            ((*ALL[:4], "bound ", ALL[5]), ("date", "kernel")),
        ],
    )
    def test_what_does_not_work_is_not_varied(self, lines: Sequence[str], left: tuple[str, ...]) -> None:
        assert self.around(*lines).variations == left

    @pytest.mark.parametrize("lines", [(), ("cpus 0", "now 1"), ("\0", "\xff")])
    def test_where_nothing_can_be_varied_that_is_told(self, lines: Sequence[str]) -> None:
        with pytest.raises(MachineError, match="the same surroundings") as caught:
            self.around(*lines)
        assert caught.value.problems[0].remedy


def test_programs_that_do_not_run_here_vary_nothing(bubblewrap: Sandbox, rootfs: Path, tmp_path: Path) -> None:
    """As in an image whose C library is another one."""
    broken = tmp_path / "tools"
    broken.mkdir()
    for name in ("taskset", "setarch"):
        (broken / name).write_text("#!/nonexistent\n")
        (broken / name).chmod(0o755)
    (broken / "libfaketime.so.1").write_text("no library")
    with pytest.raises(MachineError, match="the same surroundings"):
        found(bubblewrap, rootfs, broken)


def test_the_tools_are_unpacked_once(machine_store: Store, tools: Path) -> None:
    assert sorted(path.name for path in tools.iterdir()) == ["libfaketime.so.1", "setarch", "taskset"]
    assert ensure_tools(machine_store, {}) == tools


def test_the_tools_are_locked(tools: Path) -> None:
    lock = tools_lock()
    assert [deb.name for deb in lock.debs] == ["libfaketime", "util-linux"]
    assert all(len(deb.sha256) == 64 and deb.path.startswith("pool/main/") for deb in lock.debs)
