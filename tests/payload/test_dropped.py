"""The files that no package holds."""

from __future__ import annotations

import pytest

from builder.payload.dropped import is_dropped, is_dropped_from_noarch_python, module_of


@pytest.mark.parametrize(
    "path",
    ["lib/libx.la", "lib/a.pyo", "conda-meta/x.json", "deep/conda-meta/history", ".DS_Store", "share/.DS_Store",
     "share/info/dir", "CACHEDIR.TAG", "share/cache/CACHEDIR.TAG"],
)  # fmt: skip
def test_dropped(path: str) -> None:
    assert is_dropped(path, installed=set(), environment=set())


@pytest.mark.parametrize(
    "path",
    ["lib/libx.a", "lib/la", "share/info/x.info", "share/info/directory", "conda-meta-tools/x", "lib/x.py",
     "lib/__pycache__/x.cpython-313.pyc", "lib/__pycache__/x.pyc", "bin/DS_Store", "x.las", ".la"],
)  # fmt: skip
def test_kept(path: str) -> None:
    assert not is_dropped(path, installed={path}, environment=set())


@pytest.mark.parametrize(
    ("bytecode", "module"),
    [
        ("lib/__pycache__/x.cpython-313.pyc", "lib/x.py"),
        ("lib/__pycache__/x.cpython-313.opt-1.pyc", "lib/x.py"),
        ("lib/__pycache__/x.y.pypy39.pyc", "lib/x.y.py"),
        ("lib/__pycache__/x.pyc", "lib/__pycache__/x.py"),
        ("lib/x.pyc", "lib/x.py"),
        ("__pycache__/x.cpython-313.pyc", "x.py"),
    ],
)
def test_bytecode_goes_where_its_module_is_there_and_stays_where_it_is_all_there_is(bytecode: str, module: str) -> None:
    assert module_of(bytecode) == module
    assert is_dropped(bytecode, installed=set(), environment={module})
    assert is_dropped(bytecode, installed={module, bytecode}, environment=set())
    assert not is_dropped(bytecode, installed={bytecode, "lib/other.py"}, environment={"lib/another.py"})


@pytest.mark.parametrize("suffix", [".so", ".pyd"])
def test_a_module_beside_an_extension_of_its_name_is_dropped(suffix: str) -> None:
    beside = {f"lib/fast{suffix}", "lib/fast.py", "lib/other.py"}
    assert is_dropped("lib/fast.py", installed=beside, environment=set())
    assert is_dropped("lib/fast.pyc", installed=beside, environment=set())
    assert not is_dropped("lib/other.py", installed=beside, environment=set())
    assert not is_dropped(f"lib/fast{suffix}", installed=beside, environment=set())


@pytest.mark.parametrize(
    "path",
    [
        "lib/x.pyc",
        "site-packages/__pycache__/x.py",
        "lib/x.egg-info",
        "bin/run",
        "Scripts/run.exe",
        "Scripts/run-script.py",
    ],
)
def test_dropped_from_noarch_python(path: str) -> None:
    assert is_dropped_from_noarch_python(path, {"run"})


@pytest.mark.parametrize("path", ["bin/other", "Scripts/other.exe", "lib/run", "site-packages/x.py", "run"])
def test_kept_in_noarch_python(path: str) -> None:
    assert not is_dropped_from_noarch_python(path, {"run"})
