"""Common mistakes of Python packages: each is told where it is made, and nothing is where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.model.finding import Finding, Severity
from builder.model.recipe import Build, Output, PythonBuild
from builder.payload.mistakes import python_mistakes
from tests.payload.prefix import Link, Tree, installed, package

NOARCH = Build(noarch="python")
ABI3 = Build(python=PythonBuild(version_independent=True))
ENTRY_POINTS = "[console_scripts]\nDemo = demo.cli:main\n\n[demo.plugins]\nx = y:z\n"


def found(tmp_path: Path, tree: Tree, output: Output | None = None) -> list[Finding]:
    left = installed(tmp_path / "prefix", tree)
    for entry in left.entries:
        if entry.content is not None and entry.path.startswith("python-scripts/"):
            entry.content.chmod(0o755)
    return list(python_mistakes(installed(tmp_path / "prefix").entries, output or package(build=NOARCH)))


def told(findings: list[Finding]) -> list[tuple[str, Severity, str | None]]:
    return [(finding.check, finding.severity, finding.path) for finding in findings]


def test_a_good_package_is_silent(tmp_path: Path) -> None:
    tree: Tree = {
        "site-packages/demo/__init__.py": "", "site-packages/demo/tests/test_a.py": "", "site-packages/demo.pth": "",
        "site-packages/demo-1.0.dist-info/METADATA": "", "python-scripts/run": "#!/p/bin/python\n", "tests/x": "",
        "site-packages/demo/link.so": Link("x"),
    }  # fmt: skip
    assert found(tmp_path, tree) == []


@pytest.mark.parametrize(
    "path",
    ["site-packages/demo/fast.abi3.so", "site-packages/demo/fast.pyd", "lib/libx.so.1.2", "lib/libx.dylib"],
)
@pytest.mark.parametrize("head", [b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe"])
def test_compiled_files_in_a_noarch_package_are_errors(tmp_path: Path, path: str, head: bytes) -> None:
    (finding,) = found(tmp_path, {path: head})
    assert told([finding]) == [("noarch", Severity.ERROR, path)]
    assert "version_independent" in (finding.remedy or "")


@pytest.mark.parametrize("path", ["site-packages/demo/managed.dll", "site-packages/demo/launcher.exe"])
def test_files_that_other_programs_run_are_data(tmp_path: Path, path: str) -> None:
    """.NET assemblies and launchers for Windows are in many a pure Python package."""
    assert found(tmp_path, {path: b"MZ\x90", "site-packages/demo/notes.so": b"no library"}) == []


@pytest.mark.parametrize(("content", "number"), [(b"\x7fELF...", 1), (b"\xcf\xfa\xed\xfe", 1), (b"#!/bin/sh\n", 0)])
def test_compiled_programs_are_known_by_their_first_bytes(tmp_path: Path, content: bytes, number: int) -> None:
    findings = found(tmp_path, {"bin/tool": content, "share/sample.elf": b"\x7fELF is no program here"})
    assert told(findings) == [("noarch", Severity.ERROR, "bin/tool")] * number


@pytest.mark.parametrize("build", [Build(), Build(noarch="generic"), ABI3])
def test_other_packages_may_hold_compiled_files(tmp_path: Path, build: Build) -> None:
    assert found(tmp_path, {"site-packages/demo/fast.so": b"\x7fELF"}, package(build=build)) == []


def test_a_command_that_could_be_an_entry_point_is_a_note(tmp_path: Path) -> None:
    tree: Tree = {
        "site-packages/demo-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
        "python-scripts/Demo": "#!/p/bin/python3.13\n",
        "python-scripts/demo": "#!/bin/sh\n",
    }
    (finding,) = found(tmp_path, tree)
    assert told([finding]) == [("entry-points", Severity.NOTE, "python-scripts/Demo")]
    assert finding.remedy == "add 'Demo = demo.cli:main' to build.python.entry_points"


@pytest.mark.parametrize("text", ["no section", "[console_scripts", "\xff", "[console_scripts]\nno value\n"])
def test_entry_points_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    tree: Tree = {
        "site-packages/demo-1.0.dist-info/entry_points.txt": text.encode("latin-1"),
        "python-scripts/demo": "#!/bin/sh\n",
    }
    assert found(tmp_path, tree) == []


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("#!/opt/p/bin/python3.13\nimport this\n", 1),
        ("#!/opt/p/bin/python3.13 -E\n", 1),
        ("#!/bin/sh\n'''exec' /opt/p/bin/python3.13 \"$0\" \"$@\"\n", 1),
        ("#!/opt/p/bin/python3\n", 0),
        ("#!/opt/p/bin/python\n", 0),
        ("#!/bin/sh\nexec python3.13 x\n", 0),
    ],
)
@pytest.mark.parametrize("build", [NOARCH, ABI3])
def test_a_script_for_one_version_of_python(tmp_path: Path, script: str, number: int, build: Build) -> None:
    findings = found(tmp_path, {"python-scripts/tool": script}, package(build=build))
    assert told(findings) == [("entry-points", Severity.WARNING, "python-scripts/tool")] * number


@pytest.mark.parametrize(
    "name", ["__editable__.demo-1.0.pth", "__editable___demo_1_0_finder.py", "demo.egg-link", "easy-install.pth"]
)
@pytest.mark.parametrize("folder", ["site-packages", "lib/python3.13/site-packages"])
def test_an_editable_installation_is_an_error(tmp_path: Path, folder: str, name: str) -> None:
    findings = found(tmp_path, {f"{folder}/{name}": "/bakehouse/work"}, package())
    assert told(findings) == [("editable", Severity.ERROR, f"{folder}/{name}")]


def test_top_level_modules_of_crowded_names_are_noted_once(tmp_path: Path) -> None:
    tree: Tree = {
        "lib/python3.13/site-packages/tests/__init__.py": "",
        "lib/python3.13/site-packages/tests/test_a.py": "",
        "lib/python3.13/site-packages/docs/conf.py": "",
        "lib/python3.13/site-packages/examples": "a file",
        "lib/python3.13/test/test_a.py": "Python's own",
    }
    assert told(found(tmp_path, tree, package())) == [
        ("top-level", Severity.NOTE, "lib/python3.13/site-packages/docs"),
        ("top-level", Severity.NOTE, "lib/python3.13/site-packages/tests"),
    ]


@pytest.mark.parametrize(
    ("folder", "number"),
    [
        ("demo-1.0.dist-info", 0),
        ("demo-1.0.0.dist-info", 0),
        ("Demo-1.dist-info", 0),
        ("other-2.0.dist-info", 0),
        ("demo-0.0.0.dist-info", 1),
        ("demo-1.0.dev3.dist-info", 1),
        ("demo-no version.dist-info", 1),
    ],
)
def test_the_projects_version_is_the_packages(tmp_path: Path, folder: str, number: int) -> None:
    findings = found(tmp_path, {f"site-packages/{folder}/METADATA": ""})
    assert told(findings) == [("dist-info", Severity.WARNING, f"site-packages/{folder}")] * number


def test_names_of_projects_are_compared_as_pypi_does(tmp_path: Path) -> None:
    output = package("ruamel.yaml-clib", build=NOARCH)
    (finding,) = found(tmp_path, {"site-packages/Ruamel_YAML.clib-9.dist-info/METADATA": ""}, output)
    assert "says 9" in finding.message
