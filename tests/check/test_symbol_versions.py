"""Symbol versions that a library must have, against those that it has."""

from __future__ import annotations

from pathlib import Path

from builder.check.symbol_versions import check_symbol_versions
from builder.model.finding import Finding, Severity
from builder.model.payload import RelocatedEntry
from tests.binary.compiled import gcc
from tests.check.packages import around, brief, elf, environments, host, link, relocated
from tests.relocate.payloads import relocated_of


def checked(*entries: RelocatedEntry, **fields: object) -> list[Finding]:
    return list(check_symbol_versions(relocated(*entries), around(**fields)))


def versioned(path: Path, newest: str) -> Path:
    """Compile a library whose function ``f`` has the version ``newest``."""
    script = path.parent.parent / f"{newest}.map"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f"{newest} {{ global: *; }};")
    return gcc(
        path, "int f(void) { return 1; }", "-shared", "-fPIC", "-Wl,-soname,libv.so.1", f"-Wl,--version-script={script}"
    )


def test_a_compiler_newer_than_the_environment_is_found_out(tmp_path: Path) -> None:
    versioned(tmp_path / "new/lib/libv.so", "V_1.10")
    versioned(tmp_path / "env/lib/libv.so.1.0", "V_1.9")
    (tmp_path / "env/lib/libv.so.1").symlink_to("libv.so.1.0")
    gcc(
        tmp_path / "prefix/bin/a", "int f(void); int main(void) { return f(); }", f"-L{tmp_path}/new/lib", "-lv",
        "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib",
    )  # fmt: skip
    package = relocated_of(tmp_path)
    old = host(("lib/libv.so.1", "libv"), ("lib/libv.so.1.0", "libv"), folder=tmp_path / "env")
    (found,) = check_symbol_versions(package, around(host=old, environments=environments("libv")))
    assert (found.check, found.severity, found.path) == ("symbol-versions", Severity.ERROR, "bin/a")
    assert "V_1.10" in found.message
    assert "V_1.9" in found.message
    (tmp_path / "new/lib/libv.so").rename(tmp_path / "env/lib/libv.so.1.0")
    assert list(check_symbol_versions(package, around(host=old))) == []


def test_own_libraries_are_asked_through_their_symlinks() -> None:
    needs = elf("bin/a", "libv.so.1", runpath=("$ORIGIN/../lib",), versions={"V": "2.0"})
    chain = (link("lib/libv.so.1", "libv.so.1.5"), elf("lib/libv.so.1.5", provides={"V": "1.5"}))
    assert brief(checked(needs, *chain)) == [("symbol-versions", Severity.ERROR, "bin/a")]
    enough = (link("lib/libv.so.1", "libv.so.2.1"), elf("lib/libv.so.2.1", provides={"V": "2.1"}))
    assert checked(needs, *enough) == []


def test_the_highest_of_several_libraries_counts() -> None:
    needs = elf("lib/a.so", "libx.so", "liby.so", versions={"V": "2"})
    assert checked(needs, elf("lib/libx.so", provides={"V": "1"}), elf("lib/liby.so", provides={"V": "3"})) == []


def test_families_that_no_library_defines_are_not_judged() -> None:
    assert checked(elf("lib/a.so", "libx.so", versions={"V": "2"}), elf("lib/libx.so", provides={"W": "1"})) == []
    assert checked(elf("lib/a.so", "libgone.so", versions={"V": "2"})) == []


def test_glibc_has_a_check_of_its_own() -> None:
    needs = elf("lib/a.so", "libx.so", versions={"GLIBC": "2.40"})
    assert checked(needs, elf("lib/libx.so", provides={"GLIBC": "2.17"})) == []


def test_an_environment_without_the_file_says_nothing(tmp_path: Path) -> None:
    needs = elf("lib/a.so", "libz.so.1", versions={"ZLIB": "1.2.9"})
    assert checked(needs, host=host(("lib/libz.so.1", "libzlib"), folder=tmp_path)) == []


def test_a_symlink_out_of_the_environment_is_not_read(tmp_path: Path) -> None:
    versioned(tmp_path / "outside/lib/libz.so.1", "ZLIB_1.0")
    (tmp_path / "env/lib").mkdir(parents=True)
    (tmp_path / "env/lib/libz.so.1").symlink_to(tmp_path / "outside/lib/libz.so.1")
    needs = elf("lib/a.so", "libz.so.1", versions={"ZLIB": "9.0"})
    assert checked(needs, host=host(("lib/libz.so.1", "libzlib"), folder=tmp_path / "env")) == []
