"""The list of glibc's own libraries against the C library of this machine."""

from __future__ import annotations

from pathlib import Path

from builder.binary import GLIBC_LIBRARIES, read_facts


def test_what_the_c_library_is_made_of_needs_nothing_else() -> None:
    folder = next(path.parent for path in Path("/usr/lib").glob("*/libc.so.6"))
    seen = 0
    for name in GLIBC_LIBRARIES:
        place = folder / name
        if place.is_file():
            facts = read_facts(place.resolve())
            assert facts is not None
            assert facts.soname == name
            assert set(facts.needed) <= GLIBC_LIBRARIES
            seen += 1
    assert seen >= 5


def test_the_loader_of_this_machine_is_known() -> None:
    folder = next(path.parent for path in Path("/usr/lib").glob("*/libc.so.6"))
    facts = read_facts((folder / "libc.so.6").resolve())
    assert facts is not None
    assert facts.interpreter is not None
    assert Path(facts.interpreter).name in GLIBC_LIBRARIES


def test_libraries_that_packages_bring_are_not_among_them() -> None:
    for name in ("libgcc_s.so.1", "libstdc++.so.6", "libgomp.so.1", "libz.so.1", "libcrypt.so.1", "libcrypto.so.3"):
        assert name not in GLIBC_LIBRARIES
