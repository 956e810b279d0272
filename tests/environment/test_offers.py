"""What channels offer, in their order."""

from __future__ import annotations

import json
from pathlib import Path

from builder.environment.index import IndexReader
from builder.environment.loose import loose_index
from builder.environment.offers import catalogue
from builder.environment.place import channel_place
from builder.environment.trouble import Catalogue, Found
from builder.model.target import VirtualPackage
from builder.store import Store
from tests.environment.packages import Made, channel, loose


def offers(store: Store, names: list[str], *folders: Path, packages: tuple[Made, ...] = ()) -> Catalogue:
    reader, places = IndexReader(store), [channel_place(str(folder)) for folder in folders]
    indexes = [reader.read(place, subdir) for place in places for subdir in ("linux-64", "noarch")]
    extra = loose_index([loose(store.root / "loose", made) for made in packages], "linux-64", reader, store)
    sources = [*([extra] if extra else []), *indexes]
    known = frozenset(name for source in sources for name in source.names)
    return catalogue(names, sources, known, [VirtualPackage(name="__glibc", version="2.36")])


def test_channels_stand_in_their_order(store: Store, tmp_path: Path) -> None:
    first = channel(
        tmp_path / "first", Made(name="a", version="1"), Made(name="a", version="2", subdir="noarch", noarch="generic")
    )
    second = channel(tmp_path / "second", Made(name="a", version="3"), Made(name="b"))
    found = offers(store, ["a", "gone"], first, second, packages=(Made(name="a", version="0"),))
    assert [(one.channel, one.version) for one in found.packages["a"]] == [
        ("loose packages", "0"), (str(first), "1"), (str(first), "2"), (str(second), "3"),
    ]  # fmt: skip
    assert found.packages["gone"] == ()
    assert found.names == {"a", "b"}


def test_the_target_offers_its_virtual_packages(store: Store) -> None:
    found = offers(store, ["__glibc", "__cuda"])
    assert found.packages["__glibc"] == (Found(channel="the target", version="2.36", build="0", build_number=0),)
    assert found.packages["__cuda"] == ()


def test_builds_and_numbers_come_along(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", build="cuda_3", build_number=3))
    (found,) = offers(store, ["a"], folder).packages["a"]
    assert (found.build, found.build_number) == ("cuda_3", 3)


def test_what_is_left_out_is_said_by_name(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a"), Made(name="b"))
    path = folder / "linux-64" / "repodata.json"
    content = json.loads(path.read_text())
    for record in content["packages.conda"].values():
        del record["build_number"]
    path.write_text(json.dumps(content))
    found = offers(store, ["a"], folder)
    assert found.left_out == {"a": (f"a-1.0-h1_0.conda of {folder}: it has no build_number",)}
    assert found.packages["a"] == ()
