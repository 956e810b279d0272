"""Where needed libraries come from, in the loader's order."""

from __future__ import annotations

import pytest

from builder.check import SiblingFiles
from builder.check.links import Link, Source, elf_entries, links
from builder.model.recipe import GlobList
from builder.model.target import target
from tests.check.packages import around, elf, host, link, linking, plain, relocated
from tests.relocate.payloads import PREFIX

HOST = host(
    ("lib/libz.so.1", "libzlib"),
    ("lib/libstdc++.so.6", "libstdcxx"),
    ("lib/deep/libz.so.1", "odd"),
    ("opt/libq.so", "q"),
)


def found(*entries: object, **fields: object) -> list[Link]:
    return list(links(relocated(*entries), around(host=HOST, **fields)))  # type: ignore[arg-type]


def only(*entries: object, **fields: object) -> tuple[Source, str | None, str | None]:
    (one,) = found(*entries, **fields)
    return one.source, one.package, one.place


def test_own_files_by_run_path_and_anywhere() -> None:
    assert only(elf("lib/liba.so", "libb.so"), plain("lib/libb.so")) == (Source.OWN, "demo", "lib/libb.so")
    assert only(elf("bin/a", "libb.so", runpath=("$ORIGIN/../x",)), plain("x/libb.so")) == (
        Source.OWN,
        "demo",
        "x/libb.so",
    )
    assert only(elf("lib/m.so", "libp.so"), plain("lib/private/libp.so")) == (Source.OWN, "demo", "lib/private/libp.so")
    assert only(elf("lib/liba.so", "libb.so.1"), link("lib/libb.so.1", "libb.so.1.2"))[0] is Source.OWN


def test_the_host_environment() -> None:
    assert only(elf("lib/liba.so", "libz.so.1")) == (Source.HOST, "libzlib", "lib/libz.so.1")
    assert only(elf("bin/a", "libz.so.1", runpath=())) == (Source.HOST, "libzlib", "lib/libz.so.1")
    assert only(elf("bin/a", "libq.so", runpath=("${ORIGIN}/../opt",))) == (Source.HOST, "q", "opt/libq.so")


def test_a_private_library_of_another_package_is_not_found_by_its_name_alone() -> None:
    assert only(elf("bin/a", "libq.so", runpath=("$ORIGIN/../lib",)))[0] is Source.MISSING


def test_the_run_path_decides_among_several() -> None:
    near = elf("bin/a", "libz.so.1", runpath=("$ORIGIN/../lib/deep", "$ORIGIN/../lib"))
    assert only(near) == (Source.HOST, "odd", "lib/deep/libz.so.1")
    own_after = elf("bin/a", "libz.so.1", runpath=("$ORIGIN/../lib", "$ORIGIN/../mine"))
    assert found(own_after, plain("mine/libz.so.1"))[0].source is Source.HOST
    own_first = elf("bin/a", "libz.so.1", runpath=("$ORIGIN/../mine", "$ORIGIN/../lib"))
    assert found(own_first, plain("mine/libz.so.1"))[0].source is Source.OWN


def test_siblings_after_the_host() -> None:
    sibling = SiblingFiles(name="libfoo", paths=frozenset({"lib/libfoo.so.1", "lib/libz.so.1"}))
    assert only(elf("bin/a", "libfoo.so.1"), siblings=(sibling,)) == (Source.SIBLING, "libfoo", "lib/libfoo.so.1")
    assert only(elf("lib/a.so", "libz.so.1"), siblings=(sibling,))[0] is Source.HOST


@pytest.mark.parametrize("needed", ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libpthread.so.0", "libdl.so.2"])
def test_peer_d12_glibc_is_the_systems(needed: str) -> None:
    assert only(elf("bin/a", needed)) == (Source.SYSTEM, None, None)


def test_the_system_may_have_more() -> None:
    assert only(elf("bin/a", "libGL.so.1"))[0] is Source.MISSING
    assert only(elf("bin/a", "libGL.so.1"), system_libraries=frozenset({"libGL.so.1"}))[0] is Source.SYSTEM


@pytest.mark.parametrize(
    "pattern", ["libcuda.so.1", "*/libcuda.so*", "**/libcuda.so.1", "$RPATH/libcuda.so.1", "libcuda*"]
)
def test_the_allowlist_in_the_spellings_that_recipes_use(pattern: str) -> None:
    output = linking(missing_dso_allowlist=GlobList(include=(pattern,)))
    assert only(elf("bin/a", "libcuda.so.1"), output=output)[0] is Source.ALLOWED
    assert only(elf("bin/a", "libother.so.1"), output=output)[0] is Source.MISSING


def test_an_own_c_library_counts_only_where_a_run_path_leads_to_it() -> None:
    libc = plain("root/lib64/libc.so.6")
    assert only(elf("bin/a", "libc.so.6", runpath=("$ORIGIN/../lib",)), libc)[0] is Source.SYSTEM
    reached = elf("root/lib64/libm.so.6", "libc.so.6", runpath=("$ORIGIN",))
    assert only(reached, libc) == (Source.OWN, "demo", "root/lib64/libc.so.6")


def test_whether_the_files_own_run_path_leads_there() -> None:
    own = plain("lib/private/libp.so")
    (reached,) = found(elf("bin/a", "libp.so", runpath=("$ORIGIN/../lib/private",)), own)
    (unreached,) = found(elf("bin/a", "libp.so", runpath=("$ORIGIN/../lib",)), own)
    assert (reached.reached, unreached.reached) == (True, False)
    assert not found(elf("bin/a", "libz.so.1", runpath=()))[0].reached


def test_a_library_that_is_needed_by_its_path_in_the_prefix() -> None:
    needs = elf("bin/a", f"{PREFIX}/lib/libz.so.1", f"{PREFIX}x/lib/libz.so.1", "/usr/lib/libz.so.1", "lib/libz.so.1")
    everything = relocated(needs, placeholder=str(PREFIX))
    assert [link.source for link in links(everything, around(host=HOST))] == [Source.HOST, *[Source.MISSING] * 3]


def test_files_for_other_machines_are_data() -> None:
    entries = [elf("lib/x86.so", "liba.so"), elf("lib/arm.so", "liba.so", machine="aarch64"), plain("lib/text")]
    package = relocated(*entries)
    assert [entry.entry.path for entry in elf_entries(package, target("linux-64"))] == ["lib/x86.so"]
    assert [entry.entry.path for entry in elf_entries(package, target("linux-aarch64"))] == ["lib/arm.so"]
    assert list(elf_entries(package, target("win-64"))) == [entries[0]]


@pytest.mark.parametrize(
    ("subdir", "machine"),
    [
        ("linux-32", "x86"),
        ("linux-ppc64le", "ppc64"),
        ("linux-s390x", "s390x"),
        ("linux-riscv64", "riscv"),
        ("linux-armv7l", "arm"),
    ],
)
def test_machines_go_by_their_subdirs(subdir: str, machine: str) -> None:
    assert len(list(elf_entries(relocated(elf("lib/a.so", machine=machine)), target(subdir)))) == 1


def test_a_run_path_out_of_the_prefix_finds_nothing() -> None:
    assert only(elf("bin/a", "libx.so", runpath=("$ORIGIN/../../lib", "/usr/lib")))[0] is Source.MISSING
