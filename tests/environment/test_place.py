"""How users name channels."""

from __future__ import annotations

from pathlib import Path

import pytest
from rattler.channel.channel import Channel

from builder.environment.place import ChannelPlace, channel_place, check_channel
from builder.errors import UsageError


def test_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a channel ä"
    for name in (str(folder), folder.as_uri(), f"{folder}/"):
        place = channel_place(name)
        assert place.name == name
        assert place.folder == folder
        assert place.url == folder.as_uri()
        assert place.index("noarch") == folder / "noarch" / "repodata.json"
        assert not place.by_name


@pytest.mark.parametrize("name", ["./channel", "../channel", "out/channel", "a/label/b/c", "label channel", ".channel"])
def test_a_relative_path_is_meant_from_here(name: str) -> None:
    place = channel_place(name)
    assert place.folder == Path(name).absolute().resolve()
    assert place.url == Path(name).absolute().resolve().as_uri()


def test_a_folder_wins_over_a_channel_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert channel_place("conda-forge").by_name
    (tmp_path / "conda-forge").write_text("a file is no channel")
    assert channel_place("conda-forge").by_name
    (tmp_path / "conda-forge").unlink()
    (tmp_path / "conda-forge").mkdir()
    assert channel_place("conda-forge").folder == tmp_path / "conda-forge"


@pytest.mark.parametrize("name", ["conda-forge", "bioconda", "conda-forge/label/rust_dev", "Mixed_1.0"])
def test_names_are_where_rattler_looks_for_them(name: str) -> None:
    place = channel_place(name)
    assert (place.name, place.folder, place.by_name) == (name, None, True)
    assert f"{place.url}/" == Channel(name).base_url
    assert place.url.startswith("https://")
    assert place.url.endswith(f"/{name}")


@pytest.mark.parametrize("name", ["https://example.org/conda/main", "http://127.0.0.1:8080/x/"])
def test_addresses(name: str) -> None:
    place = channel_place(name)
    assert place == ChannelPlace(name=name, url=name.rstrip("/"))
    assert not place.by_name


@pytest.mark.parametrize(
    "name",
    ["ftp://example.org/x", "s3://bucket", "https://", "https:///x", "://x", "", "https:/example.org/x", "http:x", "file:/x", "htp:/x",
     "file://", "file://host/x", "https://example.org/a b", "https://example.org\\@host", "https://[::1/x",
     "https://example.org:99999/x", "https://example.org/\n"],
)  # fmt: skip
def test_what_we_cannot_ask(name: str) -> None:
    for judge in (channel_place, check_channel):
        with pytest.raises(UsageError, match="cannot use") as caught:
            judge(name)
        assert "file://" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize("name", ["conda-forge", "./nowhere", "/nowhere", "a b", "a:b", "./a:/b", "file:///x", "file://localhost/x", "https://[::1]:8080/x", "https://example.org/t/TOKEN/x"])  # fmt: skip
def test_nobody_looks_whether_anything_is_there(name: str) -> None:
    check_channel(name)


def test_a_folder_has_one_address_however_it_is_written(tmp_path: Path) -> None:
    """Addresses are compared by their text, and everybody reads ``..`` out of one."""
    (tmp_path / "there" / "deeper").mkdir(parents=True)
    (tmp_path / "channel").mkdir()
    plain = channel_place(str(tmp_path / "channel")).url
    (tmp_path / "link").symlink_to(tmp_path / "there" / "deeper")
    assert channel_place(str(tmp_path / "there" / ".." / "channel")).url == plain
    assert channel_place(f"{tmp_path.as_uri()}/there/../channel").url == plain
    assert channel_place(str(tmp_path / "link" / ".." / ".." / "channel")).url == plain
