"""All checks together, their order, and the error that their findings become."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import builder.check
from builder.check import CHECKS, leaks_of, require, run
from builder.errors import CheckError
from builder.model.finding import Finding, Severity
from builder.model.inside import SEALED
from tests.binary.compiled import gcc, library
from tests.check.packages import around, brief, environments, relocated
from tests.payload.prefix import Link, package
from tests.relocate.payloads import compile_demo, relocated_of


def test_every_check_of_the_folder_is_in_the_tuple() -> None:
    folder = Path(inspect.getfile(builder.check)).parent
    named = {
        line.split("(")[0].removeprefix("def ")
        for path in folder.glob("*.py")
        for line in path.read_text().splitlines()
        if line.startswith("def check_")
    }
    assert {check.__name__ for check in CHECKS} == named
    assert len(set(CHECKS)) == len(CHECKS)


def test_findings_of_earlier_phases_come_first() -> None:
    early = Finding(check="irregular", severity=Severity.ERROR, message="x", path="fifo")
    found = run(relocated(findings=(early,)), around())
    assert found == (early,)


def test_a_good_package_of_real_files_has_nothing_worse_than_notes(tmp_path: Path) -> None:
    compile_demo(tmp_path / "prefix")
    done = relocated_of(tmp_path, {"share/doc/x": "doc", "lib64": Link("lib")})
    context = around(environments=environments("__glibc >=2.99"), leaks=leaks_of(SEALED), glibc="2.99")
    assert brief(run(done, context)) == [("prefix-in-binary", Severity.NOTE, "lib/libbase.so.1")]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    library(tmp_path / "built/libgone.so.1", "gone")
    (tmp_path / "built/libgone.so").symlink_to("libgone.so.1")
    gcc(
        tmp_path / "prefix/bin/a", "int gone(void); int main(void) { return gone(); }", f"-L{tmp_path}/built", "-lgone",
        "-DHOME",
    )  # fmt: skip
    tree = {"share/x": "/bakehouse/work", "bad\nname": "", "l": Link("/etc/passwd")}
    context = around(leaks=leaks_of(SEALED), environments=environments("__glibc >=2.99"))
    found = run(relocated_of(tmp_path, tree), context)
    assert [(finding.check, finding.severity) for finding in found] == [
        ("names", Severity.ERROR),
        ("symlinks", Severity.ERROR),
        ("missing-library", Severity.ERROR),
        ("leaks", Severity.ERROR),
    ]
    with pytest.raises(CheckError) as caught:
        require(found, "demo-1-0.conda")
    assert len(caught.value.problems) == 4
    assert caught.value.exit_code == 1


def test_errors_become_problems_with_place_and_remedy() -> None:
    finding = Finding(check="leaks", severity=Severity.ERROR, message="m", path="share/x", remedy="r")
    general = Finding(check="files", severity=Severity.ERROR, message="g")
    with pytest.raises(CheckError) as caught:
        require([finding, general], "demo-1-0.conda")
    first, second = caught.value.problems
    assert (first.code, str(first.place), first.remedy) == ("check.leaks", "demo-1-0.conda: share/x", "r")
    assert (second.code, str(second.place)) == ("check.files", "demo-1-0.conda")


@pytest.mark.parametrize("severity", [Severity.NOTE, Severity.WARNING])
def test_what_is_no_error_stops_nothing(severity: Severity) -> None:
    require([Finding(check="x", severity=severity, message="m")], "demo")
    require([], package().name)
