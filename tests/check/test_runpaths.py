"""Run paths that lead out of the prefix."""

from __future__ import annotations

import pytest

from builder.check.runpaths import check_run_paths
from builder.model.finding import Finding, Severity
from builder.model.recipe import GlobList
from tests.check.packages import around, brief, elf, linking, relocated


def checked(path: str, *runpath: str, **fields: object) -> list[Finding]:
    return list(check_run_paths(relocated(elf(path, runpath=runpath)), around(output=linking(**fields))))


@pytest.mark.parametrize(
    "part", ["$ORIGIN", "$ORIGIN/../lib", "${ORIGIN}/..", "$ORIGIN/./x", "$ORIGIN/../lib/../lib64"]
)
def test_good_parts(part: str) -> None:
    assert checked("lib/a.so", part) == []


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("/usr/lib", "is absolute"),
        ("/bakehouse/host_env/lib", "is absolute"),
        ("$ORIGIN/../..", "leads out of the prefix"),
        ("${ORIGIN}/../../etc", "leads out of the prefix"),
        ("lib", "working folder"),
        (".", "working folder"),
        ("$ORIGINAL", "working folder"),
        ("$LIB/x", "working folder"),
    ],
)
def test_bad_parts(part: str, why: str) -> None:
    (found,) = checked("lib/a.so", "$ORIGIN", part)
    assert (found.check, found.severity, found.path) == ("run-paths", Severity.ERROR, "lib/a.so")
    assert repr(part) in found.message
    assert why in found.message
    assert "rpath_allowlist" in (found.remedy or "")


def test_the_allowlist_lets_them_stay() -> None:
    allowed = GlobList(include=("/usr/lib*",))
    assert checked("lib/a.so", "/usr/lib64", rpath_allowlist=allowed) == []
    assert len(checked("lib/a.so", "/usr/lib64", "/opt", rpath_allowlist=allowed)) == 1


def test_where_relocation_is_off_it_is_a_warning() -> None:
    assert brief(checked("lib/a.so", "/opt", binary_relocation=False)) == [("run-paths", Severity.WARNING, "lib/a.so")]
    chosen = GlobList(include=("bin/",))
    assert brief(checked("lib/a.so", "/opt", binary_relocation=chosen)) == [("run-paths", Severity.WARNING, "lib/a.so")]
    assert brief(checked("bin/a", "/opt", binary_relocation=chosen)) == [("run-paths", Severity.ERROR, "bin/a")]


def test_every_part_of_every_file_is_told() -> None:
    package = relocated(elf("a", runpath=("/x", "/y")), elf("lib/b.so", runpath=("/z",)), elf("c", runpath=()))
    assert [found.path for found in check_run_paths(package, around())] == ["a", "a", "lib/b.so"]
