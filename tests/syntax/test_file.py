"""Reading files of strangers: what is no plain file is refused at once, and no file is read further than allowed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from builder.syntax.file import IrregularError, read_file


def test_a_file_is_read_up_to_its_limit_and_one_byte(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    assert read_file(file, 10) == b"12345"
    assert read_file(file, 5) == b"12345"
    assert read_file(file, 2) == b"123"


def test_an_endless_file_costs_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    assert len(read_file(file, 1000)) == 1001


@pytest.mark.parametrize("kind", ["a symbolic link", "a folder", "a pipe", "a socket"])
def test_what_is_no_regular_file_says_what_it_is(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "a"
    match kind:
        case "a symbolic link":
            (tmp_path / "real").write_text("secret")
            place.symlink_to("real")
        case "a folder":
            place.mkdir()
        case "a pipe":
            os.mkfifo(place)
        case _:
            with socket.socket(socket.AF_UNIX) as unix:
                unix.bind(str(place))
    with pytest.raises(IrregularError, match=f"^{kind}$"):
        read_file(place, 100)


def test_a_device_is_refused() -> None:
    with pytest.raises(IrregularError, match="a device"):
        read_file(Path("/dev/zero"), 100)


def test_links_in_a_circle_and_to_nothing_are_links(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nothing").symlink_to("nowhere")
    for name in ("circle", "nothing"):
        with pytest.raises(IrregularError, match="a symbolic link"):
            read_file(tmp_path / name, 100)


def test_a_folder_on_the_way_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "link").symlink_to("real")
    assert read_file(tmp_path / "link" / "a", 100) == b"x"


def test_what_the_system_refuses_is_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 100)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        read_file(tmp_path / "file" / "a", 100)
    with pytest.raises(OSError, match="too long"):
        read_file(tmp_path / ("x" * 300), 100)
