"""What recipes of one selection share is read once, and what is a recipe's own counts for it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import Collection
from builder.cli.inputs import Inputs
from builder.errors import UsageError
from builder.model.variant import VariantRule
from tests.cli.conftest import write_recipe
from tests.cli.test_shown import selected


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write_recipe(tmp_path / name) / "recipe.yaml" for name in ("bread", "cake")]


def test_shared_variant_files_are_read_once(files: list[Path], tmp_path: Path) -> None:
    given = tmp_path / "given.yaml"
    given.write_text("flour: [rye]\n")
    inputs = Inputs(selected(variant_files=(given,)), Collection())
    config = inputs.config(files[0])
    given.unlink()
    assert inputs.config(files[1]) is config
    assert config.values["flour"].values == ("rye",)


def test_a_file_beside_a_recipe_is_its_own(files: list[Path]) -> None:
    (files[0].parent / "variants.yaml").write_text("flour: [rye]\n")
    inputs = Inputs(selected(), Collection())
    assert "flour" in inputs.config(files[0]).values
    assert "flour" not in inputs.config(files[1]).values
    assert "flour" not in Inputs(selected(recipe_variants=False), Collection()).config(files[0]).values


def test_files_count_from_the_collection_to_those_given(files: list[Path], tmp_path: Path) -> None:
    for name, place in (("all", tmp_path), ("variants", files[0].parent), ("given", tmp_path)):
        (place / f"{name}.yaml").write_text(f"flour: [{name}]\n")
    collection = Collection(root=tmp_path, variants=(tmp_path / "all.yaml",))
    assert Inputs(selected(), collection).config(files[1]).values["flour"].values == ("all",)
    assert Inputs(selected(), collection).config(files[0]).values["flour"].values == ("variants",)
    given = selected(variant_files=(tmp_path / "given.yaml",))
    assert Inputs(given, collection).config(files[0]).values["flour"].values == ("given",)
    wanted = selected(variant_files=(tmp_path / "given.yaml",), variants=("flour=said",))
    assert Inputs(wanted, collection).config(files[0]).values["flour"].values == ("said",)


def test_rules_come_from_the_collection_and_the_options(files: list[Path]) -> None:
    collection = Collection(rules=frozenset({VariantRule.IGNORE_VERSION}))
    assert Inputs(selected(rules=("pin_run_as_build",)), collection).config(files[0]).rules == frozenset(VariantRule)


def test_platforms_are_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match="is not a platform"):
        Inputs(selected(target_platform="linux-65"), Collection())


def test_the_recipe_is_told_what_the_options_allow(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOUR", "rye")
    assert Inputs(selected(allowed_variables=("FLOUR",)), Collection()).ask(files[0]).environment("FLOUR") == "rye"
    with pytest.raises(UsageError):
        Inputs(selected(), Collection()).ask(files[0]).environment("FLOUR")


def test_the_text_is_that_of_the_file(files: list[Path]) -> None:
    assert Inputs(selected(), Collection()).text(files[0]).file.path == files[0]
