"""Facts of real and handmade files, and of anything else that may lie in a prefix."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.binary.facts import elf_facts, is_binary, mapped, read_facts
from builder.model.binary import BinaryFacts
from tests.binary.compiled import gcc, library, readelf
from tests.binary.handmade import Symbol, Wish, make_elf

RICH = Wish(
    needed=("libc.so.6",), soname="libx.so.1", rpath="/opt/x/lib", interpreter="/lib64/ld-linux-x86-64.so.2",
    symbols=(Symbol(name="a"), Symbol(name="b", defined=False)), needs=(("libc.so.6", ("GLIBC_2.34",)),),
    defines=("X_1.0",),
)  # fmt: skip


def facts(path: Path) -> BinaryFacts:
    found = read_facts(path)
    assert found is not None
    return found


def test_a_library(tmp_path: Path) -> None:
    library(tmp_path / "libdep.so", "dep", soname="libdep.so.3")
    path = library(
        tmp_path / "libx.so", "x", f"-L{tmp_path}", "-ldep", "-Wl,-rpath,/opt/a:/opt/b", "-Wl,--disable-new-dtags",
        calls="dep",
    )  # fmt: skip
    found = facts(path)
    assert (found.format, found.kind, found.machine) == ("elf", "shared", os.uname().machine)
    assert found.soname == "libx.so"
    assert found.needed[0] == "libdep.so.3"
    assert (found.runpath, found.runpath_kind) == (("/opt/a", "/opt/b"), "rpath")
    assert found.interpreter is None
    assert "Library runpath" not in readelf(path, "-d")


@pytest.mark.parametrize("flags", [["-pie"], ["-no-pie"]], ids=["pie", "no-pie"])
def test_an_executable(tmp_path: Path, flags: list[str]) -> None:
    found = facts(
        gcc(tmp_path / "main", "int main(void) { return 0; }", *flags, "-Wl,-rpath,/r", "-Wl,--enable-new-dtags")
    )
    assert found.kind == "executable"
    assert found.interpreter is not None
    assert found.interpreter.startswith("/lib")
    assert (found.runpath, found.runpath_kind) == (("/r",), "runpath")
    assert dict(found.versions)["GLIBC"].startswith("2.")


@pytest.mark.parametrize("flag", ["-static", "-static-pie"])
def test_static_executables_need_nothing(tmp_path: Path, flag: str) -> None:
    found = facts(gcc(tmp_path / "main", "int main(void) { return 0; }", flag))
    assert (found.kind, found.needed, found.runpath_kind) == ("executable", (), None)


def test_an_object_file(tmp_path: Path) -> None:
    found = facts(gcc(tmp_path / "a.o", "int f(void) { return 1; }", "-c"))
    assert (found.kind, found.needed, found.exports_digest) == ("object", (), None)


def test_separate_debug_information_has_program_headers_and_nothing_behind_them(tmp_path: Path) -> None:
    path = library(tmp_path / "lib.so", "f", "-g")
    debug = tmp_path / "lib.so.debug"
    subprocess.run(["objcopy", "--only-keep-debug", str(path), str(debug)], check=True)
    found = read_facts(debug)
    assert found is not None
    assert (found.kind, found.needed, found.soname) == ("shared", (), None)


def test_the_c_library_is_a_library_although_it_can_be_run() -> None:
    path = next(path for path in Path("/usr/lib").glob("*/libc.so.6"))
    found = facts(path.resolve())
    assert found.interpreter is not None
    assert (found.kind, found.soname) == ("shared", "libc.so.6")
    assert dict(found.provides)["GLIBC"] >= "2.28"


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_handmade_files_of_every_layout(tmp_path: Path, bits: Literal[32, 64], order: Literal["<", ">"]) -> None:
    path = tmp_path / "file"
    path.write_bytes(
        make_elf(
            Wish(
                bits=bits, order=order, machine=22, needed=RICH.needed, soname=RICH.soname, runpath="/a::/b:",
                interpreter="/lib/ld.so", symbols=RICH.symbols, needs=RICH.needs, defines=RICH.defines, hash_table="gnu",
            )
        )
    )  # fmt: skip
    found = facts(path)
    assert found.machine == "s390x"
    assert found.runpath == ("/a", "/b"), "empty parts mean the working folder and are none"
    assert (found.runpath_kind, found.interpreter, found.kind) == ("runpath", "/lib/ld.so", "shared")
    assert (found.versions, found.provides) == ((("GLIBC", "2.34"),), (("X", "1.0"),))
    assert found.exports_digest is not None


def test_runpath_beats_rpath_as_for_the_loader() -> None:
    found = elf_facts(make_elf(Wish(rpath="/old", runpath="/new")))
    assert found is not None
    assert (found.runpath, found.runpath_kind) == (("/new",), "runpath")


def test_an_unknown_machine_has_a_number() -> None:
    found = elf_facts(make_elf(Wish(machine=4711)))
    assert found is not None
    assert found.machine == "machine-4711"


def test_core_files_and_strange_kinds_are_other() -> None:
    for kind in (0, 4, 0xFE00):
        found = elf_facts(make_elf(Wish(kind=kind)))
        assert found is not None
        assert found.kind == "other"


@pytest.mark.parametrize(
    "data", [b"", b"\x7fEL", b"hello\n", b"MZ", b"MZ is how this sentence begins", b"\xca\xfe\xba\xbe"]
)
def test_other_files_have_no_facts(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(data)
    assert read_facts(path) is None


def test_the_first_bytes_decide_and_not_the_name(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x")
    renamed = path.rename(tmp_path / "notes.txt")
    assert facts(renamed).format == "elf"
    assert is_binary(renamed.read_bytes()[:4])
    assert not is_binary(b"#!/b")


def test_a_symlink_is_not_followed(tmp_path: Path) -> None:
    library(tmp_path / "libx.so.1", "x")
    (tmp_path / "libx.so").symlink_to("libx.so.1")
    with pytest.raises(OSError, match=r"[Ss]ymbolic"):
        read_facts(tmp_path / "libx.so")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_fifo, _socket, _folder])
def test_peer_d8_irregular_files_are_refused_and_nobody_waits_for_them(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "strange"
    make(path)
    with pytest.raises(OSError, match="strange"), mapped(path):
        pass


def test_elf_files_are_read_without_lief(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", "x")
    code = (
        "import sys, pathlib; import builder.binary as b; "
        f"assert b.read_facts(pathlib.Path({str(path)!r})).soname == 'libx.so'; assert 'lief' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_every_binary_of_this_machine_agrees_with_readelf(tmp_path: Path) -> None:
    folder = next(path.parent for path in Path("/usr/lib").glob("*/libc.so.6"))
    names = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and ".so" in path.name)
    libraries = [path for path in names if path.read_bytes()[:4] == b"\x7fELF"][:40]
    for path in libraries:
        said = readelf(path, "-d")
        found = facts(path)
        for needed in found.needed:
            assert f"Shared library: [{needed}]" in said, path
        assert said.count("(NEEDED)") == len(found.needed), path
        assert (f"soname: [{found.soname}]" in said) == (found.soname is not None), path
    assert len(libraries) > 5


BASE = make_elf(RICH)
GNU = make_elf(Wish(bits=32, order=">", hash_table="gnu", soname="l.so", symbols=RICH.symbols, needs=RICH.needs))


@settings(max_examples=400, deadline=None)
@given(
    base=st.sampled_from([BASE, GNU]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 10_000),
)
def test_mutated_files_are_facts_or_nothing(base: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(base)
    for at, value in changes:
        data[at % len(data)] = value
    whole = bytes(data)
    for candidate in (whole, whole[: cut % (len(whole) + 1)]):
        found = elf_facts(candidate)
        assert found is None or found.format == "elf"


@settings(max_examples=200, deadline=None)
@given(base=st.sampled_from([BASE, GNU]), at=st.integers(0, 10_000), width=st.sampled_from([2, 4, 8]))
def test_fields_of_all_ones_are_facts_or_nothing(base: bytes, at: int, width: int) -> None:
    data = bytearray(base)
    at %= len(data) - width
    data[at : at + width] = b"\xff" * width
    found = elf_facts(bytes(data))
    assert found is None or found.format == "elf"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = gcc(tmp_path_factory.mktemp("real") / "main", "int main(void) { return 0; }", "-Wl,-rpath,/opt/lib")
    return path.read_bytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_a_mutated_program_of_gcc_is_facts_or_nothing(real: bytes, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(real)
    for at, value in changes:
        data[at : at + len(value)] = value
    found = elf_facts(bytes(data))
    assert found is None or found.format == "elf"


@given(st.binary(max_size=400))
def test_garbage_behind_the_magic_is_facts_or_nothing(tail: bytes) -> None:
    found = elf_facts(b"\x7fELF\x02\x01\x01" + tail)
    assert found is None or found.format == "elf"


def test_a_sparse_file_of_a_gigabyte_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "big"
    shutil.copyfile(library(tmp_path / "lib.so", "f"), path)
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    assert facts(path).soname == "lib.so"
