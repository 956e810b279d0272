"""Which installed files a package takes, with every rule on real trees."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.finding import Severity
from builder.model.globs import Globs
from builder.model.payload import EntryKind, Payload
from builder.model.recipe import About, Build, GlobList, PostProcess, PythonBuild
from builder.payload import select
from tests.payload.prefix import FOLDER, Link, Tree, context, installed, linked, package, write_tree


def globs(*include: str, exclude: tuple[str, ...] = ()) -> GlobList:
    return GlobList(include=include, exclude=exclude)


def paths(payload: Payload) -> list[str]:
    return [entry.path for entry in payload.entries]


def taken(tmp_path: Path, tree: Tree, build: Build | None = None) -> Payload:
    return select(installed(tmp_path / "prefix", tree), package(build=build or Build()), context(tmp_path))


def checks(payload: Payload) -> list[tuple[str, Severity, str | None]]:
    return [(finding.check, finding.severity, finding.path) for finding in payload.findings]


LIBRARY: Tree = {
    "lib/libx.so.1.2": b"\x7fELF",
    "lib/libx.so.1": Link("libx.so.1.2"),
    "lib/libx.so": Link("libx.so.1"),
    "include/x.h": "int x(void);",
    "bin/x": "#!/bin/sh\n",
}


def test_without_globs_everything_is_taken_sorted(tmp_path: Path) -> None:
    payload = taken(tmp_path, LIBRARY)
    assert paths(payload) == sorted(LIBRARY)
    by_path = {entry.path: entry for entry in payload.entries}
    assert by_path["bin/x"].executable
    assert not by_path["include/x.h"].executable
    assert by_path["lib/libx.so"].target == "libx.so.1"
    assert by_path["lib/libx.so.1.2"].content == tmp_path / "prefix/lib/libx.so.1.2"
    assert by_path["include/x.h"].size == len("int x(void);")
    assert payload.findings == ()


def listed(tmp_path: Path, *names: str, build: Build | None = None) -> Payload:
    left = replace(installed(tmp_path / "prefix", LIBRARY), listed=names)
    return select(left, package(build=build or Build()), context(tmp_path))


def test_a_script_that_lists_files_has_those_packed_and_no_others(tmp_path: Path) -> None:
    payload = listed(tmp_path, "bin/x", "include/x.h")
    assert (paths(payload), payload.findings) == (["bin/x", "include/x.h"], ())


def test_a_listed_folder_is_all_in_it(tmp_path: Path) -> None:
    assert paths(listed(tmp_path, "lib")) == ["lib/libx.so", "lib/libx.so.1", "lib/libx.so.1.2"]


def test_globs_choose_from_the_list_and_force_what_it_lacks(tmp_path: Path) -> None:
    chosen = Build(files=globs("lib/*"), always_include_files=globs("include/*"))
    assert paths(listed(tmp_path, "bin/x", "lib/libx.so", build=chosen)) == ["include/x.h", "lib/libx.so"]


def test_a_list_of_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    payload = listed(tmp_path, "bin/x", "bin/y", "share")
    assert checks(payload) == [("files", Severity.ERROR, "bin/y"), ("files", Severity.ERROR, "share")]
    assert all("did not install" in finding.message and finding.remedy for finding in payload.findings)


def test_outputs_share_what_one_script_installed(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", LIBRARY)
    shares = {
        "libx": globs("lib/*.so.*"),
        "libx-devel": globs("lib/*.so", "include/"),
        "x-tools": globs("bin"),
        "rest": globs("**", exclude=("lib/", "include/**", "bin/*")),
    }
    found = {
        name: paths(select(left, package(name, build=Build(files=files)), context(tmp_path)))
        for name, files in shares.items()
    }
    assert found["libx"] == ["lib/libx.so.1", "lib/libx.so.1.2"]
    assert found["libx-devel"] == ["include/x.h", "lib/libx.so"]
    assert found["x-tools"] == ["bin/x"]
    assert found["rest"] == []


@settings(max_examples=50, deadline=None)
@given(
    include=st.lists(st.sampled_from(["lib/**", "bin/", "**/*.so*", "include", "*.h"]), max_size=3, unique=True),
    exclude=st.lists(st.sampled_from(["lib/**", "**/*.1", "bin"]), max_size=2, unique=True),
)
def test_a_share_and_its_complement_are_everything(
    tmp_path_factory: pytest.TempPathFactory, include: list[str], exclude: list[str]
) -> None:
    tmp_path = tmp_path_factory.mktemp("share")
    left = installed(tmp_path / "prefix", LIBRARY)
    files = GlobList(include=tuple(include), exclude=tuple(exclude))
    share = set(paths(select(left, package(build=Build(files=files)), context(tmp_path))))
    rest = {path for path in LIBRARY if not Globs(files).matches(path)} if files else set[str]()
    assert share | rest == set(LIBRARY)
    assert not share & rest


def test_files_of_the_environment_are_never_taken(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"lib/own.so": b"1", "lib/theirs.so": b"changed"})
    host = linked(tmp_path / "host", {"lib/theirs.so": "theirs"})
    payload = select(left, package(), context(tmp_path, host))
    assert paths(payload) == ["lib/own.so"]


def test_always_include_takes_changed_and_unchanged_files_of_the_environment(tmp_path: Path) -> None:
    folder = write_tree(
        tmp_path / "host", {"etc/a.conf": "old", "etc/b.conf": "b", "etc/l": Link("a.conf"), "lib/c": "c"}
    )
    owners = {"etc/a.conf": "conf", "etc/b.conf": "conf", "etc/l": "conf", "lib/c": "c", "etc/gone": "conf"}
    left = installed(tmp_path / "prefix", {"etc/a.conf": "new", "share/x": "x"})
    build = Build(files=globs("share/"), always_include_files=globs("etc/"))
    payload = select(left, package(build=build), context(tmp_path, linked(folder, owners)))
    assert paths(payload) == ["etc/a.conf", "etc/b.conf", "etc/l", "share/x"]
    by_path = {entry.path: entry for entry in payload.entries}
    assert by_path["etc/a.conf"].content == tmp_path / "prefix/etc/a.conf", "the script's version wins"
    assert by_path["etc/b.conf"].content == folder / "etc/b.conf"
    assert by_path["etc/l"].target == "a.conf"


def test_the_metadata_of_the_environment_cannot_be_forced_in(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"conda-meta/evil.json": "{}", "a": "a"})
    payload = select(left, package(build=Build(always_include_files=globs("**"))), context(tmp_path))
    assert paths(payload) == ["a"]


def test_info_is_refused_by_name(tmp_path: Path) -> None:
    payload = taken(tmp_path, {"info/index.json": "{}", "info/x/y": "y", "share/info/x": "x", "information": "i"})
    assert paths(payload) == ["information", "share/info/x"]
    assert [found for found in checks(payload) if found[1] is Severity.ERROR] == [
        ("info", Severity.ERROR, "info/index.json"),
        ("info", Severity.ERROR, "info/x/y"),
    ]


def test_a_name_that_is_no_text_is_told_as_that(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"bin/x": "x"}, irregular=("share/caf\\xe9", "run/fifo"))
    named, special = (one.message for one in select(left, package(), context(tmp_path)).findings)
    assert named.startswith("its name, or what it links to, is no UTF-8")
    assert special.startswith("it is a device, a FIFO or a socket")


def test_peer_d8_irregular_files_are_named_and_nobody_waits(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"bin/x": "x"}, irregular=("run/fifo", "run/socket"))
    os.mkfifo(tmp_path / "prefix/fifo")
    payload = select(left, package(), context(tmp_path))
    assert checks(payload) == [
        ("irregular", Severity.ERROR, "run/fifo"),
        ("irregular", Severity.ERROR, "run/socket"),
    ]
    other = select(left, package(build=Build(files=globs("bin/"))), context(tmp_path))
    assert checks(other) == [], "another output's share is not this one's trouble"


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6755])
def test_peer_d11_set_id_bits_are_refused(tmp_path: Path, mode: int) -> None:
    write_tree(tmp_path / "prefix", {"bin/sudo": "x", "bin/plain": "x"})
    (tmp_path / "prefix/bin/sudo").chmod(mode)
    payload = select(installed(tmp_path / "prefix"), package(), context(tmp_path))
    assert checks(payload) == [("set-id", Severity.ERROR, "bin/sudo")]
    assert all(entry.executable for entry in payload.entries)


def test_peer_d11_hard_links_are_told(tmp_path: Path) -> None:
    write_tree(tmp_path / "prefix", {"bin/git": "x" * 2000, "bin/plain": "y", "z": "z"})
    for name in ("git-add", "git-commit"):
        (tmp_path / "prefix/bin" / name).hardlink_to(tmp_path / "prefix/bin/git")
    (tmp_path / "elsewhere").hardlink_to(tmp_path / "prefix/z")
    payload = select(installed(tmp_path / "prefix"), package(), context(tmp_path))
    assert checks(payload) == [("hard-links", Severity.NOTE, "bin/git")]
    (found,) = payload.findings
    assert found.message == "it is one file with bin/git-add and 1 more; in the package each has its own 2,000 bytes"
    one = select(installed(tmp_path / "prefix"), package(build=Build(files=globs("bin/git"))), context(tmp_path))
    assert checks(one) == [], "the others are another output's"


def test_peer_d11_empty_folders_are_kept_when_they_are_named(tmp_path: Path) -> None:
    tree: Tree = {"var/empty": FOLDER, "var/full/x": "x", "a": "a"}
    dropped = taken(tmp_path / "1", tree)
    assert paths(dropped) == ["a", "var/full/x"]
    assert checks(dropped) == [("empty-folders", Severity.NOTE, "var/empty")]
    for build in (Build(files=globs("**")), Build(always_include_files=globs("var/empty")), Build(files=globs("var/"))):
        kept = taken(
            tmp_path / f"{build.files.include}{build.always_include_files.include}".replace("/", ""), tree, build
        )
        assert [(entry.path, entry.kind) for entry in kept.entries if entry.kind is EntryKind.DIRECTORY] == [
            ("var/empty", EntryKind.DIRECTORY)
        ]
        assert checks(kept) == []


def test_a_folder_whose_files_go_elsewhere_is_not_empty(tmp_path: Path) -> None:
    payload = taken(
        tmp_path, {"lib/a/x.so": b"x", "lib/b.txt": "b"}, Build(files=globs("lib/**", exclude=("**/*.so",)))
    )
    assert paths(payload) == ["lib/b.txt"]


def test_hard_links_are_files_of_the_same_content(tmp_path: Path) -> None:
    write_tree(tmp_path / "prefix", {"bin/a": "same"})
    os.link(tmp_path / "prefix/bin/a", tmp_path / "prefix/bin/b")
    payload = select(installed(tmp_path / "prefix"), package(), context(tmp_path))
    assert [entry.content.read_text() for entry in payload.entries if entry.content] == ["same", "same"]


def test_patterns_that_match_nothing_are_told(tmp_path: Path) -> None:
    some = taken(tmp_path / "1", LIBRARY, Build(files=globs("bin/", "lbi/")))
    assert [(found.check, found.severity) for found in some.findings] == [("files", Severity.NOTE)]
    assert "'lbi/'" in some.findings[0].message
    none = taken(tmp_path / "2", LIBRARY, Build(files=globs("lbi/")))
    assert [(found.check, found.severity) for found in none.findings] == [("files", Severity.WARNING)]
    assert none.entries == ()


def test_always_copied_files_are_listed(tmp_path: Path) -> None:
    payload = taken(tmp_path, LIBRARY, Build(always_copy_files=globs("**/*.h")))
    assert payload.no_link == ("include/x.h",)
    assert taken(tmp_path / "2", LIBRARY).no_link == ()


def test_licences_and_menus_and_rewriting_come_along(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"Menu/other.json": "{", "share/x.txt": "one"})
    around = context(tmp_path)
    (tmp_path / "work/COPYING").write_text("free")
    output = package(
        build=Build(post_process=(PostProcess(files=globs("**/*.txt"), regex="one", replacement="two"),)),
        about=About(license_file=("COPYING", "NOTICE")),
    )
    payload = select(left, output, around)
    assert [license_file.name for license_file in payload.licenses] == ["COPYING"]
    assert {found.check for found in payload.findings} == {"licenses", "menus"}
    text = next(entry for entry in payload.entries if entry.path == "share/x.txt")
    assert text.content is not None
    assert text.content.read_text() == "two"
    assert (tmp_path / "prefix/share/x.txt").read_text() == "one", "what the script left never changes"


def test_noarch_python_moves_modules_and_scripts(tmp_path: Path) -> None:
    tree: Tree = {
        "lib/python3.13/site-packages/demo/__init__.py": "",
        "lib/python3.13/site-packages/demo/__pycache__/__init__.cpython-313.pyc": b"\0",
        "lib/python3.13/site-packages/demo-1.0.dist-info/METADATA": "Name: demo",
        "bin/demo": "#!/usr/bin/env python",
        "bin/other": "#!/usr/bin/env python",
        "share/man/man1/demo.1": "man",
    }
    build = Build(noarch="python", python=PythonBuild(entry_points=("demo = demo:main", "second=demo:second")))
    payload = taken(tmp_path, tree, build)
    assert paths(payload) == [
        "python-scripts/other",
        "share/man/man1/demo.1",
        "site-packages/demo-1.0.dist-info/METADATA",
        "site-packages/demo/__init__.py",
    ]
    assert payload.entry_points == ("demo = demo:main", "second=demo:second")
    generic = taken(tmp_path / "2", tree, Build(noarch="generic"))
    assert "bin/demo" in paths(generic)
    assert generic.entry_points == ()


def test_two_files_for_one_noarch_place_are_an_error(tmp_path: Path) -> None:
    tree: Tree = {"lib/python3.12/site-packages/a.py": "1", "lib/python3.13/site-packages/a.py": "2"}
    payload = taken(tmp_path, tree, Build(noarch="python"))
    assert checks(payload) == [("noarch-layout", Severity.ERROR, "site-packages/a.py")]


def test_nothing_installed_is_an_empty_payload(tmp_path: Path) -> None:
    payload = taken(tmp_path, {})
    assert (payload.entries, payload.licenses, payload.findings) == ((), (), ())
