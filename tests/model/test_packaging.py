"""How packages are written: what users may say, and what of it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.packaging import PACKAGE_OPTIONS, FileType, Packaging, every_packaging, read_format


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conda", ("conda", 10)),
        ("tar-bz2", ("tar.bz2", 9)),
        ("1", ("tar.bz2", 9)),
        ("2", ("conda", 10)),
        (".conda", ("conda", 10)),
        ("tar.bz2", ("tar.bz2", 9)),
        ("tarbz2:1", ("tar.bz2", 1)),
        (".tar.bz2:default", ("tar.bz2", 9)),
        ("CONDA:22", ("conda", 22)),
        ("conda:-7", ("conda", -7)),
        ("conda:min", ("conda", -7)),
        ("conda:lowest", ("conda", -7)),
        ("conda:fast", ("conda", -7)),
        ("conda:max", ("conda", 22)),
        ("conda:highest", ("conda", 22)),
        ("conda:normal", ("conda", 10)),
        ("tar-bz2:min", ("tar.bz2", 1)),
        ("tar-bz2:max", ("tar.bz2", 9)),
    ],
)
def test_what_the_peer_understands(text: str, expected: tuple[FileType, int]) -> None:
    assert read_format(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a package format: there are conda and tar-bz2"),
        ("zip", "'zip' is not a package format"),
        ("tar", "'tar' is not a package format"),
        ("conda:", "'' is no level of conda: that is min, max, default or a number from -7 to 22"),
        ("conda:23", "'23' is no level of conda"),
        ("conda:-8", "'-8' is no level of conda"),
        ("conda:1:2", "'1:2' is no level of conda"),
        ("conda:best", "'best' is no level of conda"),
        ("conda:1.5", "'1.5' is no level of conda"),
        ("tar-bz2:0", "'0' is no level of tar.bz2: that is min, max, default or a number from 1 to 9"),
        ("tar-bz2:10", "'10' is no level of tar.bz2"),
        ("tar-bz2:-1", "'-1' is no level of tar.bz2"),
        ("conda: 5", "' 5' is no level of conda"),
        ("conda:٣", "'٣' is no level of conda"),
        (f"conda:{'9' * 5000}", "is no level of conda"),
    ],
)
def test_what_nobody_understands(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"format|level") as caught:
        read_format(text)
    assert message in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        file_type, level = read_format(text)
    except ValueError:
        return
    assert read_format(f"{file_type}:{level}") == (file_type, level)


def test_as_always_nothing_is_asked_for() -> None:
    assert list(Packaging().asked()) == list(Packaging(threads=7).asked()) == []
    assert Packaging().suffix == ".conda"


def test_what_changes_bytes_is_said_in_a_fixed_order() -> None:
    full = Packaging(file_type="tar.bz2", level=9, extra=(("sha", "1"), ("date", "ä")), with_recipe=False)
    assert full.suffix == ".tar.bz2"
    assert list(full.asked()) == [
        ("--package-format", "tar.bz2:9"),
        ("--extra-meta date", '"ä"'),
        ("--extra-meta sha", '"1"'),
        ("--no-include-recipe", "yes"),
    ]
    assert list(replace(full, extra=full.extra[::-1]).asked()) == list(full.asked())
    assert list(Packaging(level=9).asked()) == [("--package-format", "conda:9")]


def test_every_packaging_is_one_that_users_can_ask_for() -> None:
    found = list(every_packaging())
    assert len(found) == len(set(found)) == 30 + 9
    for packaging in found:
        assert read_format(f"{packaging.file_type}:{packaging.level}") == (packaging.file_type, packaging.level)
    assert Packaging() in found


def test_the_options_that_change_bytes_are_named_in_one_place() -> None:
    full = Packaging(file_type="tar.bz2", level=9, extra=(("sha", "1"),), with_recipe=False)
    assert tuple(what.partition(" ")[0] for what, _ in full.asked()) == PACKAGE_OPTIONS
