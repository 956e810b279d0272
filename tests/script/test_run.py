"""Scripts in a real sandbox: activation, strictness, files, logs, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builder.errors import RecipeError, ScriptError
from builder.model.inside import SEALED
from builder.model.recipe import Script
from builder.sandbox import Bind, Exit, Limits, Mount, Overlay, Sandbox, Tmpfs, find_sandbox
from builder.sandbox.fake import FakeSandbox
from builder.script import ActivatedPrefix, Log, Ran, Run, Stage, build_variables, path_names, run_script
from tests.script.conftest import rendering


@dataclass
class Room:
    """A recipe's folder and two environments on disk, and the sandbox to run in."""

    sandbox: Sandbox
    rootfs: Path
    folder: Path
    stage: Stage
    lines: list[str] = field(default_factory=list)

    def write(self, place: str, text: str) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, script: Script, *, secrets: Mapping[str, str] | None = None, limits: Limits | None = None) -> Ran:
        return asyncio.run(self._run(script, secrets or {}, limits or Limits()))

    async def _run(self, script: Script, secrets: Mapping[str, str], limits: Limits) -> Ran:
        for name in ("recipe", "host", "build", "script"):
            (self.folder / name).mkdir(exist_ok=True)
        prefixes = [
            ActivatedPrefix(inside=SEALED.prefix, folder=self.folder / "host"),
            ActivatedPrefix(inside=SEALED.build_prefix, folder=self.folder / "build"),
        ]
        mounts: list[Mount] = [
            Overlay(lower=(), upper=self.folder / "upper-work", inside=SEALED.work),
            Overlay(lower=(self.folder / "host",), upper=self.folder / "upper-host", inside=SEALED.prefix),
            Overlay(lower=(self.folder / "build",), upper=self.folder / "upper-build", inside=SEALED.build_prefix),
            Bind(source=self.folder / "recipe", inside=SEALED.recipe),
            Bind(source=self.folder / "script", inside=SEALED.script),
            Tmpfs(inside=SEALED.home),
        ]
        log = Log(
            self.folder / "build.log",
            on_line=self.lines.append,
            secrets=secrets.values(),
            names=path_names(SEALED),
        )
        variables = {**build_variables(rendering(), self.stage), **secrets}
        run = Run(
            script=script,
            folder=self.folder / "script",
            inside=SEALED.script,
            cwd=SEALED.work,
            prefixes=prefixes,
            variables=variables,
        )
        async with self.sandbox.open(self.rootfs, mounts, limits, variables) as session:
            return await run_script(session, run, log)


@pytest.fixture
def room(rootfs: Path, tmp_path: Path, stage: Stage) -> Room:
    return Room(find_sandbox(None, tmp_path / "scratch"), rootfs, tmp_path, stage)


def test_lines_are_one_script(room: Room) -> None:
    ran = room.run(Script(content=("x=1", "echo $x $PKG_NAME", "pwd", "touch made")))
    assert ran.good
    assert room.lines == ["1 zlib", "$SRC_DIR"]
    assert (room.folder / "upper-work" / "made").is_file()
    assert ran.log.read_text() == "1 zlib\n$SRC_DIR\n"


def test_without_a_script_it_is_build_sh(room: Room) -> None:
    room.write("recipe/build.sh", "echo from $RECIPE_DIR; touch $PREFIX/installed")
    assert room.run(Script()).good
    assert room.lines == ["from $RECIPE_DIR"]
    assert (room.folder / "upper-host" / "installed").is_file()


def test_without_any_script_nothing_happens(room: Room) -> None:
    assert room.run(Script()).good
    assert room.lines == []


@pytest.mark.parametrize("name", ["go.sh", "go"])
def test_a_file_of_the_recipe_may_lack_its_suffix(room: Room, name: str) -> None:
    room.write("recipe/go.sh", "echo gone")
    assert room.run(Script(file=name)).good
    assert room.lines == ["gone"]


def test_a_file_with_an_odd_name(room: Room) -> None:
    room.write("recipe/it's $x.sh", "echo odd")
    assert room.run(Script(file="it's $x.sh")).good
    assert room.lines == ["odd"]


def test_a_file_that_is_missing_is_named(room: Room) -> None:
    ran = room.run(Script(file="missing.sh"))
    assert not ran.good
    assert "missing.sh: No such file" in room.lines[-1]


@pytest.mark.parametrize(
    "lines",
    [
        ("false", "echo on"),
        ("echo $not_set", "echo on"),
        ("false | true", "echo on"),
        ("f() { false; echo on; }; f",),
    ],
    ids=["errexit", "nounset", "pipefail", "function"],
)
def test_the_first_error_ends_it(room: Room, lines: tuple[str, ...]) -> None:
    """A peer's wrapper lacks pipefail (D17)."""
    ran = room.run(Script(content=lines))
    assert not ran.good
    assert "on" not in room.lines


def test_the_recipe_is_read_only(room: Room) -> None:
    room.write("recipe/build.sh", "echo x >> $RECIPE_DIR/build.sh")
    assert not room.run(Script()).good
    assert "Read-only file system" in room.lines[-1]


def test_environments_are_activated_host_first(room: Room) -> None:
    room.write(
        "host/etc/conda/activate.d/a.sh", 'echo "host $CONDA_PREFIX $CONDA_SHLVL"; export ORDER=host FROM=$ORDER_'
    )
    room.write("host/etc/conda/activate.d/ignored.fish", "exit 9")
    room.write("build/etc/conda/activate.d/b.sh", 'echo "build $CONDA_PREFIX $CONDA_SHLVL"; export ORDER=$ORDER,build')
    room.write("host/etc/conda/env_vars.d/v.json", '{"FROM_PACKAGE": "it\'s \\"quoted\\" $x"}')
    ran = room.run(
        Script(content=('echo "$ORDER $FROM_PACKAGE $CONDA_DEFAULT_ENV"', "type activate 2>/dev/null || echo none"))
    )
    assert ran.good
    assert room.lines == [
        "host $PREFIX 1",
        "build $BUILD_PREFIX 2",
        'host,build it\'s "quoted" $x $BUILD_PREFIX',
        "none",
    ]


def test_an_activation_script_may_use_what_is_not_set(room: Room) -> None:
    room.write("build/etc/conda/activate.d/a.sh", 'if [ -n "$NOT_SET" ]; then false; fi; false')
    assert room.run(Script(content=("echo fine",))).good


def test_tools_come_from_the_build_environment_then_host_then_the_root(room: Room) -> None:
    for place, said in (("host/bin/tool", "host"), ("build/bin/tool", "build"), ("host/bin/only", "host")):
        room.write(place, f"#!/bin/bash\necho {said}\n")
        (room.folder / place).chmod(0o755)
    assert room.run(Script(content=("tool", "only", "type -P sed"))).good
    assert room.lines == ["build", "host", "/usr/bin/sed"]


def test_the_recipes_variables_win(room: Room) -> None:
    room.write("host/etc/conda/activate.d/a.sh", "export A=host")
    assert room.run(Script(content=("echo $A",), env=(("A", "recipe  two"),))).good
    assert room.lines == ["recipe two"]


def test_it_may_start_in_another_folder(room: Room) -> None:
    (room.folder / "upper-work" / "sub dir").mkdir(parents=True)
    assert room.run(Script(content=("pwd",), cwd="sub dir")).good
    assert room.lines == ["$SRC_DIR/sub dir"]


def test_a_folder_that_is_missing_fails(room: Room) -> None:
    assert not room.run(Script(content=("echo on",), cwd="missing")).good
    assert "on" not in room.lines


def test_secrets_reach_the_script_and_not_the_log(room: Room) -> None:
    secret = "s3cret-t0ken"
    script = Script(
        content=("echo $TOKEN", "echo -n $TOKEN | base64", "printf s3cret; printf -- '-t0ken\\n'", "echo ${#TOKEN}")
    )
    assert room.run(script, secrets={"TOKEN": secret}).good
    assert room.lines == ["********", "********", "********", str(len(secret))]
    assert secret not in (room.folder / "build.log").read_text()


def test_exit_in_the_middle_is_the_end(room: Room) -> None:
    assert room.run(Script(content=("echo a", "exit 0", "echo b"))).good
    assert room.lines == ["a"]


def test_a_failure_is_told_with_its_last_lines_and_places(room: Room) -> None:
    ran = room.run(Script(content=("for i in {1..40}; do echo line $i; done", "exit 3")))
    error = ran.error("look at the tree in /kept")
    assert isinstance(error, ScriptError)
    text = str(error)
    assert "the script ended with exit code 3" in text
    assert "│ line 40" in text
    assert "line 15\n" not in text
    assert ran.log == room.folder / "build.log"
    assert error.problems[0].remedy == "look at the tree in /kept"


def test_a_silent_failure_says_so(room: Room) -> None:
    assert "ended with exit code 1 and printed nothing" in str(room.run(Script(content=("exit 1",))).error(""))


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Exit(code=137, seconds=61, cpu_seconds=0, reason="timeout"), "ran longer than it may (61 s)"),
        (Exit(code=137, seconds=61, cpu_seconds=0, reason="silence"), "printed nothing for longer than it may"),
        (Exit(code=137, seconds=61, cpu_seconds=0, reason="signal"), "was killed (exit code 137)"),
        (Exit(code=2, seconds=61, cpu_seconds=0), "ended with exit code 2"),
    ],
)
def test_each_end_has_its_words(room: Room, ended: Exit, words: str) -> None:
    room.sandbox = FakeSandbox(play=lambda command, opened, output: ended)
    ran = room.run(Script(content=()))
    assert not ran.good
    assert str(ran.error("")).count("printed nothing") == 1
    assert words in str(ran.error(""))


def test_the_command_names_only_the_wrapper(room: Room) -> None:
    fake = FakeSandbox()
    room.sandbox = fake
    room.run(Script(content=("secret stuff",)))
    (command,) = fake.commands
    assert command.argv == ("/bin/bash", "/bakehouse/script/run.sh")
    assert command.cwd == SEALED.work


def program(room: Room, prefix: str, name: str) -> None:
    """Put a program into a prefix that says where it is, what it was called with, and what it was given."""
    room.write(f"{prefix}/bin/{name}", f'#!/bin/bash\necho "{prefix} $*"\ncat "${{@: -1}}"\n')
    (room.folder / prefix / "bin" / name).chmod(0o755)


def test_an_interpreter_comes_from_the_build_environment_then_from_the_host(room: Room) -> None:
    program(room, "host", "ruby")
    program(room, "host", "node")
    program(room, "build", "node")
    assert room.run(Script(content=("puts 1", "'${{ PREFIX }}'"), interpreter="ruby")).good
    assert room.run(Script(content=("1",), interpreter="nodejs")).good
    assert room.lines == [
        "host /bakehouse/script/script.rb", "puts 1", "'$PREFIX'",
        "build /bakehouse/script/script.js", "1",
    ]  # fmt: skip


def test_an_interpreter_starts_where_and_with_what_a_shell_would(room: Room) -> None:
    room.write("host/etc/conda/activate.d/a.sh", "export ACTIVE=yes\n")
    room.write("build/bin/perl", '#!/bin/bash\npwd; echo "$ACTIVE $OWN [$TOKEN] $PKG_NAME"; exit 7\n')
    (room.folder / "build" / "bin" / "perl").chmod(0o755)
    script = Script(content=("1;",), interpreter="perl", env=(("OWN", "mine"),), cwd="/tmp")
    ran = room.run(script, secrets={"TOKEN": "hush-hush"})
    assert (ran.exit.code, room.lines) == (7, ["/tmp", "yes mine [********] zlib"])


def test_a_file_of_the_recipe_is_run_where_it_lies(room: Room) -> None:
    program(room, "build", "nu")
    room.write("recipe/sub dir/build.nu", "in nushell\n")
    assert room.run(Script(file="sub dir/build.nu")).good
    assert room.lines == ["build $RECIPE_DIR/sub dir/build.nu", "in nushell"]


def test_an_interpreter_that_is_not_there_is_one_error_with_the_remedy(room: Room) -> None:
    ran = room.run(Script(content=("print(1)",), interpreter="python"))
    assert ran.exit.code == 127
    (problem,) = ran.error("look at the log").problems
    assert problem.message == "the script cannot start: there is no python in the environment"
    assert (problem.code, problem.remedy) == ("script.interpreter", "add python to requirements.build")


def test_a_program_that_an_interpreter_does_not_find_is_another_error(room: Room) -> None:
    room.write("build/bin/python", "#!/bin/bash\necho no gcc; exit 127\n")
    (room.folder / "build" / "bin" / "python").chmod(0o755)
    ran = room.run(Script(content=("1",), interpreter="python"))
    (problem,) = ran.error("look at the log").problems
    assert "ended with exit code 127; its last lines:\n  │ no gcc" in problem.message
    assert problem.remedy == "look at the log"


def test_a_late_name_that_nobody_sets_is_the_recipes_fault(room: Room) -> None:
    program(room, "build", "python")
    with pytest.raises(RecipeError, match="NOBODY"):
        room.run(Script(content=("x = '${{ NOBODY }}'",), interpreter="python"))
    assert room.lines == []
