"""Which modules are compiled, what is made of the compiler's work, and what of a Python that does not do it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.errors import WorkError
from builder.model.finding import Severity
from builder.model.inside import SEALED
from builder.model.payload import EntryKind, Relocated
from builder.model.recipe import Build, GlobList, PythonBuild
from builder.model.recipe import Output as RecipeOutput
from builder.payload import compiler
from builder.payload.bytecode import (
    Compiled,
    compile_modules,
    compiling_variables,
    lay_out,
    modules_to_compile,
    with_bytecode,
)
from builder.sandbox import Bind, Command, Exit, Limits
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output
from tests.payload.prefix import Link, Tree, package
from tests.relocate.payloads import PREFIX, relocated_of

PYTHON = SEALED.prefix / "bin/python"
SITE = "lib/python3.13/site-packages"
MODULES: Tree = {
    f"{SITE}/a/__init__.py": "",
    f"{SITE}/a/b.py": "b = 1\n",
    f"{SITE}/a/templates/t.py": "{{ t }}\n",
    f"{SITE}/a/where.py": f"prefix = '{PREFIX}'\n",
    f"{SITE}/a/link.py": Link("b.py"),
    f"{SITE}/a/data.txt": "data\n",
    "bin/tool.py": "print()\n",
    "share/gdb/pretty.py": "pretty = 1\n",
}
USUAL = [f"{SITE}/a/__init__.py", f"{SITE}/a/b.py", f"{SITE}/a/templates/t.py", "share/gdb/pretty.py"]


def names(relocated: Relocated, output: RecipeOutput) -> list[str]:
    return [entry.path for entry in modules_to_compile(relocated, output)]


def test_modules_are_compiled_and_commands_links_and_what_holds_the_prefix_are_not(tmp_path: Path) -> None:
    assert names(relocated_of(tmp_path, MODULES), package()) == USUAL


@pytest.mark.parametrize(
    ("skip", "left"),
    [
        (("**/templates/**",), [name for name in USUAL if "templates" not in name]),
        (("share", f"{SITE}/a/b.py"), [USUAL[0], USUAL[2]]),
        (("**",), []),
        (("nothing/of/this",), USUAL),
    ],
)
def test_the_recipe_can_leave_modules_out(tmp_path: Path, skip: tuple[str, ...], left: list[str]) -> None:
    output = package(build=Build(python=PythonBuild(skip_pyc_compilation=skip)))
    assert names(relocated_of(tmp_path, MODULES, output), output) == left


@pytest.mark.parametrize(
    "build", [Build(noarch="python"), Build(noarch="generic"), Build(python=PythonBuild(version_independent=True))]
)
def test_packages_for_every_python_have_no_bytecode(tmp_path: Path, build: Build) -> None:
    assert names(relocated_of(tmp_path, MODULES, package(build=build)), package(build=build)) == []


def test_the_compiler_gets_copies_and_its_own_program(tmp_path: Path) -> None:
    relocated = relocated_of(tmp_path, MODULES)
    modules = modules_to_compile(relocated, package())
    folder = tmp_path / "bytecode"
    folder.mkdir()
    lay_out(modules, folder)
    assert json.loads((folder / "modules.json").read_text()) == USUAL
    for entry in modules:
        assert entry.content is not None
        place = folder / compiler.SOURCES / entry.path
        assert place.read_bytes() == entry.content.read_bytes()
        assert not place.samefile(entry.content)
    assert (folder / "compiler.py").read_text() == Path(compiler.__file__).read_text()


def answering(reply: Callable[[Path], Exit]) -> FakeSandbox:
    """Return a sandbox in which the compiler does what ``reply`` does to its folder."""

    def play(command: Command, opened: Opened, output: Output) -> Exit:
        assert command.argv[0] == str(PYTHON)
        (bind,) = (mount for mount in opened.mounts if isinstance(mount, Bind))
        output(b"Traceback\nwhat it said\n")
        return reply(bind.source)

    return FakeSandbox(play=play)


def ran(folder: Path, reply: Callable[[Path], Exit]) -> Compiled:
    async def main() -> Compiled:
        mounts = [Bind(source=folder, inside=SEALED.script, writable=True)]
        variables = compiling_variables(SEALED.prefix)
        async with answering(reply).open(folder, mounts, Limits(), variables) as session:
            return await compile_modules(session, PYTHON, folder, SEALED.script, 2)

    return asyncio.run(main())


GOOD = Exit(code=0, seconds=1, cpu_seconds=1)


def reporting(done: dict[str, str], failed: dict[str, str] | None = None) -> Callable[[Path], Exit]:
    def reply(folder: Path) -> Exit:
        for path in done.values():
            place = folder / compiler.BYTECODE / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"bytecode of " + path.encode())
        (folder / compiler.REPORT).write_text(json.dumps({"done": done, "failed": failed or {}}))
        return GOOD

    return reply


def test_what_was_compiled_is_read_back(tmp_path: Path) -> None:
    found = ran(tmp_path, reporting({"a/b.py": "a/__pycache__/b.cpython-313.pyc"}, {"a/c.py": "SyntaxError: no"}))
    ((module, path, place),) = found.done
    assert (module, path) == ("a/b.py", "a/__pycache__/b.cpython-313.pyc")
    assert place.read_bytes() == b"bytecode of a/__pycache__/b.cpython-313.pyc"
    assert found.failed == (("a/c.py", "SyntaxError: no"),)


def test_a_python_that_does_not_start_is_an_error_with_its_words_and_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="what it said") as caught:
        ran(tmp_path, lambda _: Exit(code=127, seconds=0, cpu_seconds=0))
    assert "skip_pyc_compilation" in (caught.value.problems[0].remedy or "")


def left_a_link(folder: Path) -> Exit:
    (folder / compiler.BYTECODE / "__pycache__").mkdir(parents=True)
    (folder / compiler.BYTECODE / "__pycache__/a.cpython-313.pyc").symlink_to("/etc/passwd")
    (folder / compiler.REPORT).write_text(json.dumps({"done": {"a.py": "__pycache__/a.cpython-313.pyc"}, "failed": {}}))
    return GOOD


def left_a_link_on_the_way(folder: Path) -> Exit:
    (folder.parent / "elsewhere" / "__pycache__").mkdir(parents=True)
    (folder.parent / "elsewhere" / "__pycache__/a.cpython-313.pyc").write_bytes(b"somebody's")
    (folder / compiler.BYTECODE).symlink_to("../elsewhere")
    (folder / compiler.REPORT).write_text(json.dumps({"done": {"a.py": "__pycache__/a.cpython-313.pyc"}, "failed": {}}))
    return GOOD


def wrote(text: str) -> Callable[[Path], Exit]:
    def reply(folder: Path) -> Exit:
        (folder / compiler.REPORT).write_text(text)
        return GOOD

    return reply


@pytest.mark.parametrize(
    "reply",
    [
        lambda _: GOOD,
        wrote("{"),
        wrote("[]"),
        wrote('{"done": [], "failed": {}}'),
        wrote('{"done": {"a.py": "__pycache__/a.cpython-313.pyc"}, "failed": {}}'),
        reporting({"a.py": "../../outside.pyc"}),
        reporting({"a.py": "b/__pycache__/a.cpython-313.pyc"}),
        left_a_link,
        left_a_link_on_the_way,
    ],
    ids=[
        "nothing",
        "no JSON",
        "a list",
        "a list inside",
        "no file",
        "outside",
        "of another module",
        "a link",
        "a link before",
    ],
)
def test_what_a_packages_python_leaves_is_looked_at_with_care(tmp_path: Path, reply: Callable[[Path], Exit]) -> None:
    folder = tmp_path / "inner" / "bytecode"
    folder.mkdir(parents=True)
    with pytest.raises(WorkError, match="the compiler of modules left no"):
        ran(folder, reply)


def test_bytecode_joins_the_package_sorted_and_told_by_its_digest(tmp_path: Path) -> None:
    output = package(build=Build(always_copy_files=GlobList(include=("**/*.pyc",))))
    relocated = relocated_of(tmp_path, {"lib/b.py": "b = 1\n", "lib/zz": "z"}, output)
    place = tmp_path / "made.pyc"
    place.write_bytes(b"bytecode")
    path = "lib/__pycache__/b.cpython-313.pyc"
    found = with_bytecode(relocated, Compiled(done=(("lib/b.py", path, place),), failed=()), output)
    assert [item.entry.path for item in found.entries] == [path, "lib/b.py", "lib/zz"]
    first = found.entries[0]
    assert (first.entry.kind, first.entry.size, first.entry.executable) == (EntryKind.FILE, 8, False)
    assert (first.sha256, first.prefix_mode) == (hashlib.sha256(b"bytecode").hexdigest(), None)
    assert found.no_link == (path,)
    assert replace(found, entries=(), no_link=()) == replace(relocated, entries=(), no_link=())


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, "it cannot be compiled: SyntaxError: no (line 7)"),
        (2, "it cannot be compiled: SyntaxError: no (line 7); neither can lib/bad1.py"),
        (
            5,
            "it cannot be compiled: SyntaxError: no (line 7); neither can lib/bad1.py, lib/bad2.py, lib/bad3.py and 1 more",
        ),
    ],
)
def test_what_could_not_be_compiled_is_one_warning(tmp_path: Path, number: int, message: str) -> None:
    relocated = relocated_of(tmp_path, {"lib/b.py": "b = 1\n"})
    said = '  File "lib/bad0.py", line 7\n    print "old"\n    ^^^^^\nSyntaxError: no\n'
    failed = tuple((f"lib/bad{each}.py", said) for each in range(number))
    (finding,) = with_bytecode(relocated, Compiled(done=(), failed=failed), package()).findings
    assert (finding.check, finding.severity, finding.path) == ("bytecode", Severity.WARNING, "lib/bad0.py")
    assert finding.message == message


def test_whatever_python_says_is_told(tmp_path: Path) -> None:
    relocated = relocated_of(tmp_path, {"lib/b.py": "b = 1\n"})
    for said, told in (("the compiler crashed", "the compiler crashed"), ("", ""), ("a\n\n b ", " b")):
        (finding,) = with_bytecode(relocated, Compiled(done=(), failed=(("x.py", said),)), package()).findings
        assert finding.message == f"it cannot be compiled: {told}"


def test_a_compiling_session_has_nothing_of_the_machine_and_nothing_of_the_script() -> None:
    variables = compiling_variables(PurePosixPath("/p"))
    assert variables["PYTHONHASHSEED"] == "0"
    assert variables["LD_LIBRARY_PATH"] == "/p/lib"
    assert not {name for name in variables if name.startswith("PYTHON")} - {"PYTHONHASHSEED", "PYTHONPYCACHEPREFIX"}
