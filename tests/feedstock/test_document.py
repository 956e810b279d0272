"""Files of a feedstock: plain ones are read, others are refused with their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.feedstock.document import document_mapping, document_text


def test_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb: ü\n", encoding="utf-8")
    text = document_text(tmp_path / "a.yaml", "a file", "")
    assert text == "a: 1\nb: ü\n"
    node = document_mapping(text, tmp_path / "a.yaml", "a file")
    assert node is not None
    assert list(node) == ["a", "b"]
    assert str(node.place) == f"{tmp_path / 'a.yaml'}:1:1"


@pytest.mark.parametrize("text", ["", " \n\t\n", "# a\n  # b\n", "---\n", "--- # a\n...\n", "null\n", "~"])
def test_what_says_nothing(text: str) -> None:
    assert document_mapping(text, Path("a.yaml"), "a file") is None


@pytest.mark.parametrize(
    ("text", "kind"), [("- a\n", "a list"), ("a\n", "text"), ("'null'\n", "text"), ("[]", "a list")]
)
def test_what_is_no_mapping(text: str, kind: str) -> None:
    with pytest.raises(RecipeError, match=f"a file has to be a mapping of keys to values, and is {kind}") as caught:
        document_mapping(text, Path("a.yaml"), "a file")
    assert str(caught.value.problems[0].place) == "a.yaml:1:1"
    assert caught.value.problems[0].remedy


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a file cannot be read: No such file or directory") as caught:
        document_text(tmp_path / "a.yaml", "a file", "write one")
    assert caught.value.problems[0].remedy == "write one"
    assert caught.value.problems[0].code == "feedstock.unreadable"


def test_links_and_other_things(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, kind in (("link", "a symbolic link"), ("folder", "a folder"), ("pipe", "a pipe")):
        with pytest.raises(RecipeError, match=f"a file cannot be read: it is {kind}") as caught:
            document_text(tmp_path / name, "a file", "")
        assert caught.value.problems[0].remedy == "put a plain file there; links are not followed"
