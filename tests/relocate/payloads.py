"""Payloads of real files, compiled for a placeholder, for the tests of relocation and of the checks."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.model.payload import Payload, Relocated
from builder.model.recipe import Output
from builder.model.target import target
from builder.payload import select
from builder.relocate import RelocateContext, relocate
from tests.binary.compiled import gcc, library
from tests.payload.prefix import Tree, context, installed, package, write_tree

PREFIX = PurePosixPath(("/bakehouse/host_env" + "_placehold" * 24)[:255])
BUILD = PurePosixPath("/bakehouse/build_env")
RPATH = ("-Wl,--disable-new-dtags", f"-Wl,-rpath,{PREFIX}/lib")


def relocate_context(tmp_path: Path, subdir: str = "linux-64") -> RelocateContext:
    """Return a context whose scratch folder lies below ``tmp_path``."""
    return RelocateContext(target=target(subdir), prefix=PREFIX, build_prefix=BUILD, scratch=tmp_path / "relocated")


def payload_of(tmp_path: Path, tree: Tree | None = None, output: Output | None = None) -> Payload:
    """Return the payload of everything below ``tmp_path / "prefix"``, after ``tree`` is written there."""
    left = installed(write_tree(tmp_path / "prefix", tree or {}))
    return select(left, output or package(), context(tmp_path))


def relocated_of(tmp_path: Path, tree: Tree | None = None, output: Output | None = None) -> Relocated:
    """Return that payload relocated."""
    made = output or package()
    return relocate(payload_of(tmp_path, tree, made), made, relocate_context(tmp_path))


def compile_demo(prefix: Path) -> Path:
    """Compile below ``prefix`` a library that knows its prefix, one that needs it, a plugin of that and a program."""
    knows = f'const char *where(void) {{ return "{PREFIX}/share/demo"; }} int base(void) {{ return (int)where()[0]; }}'
    gcc(prefix / "lib/libbase.so.1", knows, "-shared", "-fPIC", "-Wl,-soname,libbase.so.1", *RPATH)
    (prefix / "lib/libbase.so").symlink_to("libbase.so.1")
    search = (f"-L{prefix}/lib", *RPATH)
    library(prefix / "lib/libuser.so", "user", *search, "-lbase", calls="base")
    library(prefix / "lib/demo/plugins/one.so", "one", *search, "-luser", calls="user")
    source = "#include <stdio.h>\nint user(void); const char *where(void);\nint main(void) { puts(where()); return user() - 48; }"
    gcc(prefix / "bin/demo", source, *search, "-luser", "-lbase")
    return prefix


def install(relocated: Relocated, into: Path) -> Path:
    """Do what an installer does: write every entry below ``into`` with the placeholder replaced as it is recorded."""
    old, new = relocated.placeholder.encode(), str(into).encode()
    for found in relocated.entries:
        place = into / found.entry.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if found.entry.target is not None:
            place.symlink_to(found.entry.target)
        elif found.entry.content is None:
            place.mkdir()
        else:
            data = found.entry.content.read_bytes()
            if found.prefix_mode == "text":
                data = data.replace(old, new)
            elif found.prefix_mode == "binary":
                data = _in_c_strings(data, old, new)
            place.write_bytes(data)
            place.chmod(0o755 if found.entry.executable else 0o644)
    return into


def _in_c_strings(data: bytes, old: bytes, new: bytes) -> bytes:
    at = data.find(old)
    while at >= 0:
        end = data.index(b"\0", at)
        text = data[at:end].replace(old, new)
        data = data[:at] + text.ljust(end - at, b"\0") + data[end:]
        at = data.find(old, at + len(text))
    return data
