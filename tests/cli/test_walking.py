"""Recipes of a tree of folders, and the one on standard input."""

from __future__ import annotations

import io
import os
from pathlib import Path

import click
import pytest

from builder.cli.walking import recipe_on_standard_input, recipes_below
from builder.errors import UsageError


def tree(top: Path, *files: str) -> Path:
    for name in files:
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("package: {}\n")
    return top


def names(top: Path) -> list[str]:
    return [str(file.relative_to(top)) for file in recipes_below(top)]


class TestTrees:
    def test_every_recipe_sorted_by_path(self, tmp_path: Path) -> None:
        top = tree(
            tmp_path,
            "z/recipe.yaml",
            "a/b/c/recipe.yaml",
            "a/recipe.yaml",
            "recipe.yaml",
            "a/meta.yaml",
            "a/x/other.yaml",
        )
        assert names(top) == ["a/b/c/recipe.yaml", "a/recipe.yaml", "recipe.yaml", "z/recipe.yaml"]

    def test_what_is_hidden_or_ignored_is_passed_over(self, tmp_path: Path) -> None:
        top = tree(
            tmp_path,
            ".hidden/recipe.yaml",
            "a/recipe.yaml",
            "built/recipe.yaml",
            "a/out/recipe.yaml",
            "a/keep/recipe.yaml",
        )
        (top / ".gitignore").write_text("/built\nkeep\n")
        (top / "a" / ".gitignore").write_text("out/\n!keep\n")
        assert names(top) == ["a/keep/recipe.yaml", "a/recipe.yaml"]

    def test_a_hidden_top_is_walked(self, tmp_path: Path) -> None:
        assert names(tree(tmp_path / ".top", "a/recipe.yaml")) == ["a/recipe.yaml"]

    def test_links_to_folders_are_not_followed(self, tmp_path: Path) -> None:
        top = tree(tmp_path / "top", "a/recipe.yaml")
        (top / "again").symlink_to("a")
        (top / "round").symlink_to(top)
        assert names(top) == ["a/recipe.yaml"]

    def test_a_recipe_must_be_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "recipe.yaml").mkdir(parents=True)
        os.mkfifo(tmp_path / "recipe.yaml")
        assert names(tmp_path) == []

    def test_an_empty_tree_has_none_and_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert names(tmp_path) == []
        assert capsys.readouterr().err == f"there is no recipe.yaml and no meta.yaml below {tmp_path}\n"
        assert names(tree(tmp_path, "recipe.yaml")) == ["recipe.yaml"]
        assert capsys.readouterr().err == ""


class TestStandardInput:
    def given(self, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    def test_it_lies_in_a_folder_of_its_own_while_the_verb_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given(monkeypatch, b"package: {name: \xc3\xbc}\n")
        with click.Context(click.Command("x")):
            file = recipe_on_standard_input()
            assert (file.name, file.read_bytes()) == ("recipe.yaml", b"package: {name: \xc3\xbc}\n")
            assert list(file.parent.iterdir()) == [file]
        assert not file.parent.exists()

    @pytest.mark.parametrize("data", [b"", b" \n\n"])
    def test_nothing_is_no_recipe(self, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given(monkeypatch, data)
        with click.Context(click.Command("x")), pytest.raises(UsageError, match="there is no recipe"):
            recipe_on_standard_input()

    def test_it_must_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Path("/dev/zero").open() as endless:
            monkeypatch.setattr("sys.stdin", endless)
            with click.Context(click.Command("x")), pytest.raises(UsageError, match="more than 16 MiB"):
                recipe_on_standard_input()
