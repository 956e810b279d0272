"""A configuration file of rattler-build: what of it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.peer_config import PeerConfig, read_peer_config
from builder.errors import UsageError


def read(folder: Path, text: str) -> PeerConfig:
    file = folder / "config.toml"
    file.write_text(text)
    return read_peer_config(file)


def test_channels_and_the_format_count_and_the_rest_is_named(tmp_path: Path) -> None:
    text = """
default-channels = ["a", "https://example.org/b"]
run-post-link-scripts = "insecure"
[mirrors]
"https://example.org" = ["https://mirror.example.org"]
[build]
package-format = "tar-bz2:9"
other = 1
"""
    assert read(tmp_path, text) == PeerConfig(
        channels=("a", "https://example.org/b"),
        package_format="tar-bz2:9",
        idle=("build.other", "mirrors", "run-post-link-scripts"),
    )


def test_nothing_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == PeerConfig()


@pytest.mark.parametrize(
    "text",
    ["a = ", "default-channels = 'x'", "default-channels = [1]", "build = 1", "[build]\npackage-format = 1", "\x00"],
)
def test_what_cannot_be_read(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read(tmp_path, text)
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.file == str(tmp_path / "config.toml")


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_peer_config(path)
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        read_peer_config(tmp_path / "bytes")
