"""From paths to renderings: which recipes are meant, which variant files count, how errors are gathered."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import find_collection
from builder.cli.rendering import Rendered, render_files, render_selection
from builder.cli.selection import Selection
from builder.errors import RecipeError, UsageError
from tests.cli.conftest import HELLO, write_recipe


def selected(*paths: Path, **given: object) -> Selection:
    values: dict[str, object] = {
        "paths": paths, "recipes": (), "variant_files": (), "variants": (), "target_platform": None, **given,
    }  # fmt: skip
    return Selection(**values)  # type: ignore[arg-type]


def names(rendered: Rendered) -> list[str]:
    return [rendering.output.name for rendering in rendered.renderings]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A collection whose recipes lie two folders down, with a variant file of its own."""
    root = tmp_path / "collection"
    for name in ("bread", "cake"):
        write_recipe(root / "all" / "recipes" / name, HELLO.replace("hello", name, 1))
    (root / "bakehouse.yaml").write_text("recipes: [all/recipes]\nvariants: [v.yaml]\n")
    (root / "v.yaml").write_text("flour: [rye]\n")
    return root


def test_the_roots_path_means_its_recipes_wherever_one_stands(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert names(render_selection(selected(collection))) == ["bread", "cake"]
    assert names(render_selection(selected(Path("collection")))) == ["bread", "cake"]
    monkeypatch.chdir(collection)
    assert names(render_selection(selected())) == ["bread", "cake"]
    assert names(render_selection(selected(Path()))) == ["bread", "cake"]


def test_the_collection_is_found_upward_from_the_recipe(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rendered = render_selection(selected(collection / "all" / "recipes" / "cake"))
    assert rendered.collection.root == collection.resolve()
    assert names(rendered) == ["cake"]
    monkeypatch.chdir(collection / "all" / "recipes" / "bread")
    assert names(render_selection(selected())) == ["bread"]


def test_a_recipe_in_the_root_is_what_is_meant(collection: Path) -> None:
    write_recipe(collection)
    assert names(render_selection(selected(collection))) == ["hello"]


def test_a_root_that_names_no_recipes_is_searched_itself(tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text("{}\n")
    write_recipe(tmp_path / "hello")
    assert names(render_selection(selected(tmp_path))) == ["hello"]


def test_no_recipe_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no recipe\.yaml and no meta\.yaml in \."):
        render_selection(selected())


def test_both_ways_to_name_a_recipe_count_once(collection: Path) -> None:
    one, other = (collection / "all" / "recipes" / name for name in ("bread", "cake"))
    assert names(render_selection(selected(one, recipes=(other, one / "recipe.yaml")))) == ["bread", "cake"]


def test_variant_files_count_from_the_collection_to_those_given(collection: Path, tmp_path: Path) -> None:
    recipe = write_recipe(collection / "all" / "recipes" / "bread", HELLO + "extra: {flour: '${{ flour }}'}\n")
    text = HELLO.replace("script: echo hello", "script: echo ${{ flour }}")
    write_recipe(recipe, text)

    def flour(**given: object) -> object:
        (rendering,) = render_selection(selected(recipe, **given)).renderings
        return rendering.variant["flour"]

    assert flour() == "rye"
    (recipe / "variants.yaml").write_text("flour: [wheat]\n")
    assert flour() == "wheat"
    (tmp_path / "given.yaml").write_text("flour: [oat]\n")
    assert flour(variant_files=(tmp_path / "given.yaml",)) == "oat"
    assert flour(variant_files=(tmp_path / "given.yaml",), variants=("flour=spelt",)) == "spelt"


def test_one_broken_recipe_hides_no_other_and_all_problems_come_at_once(collection: Path) -> None:
    folder = collection / "all" / "recipes"
    for name in ("axe", "zoo"):
        write_recipe(folder / name, "package: {nam: x}\n")
    rendered = render_selection(selected(folder))
    assert names(rendered) == ["bread", "cake"]
    assert len(rendered.errors) == 2
    with pytest.raises(RecipeError) as caught:
        rendered.raise_errors()
    files = {problem.place.file for problem in caught.value.problems if problem.place}
    assert files == {str(folder / name / "recipe.yaml") for name in ("axe", "zoo")}


def test_no_error_raises_nothing(collection: Path) -> None:
    render_selection(selected(collection)).raise_errors()


def test_a_missing_variant_file_is_told_by_its_name(collection: Path, tmp_path: Path) -> None:
    rendered = render_selection(selected(collection, variant_files=(tmp_path / "gone.yaml",)))
    assert rendered.renderings == ()
    assert all("gone.yaml" in str(error) for error in rendered.errors)


def test_the_platform_is_that_of_host_and_target(collection: Path) -> None:
    wanted = selected(collection, target_platform="osx-arm64")
    files = [collection / "all" / "recipes" / "cake" / "recipe.yaml"]
    (rendering,) = render_files(files, wanted, find_collection(collection)).renderings
    platforms = rendering.platforms
    assert (platforms.build, platforms.host, platforms.target) == ("linux-64", "osx-arm64", "osx-arm64")
    with pytest.raises(UsageError, match="no-such-platform"):
        render_files(files, selected(target_platform="no-such-platform"), find_collection(collection))
