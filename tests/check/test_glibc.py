"""The glibc floor: declared by the package or by what comes with it, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.check.glibc import check_glibc
from builder.model.finding import Finding, Severity
from builder.model.payload import RelocatedEntry
from tests.binary.compiled import gcc
from tests.check.packages import around, brief, elf, environments, plain, relocated
from tests.payload.prefix import locked
from tests.relocate.payloads import relocated_of

NEEDS_234 = elf("bin/a", "libc.so.6", versions={"GLIBC": "2.34"})


def checked(*entries: RelocatedEntry, **fields: object) -> list[Finding]:
    return list(check_glibc(relocated(*entries), around(**fields)))


@pytest.mark.parametrize(
    ("spec", "good"),
    [
        ("__glibc >=2.34", True),
        ("__glibc >=2.36,<3.0.a0", True),
        ("__glibc >=2.17,<3.0.a0", False),
        ("__glibc >=2.33", False),
        ("__glibc 2.34.*", True),
        ("__glibc ==2.28", False),
        ("__glibc", False),
        ("__glibc >=2.4", False),
    ],
)
@pytest.mark.parametrize("kind", ["depends", "constrains"])
def test_the_declared_floor(spec: str, good: bool, kind: str) -> None:
    declared = environments(spec) if kind == "depends" else environments(constrains=(spec,))
    found = checked(NEEDS_234, environments=declared)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if good:
        assert found == []
    elif spec == "__glibc":
        assert brief(found) == [("glibc", Severity.WARNING, "bin/a")], "a constraint without a version is no floor"
    else:
        assert brief(errors) == [("glibc", Severity.ERROR, "bin/a")]
        assert "it needs glibc 2.34" in errors[0].message


def test_the_floor_of_what_comes_along_counts() -> None:
    packages = (
        locked("libstdcxx", "libgcc"),
        locked("libgcc", "__glibc >=2.36,<3.0.a0"),
        locked("other", "__glibc >=2.40"),
    )
    assert checked(NEEDS_234, environments=environments("libstdcxx", host=packages)) == []
    constraining = (locked("sysroot", constrains=("__glibc >=2.34",)),)
    assert checked(NEEDS_234, environments=environments("sysroot", host=constraining)) == []
    unrelated = checked(NEEDS_234, environments=environments("elsewhere", host=packages))
    assert brief(unrelated) == [("glibc", Severity.WARNING, "bin/a")]


def test_without_a_floor_the_target_is_the_limit_and_the_silence_a_warning() -> None:
    assert brief(checked(NEEDS_234, glibc="2.36")) == [("glibc", Severity.WARNING, "bin/a")]
    assert brief(checked(NEEDS_234, glibc="2.28")) == [
        ("glibc", Severity.ERROR, "bin/a"),
        ("glibc", Severity.WARNING, "bin/a"),
    ]
    (warning,) = checked(NEEDS_234)
    assert "stdlib('c')" in (warning.remedy or "")


def test_the_warning_names_the_file_that_needs_most() -> None:
    entries = [
        elf("lib/a.so", versions={"GLIBC": "2.9"}), elf("lib/b.so", versions={"GLIBC": "2.14"}),
        elf("lib/c.so", versions={"GLIBC": "2.4"}),
    ]  # fmt: skip
    (found,) = checked(*entries)
    assert found.path == "lib/b.so"
    assert "2.14" in found.message


def test_relative_relocations_need_the_glibc_that_understands_them() -> None:
    packed = elf("lib/a.so", versions={"GLIBC": "2.2.5", "GLIBC_ABI_DT_RELR": ""})
    assert [finding.severity for finding in checked(packed, environments=environments("__glibc >=2.35"))] == [
        Severity.ERROR
    ]
    assert checked(packed, environments=environments("__glibc >=2.36")) == []


def test_private_symbols_are_a_warning() -> None:
    private = elf("lib/a.so", versions={"GLIBC_PRIVATE": ""})
    (found,) = checked(private, environments=environments("__glibc >=2.17"))
    assert (found.severity, found.path) == (Severity.WARNING, "lib/a.so")
    assert "private" in found.message


@pytest.mark.parametrize(
    "entry", [plain("share/x"), elf("lib/a.so"), elf("lib/a.so", "libz.so.1", versions={"ZLIB": "1.2"})]
)
def test_packages_that_need_no_glibc_are_not_asked_for_a_floor(entry: RelocatedEntry) -> None:
    assert checked(entry) == []


def test_glibc_itself_is_not_asked() -> None:
    libc = elf("sysroot/lib64/libc.so.6", versions={"GLIBC": "2.36", "GLIBC_PRIVATE": ""})
    assert checked(libc, NEEDS_234, environments=environments("__glibc >=2.17")) == []


def test_libraries_for_other_machines_are_not_asked() -> None:
    assert checked(elf("lib/a.so", versions={"GLIBC": "2.99"}, machine="aarch64")) == []


def test_a_contradiction_admits_nothing_and_declares_nothing() -> None:
    found = checked(NEEDS_234, environments=environments("__glibc >=2.30", "__glibc <2.20"))
    assert brief(found) == [("glibc", Severity.WARNING, "bin/a")]


def test_a_program_of_this_machines_compiler(tmp_path: Path) -> None:
    gcc(tmp_path / "prefix/bin/a", '#include <stdio.h>\nint main(void) { puts(""); return 0; }')
    package = relocated_of(tmp_path)
    assert list(check_glibc(package, around(environments=environments("__glibc >=2.99")))) == []
    assert Severity.ERROR in {
        found.severity for found in check_glibc(package, around(environments=environments("__glibc >=2.0")))
    }
