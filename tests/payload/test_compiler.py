"""The program that compiles modules, run as it is run in the sandbox, here by this Python."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.payload import compiler

TAG = sys.implementation.cache_tag
STANDARD = Path(sysconfig.get_path("stdlib"))
SAMPLE = {
    f"lib/{name}.py": (STANDARD / f"{name}.py").read_bytes() for name in ("json/decoder", "shlex", "textwrap", "types")
}
CODECS = {
    "lib/latin.py": b"# -*- coding: latin-1 -*-\nshort = latin = 'gr\xfc\xdfe'\n",
    "lib/koi.py": "# -*- coding: koi8-r -*-\nshort = strange_name = 'привет'\n".encode("koi8-r"),
    "lib/names.py": b"strange_name = charmap = decoding_table = short = ('a b', 1.5, frozenset({'x y', None, 7}))\n",
}


def compiled(
    folder: Path, modules: Mapping[str, bytes], order: Sequence[str] | None = None, cpus: int = 1, **env: str
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Compile ``modules`` in ``order``; return their bytecode and why others have none."""
    for path, content in modules.items():
        place = folder / compiler.SOURCES / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (folder / "list.json").write_text(json.dumps(order or list(modules)))
    environment = {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": "/nowhere", "PATH": os.defpath, **env}
    argv = [sys.executable, "-s", "-S", "-B", "-Wignore", compiler.__file__, "list.json", str(cpus)]
    done = subprocess.run(argv, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == done.stderr == ""
    report = json.loads((folder / compiler.REPORT).read_text())
    return (
        {module: (folder / compiler.BYTECODE / path).read_bytes() for module, path in report["done"].items()},
        report["failed"],
    )


def test_bytecode_lies_where_python_looks_for_it_and_is_checked_against_its_source(tmp_path: Path) -> None:
    made, failed = compiled(tmp_path, SAMPLE)
    assert (made.keys(), failed) == (SAMPLE.keys(), {})
    assert (tmp_path / compiler.BYTECODE / f"lib/json/__pycache__/decoder.{TAG}.pyc").is_file()
    assert {int.from_bytes(content[4:8], "little") for content in made.values()} == {0b11}


def test_it_runs_from_anywhere_and_is_renewed_when_its_source_changes(tmp_path: Path) -> None:
    """Whatever mtimes an installer gives: a user's edit counts, and nothing is compiled again without one."""
    made, _ = compiled(tmp_path / "build", {"lib/says.py": b"import sys\nword = 'first'\n"})
    place = tmp_path / "installed/lib"
    (place / "__pycache__").mkdir(parents=True)
    (place / "says.py").write_bytes(b"import sys\nword = 'first'\n")
    bytecode = place / f"__pycache__/says.{TAG}.pyc"
    bytecode.write_bytes(made["lib/says.py"])

    def said() -> str:
        code = "import says; print(says.word, says.__file__, says.__cached__)"
        environment = {"PYTHONPATH": str(place)}
        return subprocess.run(
            [sys.executable, "-v", "-c", code], check=True, capture_output=True, text=True, env=environment
        ).stdout

    for time in (0, 1_900_000_000):
        os.utime(place / "says.py", (time, time))
        assert said().split() == ["first", str(place / "says.py"), str(bytecode)]
        assert bytecode.read_bytes() == made["lib/says.py"]
    (place / "says.py").write_bytes(b"import sys\nword = 'other'\n")
    assert said().split()[0] == "other"


def test_it_names_modules_by_their_path_in_the_prefix(tmp_path: Path) -> None:
    made, _ = compiled(tmp_path, {"lib/python3/a.py": b"def f():\n    return lambda: 1\n"})
    code = marshal.loads(made["lib/python3/a.py"][16:])
    names = set()
    todo = [code]
    while todo:
        one = todo.pop()
        names.add(one.co_filename)
        todo += [constant for constant in one.co_consts if isinstance(constant, CodeType)]
    assert names == {"lib/python3/a.py"}
    assert str(tmp_path).encode() not in made["lib/python3/a.py"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The bytecode of each module, compiled with no other beside it."""
    one_by_one = [
        compiled(tmp_path_factory.mktemp("alone"), {module: content}) for module, content in (SAMPLE | CODECS).items()
    ]
    return {module: content for made, _ in one_by_one for module, content in made.items()}


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(sorted(SAMPLE | CODECS)), cpus=st.integers(1, 4), kept=st.integers(2, 7))
def test_a_modules_bytecode_depends_on_the_module_alone(
    alone: Mapping[str, bytes], order: Sequence[str], cpus: int, kept: int
) -> None:
    """In whatever order, beside whatever others, on however many processors."""
    with tempfile.TemporaryDirectory() as folder:
        made, failed = compiled(Path(folder), SAMPLE | CODECS, order[:kept], cpus)
    assert failed == {}
    assert made == {module: alone[module] for module in order[:kept]}


def test_the_folder_the_user_and_leftover_bytecode_do_not_matter(tmp_path: Path) -> None:
    one, _ = compiled(tmp_path / "a", SAMPLE)
    other, _ = compiled(tmp_path / "another" / "deep folder", SAMPLE, HOME="/", LC_ALL="C", TZ="Asia/Kathmandu")
    assert one == other


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"print 'old'\n", "SyntaxError: Missing parentheses"),
        (b"a = 1\0\n", "null bytes"),
        (b"# coding: no-such-codec\n", "unknown encoding: no-such-codec"),
        (b"'\xff'\n", "'utf-8' codec can't decode"),
        (b"(" * 300, "too many nested parentheses"),
        (b"x = " + b"-" * 200_000 + b"1", ""),
    ],
)
def test_what_cannot_be_compiled_is_told_and_the_rest_is_compiled(tmp_path: Path, source: bytes, why: str) -> None:
    made, failed = compiled(tmp_path, {"lib/a.py": b"a = 1\n", "lib/bad.py": source, "lib/z.py": b"z = 1\n"}, cpus=2)
    assert made.keys() == {"lib/a.py", "lib/z.py"}
    assert failed.keys() == {"lib/bad.py"}
    assert why in failed["lib/bad.py"]


def test_nothing_to_compile_is_a_report_too(tmp_path: Path) -> None:
    assert compiled(tmp_path, {"unused.py": b""}, order=["unused.py"])[1] == {}
    (tmp_path / "again").mkdir()
    assert compiled(tmp_path / "again", {}) == ({}, {})


def test_it_runs_in_every_python_since_3_8() -> None:
    """It is compiled by the Python of the package: no syntax and no module of today."""
    import ast

    tree = ast.parse(Path(compiler.__file__).read_text(), feature_version=(3, 8))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imports == {"json", "os", "py_compile", "sys"}
