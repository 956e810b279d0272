"""The order of rattler-build; `tests/cli/test_render_only.py` compares it on whole recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix import load_variants, render
from builder.model.rendering import Rendering
from builder.plan.peer_order import peer_order
from builder.recipe import load
from tests.matrix.fakes import LINUX
from tests.recipe.peer import answers

CHOICES = "package: {name: a, version: '1'}\nrequirements: {host: [HOST]}\n"


def several(**outputs: str) -> str:
    """A recipe whose outputs have these requirements."""
    found = [f"  - package: {{name: {name}}}\n    requirements: {{{needs}}}\n" for name, needs in outputs.items()]
    return "recipe: {name: r, version: '1'}\noutputs:\n" + "".join(found)


EXACT = "run: [\"${{ pin_subpackage('lib', exact=True) }}\"]"

RECIPES: dict[str, tuple[str, dict[str, list[str]]]] = {
    "text, not numbers": (CHOICES.replace("HOST", "b, a"), {"a": ["10", "9", "2", "1"], "b": ["z", "y"]}),
    "ends and spaces": (CHOICES.replace("HOST", "a"), {"a": ["a", "a b", "ab", "a.b", "B"]}),
    "outputs of one combination together": (several(second="host: [x]", first="host: [x]"), {"x": ["2", "1"]}),
    "an output that uses less": (
        several(most="host: [x, y]", some="host: [y]", none=""), {"x": ["2", "1"], "y": ["b", "a"]},
    ),
    "an output that pins another": (several(lib="host: [x]", bin=EXACT), {"x": ["2", "1", "3"]}),
    "an output that pins one further down": (several(bin=EXACT, free="host: [x]", lib="host: [x]"), {"x": ["2", "1"]}),
    "an output that needs one further down": (several(a="host: [c, x]", b="build: [a]", c="host: [x]"), {"x": ["2", "1"]}),
}  # fmt: skip


def rendered(folder: Path, text: str, variants: dict[str, list[str]]) -> tuple[Rendering, ...]:
    (folder / "recipe.yaml").write_text(text)
    config = load_variants([], variants, LINUX)
    return render(load(folder), config, LINUX)


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_the_peers(name: str, tmp_path: Path) -> None:
    text, variants = RECIPES[name]
    ours = peer_order(rendered(tmp_path, text, variants))
    theirs = [(one["package"]["name"], one["build"]["string"]) for one, _ in answers(text, variants)]
    assert [(one.output.name, one.build_string) for one in ours] == list(dict.fromkeys(theirs))


def test_recipes_stay_apart_and_nothing_is_lost(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    found: list[Rendering] = []
    for folder in folders:
        folder.mkdir()
        found += rendered(folder, CHOICES.replace("HOST", "a"), {"a": ["2", "1"]})
    ordered = peer_order(found)
    assert [(one.recipe.folder.name, one.variant["a"]) for one in ordered] == [
        ("one", "1"), ("one", "2"), ("two", "1"), ("two", "2"),
    ]  # fmt: skip
    assert peer_order([]) == ()


def test_truth_values_and_numbers_are_compared_as_text(tmp_path: Path) -> None:
    (tmp_path / "variants.yaml").write_text("a: [true, 10, 2, false, '10']\n")
    (tmp_path / "recipe.yaml").write_text("package: {name: a, version: '1'}\nbuild: {variant: {use_keys: [a]}}\n")
    found = render(load(tmp_path), load_variants([tmp_path / "variants.yaml"], {}, LINUX), LINUX)
    assert [one.variant["a"] for one in peer_order(found)] == ["10", 10, 2, False, True]
