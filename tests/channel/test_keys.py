"""The channel's list of keys: read from packages, written one package a line, never trusted when damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import read_package
from builder.channel import keys
from builder.channel.keys import Keys
from tests.channel.making import build_key, make_package, recipe_key

KEYS = st.builds(
    Keys,
    recipe_key=st.text("0123456789abcdef", max_size=8),
    build_key=st.text("0123456789abcdef", max_size=8),
    publishable=st.booleans(),
)


def test_keys_come_out_of_the_package(tmp_path: Path) -> None:
    package = make_package(tmp_path, "alpha", content=b"1")
    assert keys.keys_inside(read_package(package.path)) == Keys(
        recipe_key=recipe_key("alpha"), build_key=build_key("alpha", b"1")
    )


def test_a_foreign_package_has_no_keys(tmp_path: Path) -> None:
    assert keys.keys_inside(read_package(make_package(tmp_path, "alpha", extra={"keys": False}).path)) == Keys()


@given(KEYS)
def test_json_and_back(given_keys: Keys) -> None:
    assert keys.from_json(keys.to_json(given_keys)) == given_keys


def test_absent_keys_are_left_out() -> None:
    assert keys.to_json(Keys()) == "{}"
    assert keys.to_json(Keys(build_key="b")) == '{"build_key":"b"}'


def test_what_a_package_says_of_publishing_is_kept(tmp_path: Path) -> None:
    package = make_package(tmp_path, "alpha", extra={"publishable": False})
    found = keys.keys_inside(read_package(package.path))
    assert not found.publishable
    assert keys.to_json(found).startswith('{"build_key":"')
    assert '"publishable":false' in keys.to_json(found)


@pytest.mark.parametrize("said", ["null", "true", "0", '"false"', "[]"])
def test_only_a_plain_no_keeps_a_package_from_being_published(said: str) -> None:
    assert keys.from_json(f'{{"publishable":{said}}}').publishable


def test_what_an_older_version_wrote_is_read_from_the_packages_again() -> None:
    old = keys.render({"a-1-0.conda": "{}"}).replace(b'"format":2', b'"format":1')
    assert keys.parse_own(old) == keys.parse(old) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '"x"', '{"recipe_key": 3}', '{"recipe_key": null}', b"\xff", "[" * 10**5]
)
def test_what_holds_no_keys_gives_none(text: str | bytes) -> None:
    assert keys.from_json(text) == Keys()


def test_the_file_is_json_with_one_package_in_a_line() -> None:
    entries = {"b-1-0.conda": keys.to_json(Keys(recipe_key="r")), "a-1-0.conda": "{}"}
    data = keys.render(entries)
    assert json.loads(data) == {"format": 2, "packages": {"a-1-0.conda": {}, "b-1-0.conda": {"recipe_key": "r"}}}
    assert data.splitlines()[3:5] == [b'"a-1-0.conda":{},', b'"b-1-0.conda":{"recipe_key":"r"}']
    assert keys.parse(data) == entries


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}-1-0\.conda", fullmatch=True), KEYS, max_size=6))
def test_the_file_is_read_back(entries: dict[str, Keys]) -> None:
    texts = {name: keys.to_json(entry) for name, entry in entries.items()}
    assert keys.parse(keys.render(texts)) == texts


@given(st.integers(0, 200), st.binary(max_size=3))
def test_a_damaged_file_counts_for_nothing(place: int, noise: bytes) -> None:
    whole = keys.render({"a-1-0.conda": '{"recipe_key":"0123"}', "b-1-0.conda": '{"recipe_key":"4567"}'})
    damaged = whole[:place] + noise
    assert keys.parse(damaged) in ({}, keys.parse(whole))
    assert damaged == whole or keys.parse(damaged) == {}
