"""How users name channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.environment.place import ChannelPlace, channel_place
from builder.errors import UsageError


def test_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a channel ä"
    for name in (str(folder), folder.as_uri(), f"{folder}/"):
        place = channel_place(name)
        assert place.name == name
        assert place.folder == folder
        assert place.url == folder.as_uri()
        assert place.index("noarch") == folder / "noarch" / "repodata.json"


def test_a_relative_folder_is_meant_from_here() -> None:
    place = channel_place("channel")
    assert place.folder == Path("channel").absolute()
    assert place.url == f"{Path().absolute().as_uri()}/channel"


@pytest.mark.parametrize("name", ["https://example.org/conda/main", "http://127.0.0.1:8080/x/"])
def test_addresses(name: str) -> None:
    assert channel_place(name) == ChannelPlace(name=name, url=name.rstrip("/"))


@pytest.mark.parametrize("name", ["ftp://example.org/x", "s3://bucket", "https://", "://x"])
def test_what_we_cannot_ask(name: str) -> None:
    with pytest.raises(UsageError, match="cannot use") as caught:
        channel_place(name)
    assert "file://" in (caught.value.problems[0].remedy or "")
