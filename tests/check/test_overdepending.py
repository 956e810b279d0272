"""Dependencies that run exports brought and nothing is linked to."""

from __future__ import annotations

import pytest

from builder.check.overdepending import check_overdepending
from builder.model.finding import Finding, Severity
from builder.model.payload import RelocatedEntry
from builder.model.recipe import Behavior
from tests.check.packages import around, elf, environments, host, linking, relocated

HOST = host(
    ("lib/libz.so.1", "libzlib"), ("lib/libbz2.so.1.0", "bzip2"), ("share/data", "data"), ("lib/libold.a", "static")
)
EXPORTS = {"libzlib >=1.3,<2": "zlib", "bzip2 >=1.0.8,<2": "bzip2", "data": "data", "static >=1": "static"}


def checked(*entries: RelocatedEntry, behavior: Behavior | None = None, **exports: str) -> list[Finding]:
    context = around(
        host=HOST,
        environments=environments(exported=exports or EXPORTS),
        output=linking(overdepending_behavior=behavior),
    )
    return list(check_overdepending(relocated(*entries), context))


def test_a_library_that_nothing_is_linked_to() -> None:
    (found,) = checked(elf("bin/a", "libz.so.1"))
    assert (found.check, found.severity, found.path) == ("overdepending", Severity.WARNING, None)
    assert "bzip2 by the run export of bzip2" in found.message
    assert "ignore_run_exports.by_name" in (found.remedy or "")


def test_all_linked_is_silence() -> None:
    assert checked(elf("bin/a", "libz.so.1"), elf("bin/b", "libbz2.so.1.0")) == []


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [(None, [Severity.WARNING] * 2), ("error", [Severity.ERROR] * 2), ("ignore", [])],
)
def test_the_recipe_decides_how_bad_it_is(behavior: Behavior | None, expected: list[Severity]) -> None:
    assert [finding.severity for finding in checked(behavior=behavior)] == expected


def test_only_run_exports_of_host_packages_count() -> None:
    context = around(host=HOST, environments=environments("libzlib", "bzip2"))
    assert list(check_overdepending(relocated(), context)) == []


def test_packages_without_shared_libraries_are_not_asked_about() -> None:
    names = " ".join(finding.message for finding in checked())
    assert "libzlib" in names
    assert "bzip2" in names
    assert "data" not in names
    assert "static" not in names


def test_a_private_copy_does_not_count_as_linking_to_the_package() -> None:
    own = elf("bin/a", "libz.so.1", "libbz2.so.1.0", runpath=("$ORIGIN/../mine", "$ORIGIN/../lib"))
    found = checked(own, elf("mine/libz.so.1"))
    assert [finding.message.split()[3] for finding in found] == ["libzlib"]


@pytest.mark.parametrize(
    ("path", "named"),
    [("lib/python3.13/site-packages/a/b.so", []), ("site-packages/a.py", []), ("bin/a", ["python"])],
)
def test_modules_need_python_without_linking_to_it(path: str, named: list[str]) -> None:
    context = around(
        host=host(("lib/libpython3.13.so.1.0", "python")), environments=environments(exported={"python": "python"})
    )
    found = list(check_overdepending(relocated(elf(path)), context))
    assert [name for name in named if name in found[0].message] == named
    assert len(found) == len(named)
