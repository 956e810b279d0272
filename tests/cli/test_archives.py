"""How much an archive may hold, from a file and from options: what it comes to, every mistake, and that it counts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from builder.archive import UnpackLimits
from builder.cli.archives import CAPS, caps_of, read_cap, unpack_limits
from builder.cli.collection import Collection, read_collection
from builder.cli.options import Places
from builder.cli.site import site
from builder.errors import Problem, RecipeError, UsageError
from builder.sandbox.confined import confine
from builder.syntax import read_yaml

GIB = 1 << 30


def test_every_limit_has_a_word() -> None:
    assert set(CAPS) == {field.name for field in fields(UnpackLimits)}


def test_what_is_said_in_order() -> None:
    assert unpack_limits((), ()) == UnpackLimits()
    problems: list[Problem] = []
    said = caps_of(read_yaml(b"{members: 2000000, size: 200G, ratio: 10}", "f"), problems.append)
    assert not problems
    assert said == (("members", 2_000_000), ("size", 200 * GIB), ("ratio", 10))
    found = unpack_limits(said, ["size=1G", "depth=100", "size=2GiB", "ratio_from=512M"])
    assert found == UnpackLimits(members=2_000_000, size=2 * GIB, ratio=10, ratio_from=GIB // 2, depth=100)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("members", "0"), ("members", "-1"), ("members", "many"), ("members", "1e9"), ("members", "9" * 30),
        ("members", "10000000000"), ("members", ""), ("members", "٣"), ("size", "none"), ("size", "0"), ("size", "lots"),
        ("ratio", "1.5"), ("depth", "257"), ("depth", "none"),
    ],
)  # fmt: skip
def test_what_is_no_value(word: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_cap(word, text)
    [problem] = caught.value.problems
    assert problem.remedy
    assert problem.code in {"cli.archives", "cli.size"}


def test_an_option_has_a_word_and_a_value() -> None:
    for text, why in {"members": "is not WHAT=VALUE", "files=1": "is called 'files'"}.items():
        with pytest.raises(UsageError, match=why) as caught:
            unpack_limits((), [text])
        assert caught.value.problems[0].remedy


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("members: lots", 1, 10), ("size: 1G\nfiles: 3", 2, 1), ("members: [1]", 1, 10), ("[members]", 1, 1), ("5", 1, 1),
        ("depth: 1000", 1, 8),
    ],
)  # fmt: skip
def test_mistakes_of_a_file_have_a_place(text: str, line: int, column: int) -> None:
    problems: list[Problem] = []
    caps_of(read_yaml(text.encode(), "f"), problems.append)
    [problem] = problems
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (line, column)


def test_a_collection_says_it_but_not_the_file_of_a_recipe(tmp_path: Path) -> None:
    place = tmp_path / "bakehouse.yaml"
    place.write_text("archives: {members: 7}\n")
    assert read_collection(place).archives == (("members", 7),)
    (tmp_path / "recipe.yaml").write_text("package: {name: a, version: '1'}\n")
    assert read_collection(place).archives == ()
    place.write_text("archives: {members: none}\n")
    with pytest.raises(RecipeError, match="members of archives cannot be 'none'"):
        read_collection(place)
    place.write_text("archives:\n")
    assert read_collection(place).archives == ()


def test_it_is_the_limit_of_a_site(tmp_path: Path) -> None:
    places = Places(output=None, channels=(), offline=True, store=tmp_path, archive_limits=("depth=9",))
    here = site(places, Collection(archives=(("members", 7), ("depth", 8))))
    try:
        assert confine(here.store).limits == UnpackLimits(members=7, depth=9)
    finally:
        here.store.close()
