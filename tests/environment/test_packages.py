"""Packages in the store: nothing is unpacked that is not what its record says."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builder.environment.access import Access
from builder.environment.packages import KIND, PackageStore
from builder.environment.solver import Solver
from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.environment import LockedPackage
from builder.store import Store
from tests.environment.packages import Made, channel, loose
from tests.environment.served import served


def locked(store: Store, folder: str, name: str) -> LockedPackage:
    environment = asyncio.run(Solver([folder], store).solve([name], subdir="linux-64"))
    return next(package for package in environment.packages if package.name == name)


def unpacked(store: Store, package: LockedPackage, *, offline: bool = False) -> Path:
    return asyncio.run(PackageStore(store, Access(offline=offline)).unpacked(package))


def test_a_package_is_unpacked_once(store: Store, small: Path) -> None:
    package = locked(store, str(small), "libzlib")
    folder = unpacked(store, package)
    assert folder.parent == store.folder(KIND, package.sha256)
    assert (folder / "lib" / "libz.so").is_symlink()
    assert (folder / "info" / "index.json").is_file()
    assert (folder / "lib" / "libz.so.1").stat().st_mtime == 1_600_000_000
    marker = folder / "lib" / "libz.so.1"
    before = marker.stat().st_ino
    assert unpacked(store, package) == folder
    assert marker.stat().st_ino == before


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return channel(tmp_path / "own", Made(name="a", files={"bin/a": b"good"}), Made(name="b", files={"bin/b": b"good"}))


def tampered(folder: Path) -> Path:
    """Put another good package in the place of ``a``; the index still describes the old one."""
    channel(folder.parent / "evil", Made(name="a", files={"bin/a": b"EVIL"}))
    place = folder / "linux-64" / "a-1.0-h1_0.conda"
    shutil.copy(folder.parent / "evil" / "linux-64" / place.name, place)
    return place


def test_a_tampered_package_in_a_folder_is_refused(store: Store, own: Path) -> None:
    package = locked(store, str(own), "a")
    place = tampered(own)
    with pytest.raises(SourceError, match=r"a-1\.0-h1_0\.conda is not the package that the index") as caught:
        unpacked(store, package)
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert problem.place.file == str(place)
    assert package.sha256 in problem.message
    assert store.folder(KIND, package.sha256) is None


@pytest.mark.parametrize("cut", [0, 1, 200])
def test_a_torn_package_is_refused(store: Store, own: Path, cut: int) -> None:
    package = locked(store, str(own), "a")
    place = own / "linux-64" / package.file_name
    place.write_bytes(place.read_bytes()[:cut])
    with pytest.raises(SourceError, match="is not the package"):
        unpacked(store, package)


def test_an_archive_is_handed_out_as_its_record_says(store: Store, own: Path, tmp_path: Path) -> None:
    package = locked(store, str(own), "a")
    (tmp_path / "here").mkdir()
    path = asyncio.run(PackageStore(store).archive(package, tmp_path / "here"))
    assert path == tmp_path / "here" / package.file_name
    assert path.read_bytes() == (own / "linux-64" / package.file_name).read_bytes()
    tampered(own)
    (tmp_path / "there").mkdir()
    with pytest.raises(SourceError, match="not the package"):
        asyncio.run(PackageStore(store).archive(package, tmp_path / "there"))


def test_a_package_that_is_gone(store: Store, own: Path) -> None:
    package = locked(store, str(own), "a")
    (own / "linux-64" / package.file_name).unlink()
    with pytest.raises(SourceError, match=r"is in the index of .* but not in the channel"):
        unpacked(store, package)


def test_a_package_of_no_channel_is_there_when_it_is_linked(store: Store, tmp_path: Path) -> None:
    package = loose(tmp_path, Made(name="a", files={"bin/a": b"good"}))
    folder = asyncio.run(PackageStore(store).loose(package))
    assert folder.parent == store.folder(KIND, package.sha256)
    assert (folder / "bin" / "a").read_bytes() == b"good"
    package.path.write_bytes(b"other")
    with pytest.raises(SourceError, match="is not the package"):
        asyncio.run(PackageStore(Store(tmp_path / "other")).loose(package))


def test_a_package_with_a_false_name(store: Store, own: Path) -> None:
    """The digest is right, but inside is another package than the file's name says."""
    package = locked(store, str(own), "a")
    other = own / "linux-64" / "c-1.0-h1_0.conda"
    shutil.copy(own / "linux-64" / package.file_name, other)
    with pytest.raises(SourceError, match=r"c-1\.0-h1_0\.conda"):
        unpacked(store, replace(package, name="c", file_name=other.name, url=other.as_uri()))


@pytest.mark.parametrize("path", ["conda-meta/a-1.0-h1_0.json", "conda-meta/history"])
def test_only_installers_write_conda_meta(store: Store, tmp_path: Path, path: str) -> None:
    folder = channel(tmp_path / "c", Made(name="a", files={path: b"{}"}))
    with pytest.raises(SourceError, match="where only installers may write"):
        unpacked(store, locked(store, str(folder), "a"))


def test_spaces_and_letters_of_all_kinds(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "a channel #1 % ä", Made(name="a", files={"x": b"1"}))
    assert (unpacked(store, locked(store, str(folder), "a")) / "x").read_bytes() == b"1"


# -- remote ----------------------------------------------------------------------------------------------------------------


def test_a_remote_package_is_fetched_once(store: Store, own: Path, tmp_path: Path) -> None:
    lines = list[str]()
    with served(own) as server:
        package = locked(store, server.url, "a")
        folder = asyncio.run(PackageStore(store, report=lines.append).unpacked(package))
        assert (folder / "bin" / "a").read_bytes() == b"good"
        asked = [path for path in server.asked if path.endswith(".conda")]
        assert asked == ["/linux-64/a-1.0-h1_0.conda"]
    assert lines == ["fetching a-1.0-h1_0.conda"]
    assert store.file(package.sha256) is not None
    shutil.rmtree(folder.parent)
    assert unpacked(store, package, offline=True) == folder, "from the file in the store, without the network"


def test_a_tampered_remote_package_is_refused(store: Store, own: Path) -> None:
    with served(own) as server:
        package = locked(store, server.url, "a")
        tampered(own)
        with pytest.raises(SourceError, match="sha256 is"):
            unpacked(store, package)
    assert store.file(package.sha256) is None
    assert store.folder(KIND, package.sha256) is None


def test_a_remote_package_that_is_gone(store: Store, own: Path) -> None:
    with served(own) as server:
        package = locked(store, server.url, "a")
        (own / "linux-64" / package.file_name).unlink()
        with pytest.raises(BakehouseError, match=r"a-1\.0-h1_0\.conda|sha256"):
            unpacked(store, package)
    with pytest.raises(MachineError, match="connection"):
        unpacked(store, package)


def test_offline_fetches_nothing(store: Store, own: Path) -> None:
    with served(own) as server:
        package = locked(store, server.url, "a")
        with pytest.raises(MachineError, match=r"a-1\.0-h1_0\.conda is not in the store") as caught:
            unpacked(store, package, offline=True)
        assert "without --offline" in (caught.value.problems[0].remedy or "")
        assert not [path for path in server.asked if path.endswith(".conda")]


# -- run exports -----------------------------------------------------------------------------------------------------------


def exports(store: Store, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
    return asyncio.run(PackageStore(store).run_exports(package))


def test_the_index_tells_run_exports(store: Store, own: Path) -> None:
    package = locked(store, str(own), "a")
    told = json.loads(package.record) | {"run_exports": {"weak": ["x >=1"], "strong": []}}
    assert exports(store, replace(package, record=json.dumps(told))) == {"weak": ("x >=1",), "strong": ()}
    assert store.folder(KIND, package.sha256) is None, "the package was not needed"


def test_the_package_tells_run_exports_when_the_index_does_not(store: Store, tmp_path: Path) -> None:
    folder = channel(
        tmp_path / "c",
        Made(name="a", run_exports={"strong": ["a >=1"], "noarch": ["n"]}),
        Made(name="b"),
        with_run_exports=False,
    )
    assert exports(store, locked(store, str(folder), "a")) == {"strong": ("a >=1",), "noarch": ("n",)}
    assert exports(store, locked(store, str(folder), "b")) == {}


def test_a_bare_list_is_weak(store: Store, own: Path) -> None:
    package = locked(store, str(own), "a")
    told = json.loads(package.record) | {"run_exports": ["x >=1"]}
    assert exports(store, replace(package, record=json.dumps(told))) == {"weak": ("x >=1",)}


def test_the_weakly_read_may_hold_anything(store: Store, own: Path) -> None:
    package = locked(store, str(own), "a")
    told = json.loads(package.record) | {"run_exports": {"weak": ["x"], "schema_version": 2}}
    assert exports(store, replace(package, record=json.dumps(told))) == {"weak": ("x",)}
