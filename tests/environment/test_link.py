"""Real prefixes: the same bytes for the same packages, never half made, never written to."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from builder.environment.layer import tree_in
from builder.environment.link import KIND, _install, _Linking, _unpacked, environment_key, link, link_scripts
from builder.environment.packages import KIND as PACKAGES
from builder.environment.packages import PackageStore
from builder.environment.prefix_record import UnlikeError
from builder.environment.solver import Solver
from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.environment import Clash, Environment, LinkedPrefix
from builder.model.inside import SEALED
from builder.model.python import python
from builder.model.target import target
from builder.payload.commands import EntryPoint, script
from builder.store import Store
from tests.environment.conftest import PLACEHOLDER
from tests.environment.packages import Made, channel, loose

INSIDE = SEALED.prefix


def solved(store: Store, folder: Path, *specs: str) -> Environment:
    return asyncio.run(Solver([str(folder)], store).solve(specs, subdir="linux-64"))


def linked(
    store: Store, environment: Environment, inside: PurePosixPath = INSIDE, notes: list[str] | None = None
) -> LinkedPrefix:
    return asyncio.run(link(environment, inside, store, report=notes.append if notes is not None else lambda _: None))


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return everything that a script could see of a prefix: kinds, modes, times, contents."""
    found = dict[str, tuple[object, ...]]()
    for path in [folder, *sorted(folder.rglob("*"))]:
        state = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (oct(state.st_mode), state.st_mtime, content)
    return found


def test_files_are_written_for_the_path_inside(store: Store, small: Path) -> None:
    prefix = linked(store, solved(store, small, "zlib"))
    assert prefix.inside == INSIDE
    assert (prefix.folder / "include" / "zlib.h").read_bytes() == b"#pragma once\n"
    assert (prefix.folder / "lib" / "pkgconfig" / "zlib.pc").read_text() == f"prefix={INSIDE}\n"
    library = (prefix.folder / "lib" / "libz.so.1").read_bytes()
    assert library.startswith(b"\x7fELF" + str(INSIDE).encode())
    assert library.endswith(b"\0rest")
    assert len(library) == 4 + len(PLACEHOLDER) + 5
    assert (prefix.folder / "lib" / "libz.so").readlink() == Path("libz.so.1")
    assert dict(prefix.owners) == {
        "include/zlib.h": "zlib", "lib/libz.so": "libzlib", "lib/libz.so.1": "libzlib", "lib/pkgconfig/zlib.pc": "zlib",
    }  # fmt: skip
    assert list(prefix.owners) == sorted(prefix.owners)


def test_python_packages_without_architecture(store: Store, small: Path) -> None:
    prefix = linked(store, solved(store, small, "pure"))
    assert (prefix.folder / "lib/python3.12/site-packages/pure/__init__.py").is_file()
    script = (prefix.folder / "bin" / "pure").read_text()
    assert "from pure import main" in script
    assert f"{INSIDE}/bin/python3.12" in script
    assert (prefix.folder / "bin" / "tool").stat().st_mode & 0o777 == 0o755
    assert dict(prefix.owners)["bin/pure"] == "pure"


def test_an_old_python_gets_its_own_folder(store: Store, small: Path) -> None:
    prefix = linked(store, solved(store, small, "pure", "python 3.10.*"))
    assert (prefix.folder / "lib/python3.10/site-packages/pure/__init__.py").is_file()


def test_a_python_says_itself_where_packages_go(store: Store, small: Path, tmp_path: Path) -> None:
    """CEP 17, in a channel whose index forgot about it: the package itself counts."""
    place = "lib/python3.14t/site-packages"
    free = Made(name="python", version="3.14.0", files={"bin/python3.14": b"py"}, site_packages=place)
    folder = channel(tmp_path / "c", free)
    index = folder / "linux-64/repodata.json"
    index.write_text(index.read_text().replace("python_site_packages_path", "no_such_key"))
    environment = asyncio.run(
        Solver([str(folder), str(small)], store).solve(["pure", "python 3.14.*"], subdir="linux-64")
    )
    prefix = linked(store, environment)
    assert (prefix.folder / place / "pure/__init__.py").is_file()
    assert not (prefix.folder / "lib/python3.14").exists()
    assert dict(prefix.owners)[f"{place}/pure/__init__.py"] == "pure"


def test_an_extension_for_every_python_goes_where_its_python_keeps_packages(
    store: Store, small: Path, tmp_path: Path
) -> None:
    """CEP 20: noarch is python, and the subdir is a platform."""
    steady = Made(
        name="steady", noarch="python", depends=["python"], entry_points=["steady = steady:main"],
        files={"site-packages/steady/_fast.abi3.so": b"\x7fELF", "lib/libsteady.so": b"\x7fELF"},
    )  # fmt: skip
    environment = asyncio.run(
        Solver([str(channel(tmp_path / "c", steady)), str(small)], store).solve(
            ["steady", "python 3.10.*"], subdir="linux-64"
        )
    )
    prefix = linked(store, environment)
    assert (prefix.folder / "lib/python3.10/site-packages/steady/_fast.abi3.so").is_file()
    assert (prefix.folder / "lib/libsteady.so").is_file()
    assert (prefix.folder / "bin/steady").is_file()


@pytest.mark.parametrize("inside", [INSIDE, SEALED.test_prefix, PurePosixPath("/with a space")])
def test_commands_are_those_that_packaging_writes(store: Store, small: Path, inside: PurePosixPath) -> None:
    environment = solved(store, small, "pure")
    made = (linked(store, environment, inside).folder / "bin/pure").read_text()
    assert made == script(EntryPoint.parse("pure = pure:main"), python("3.12.1", target("linux-64")), inside)


def test_nothing_is_compiled(store: Store, small: Path) -> None:
    prefix = linked(store, solved(store, small, "pure"))
    assert not [path for path in prefix.folder.rglob("*") if path.suffix == ".pyc" or path.name == "__pycache__"]


def test_an_environment_is_linked_once(store: Store, small: Path) -> None:
    environment = solved(store, small, "zlib")
    first, second = linked(store, environment), linked(store, environment)
    assert first == second
    elsewhere = linked(store, environment, SEALED.test_prefix)
    assert elsewhere.folder != first.folder
    assert str(SEALED.test_prefix) in (elsewhere.folder / "lib" / "pkgconfig" / "zlib.pc").read_text()
    assert store.folder(KIND, environment_key(environment, INSIDE)) == first.folder.parent


def test_the_key_is_the_packages_and_the_path(store: Store, small: Path) -> None:
    one, other = solved(store, small, "zlib"), solved(store, small, "libzlib", "zlib >=1")
    assert one.specs != other.specs
    assert environment_key(one, INSIDE) == environment_key(other, INSIDE)
    assert environment_key(one, INSIDE) != environment_key(one, SEALED.test_prefix)
    assert environment_key(one, INSIDE) != environment_key(Environment(), INSIDE)


def test_the_same_packages_give_the_same_bytes(small: Path, tmp_path: Path) -> None:
    """Other stores, other channels, other times, another umask and other caches."""
    copy = tmp_path / "copied" / "channel"
    shutil.copytree(small, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
    trees = []
    for folder, umask in ((small, 0o022), (copy, 0o077), (copy, 0o000)):
        store = Store(tmp_path / f"store-{umask}")
        old = os.umask(umask)
        try:
            trees.append(
                tree(
                    linked(
                        store, solved(store, folder, "zlib", "pure", "gcc_linux-64", "left", "right", "hooked")
                    ).folder
                )
            )
        finally:
            os.umask(old)
            store.close()
    assert trees[0] == trees[1] == trees[2]


def test_nothing_of_this_machine_is_in_a_prefix(store: Store, small: Path) -> None:
    prefix = linked(store, solved(store, small, "zlib", "pure", "gcc_linux-64"))
    for path in prefix.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(store.root).encode() not in content, path
            assert str(small).encode() not in content, path
        state = path.lstat()
        assert state.st_mtime in {315_532_800, 1_600_000_000}, path
        assert (state.st_uid, state.st_gid) == (os.getuid(), os.getgid())
    assert not (prefix.folder / "CACHEDIR.TAG").exists()


def test_unpacked_packages_are_shared_and_stay_as_they_are(store: Store, small: Path) -> None:
    environment = solved(store, small, "gcc_linux-64")
    prefix = linked(store, environment)
    gcc = next(package for package in environment.packages if package.name == "gcc_linux-64")
    kept = store.folder(PACKAGES, gcc.sha256)
    assert kept is not None
    unpacked = tree_in(kept)
    assert (unpacked / "bin" / "gcc").samefile(prefix.folder / "bin" / "gcc")
    before = tree(unpacked)
    linked(store, environment, SEALED.test_prefix)
    linked(store, solved(store, small, "gcc_linux-64", "zlib"))
    assert tree(unpacked) == before


def test_an_empty_environment(store: Store) -> None:
    prefix = linked(store, Environment())
    assert [str(path.relative_to(prefix.folder)) for path in sorted(prefix.folder.rglob("*"))] == [
        "conda-meta",
        "conda-meta/history",
    ]
    assert prefix.owners == ()
    assert linked(store, Environment()).folder == prefix.folder


def test_an_empty_environment_does_not_need_rattler(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path, PurePosixPath; from builder.environment import Solver, link\n"
        "from builder.store import Store; from builder.model.environment import Environment\n"
        "store = Store(Path(sys.argv[1])); solver = Solver([sys.argv[1]], store)\n"
        "environment = asyncio.run(solver.solve([], subdir='linux-64'))\n"
        "asyncio.run(link(environment, PurePosixPath('/x'), store))\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in {'rattler', 'lief', 'httpx'}], sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2], check=True)


def test_clashes_are_told_with_both_names(store: Store, small: Path) -> None:
    environment = solved(store, small, "left", "right")
    prefix = linked(store, environment)
    clash = Clash(path="share/same.txt", winner="left", losers=("right",))
    assert prefix.clashes == (clash,)
    assert (prefix.folder / "share" / "same.txt").read_bytes() == b"left\n"
    assert dict(prefix.owners) == {"share/same.txt": "left", "share/only-left.txt": "left"}
    assert not (prefix.folder / "__clobbers__").exists()
    assert linked(store, environment).clashes == (clash,), "told every time, also when it was linked before"


def test_link_scripts_are_named_and_not_run(store: Store, small: Path) -> None:
    notes = list[str]()
    prefix = linked(store, solved(store, small, "hooked"), notes=notes)
    assert notes == ["hooked has link scripts, which are not run here"]
    assert link_scripts(prefix) == (
        ("hooked", "bin/.hooked-post-link.sh"), ("hooked", "bin/.hooked-pre-unlink.sh"),
    )  # fmt: skip
    assert link_scripts(linked(store, solved(store, small, "left"))) == ()


def test_a_tampered_package_never_gets_into_a_prefix(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", files={"bin/a": b"good"}), Made(name="b", depends=["a"]))
    environment = solved(store, folder, "b")
    channel(tmp_path / "evil", Made(name="a", files={"bin/a": b"EVIL"}))
    shutil.copy(tmp_path / "evil/linux-64/a-1.0-h1_0.conda", folder / "linux-64")
    with pytest.raises(SourceError, match="is not the package that the index"):
        linked(store, environment)
    assert store.folder(KIND, environment_key(environment, INSIDE)) is None
    assert not (store.root / "folders" / KIND).exists()


def test_what_cannot_be_linked(store: Store, small: Path) -> None:
    """A pure Python package without a Python: no solver would say so, a lock file could."""
    environment = solved(store, small, "pure")
    alone = Environment(specs=environment.specs, packages=environment.packages[1:])
    with pytest.raises(MachineError, match=r"linking pure-2\.0-h1_0\.conda failed"):
        linked(store, alone)
    assert store.folder(KIND, environment_key(alone, INSIDE)) is None


def test_all_kinds_of_file_names(store: Store, tmp_path: Path) -> None:
    files = {"share/a b/ä 'x' $y": b"1", "-dash": b"2", "share/semi;colon": b"3"}
    folder = channel(tmp_path / "c", Made(name="odd", files=files))
    prefix = linked(store, solved(store, folder, "odd"))
    assert {path: (prefix.folder / path).read_bytes() for path in files} == files
    assert {path for path, _ in prefix.owners} == set(files)


def test_loose_packages_are_linked_from_where_they_lie(store: Store, small: Path, tmp_path: Path) -> None:
    package = loose(tmp_path / "elsewhere", Made(name="mine", depends=["zlib"], files={"share/mine": b"1"}))
    solver = Solver([str(small)], store)
    environment = asyncio.run(solver.solve(["mine"], subdir="linux-64", loose=[package]))
    prefix = linked(store, environment)
    assert (prefix.folder / "share" / "mine").read_bytes() == b"1"


# -- plain files, which rattler does not see -------------------------------------------------------------------------------


def without_knowledge(store: Store) -> None:
    """Have all packages as a bakehouse unpacked them that did not tell plain files apart."""
    for known in (store.root / "folders" / PACKAGES).glob("*/.apart"):
        shutil.rmtree(known)


def both_ways(tmp_path: Path, folder: Path, *specs: str) -> tuple[LinkedPrefix, LinkedPrefix]:
    """Link the same packages with what is known of their plain files, and without it."""
    found = []
    for know in (True, False):
        store = Store(tmp_path / f"store-{know}")
        environment = solved(store, folder, *specs)
        asyncio.run(_unpacked(environment.packages, PackageStore(store)))
        if not know:
            without_knowledge(store)
        found.append(linked(store, environment))
        store.close()
    return found[0], found[1]


MIXED = Made(
    name="mixed", links={"bin/tool": "../lib/mixed/tool", "lib/mixed/self": "."}, executable=["lib/mixed/tool", "top"],
    files={
        "top": b"1", "lib/mixed/tool": b"#!" + PLACEHOLDER.encode() + b"/bin/sh\n", "lib/mixed/plain.h": b"2",
        "lib/mixed/deep/er/plain.h": b"3", "lib/mixed.pc": PLACEHOLDER.encode(), "share/\u00e4 b": b"4", "share/'q\"q'": b"5",
    },
    prefixed={"lib/mixed/tool": (PLACEHOLDER, "text"), "lib/mixed.pc": (PLACEHOLDER, "text")},
)  # fmt: skip


def test_both_ways_make_the_same_prefix(tmp_path: Path, small: Path) -> None:
    specs = ["zlib", "pure", "gcc_linux-64", "hooked", "data", "left", "numpy"]
    together = channel(tmp_path / "c", MIXED, Made(name="nothing"), Made(name="mine", files={"CACHEDIR.TAG": b"x"}))
    for name, folder, wanted in (
        ("small", small, specs),
        ("mixed", together, ["mixed", "nothing"]),
        ("mine", together, ["mine"]),
    ):
        place = tmp_path / name
        place.mkdir()
        known, unknown = both_ways(place, folder, *wanted)
        assert tree(known.folder) == tree(unknown.folder), name
        assert (known.owners, known.clashes) == (unknown.owners, unknown.clashes)
        files = [path for path in unknown.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        for path in files:
            links = (path.stat().st_nlink > 1, (known.folder / path.relative_to(unknown.folder)).stat().st_nlink > 1)
            assert links[0] == links[1], path


def test_rattler_is_shown_the_rest_alone(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be no faster than rattler: nothing else tells which way it went."""
    trees = list[Mapping[str, Path]]()

    async def install(linking: _Linking, given: Mapping[str, Path]) -> None:
        trees.append(given)
        await _install(linking, given)

    monkeypatch.setattr(sys.modules[link.__module__], "_install", install)
    together = channel(
        tmp_path / "c",
        MIXED,
        Made(name="nothing"),
        Made(name="one", files={"x": b"1", "y": b"2"}),
        Made(name="other", files={"x": b"3"}),
    )
    linked(store, solved(store, together, "mixed", "nothing", "one", "other"))
    (given,) = trees
    shown = {name: path.parent.name == ".apart" for name, path in given.items()}
    assert shown == {"mixed": True, "nothing": False, "one": False, "other": False}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"files": {"x": b"1", "y": b"2"}}, {"files": {"x": b"3"}}),
        ({"files": {"x": b"1", "p": b"1"}}, {"files": {"x": PLACEHOLDER.encode()}, "prefixed": {"x": (PLACEHOLDER, "text")}}),
        ({"files": {"x/y": b"1"}}, {"files": {"x": b"3", "z": b"4"}}),
        ({"files": {"lib/y": b"1"}}, {"files": {"p": b"1"}, "links": {"lib": "lib64"}}),
        ({"files": {"lib/y": b"1", "lib64/z": b"1"}}, {"files": {"p": b"1"}, "links": {"lib": "lib64"}}),
        ({"files": {"p": b"1"}, "links": {"x": "a"}}, {"files": {"q": b"1"}, "links": {"x": "b"}}),
        ({"files": {"p": b"1"}, "links": {"x": "a"}}, {"files": {"x": b"1"}}),
    ],
    ids=["files", "prefix", "file over folder", "link to nothing", "link over folder", "links", "file and link"],
)  # fmt: skip
def test_packages_in_each_others_way_end_as_rattler_has_it(
    tmp_path: Path, one: dict[str, object], other: dict[str, object]
) -> None:
    folder = channel(tmp_path / "c", Made(**{"name": "one", **one}), Made(**{"name": "other", **other}))  # type: ignore[arg-type]
    known, unknown = _ended(lambda: both_ways(tmp_path, folder, "one", "other"))
    assert known == unknown


def _ended(run: Callable[[], tuple[LinkedPrefix, LinkedPrefix]]) -> tuple[object, object]:
    known, unknown = run()
    return (tree(known.folder), known.owners, known.clashes), (tree(unknown.folder), unknown.owners, unknown.clashes)


@pytest.mark.parametrize(
    "trouble", [OSError(31, "Too many links"), UnlikeError("a.json"), MachineError("x", code="a.b")]
)
def test_whatever_keeps_us_from_it_rattler_does_all(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    folder = channel(tmp_path / "c", MIXED)
    other = Store(tmp_path / "other")
    expected = tree(linked(other, solved(other, folder, "mixed")).folder)

    def fail(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(sys.modules[link.__module__], "place", fail)
    assert tree(linked(store, solved(store, folder, "mixed")).folder) == expected


# -- many at once, and none to the end -------------------------------------------------------------------------------------

PROGRAM = """
import asyncio, os, sys
from pathlib import Path, PurePosixPath
from builder.environment import Solver, link
from builder.store import Store

async def main() -> None:
    store = Store(Path(sys.argv[2]))
    solver = Solver([sys.argv[1]], store)
    environment = await solver.solve(["zlib", "pure", "numpy", "gcc_linux-64"], subdir="linux-64")
    prefixes = await asyncio.gather(*(link(environment, PurePosixPath("/inside"), store) for _ in range(3)))
    print({str(prefix.folder) for prefix in prefixes})

asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # rattler's threads now and then abort an interpreter that takes itself apart
"""


def processes(count: int, arguments: Sequence[str]) -> list[str]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    found = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * count
    return found


def test_four_processes_link_the_same_environment(small: Path, tmp_path: Path) -> None:
    found = processes(4, [str(small), str(tmp_path / "store")])
    assert len(set(found)) == 1
    (folder,) = (tmp_path / "store" / "folders" / KIND).iterdir()
    alone = Store(tmp_path / "alone")
    environment = solved(alone, small, "zlib", "pure", "numpy", "gcc_linux-64")
    assert tree(folder / "prefix") == tree(linked(alone, environment, PurePosixPath("/inside")).folder)


def test_the_home_folder_is_not_touched(small: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".condarc").write_text("channels: [nonsense]\nchannel_priority: disabled\n")
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(small), str(tmp_path / "store")],
        cwd=Path(__file__).parents[2], env={"HOME": str(home)}, check=True, capture_output=True,
    )  # fmt: skip
    assert [path.name for path in home.rglob("*")] == [".condarc"]


@pytest.mark.parametrize("turns", [1, 3, 10, 30, 60, 100])
def test_a_cancelled_link_leaves_nothing_half_made(small: Path, tmp_path: Path, turns: int) -> None:
    store = Store(tmp_path / "store")
    environment = solved(store, small, "zlib", "pure", "numpy", "gcc_linux-64")

    async def main() -> LinkedPrefix | None:
        task = asyncio.create_task(link(environment, INSIDE, store))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return None

    asyncio.run(main())
    folders = [folder for kind in (KIND, PACKAGES) for folder in (store.root / "folders" / kind).glob("*")]
    for folder in folders:
        inner = folder / "prefix" if folder.parent.name == KIND else tree_in(folder)
        assert (inner / "conda-meta" / "history").is_file() or (inner / "info" / "index.json").is_file()
    left = [path for path in (store.root / "sessions").glob("*/*") if not path.name.startswith("unpacking-")]
    assert left == []
    assert not list((store.root / "sessions").glob("*/unpacking-*/job-*")), "the room for unpacking is empty"
    prefix = linked(store, environment)
    other = Store(tmp_path / "other")
    assert tree(prefix.folder) == tree(linked(other, environment).folder)


def test_a_full_disk_is_told(small: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    environment = solved(store, small, "zlib")
    (tmp_path / "store" / "folders").mkdir(exist_ok=True)
    (tmp_path / "store" / "folders" / PACKAGES).write_text("in the way")
    with pytest.raises((BakehouseError, OSError)):
        linked(store, environment)
    (tmp_path / "store" / "folders" / PACKAGES).unlink()
    assert linked(store, environment).owners


def test_linking_that_was_killed_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """At any moment: an environment is there whole, or it is made again, and what was begun goes with the next store."""
    files = {f"share/{number // 50}/{number}": b"x" for number in range(2_000)}
    folder = channel(tmp_path / "c", Made(name="a", files=files), Made(name="b", depends=["a"], files={"bin/b": b"b"}))
    program = (
        "import asyncio, sys; from pathlib import Path, PurePosixPath; from builder.environment import Solver, link\n"
        "from builder.store import Store\n"
        "store = Store(Path(sys.argv[1])); solver = Solver([sys.argv[2]], store)\n"
        "environment = asyncio.run(solver.solve(['b'], subdir='linux-64'))\n"
        "print('linking', flush=True)\n"
        "asyncio.run(link(environment, PurePosixPath(sys.argv[3]), store))\n"
    )
    place = tmp_path / "store"
    for moment in (0.0, 0.05, 0.2):
        inside = f"/opt/{moment}"
        words = [sys.executable, "-c", program, str(place), str(folder), inside]
        with subprocess.Popen(words, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == b"linking\n"
            time.sleep(moment)
            killed.kill()
        store = Store(place)
        prefix = linked(store, solved(store, folder, "b"), PurePosixPath(inside))
        assert {path for path, _ in prefix.owners} == {*files, "bin/b"}
        assert all((prefix.folder / path).is_file() for path in files)
        store.close()
    assert not list((place / "sessions").glob("*/*"))


def test_packages_that_are_never_to_be_published_are_told(store: Store, tmp_path: Path) -> None:
    said = {"no": b'{"publishable": false}', "yes": b'{"publishable": true}', "odd": b"[" * 100_000, "list": b"[false]"}
    made = [Made(name="silent"), *(Made(name=name, keys=keys) for name, keys in said.items())]
    folder = channel(tmp_path / "channel", *made)
    environment = solved(store, folder, "silent", *said)
    assert linked(store, environment).unpublishable == ("no-1.0-h1_0.conda",)
    assert linked(store, environment).unpublishable == ("no-1.0-h1_0.conda",), "when it comes from the store, too"
