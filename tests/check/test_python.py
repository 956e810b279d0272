"""Packages of Python modules need a Python."""

from __future__ import annotations

import pytest

from builder.check.python import check_python
from builder.model.finding import Severity
from builder.model.recipe import Build, PythonBuild
from tests.check.packages import around, brief, environments, plain, relocated
from tests.payload.prefix import locked, package

HOST = (locked("numpy", "python >=3.13"), locked("python", "libffi"), locked("libffi", "__glibc >=2.17"))
MODULE = plain("lib/python3.13/site-packages/a.py")
WARNED = [("python", Severity.WARNING, None)]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ((), WARNED),
        (("libffi",), WARNED),
        (("libffi", "__glibc >=2.17"), WARNED),
        (("python >=3.13",), []),
        (("numpy",), []),
        (("unknown",), []),
    ],
)
@pytest.mark.parametrize("path", ["lib/python3.13/site-packages/a.py", "site-packages/a.py"])
def test_a_python_comes_along_or_it_is_told(path: str, run: tuple[str, ...], expected: list[object]) -> None:
    context = around(environments=environments(*run, host=HOST))
    assert brief(check_python(relocated(plain(path)), context)) == expected


@pytest.mark.parametrize("build", [Build(noarch="python"), Build(python=PythonBuild(version_independent=True))])
def test_a_package_for_every_python_needs_one_to_be_installed(build: Build) -> None:
    context = around(output=package(build=build))
    assert brief(check_python(relocated(plain("share/a")), context)) == WARNED


def test_python_itself_and_what_has_no_modules_need_none() -> None:
    assert brief(check_python(relocated(MODULE), around(output=package("python")))) == []
    assert (
        brief(check_python(relocated(plain("lib/python3.13/a.py"), plain("share/my-site-packages/a.py")), around()))
        == []
    )
