from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.store.keys import checked, readable


@pytest.mark.parametrize("key", ["a", "0" * 64, "six-1.0+x_y.conda", "_", "x" * 200])
def test_keys_that_can_name_a_file(key: str) -> None:
    assert checked(key) == key


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", "/a", ".hidden", "-a", "a b", "ä", "a\n", "a\0", "x" * 201])
def test_keys_that_cannot(key: str) -> None:
    with pytest.raises(ValueError, match="cannot name something"):
        checked(key)


@pytest.mark.parametrize(
    ("key", "name"), [("linux-64/zlib-1.3-h1_0", "linux-64_zlib-1.3-h1_0"), ("../x", "_x"), ("", "_"), ("…", "_")]
)
def test_names_that_people_recognise(key: str, name: str) -> None:
    assert readable(key) == name


@given(st.text())
def test_any_text_becomes_one_plain_name(key: str) -> None:
    name = readable(key)
    assert Path(name).name == name
    assert 1 <= len(name) <= 120
    assert readable(name) == name
