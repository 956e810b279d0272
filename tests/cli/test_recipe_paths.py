"""Which files a selection means: each once, in the order of their naming."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import Collection, find_collection
from builder.cli.recipe_paths import selected_files
from builder.errors import UsageError
from tests.cli.conftest import write_recipe
from tests.cli.test_shown import selected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b", "a", "c"):
        write_recipe(tmp_path / "recipes" / name)
    (tmp_path / "recipes" / "README.md").touch()
    return tmp_path / "recipes"


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.parent.name for path in paths]


def test_a_folder_of_recipes_means_them_sorted(folder: Path) -> None:
    assert names(selected_files(selected(paths=(folder,)), Collection())) == ["a", "b", "c"]


def test_named_recipes_keep_their_order_and_count_once(folder: Path) -> None:
    paths = (folder / "c", folder / "a" / "recipe.yaml", folder / "c" / "recipe.yaml", folder / "README.md")
    assert names(selected_files(selected(paths=paths, recipes=(folder / "b",)), Collection())) == ["c", "a", "b"]


def test_folders_to_walk_come_after_what_is_named(folder: Path) -> None:
    wanted = selected(paths=(folder / "b",), recipe_dirs=(folder.parent,))
    assert names(selected_files(wanted, Collection())) == ["b", "a", "c"]


def test_the_root_of_a_collection_means_its_recipes(folder: Path) -> None:
    (folder.parent / "bakehouse.yaml").write_text("recipes: [recipes]\n")
    collection = find_collection(folder)
    assert names(selected_files(selected(paths=(folder.parent,)), collection)) == ["a", "b", "c"]
    write_recipe(folder.parent)
    assert selected_files(selected(paths=(folder.parent,)), collection) == (folder.parent / "recipe.yaml",)


def test_every_path_without_a_recipe_is_told(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        selected_files(selected(paths=(folder / "d", folder / "a", folder.parent / "no")), Collection())
    assert len(caught.value.problems) == 2
