"""Paths of the build in a package: everywhere they can hide, and where they are allowed."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from builder.check import CheckContext, leaks_of
from builder.check.leaks import check_leaks
from builder.errors import RecipeError
from builder.model.finding import Finding, Severity
from builder.model.inside import SEALED
from builder.model.payload import LicenseFile, Relocated
from builder.model.recipe import Build, GlobList, Output, PrefixDetection
from tests.binary.compiled import gcc
from tests.check.packages import around, brief, plain, relocated
from tests.payload.prefix import Link, Tree, package
from tests.relocate.payloads import PREFIX, relocated_of

WORK, BUILD = "/bakehouse/work", "/bakehouse/build_env"


def context(output: Output | None = None, machine: tuple[Path, ...] = ()) -> CheckContext:
    return around(output=output or package(), leaks=leaks_of(SEALED, machine))


def checked(tmp_path: Path, tree: Tree, output: Output | None = None) -> list[Finding]:
    return list(check_leaks(relocated_of(tmp_path, tree, output), context(output)))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"src={WORK}/src", "the work folder"),
        (f"CC={BUILD}/bin/gcc\n", "the build prefix"),
        ("HOME=/bakehouse/home", "the home folder"),
        ("/bakehouse/recipe/build.sh", "the recipe's folder"),
        (b"\0\1" + f"{WORK}/a.c".encode() + b"\0", "the work folder"),
        (f"{BUILD}\\x".encode("utf-16-le"), "the build prefix"),
    ],
)
def test_peer_d11_build_paths_are_errors(tmp_path: Path, content: str | bytes, what: str) -> None:
    (found,) = checked(tmp_path, {"share/x": content})
    assert (found.check, found.severity, found.path) == ("leaks", Severity.ERROR, "share/x")
    assert found.message.startswith(what)
    assert found.remedy is not None


def test_every_path_in_every_file_is_told_once(tmp_path: Path) -> None:
    found = checked(tmp_path, {"a": f"{WORK} {WORK}/x {BUILD}", "b": WORK, "c": "clean"})
    assert [(finding.path, finding.message.split(" stands")[0]) for finding in found] == [
        ("a", "the work folder"),
        ("a", "the build prefix"),
        ("b", "the work folder"),
    ]


def test_a_recorded_placeholder_is_none_of_it(tmp_path: Path) -> None:
    assert checked(tmp_path, {"share/conf": f"root={PREFIX}", "lib/x.dat": f"\0{PREFIX}/x\0".encode()}) == []


def test_a_leak_beside_a_recorded_placeholder_is_found(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, {"share/conf": f"root={PREFIX}\nbuilt={WORK}\n"})
    assert found.message.startswith("the work folder")
    assert found.message.endswith(WORK)


def test_an_unrecorded_placeholder_is_an_error() -> None:
    bare = relocated(plain(f"share/{PREFIX}/x"), placeholder=str(PREFIX))
    (found,) = check_leaks(bare, context())
    assert found.severity is Severity.ERROR
    assert "where no installer replaces it" in found.message


@pytest.mark.parametrize(
    "detection",
    [
        PrefixDetection(ignore=True),
        PrefixDetection(ignore=GlobList(include=("share/",))),
        PrefixDetection(ignore_binary_files=True),
    ],
)
def test_a_placeholder_that_the_recipe_asked_not_to_record_is_a_warning(
    tmp_path: Path, detection: PrefixDetection
) -> None:
    output = package(build=Build(prefix_detection=detection))
    found = checked(tmp_path, {"share/x.dat": f"\0{PREFIX}\0".encode()}, output)
    assert brief(found) == [("leaks", Severity.WARNING, "share/x.dat")]


def test_a_placeholder_in_bytecode_is_a_warning_and_a_build_path_an_error(tmp_path: Path) -> None:
    tree: Tree = {
        "lib/__pycache__/x.cpython-313.pyc": f"\0{PREFIX}/x.py".encode(),
        "lib/y.pyc": f"\0{WORK}/y.py".encode(),
    }
    assert sorted(brief(checked(tmp_path, tree))) == [
        ("leaks", Severity.ERROR, "lib/y.pyc"),
        ("leaks", Severity.WARNING, "lib/__pycache__/x.cpython-313.pyc"),
    ]


def test_archives_are_looked_into(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "x.jar", "w", ZIP_DEFLATED) as archive:
        archive.writestr("a", f"built in {SEALED.work}/src")
        archive.writestr("b", f"built in {SEALED.work}/src")
    (finding,) = list(check_leaks(relocated(plain("x.jar", tmp_path / "x.jar")), around(leaks=leaks_of(SEALED))))
    assert finding.severity is Severity.WARNING
    assert finding.message.endswith(f"stands in its member 'a': {WORK}/src")


@pytest.mark.parametrize(("pack", "program"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_peer_d11_compressed_files_are_looked_into(
    tmp_path: Path, pack: Callable[[bytes], bytes], program: str
) -> None:
    found = checked(tmp_path, {"share/man/x": pack(f"see {PREFIX}/share and {WORK}".encode())})
    assert brief(found) == [("leaks", Severity.WARNING, "share/man/x")] * 2
    assert all(f"compressed by {program}" in finding.message for finding in found)


def test_symlinks_and_names_are_looked_at(tmp_path: Path) -> None:
    found = checked(tmp_path, {"share/l": Link(f"{WORK}/x"), f"share{BUILD}/x": "x"})
    assert brief(found) == [
        ("leaks", Severity.ERROR, "share/bakehouse/build_env/x"),
        ("leaks", Severity.ERROR, "share/l"),
    ]


def test_licences_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(f"found in {WORK}/LICENSE")
    with_license = Relocated(entries=(), licenses=(LicenseFile(name="LICENSE", content=tmp_path / "LICENSE"),))
    assert brief(check_leaks(with_license, context())) == [("leaks", Severity.ERROR, "info/licenses/LICENSE")]


def test_folders_of_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    package_of = relocated_of(tmp_path / "p", {"a": f"{folder}/x", "b": f"{folder}-not"})
    assert brief(check_leaks(package_of, context(machine=(folder,)))) == [("leaks", Severity.ERROR, "a")]


def test_debug_information_of_a_compiler(tmp_path: Path) -> None:
    source = "int f(void) { return __FILE__[0]; }"
    gcc(tmp_path / "prefix/lib/leaky.so", source, "-shared", "-fPIC", "-g", f"-fdebug-prefix-map={Path.cwd()}={WORK}")
    gcc(tmp_path / "prefix/lib/clean.so", source, "-shared", "-fPIC", "-g", f"-ffile-prefix-map={Path.cwd()}=.")
    assert brief(checked(tmp_path, {})) == [("leaks", Severity.ERROR, "lib/leaky.so")]


def test_the_recipe_can_allow_a_leak_with_a_warning(tmp_path: Path) -> None:
    for patterns in (("share/test/**", "other"), "share/test/"):
        extra = (("bakehouse", (("leak_allowlist", patterns),)),)
        output = package(extra=extra)
        tree: Tree = {"share/test/x": WORK, "lib/x": WORK}
        assert brief(checked(tmp_path / str(len(patterns)), tree, output)) == [
            ("leaks", Severity.ERROR, "lib/x"),
            ("leaks", Severity.WARNING, "share/test/x"),
        ]


@pytest.mark.parametrize(
    "extra",
    [(), (("bakehouse", None),), (("bakehouse", "text"),), (("bakehouse", ()),), (("bakehouse", (("leak_allowlist", (1, None)),)),),
     (("bakehouse", (("other", "x"),)),), (("bakehouse", ("a", "b")),)],
)  # fmt: skip
def test_other_shapes_of_extra_allow_nothing(tmp_path: Path, extra: tuple[object, ...]) -> None:
    assert brief(checked(tmp_path, {"x": WORK}, package(extra=extra))) == [("leaks", Severity.ERROR, "x")]


def test_an_allowlist_that_cannot_be_read_is_the_recipes_mistake(tmp_path: Path) -> None:
    output = package(extra=(("bakehouse", (("leak_allowlist", ("[",)),)),))
    with pytest.raises(RecipeError, match=r"extra\.bakehouse\.leak_allowlist"):
        checked(tmp_path, {"x": WORK}, output)


def test_peer_d8_a_file_that_became_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not a regular file"):
        list(check_leaks(relocated(plain("x", tmp_path / "fifo")), context()))


def test_a_clean_package(tmp_path: Path) -> None:
    assert checked(tmp_path, {"a": "a", "bakehouse/worker": "bakehouse", "b": b"\0" * 10_000, "empty": ""}) == []
