"""The list of a package's files: what a script may write, and what it may not make us read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ScriptError
from builder.model.inside import SEALED
from builder.script import read_listing
from builder.script.listing import FILE

PREFIX = SEALED.prefix


def listed(folder: Path, text: str) -> tuple[str, ...] | None:
    (folder / FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_listing(folder, PREFIX)


def refusal(folder: Path) -> str:
    with pytest.raises(ScriptError) as caught:
        read_listing(folder, PREFIX)
    return str(caught.value)


def test_without_a_list_the_script_wants_no_choice(tmp_path: Path) -> None:
    assert read_listing(tmp_path, PREFIX) is None
    assert listed(tmp_path, "") is None
    assert listed(tmp_path, "\n  \n\t\n") is None


def test_paths_are_absolute_or_from_the_prefix_on(tmp_path: Path) -> None:
    text = f"{PREFIX}/bin/a\nbin/b\n  bin/with blank  \r\n./lib//c\n{PREFIX}/lib/../lib/d\nbin/a\n"
    assert listed(tmp_path, text) == ("bin/a", "bin/b", "bin/with blank", "lib/c", "lib/d")


def test_names_that_are_no_utf8_stay_what_they_are(tmp_path: Path) -> None:
    assert listed(tmp_path, "bin/gr\udcfcn\n") == ("bin/gr\udcfcn",)


@pytest.mark.parametrize(
    "line",
    ["/etc/passwd", "../x", "a/../../x", ".", str(PREFIX), f"{PREFIX}x/y", "/", "a\0b", f"{PREFIX}/../../work/x"],
)
def test_paths_outside_the_prefix_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE).write_text(f"bin/good\n{line}\n")
    assert "not in the prefix" in refusal(tmp_path)


def test_only_a_file_is_read(tmp_path: Path) -> None:
    place = tmp_path / FILE
    place.symlink_to("/etc/passwd")
    assert "no file" in refusal(tmp_path)
    place.unlink()
    os.mkfifo(place)
    assert "no file" in refusal(tmp_path)
    place.unlink()
    place.mkdir()
    assert "no file" in refusal(tmp_path)


def test_a_list_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / FILE).open("wb") as stream:
        stream.truncate(1 << 40)
    assert "larger than 64 MiB" in refusal(tmp_path)


@given(names=st.lists(st.from_regex(r"[A-Za-z0-9_+-]{1,8}(/[A-Za-z0-9_+-]{1,8}){0,3}", fullmatch=True), min_size=1))
def test_both_forms_say_the_same(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("listing")
    relative = listed(folder, "\n".join(names))
    assert relative == tuple(dict.fromkeys(names))
    assert listed(folder, "\n".join(f"{PREFIX}/{name}" for name in names)) == relative
