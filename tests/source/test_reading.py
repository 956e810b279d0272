"""Files of sources, read where preparing the sources would put them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError
from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.source import Addresses, Fetcher
from builder.source.reading import MAX_BYTES, read_source_file
from builder.store import Store
from tests.source.git.making import upstream


def read(tmp_path: Path, *sources: Source, path: str = "v.txt", offline: bool = True) -> bytes | None:
    store = Store(tmp_path / "store")
    addresses = Addresses(environment={"PATH": os.environ["PATH"]})
    fetcher = Fetcher(store, addresses, offline=offline)
    folder = tmp_path / "recipe"
    folder.mkdir(exist_ok=True)
    return asyncio.run(read_source_file(sources, path, recipe_folder=folder, fetcher=fetcher, store=store))


def archive(tmp_path: Path, content: bytes, *, name: str = "a-1.tar.gz") -> UrlSource:
    """Put an archive with ``v.txt`` into the store."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as made:
        info = tarfile.TarInfo("a-1/v.txt")
        info.size = len(content)
        made.addfile(info, io.BytesIO(content))
    return stored(tmp_path, held.getvalue(), name)


def stored(tmp_path: Path, data: bytes, name: str) -> UrlSource:
    sha256 = hashlib.sha256(data).hexdigest()
    Store(tmp_path / "store").add_file([data], sha256=sha256)
    return UrlSource(urls=(f"https://example.org/{name}",), sha256=sha256)


def in_folder(source: UrlSource, folder: str) -> UrlSource:
    return UrlSource(urls=source.urls, sha256=source.sha256, target_directory=folder)


def test_an_archive_of_the_store_needs_no_network(tmp_path: Path) -> None:
    source = archive(tmp_path, b"1")
    assert read(tmp_path, source) == b"1"
    assert read(tmp_path, source, path="./v.txt") == b"1"
    assert read(tmp_path, source, path="none.txt") is None
    assert not list((tmp_path / "recipe").iterdir())


def test_each_source_lies_in_its_own_folder(tmp_path: Path) -> None:
    one, two = in_folder(archive(tmp_path, b"1"), "one"), in_folder(archive(tmp_path, b"2"), "two/deep")
    never = UrlSource(urls=("https://example.org/none.tar.gz",), sha256="0" * 64, target_directory="three")
    assert read(tmp_path, never, one, two, path="one/v.txt") == b"1"
    assert read(tmp_path, never, one, two, path="two/deep/v.txt") == b"2"
    assert read(tmp_path, never, one, two, path="v.txt") is None


def test_a_file_that_is_no_archive_has_its_own_name(tmp_path: Path) -> None:
    source = stored(tmp_path, b"1.2", "v.txt")
    assert read(tmp_path, source) == b"1.2"
    assert read(tmp_path, source, path="other") is None


def test_an_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = UrlSource(urls=("https://example.org/none.tar.gz",), sha256="0" * 64)
    with pytest.raises(MachineError) as caught:
        read(tmp_path, source)
    assert caught.value.problems[0].code == "source.offline"


def test_a_folder_beside_the_recipe_is_read(tmp_path: Path) -> None:
    src = tmp_path / "recipe" / "src"
    src.mkdir(parents=True)
    (src / "v.txt").write_text("1")
    (src / "link").symlink_to("v.txt")
    (src / "out").symlink_to("../../secret")
    (tmp_path / "secret").write_text("hunter2")
    os.mkfifo(src / "pipe")
    source = PathSource(path="src")
    assert read(tmp_path, source) == read(tmp_path, source, path="link") == b"1"
    assert read(tmp_path, source, path="none") is None
    assert read(tmp_path, source, path="pipe") is None
    with pytest.raises(SourceError, match="out leads out of the sources through a link"):
        read(tmp_path, source, path="out")
    with pytest.raises(SourceError, match="lies outside the recipe's folder"):
        read(tmp_path, PathSource(path=".."), path="secret")


def test_a_commit_is_read(tmp_path: Path) -> None:
    made = upstream(tmp_path / "origin", {"deep/v.txt": "1", "link": "-> deep/v.txt"})
    source = GitSource(git=made.address, rev=made.git("rev-parse", "HEAD"))
    assert read(tmp_path, source, path="deep/v.txt", offline=False) == b"1"
    assert read(tmp_path, source, path="link") == b"1", "from the store now"
    assert read(tmp_path, source, path="none") is None


@pytest.mark.parametrize("path", ["../v.txt", "/etc/passwd", "a/../../b", "a\0b"])
def test_nothing_leads_out(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceError, match="leaves the work folder"):
        read(tmp_path, archive(tmp_path, b"1"), path=path)


def test_a_file_has_a_size(tmp_path: Path) -> None:
    assert read(tmp_path, archive(tmp_path, b"x" * MAX_BYTES)) == b"x" * MAX_BYTES
    for source in (archive(tmp_path, b"x" * (MAX_BYTES + 1)), stored(tmp_path, b"x" * (MAX_BYTES + 1), "v.txt")):
        with pytest.raises(SourceError, match=r"v\.txt has more than 1,048,576 bytes"):
            read(tmp_path, source)


def test_names_of_files_say_what_is_an_archive_as_when_sources_are_prepared(tmp_path: Path) -> None:
    held = archive(tmp_path, b"1", name="download")
    assert read(tmp_path, held) is None
    named = UrlSource(urls=held.urls, sha256=held.sha256, archive_name="a.tar.gz")
    assert read(tmp_path, named) == b"1"
    whole = UrlSource(urls=held.urls, sha256=held.sha256, archive_name="a.tar.gz", keeps_top_folder=True)
    assert read(tmp_path, whole) is None
    assert read(tmp_path, whole, path="a-1/v.txt") == b"1"
    copied = UrlSource(urls=held.urls, sha256=held.sha256, file_name="a.tar.gz")
    assert read(tmp_path, copied) is None
    assert (read(tmp_path, copied, path="a.tar.gz") or b"").startswith(b"\x1f\x8b")
