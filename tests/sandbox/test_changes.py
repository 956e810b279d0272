"""What a session did to an overlay or a copy of its lower folders."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.model.payload import Entry, EntryKind
from builder.sandbox import Changes
from builder.sandbox.changes import changes_of_copy, changes_of_overlay
from builder.store import remove_tree
from tests.sandbox.conftest import Bench, bench_for

LOWER = {
    "bin/tool": "#!tool\n",
    "lib/libz.so.1.2": "library\n",
    "lib/libz.so": ("link", "libz.so.1.2"),
    "lib/sub/deep/file": "deep\n",
    "share/doc/readme": "readme\n",
    "etc/empty": None,
}


def grow(folder: Path, tree: Mapping[str, object]) -> Path:
    """Write a tree: text is a file, None a folder, ``("link", target)`` a symlink; what lies in bin is executable."""
    folder.mkdir(exist_ok=True)
    for path, what in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        match what:
            case str():
                place.write_text(what)
                place.chmod(0o755 if path.startswith("bin/") else 0o644)
            case ("link", str(target)):
                place.symlink_to(target)
            case _:
                place.mkdir(exist_ok=True)
    return folder


def told(changes: Changes) -> dict[str, list[str]]:
    """Return changes as words, without the places of contents."""

    def word(entry: Entry) -> str:
        mark = {EntryKind.FILE: "*" if entry.executable else "", EntryKind.SYMLINK: "@", EntryKind.DIRECTORY: "/"}
        return f"{entry.path}{mark[entry.kind]}{f' -> {entry.target}' if entry.target else ''}"

    return {
        "new": [word(entry) for entry in changes.new],
        "changed": [word(entry) for entry in changes.changed],
        "deleted": list(changes.deleted),
        "irregular": list(changes.irregular),
    }


def done(every: Bench, script: str, lower: Mapping[str, object] | None = None) -> dict[str, list[str]]:
    """Run ``script`` over the lower tree and return what it changed."""
    below = grow(every.folder / "lower", LOWER if lower is None else lower)
    overlay = every.overlay(below)
    ran = every.run(f"set -e; {script}", overlay, cwd=every.inside.work)
    assert ran.exit.code == 0, ran.text
    changes = every.sandbox.changes(overlay)
    for entry in (*changes.new, *changes.changed):
        if entry.kind is EntryKind.FILE:
            assert entry.content is not None
            assert entry.content.is_relative_to(changes.folder)
            assert entry.size == len(entry.content.read_bytes())
    return {name: paths for name, paths in told(changes).items() if paths}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("true", {}),
        ("cat bin/tool lib/libz.so > /dev/null; ls -R . > /dev/null", {}),
        ("echo x > new", {"new": ["new"]}),
        ("mkdir -p a/b/c; echo x > a/b/c/f; mkdir a/empty", {"new": ["a/b/c/f", "a/empty/"]}),
        ("echo x > bin/x; chmod 755 bin/x", {"new": ["bin/x*"]}),
        ("echo x > s; chmod 4755 s", {"new": ["s*"]}),
        ("ln -s ../nowhere lib/link", {"new": ["lib/link@ -> ../nowhere"]}),
        ("ln -s ./a//b link", {"new": ["link@ -> ./a//b"]}),
        ("echo x > a; ln a b", {"new": ["a", "b"]}),
        ("echo more >> lib/libz.so.1.2", {"changed": ["lib/libz.so.1.2"]}),
        ("echo more >> lib/libz.so", {"changed": ["lib/libz.so.1.2"]}),
        ("printf 'LIBRARY\\n' > lib/libz.so.1.2", {"changed": ["lib/libz.so.1.2"]}),
        ("printf 'library\\n' > lib/libz.so.1.2", {}),
        ("touch bin/tool lib/libz.so.1.2", {}),
        ("cp bin/tool t; mv t bin/tool", {}),
        ("chmod 644 bin/tool", {"changed": ["bin/tool"]}),
        ("chmod 600 lib/libz.so.1.2", {}),
        ("chmod 700 lib", {}),
        ("ln -sfn other lib/libz.so", {"changed": ["lib/libz.so@ -> other"]}),
        ("ln -sfn libz.so.1.2 lib/libz.so", {}),
        ("rm lib/libz.so; echo file > lib/libz.so", {"changed": ["lib/libz.so"]}),
        ("rm bin/tool", {"deleted": ["bin/tool"]}),
        ("rm -r lib", {"deleted": ["lib/libz.so", "lib/libz.so.1.2", "lib/sub/deep/file"]}),
        ("rm -r lib/sub; mkdir lib/sub", {"deleted": ["lib/sub/deep/file"]}),
        ("rm -r lib/sub; mkdir -p lib/sub/deep; echo deep > lib/sub/deep/file", {}),
        ("rm -r lib/sub; echo file > lib/sub", {"new": ["lib/sub"], "deleted": ["lib/sub/deep/file"]}),
        ("rm bin/tool; mkdir bin/tool", {"new": ["bin/tool/"], "deleted": ["bin/tool"]}),
        ("rm bin/tool; mkdir bin/tool; echo x > bin/tool/f", {"new": ["bin/tool/f"], "deleted": ["bin/tool"]}),
        ("mv lib/sub lib/moved", {"new": ["lib/moved/deep/file"], "deleted": ["lib/sub/deep/file"]}),
        ("mv bin/tool bin/renamed", {"new": ["bin/renamed*"], "deleted": ["bin/tool"]}),
        ("mkfifo lib/fifo", {"irregular": ["lib/fifo"]}),
        ("echo x > $'lib/\\xff\\xfe'", {"irregular": ["lib/\\xff\\xfe"]}),
        ("ln -s $'\\xff' link", {"irregular": ["link"]}),
        ("mkdir $'d\\xff'; echo x > $'d\\xff/f'", {"irregular": ["d\\xff"]}),
        ("rmdir etc/empty", {}),
        ("echo x > etc/empty/f", {"new": ["etc/empty/f"]}),
        ("echo ü > ü; echo x > $'a\\nb'", {"new": ["a\nb", "ü"]}),
        ("echo x > f; chmod 000 f; mkdir d; echo y > d/f; chmod 000 d", {"new": ["d/f", "f"]}),
        ("rm -r share; ln -s lib share", {"new": ["share@ -> lib"], "deleted": ["share/doc/readme"]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_scripts_do(sealed: Bench, script: str, expected: dict[str, list[str]]) -> None:
    assert done(sealed, script) == expected


def test_without_isolation_the_same_is_told(rootfs: Path, tmp_path: Path) -> None:
    script = "rm -r lib/sub; echo x > lib/sub; touch bin/tool; echo more >> share/doc/readme; mkfifo fifo; mkdir -p a/b"
    assert done(bench_for("none", rootfs, tmp_path), script) == {
        "new": ["a/b/", "lib/sub"],
        "changed": ["share/doc/readme"],
        "deleted": ["lib/sub/deep/file"],
        "irregular": ["fifo"],
    }


def test_paths_are_sorted_by_their_text(every: Bench) -> None:
    assert done(every, "mkdir a a-b; touch a/b a-b/c a.c B") == {"new": ["B", "a-b/c", "a.c", "a/b"]}


def test_several_lower_folders_are_one(every: Bench) -> None:
    top = grow(every.folder / "top", {"d/one": "top\n", "d/hidden": "file\n"})
    low = grow(every.folder / "low", {"d/one": "low\n", "d/two": "low\n", "d/hidden/under": "x\n"})
    overlay = every.overlay(top, low)
    every.run(
        "cat d/one d/two d/hidden > all; echo low > d/one; echo low > d/two; rm d/hidden",
        overlay,
        cwd=every.inside.work,
    )
    assert told(every.sandbox.changes(overlay)) == {
        "new": ["all"],
        "changed": ["d/one"],
        "deleted": ["d/hidden"],
        "irregular": [],
    }


def test_an_empty_lower_makes_everything_new(every: Bench) -> None:
    assert done(every, "mkdir -p a/b; touch f", {}) == {"new": ["a/b/", "f"]}


def test_a_path_deeper_than_the_system_can_name(sealed: Bench) -> None:
    script = "for i in {1..30}; do mkdir $(printf 'x%.0s' {1..200}); cd $(printf 'x%.0s' {1..200}); done; echo y > file"
    try:
        changes = done(sealed, script)
    finally:
        remove_tree(sealed.folder / "upper-work")
    assert list(changes) == ["irregular"]
    assert len(changes["irregular"]) == 1


def test_many_folders_in_each_other(bench: Bench) -> None:
    """Deeper than a recursive walk could go."""
    try:
        changes = done(bench, "d=$(printf 'x/%.0s' {1..1050}); mkdir -p $d; echo y > ${d}file")
    finally:
        remove_tree(bench.folder / "upper-work")
    assert changes == {"new": ["x/" * 1050 + "file"]}


def test_a_socket_is_irregular(tmp_path: Path) -> None:
    upper = grow(tmp_path / "u", {"run": None})
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(upper / "run" / "s"))
        assert told(changes_of_overlay(upper, ()))["irregular"] == ["run/s"]
        assert told(changes_of_copy(upper, ()))["irregular"] == ["run/s"]


def test_what_the_kernel_writes_is_understood_without_it(tmp_path: Path) -> None:
    lower = grow(tmp_path / "lower", LOWER)
    upper = grow(tmp_path / "upper", {"lib/sub": None, "lib/sub/other": "x"})
    os.setxattr(upper / "lib" / "sub", "user.overlay.opaque", b"y")
    assert told(changes_of_overlay(upper, (lower,))) == {
        "new": ["lib/sub/other"], "changed": [], "deleted": ["lib/sub/deep/file"], "irregular": [],
    }  # fmt: skip


def test_unreadable_paths_are_made_readable_for_those_who_pack(tmp_path: Path) -> None:
    upper = grow(tmp_path / "upper", {"d/f": "x"})
    (upper / "d" / "f").chmod(0)
    (upper / "d").chmod(0)
    (entry,) = changes_of_overlay(upper, ()).new
    assert entry.content is not None
    assert stat.S_IMODE(entry.content.stat().st_mode) & 0o400
    assert entry.content.read_text() == "x"


def test_large_files_are_compared_to_the_last_byte(tmp_path: Path) -> None:
    data = "x" * (3 << 20)
    lower = grow(tmp_path / "lower", {"a": data + "1", "b": data + "2"})
    tree = grow(tmp_path / "tree", {"a": data + "1", "b": data + "3"})
    assert told(changes_of_copy(tree, (lower,)))["changed"] == ["b"]


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PATHS, st.sampled_from(["1", "2"])),
        st.tuples(st.sampled_from(["remove", "folder", "execute", "link"]), PATHS, st.just("")),
        st.tuples(st.just("move"), PATHS, PATHS),
    ),
    max_size=12,
)


def shell(steps: list[tuple[str, str, str]]) -> str:
    """Return a script of the steps; those that cannot be done are passed over."""
    lines = {
        "write": "mkdir -p $(dirname {0}) && [ ! -d {0} ] && rm -f {0} && echo {1} > {0}",
        "remove": "rm -rf {0}",
        "folder": "mkdir -p {0}",
        "execute": "[ -f {0} ] && [ ! -L {0} ] && chmod 755 {0}",
        "link": "mkdir -p $(dirname {0}) && [ ! -e {0} ] && ln -s target {0}",
        "move": "[ -e {0} ] && mkdir -p $(dirname {1}) && mv -T {0} {1}",
    }
    return "\n".join(
        f"({lines[kind].format(shlex.quote(one), other)}) 2>/dev/null || true" for kind, one, other in steps
    )


def naive(tree: Path) -> dict[str, tuple[object, ...]]:
    """Return every file, symlink and empty folder with what must be equal."""
    found: dict[str, tuple[object, ...]] = {}
    for path in tree.rglob("*"):
        name = str(path.relative_to(tree))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))  # noqa: PTH115
        elif path.is_dir():
            if not any(path.iterdir()):
                found[name] = ("folder",)
        else:
            found[name] = ("file", path.read_bytes(), bool(path.stat().st_mode & 0o111))
    return found


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=STEPS, after=STEPS)
def test_an_overlay_tells_the_same_as_a_comparison_of_trees(
    rootfs: Path,
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, str, str]],
    after: list[tuple[str, str, str]],
) -> None:
    folder = tmp_path_factory.mktemp("changes")
    lower = folder / "lower"
    lower.mkdir()
    bench = bench_for("overlay", rootfs, folder)
    make = replace(bench.overlay(), upper=lower)
    bench.run(shell(before), make, cwd=bench.inside.work)
    for path in sorted(lower.rglob("*"), reverse=True):
        if not path.is_symlink() and path.is_char_device():
            path.unlink()
    overlay = bench.overlay(lower)
    bench.run(shell(after), overlay, cwd=bench.inside.work)
    told_by_overlay = told(bench.sandbox.changes(overlay))
    copied = bench_for("copy", rootfs, folder)
    mount = copied.overlay(lower, name="copied")
    copied.run(shell(after), mount, cwd=copied.inside.work)
    assert told(copied.sandbox.changes(mount)) == told_by_overlay
    was, now = naive(lower), naive(mount.upper)
    files = {name for name, what in was.items() if what[0] != "folder"}
    assert told_by_overlay["deleted"] == sorted(name for name in files if name not in now or (now[name][0] == "folder"))
    expected = {name for name, what in now.items() if what != was.get(name)}
    found = {line.split(" -> ")[0].rstrip("*@/") for key in ("new", "changed") for line in told_by_overlay[key]}
    emptied = {name for name in expected if now[name][0] == "folder" and (lower / name).is_dir()}
    assert found == expected - emptied
    shutil.rmtree(folder)
