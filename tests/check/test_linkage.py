"""Missing libraries and overlinking, with no false alarm on libc and on siblings."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.check import SiblingFiles
from builder.check.linkage import check_linkage
from builder.model.finding import Finding, Severity
from builder.model.payload import RelocatedEntry
from builder.model.recipe import GlobList
from tests.binary.compiled import gcc, library
from tests.check.packages import around, brief, elf, environments, host, linking, plain, relocated
from tests.payload.prefix import installed, locked
from tests.relocate.payloads import relocated_of

HOST = host(("lib/libz.so.1", "libzlib"))
ZLIB = (locked("zlib", "libzlib ==1 0"), locked("libzlib"))


def checked(*entries: RelocatedEntry, **fields: object) -> list[Finding]:
    return list(check_linkage(relocated(*entries), around(**fields)))


def test_peer_d12_a_plain_program_of_gcc_has_no_findings(tmp_path: Path) -> None:
    gcc(tmp_path / "prefix/bin/main", "#include <math.h>\nint main(int n, char **v) { return (int)pow(n, n); }", "-lm")
    assert list(check_linkage(relocated_of(tmp_path), around())) == []


def test_peer_d12_a_library_of_a_sibling_that_is_depended_on(tmp_path: Path) -> None:
    library(tmp_path / "built/lib/libfoo.so.1", "foo")
    (tmp_path / "built/lib/libfoo.so").symlink_to("libfoo.so.1")
    gcc(
        tmp_path / "prefix/bin/main",
        "int foo(void); int main(void) { return foo(); }",
        f"-L{tmp_path}/built/lib",
        "-lfoo",
    )
    siblings = (SiblingFiles(name="libfoo", paths=frozenset({"lib/libfoo.so.1"})),)
    package = relocated_of(tmp_path)
    assert list(check_linkage(package, around(siblings=siblings, environments=environments("libfoo ==1 h0_0")))) == []
    (found,) = check_linkage(package, around(siblings=siblings))
    assert (found.check, found.severity, found.path) == ("overlinking", Severity.ERROR, "bin/main")
    assert "libfoo.so.1 of the package libfoo" in found.message
    assert "add libfoo to requirements.run" in (found.remedy or "")


def test_a_library_of_a_run_dependency() -> None:
    assert (
        checked(elf("lib/a.so", "libz.so.1"), host=HOST, environments=environments("libzlib >=1.3,<2.0a0", host=ZLIB))
        == []
    )


def test_overlinking_names_the_package_to_add() -> None:
    (found,) = checked(elf("lib/a.so", "libz.so.1"), host=HOST)
    assert (found.check, found.severity, found.path) == ("overlinking", Severity.ERROR, "lib/a.so")
    assert "libz.so.1 of the package libzlib, which is no run dependency" in found.message
    assert found.remedy is not None
    assert "add libzlib to requirements.run" in found.remedy


def test_a_library_that_only_comes_along_is_a_warning() -> None:
    (found,) = checked(elf("lib/a.so", "libz.so.1"), host=HOST, environments=environments("zlib", host=ZLIB))
    assert (found.check, found.severity) == ("overlinking", Severity.WARNING)
    assert "comes along" in found.message


def test_a_missing_library_is_an_error_with_a_remedy() -> None:
    (found,) = checked(elf("bin/a", "libgone.so.3", "libc.so.6"), host=HOST)
    assert (found.check, found.severity, found.path) == ("missing-library", Severity.ERROR, "bin/a")
    assert "libgone.so.3" in found.message
    assert found.remedy is not None
    assert "missing_dso_allowlist" in found.remedy


def test_the_allowlist_silences_a_missing_library() -> None:
    output = linking(missing_dso_allowlist=GlobList(include=("*libcuda.so*",)))
    assert checked(elf("bin/a", "libcuda.so.1"), output=output) == []


def test_ignoring_overlinking_makes_notes() -> None:
    output = linking(overlinking_behavior="ignore")
    found = checked(elf("lib/a.so", "libz.so.1", "libgone.so"), host=HOST, output=output)
    assert {finding.severity for finding in found} == {Severity.NOTE}
    assert {finding.check for finding in found} == {"overlinking", "missing-library"}


def test_many_files_with_one_trouble_are_one_finding() -> None:
    (found,) = checked(*(elf(f"lib/l{number}.so", "libz.so.1") for number in range(40)), host=HOST)
    assert found.path == "lib/l0.so"
    assert found.message.startswith("this file, lib/l1.so and 38 more need libz.so.1")
    (two,) = checked(elf("a.so", "libz.so.1"), elf("b.so", "libz.so.1"), host=HOST)
    assert two.message.startswith("this file and b.so need")


@pytest.mark.parametrize("needed", ["/bakehouse/host_env/lib/libx.so", "./libx.so", "build/libx.so"])
def test_a_library_that_is_needed_by_its_path(needed: str) -> None:
    (found,) = checked(elf("bin/a", needed))
    assert (found.check, found.severity) == ("missing-library", Severity.ERROR)
    assert "by its path" in found.message
    assert "-soname" in (found.remedy or "")


def test_what_the_script_installed_and_no_output_takes_is_named(tmp_path: Path) -> None:
    left = installed(tmp_path, {"lib/libx.so.1": b"x", "bin/a": b"a"})
    (found,) = checked(elf("bin/a", "libx.so.1"), installed=left)
    assert "the script installed lib/libx.so.1, which this output does not take" in found.message


def test_a_library_without_the_symlink_of_its_soname_is_named(tmp_path: Path) -> None:
    library(tmp_path / "prefix/lib/libbase.so.1.2", "base", soname="libbase.so.1")
    (tmp_path / "prefix/lib/libbase.so").symlink_to("libbase.so.1.2")
    library(tmp_path / "prefix/lib/libtop.so", "top", f"-L{tmp_path}/prefix/lib", "-lbase", calls="base")
    (found,) = check_linkage(relocated_of(tmp_path), around())
    assert "lib/libbase.so.1.2 is that library, without a file or symlink of this name" in found.message


def test_a_program_that_cannot_find_its_own_library_is_a_warning() -> None:
    own = plain("opt/libp.so")
    assert brief(checked(elf("bin/a", "libp.so"), own)) == [("run-paths", Severity.WARNING, "bin/a")]
    assert brief(checked(elf("bin/a", "libz.so.1", runpath=()), host=HOST, environments=environments("libzlib"))) == [
        ("run-paths", Severity.WARNING, "bin/a")
    ]
    assert checked(elf("lib/plugin.so", "libp.so"), own) == [], "a library may be loaded by who knows the way"
    assert checked(elf("bin/a", "libp.so", runpath=("$ORIGIN/../opt",)), own) == []


def test_a_package_may_need_itself_by_the_environment() -> None:
    # While a compiler builds itself, its host environment holds the version before.
    assert checked(elf("lib/a.so", "libself.so"), host=host(("lib/libself.so", "demo"))) == []


def test_peer_linkage_of_a_whole_tree(tmp_path: Path) -> None:
    library(tmp_path / "prefix/lib/libbase.so.1", "base")
    (tmp_path / "prefix/lib/libbase.so").symlink_to("libbase.so.1")
    library(tmp_path / "prefix/lib/libtop.so", "top", f"-L{tmp_path}/prefix/lib", "-lbase", calls="base")
    assert list(check_linkage(relocated_of(tmp_path), around())) == []
    (tmp_path / "prefix/lib/libbase.so.1").rename(tmp_path / "prefix/lib/libother.so.1")
    assert brief(check_linkage(relocated_of(tmp_path), around())) == [
        ("missing-library", Severity.ERROR, "lib/libtop.so")
    ]


def test_a_package_without_binaries_has_nothing_to_say() -> None:
    assert checked(plain("share/x"), host=HOST) == []
