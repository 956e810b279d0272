"""Programs of the machine that a script used without a package that has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from builder.check import CHECKS
from builder.check.undeclared import check_undeclared, undeclared_findings
from builder.model.finding import Severity
from builder.report.summary import folded
from tests.check.packages import around, plain, relocated
from tests.payload.prefix import installed


def test_each_program_is_one_warning_with_the_remedy(tmp_path: Path) -> None:
    left = replace(installed(tmp_path), undeclared=("gcc", "perl"))
    found = list(check_undeclared(relocated(plain("bin/a")), around(installed=left)))
    assert [(one.check, one.severity, one.path) for one in found] == [("undeclared", Severity.WARNING, None)] * 2
    assert found[0].message == "the script used gcc of this machine, which a sealed one does not find"
    assert found[1].remedy == "name the package that has perl in requirements.build"
    assert len(list(folded(found))) == 2


def test_a_sealed_build_has_none(tmp_path: Path) -> None:
    assert not list(check_undeclared(relocated(), around(installed=installed(tmp_path))))
    assert not list(check_undeclared(relocated(), around(installed=None)))


def test_it_is_among_the_checks() -> None:
    assert check_undeclared in CHECKS


def test_tests_name_their_own_section() -> None:
    (found,) = undeclared_findings(("git",), "test 0", "the test's requirements.run")
    assert found.message.startswith("test 0 used git")
    assert found.remedy == "name the package that has git in the test's requirements.run"
