"""Sources and scripts: the environment a script gets, its log, secrets, epochs, and what it left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import MachineError, ScriptError
from builder.model.environment import Environment, Environments, LinkedPrefix
from builder.model.inside import SEALED
from builder.model.payload import Entry, EntryKind, Installed
from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.model.recipe import Build, PathSource, Script, UrlSource
from builder.model.source import SourceTree
from builder.pipeline.ready import Ready
from builder.pipeline.scripting import NO_SOURCE_EPOCH, Scripted, _together, epoch_of, fetch_sources, run_build
from builder.pipeline.staged import Staged
from builder.sandbox.allowance import Allowance
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from builder.sandbox.values import Bind, Command, Exit, Limits, Overlay, Tmpfs
from tests.pipeline.making import Stage, installs

NOTHING = Environments(build=Environment(), host=Environment())


def ready(stage: Stage, parent: Staged | None = None) -> Ready:
    folders = [stage.folder / name for name in ("build-env", "host-env")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    build, host = (LinkedPrefix(environment=Environment(), folder=folder, inside=SEALED.prefix) for folder in folders)
    return Ready(environments=NOTHING, build=build, host=host, parent=parent, build_key="b" * 64)


def tree(stage: Stage, *, newest: int | None = None) -> SourceTree:
    folder = stage.folder / "scratch" / "tree"
    folder.mkdir(parents=True, exist_ok=True)
    return SourceTree(folder=folder, digests=(), newest=newest)


def ran(stage: Stage, *, script: Script | None = None, **changes: object) -> Scripted:
    rendering = stage.rendering(build=Build(script=script or Script(content=("make",))))
    work = stage.work(stage.task(rendering), **changes)
    return asyncio.run(run_build(work, tree(stage), ready(stage)))


def parent_of(stage: Stage, *, newest: int | None = None, entries: Sequence[Entry] = ()) -> Staged:
    return Staged(
        build_key="s" * 64, environments=NOTHING, installed=Installed(folder=stage.folder, entries=tuple(entries)),
        source=SourceTree(folder=stage.folder / "staged-work", digests=(), newest=newest), owners=(),
    )  # fmt: skip


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "newest", "inherited", "expected"),
    [
        (None, None, None, NO_SOURCE_EPOCH),
        (None, 1_600_000_000, None, 1_600_000_000),
        (None, None, 1_500_000_000, 1_500_000_000),
        (None, 1_600_000_000, 1_500_000_000, 1_600_000_000),
        (None, 1_400_000_000, 1_500_000_000, 1_500_000_000),
        (0, 1_600_000_000, 1_500_000_000, 0),
        (1_700_000_000, None, None, 1_700_000_000),
        (None, 0, None, 0),
    ],
)
def test_the_time_of_a_package(
    stage: Stage, given: int | None, newest: int | None, inherited: int | None, expected: int
) -> None:
    parent = parent_of(stage, newest=inherited) if inherited is not None else None
    assert epoch_of(stage.work(epoch=given), tree(stage, newest=newest), ready(stage, parent)) == expected


# -- what a script gets ------------------------------------------------------------------------------------------------


def test_a_script_sees_fixed_mounts_and_writes_only_into_layers(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({})
    ran(stage)
    (opened,) = sandbox.opened
    where = {mount.inside: mount for mount in opened.mounts}
    sealed = SEALED
    assert set(where) == {
        sealed.prefix, sealed.build_prefix, sealed.work, sealed.recipe, sealed.script, sealed.listing, sealed.home,
    }  # fmt: skip
    assert not [mount for mount in opened.mounts if isinstance(mount, Bind) and mount.writable]
    uppers = [mount.upper for mount in opened.mounts if isinstance(mount, Overlay)]
    assert len(set(uppers)) == 4
    assert all(upper.is_relative_to(stage.folder / "scratch") for upper in uppers)
    assert isinstance(where[SEALED.home], Tmpfs)
    assert opened.rootfs == stage.folder / "root"
    assert sandbox.closed == [opened]


def test_a_script_gets_the_time_the_cores_and_the_places(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({})
    ran(stage, epoch=1234567890, cores=3)
    env = sandbox.opened[0].env
    assert (env["SOURCE_DATE_EPOCH"], env["CPU_COUNT"]) == ("1234567890", "3")
    assert (env["PREFIX"], env["SRC_DIR"]) == (str(SEALED.prefix), str(SEALED.work))
    assert not [value for value in env.values() if str(stage.folder) in value], "no path of this machine"
    assert sandbox.commands[0].cwd == SEALED.work


def test_secrets_reach_the_script_that_asks_and_no_log(stage: Stage) -> None:
    def play(command: Command, opened: Opened, output: Output) -> int:
        output(f"token is {opened.env.get('TOKEN')} and other {'s3cret-of-others'}\n".encode())
        return 3

    stage.sandbox = sandbox = FakeSandbox(play=play)
    secrets = {"TOKEN": "hunter2-hunter2", "OTHER": "s3cret-of-others"}
    with pytest.raises(ScriptError) as caught:
        ran(stage, script=Script(content=("upload",), secrets=("TOKEN",)), secrets=secrets)
    env = sandbox.opened[0].env
    assert (env["TOKEN"], "OTHER" in env) == ("hunter2-hunter2", False)
    log = (stage.folder / "logs" / "bun-1-h0000000_0.log").read_text()
    for text in (log, str(caught.value), *stage.lines(), str(stage.told)):
        assert "hunter2" not in text
        assert "s3cret" not in text
    assert log.count("********") == 2


def test_long_paths_are_their_variables_in_the_log(stage: Stage) -> None:
    def play(command: Command, opened: Opened, output: Output) -> int:
        output(f"cp {SEALED.prefix}/x\n".encode())
        return 0

    stage.sandbox = FakeSandbox(play=play)
    ran(stage)
    assert stage.lines() == ["cp $PREFIX/x"]


# -- what a script left ------------------------------------------------------------------------------------------------


def test_what_lies_in_the_host_prefix_is_what_was_installed(stage: Stage) -> None:
    stage.sandbox = installs({"bin/x": b"x", "lib/y": b"yy"}, work={"build/z.o": b"z"})
    left = ran(stage)
    assert [(entry.path, entry.size) for entry in left.installed.entries] == [("bin/x", 1), ("lib/y", 2)]
    assert left.installed.log == stage.folder / "logs" / "bun-1-h0000000_0.log"
    assert left.changes is not None
    assert [entry.path for entry in left.changes.new] == ["build/z.o"]
    assert left.work[-1] == stage.folder / "scratch" / "tree"
    assert (left.work[0] / "build" / "z.o").read_bytes() == b"z", "the uppermost layer comes first"


def test_a_script_may_list_what_it_wants_packed(stage: Stage) -> None:
    def play(command: Command, opened: Opened, output: Output) -> int:
        (folder,) = (one.upper for one in opened.mounts if isinstance(one, Overlay) and one.inside == SEALED.listing)
        place = PurePosixPath(opened.env["RATTLER_BUILD_PACKAGE_FILES"])
        (folder / place.name).write_text(f"{SEALED.prefix}/bin/a\nbin/b\n")
        return 0

    stage.sandbox = FakeSandbox(play=play)
    assert ran(stage).installed.listed == ("bin/a", "bin/b")
    stage.sandbox = installs({})
    (stage.folder / "scratch" / "listing" / "package_files").unlink()
    assert ran(stage).installed.listed is None


def test_without_a_script_the_inherited_files_are_all(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({"x": b"x"})
    work = stage.work(stage.task(stage.rendering(build=Build())))
    entry = Entry(path="a", kind=EntryKind.SYMLINK, target="b")
    left = asyncio.run(run_build(work, tree(stage), ready(stage, parent_of(stage, entries=[entry]))))
    assert left.installed.entries == (entry,)
    assert sandbox.opened == []
    assert left.changes is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [("timeout", "longer than it may"), ("silence", "printed nothing for longer"), ("signal", "was killed")],
)
def test_a_limit_is_an_error_that_names_it(stage: Stage, reason: str, said: str) -> None:
    ended = Exit(code=137, seconds=9, cpu_seconds=1, reason=reason)  # type: ignore[arg-type]
    stage.sandbox = FakeSandbox(play=lambda command, opened, output: ended)
    with pytest.raises(ScriptError, match=said):
        ran(stage)


def file(path: str, content: Path, size: int) -> Entry:
    return Entry(path=path, kind=EntryKind.FILE, content=content, size=size)


def test_a_script_may_add_to_replace_and_remove_what_was_inherited(tmp_path: Path) -> None:
    inherited = Installed(
        folder=tmp_path, entries=(file("a", tmp_path / "old", 1), file("b", tmp_path / "old", 1)), changed=("etc/env",)
    )
    own = Installed(
        folder=tmp_path, entries=(file("a", tmp_path / "new", 2), file("c", tmp_path / "new", 2)), changed=("a", "lib/env"),
        deleted=("b", "share/env"), irregular=("fifo",),
    )  # fmt: skip
    both = _together(inherited, own)
    assert [(entry.path, entry.size) for entry in both.entries] == [("a", 2), ("c", 2)]
    assert both.changed == ("etc/env", "lib/env"), "changing what was staged is no finding"
    assert both.deleted == ("share/env",)
    assert both.irregular == ("fifo",)


def test_nothing_inherited_changes_nothing(tmp_path: Path) -> None:
    own = Installed(
        folder=tmp_path, entries=(file("a", tmp_path, 2),), changed=("x",), deleted=("y",), log=tmp_path / "log"
    )
    assert _together(Installed(folder=tmp_path, entries=()), own) == own


# -- sources -----------------------------------------------------------------------------------------------------------


def test_sources_are_put_into_the_tasks_tree(stage: Stage) -> None:
    rendering = stage.rendering(source=(PathSource(path="src"),))
    (rendering.recipe.folder / "src").mkdir()
    (rendering.recipe.folder / "src" / "a.c").write_text("a")
    found = asyncio.run(fetch_sources(stage.work(stage.task(rendering))))
    assert (found.folder / "a.c").read_text() == "a"
    assert found.folder.is_relative_to(stage.folder / "scratch")
    assert len(found.digests) == 1


def test_a_source_that_was_never_fetched_needs_a_network(stage: Stage) -> None:
    source = UrlSource(urls=("https://example.org/x.tar.gz",), sha256="0" * 64)
    with pytest.raises(MachineError) as caught:
        asyncio.run(fetch_sources(stage.work(stage.task(stage.rendering(source=(source,))))))
    assert "bakehouse fetch" in str(caught.value.problems[0].remedy)


def test_the_recipe_folder_is_read_only_for_scripts(stage: Stage) -> None:
    stage.sandbox = sandbox = installs({})
    ran(stage)
    (recipe,) = [mount for mount in sandbox.opened[0].mounts if mount.inside == SEALED.recipe]
    assert recipe == Bind(source=stage.folder / "recipes" / "bun", inside=SEALED.recipe)


LENT = Permissions(
    network=True, mounts=(ExtraMount(source=Path("/srv/x"), inside=PurePosixPath("/opt/x"), writable=True),)
)


def allowing(stage: Stage, allowed: Allowed, limits: Limits) -> FakeSandbox:
    """Run a script with an allowance of its own and return the sandbox that it ran in."""
    sandbox = FakeSandbox(sealed=getattr(stage.sandbox, "sealed", True))
    stage.sandbox = sandbox
    ran(stage, allowances={stage.rendering().identity: Allowance(limits=limits, allowed=allowed)})
    return sandbox


def test_a_script_gets_what_its_task_is_allowed_and_no_more(stage: Stage) -> None:
    limits = Limits(memory=1, wall_seconds=7)
    (opened,) = allowing(stage, Allowed(build=LENT), limits).opened
    assert (opened.network, opened.limits) == (True, limits)
    assert Bind(source=Path("/srv/x"), inside=PurePosixPath("/opt/x"), writable=True) in opened.mounts


def test_what_tests_are_allowed_is_not_the_scripts(stage: Stage) -> None:
    (opened,) = allowing(stage, Allowed(tests=LENT), Limits()).opened
    assert not opened.network
    assert not [mount for mount in opened.mounts if str(mount.inside) == "/opt/x"]


def test_a_task_without_an_allowance_has_the_usual_limits_and_nothing_of_the_machine(stage: Stage) -> None:
    sandbox = FakeSandbox()
    stage.sandbox = sandbox
    ran(stage, allowances={"somebody else": Allowance(limits=Limits(), allowed=Allowed(build=LENT))})
    (opened,) = sandbox.opened
    assert (opened.network, opened.limits) == (False, Limits(wall_seconds=60))


def test_a_broken_limit_names_the_recipe_and_the_option(stage: Stage) -> None:
    stage.sandbox = FakeSandbox(play=lambda *_: Exit(code=137, seconds=1, cpu_seconds=0, reason="memory"))
    identity = stage.rendering().identity
    with pytest.raises(ScriptError) as caught:
        ran(stage, allowances={identity: Allowance(limits=Limits(memory=1 << 30))})
    (problem,) = caught.value.problems
    assert problem.code == "script.memory"
    assert "--limit bun:memory=2G" in str(problem.remedy)
    assert "the whole log is" in str(problem.remedy)


def test_the_most_memory_that_was_seen_is_told(stage: Stage) -> None:
    stage.sandbox = FakeSandbox(play=lambda *_: Exit(code=0, seconds=1, cpu_seconds=0, peak_memory=12345))
    assert ran(stage).peak_memory == 12345
    stage.sandbox = FakeSandbox()
    assert ran(stage).peak_memory is None
