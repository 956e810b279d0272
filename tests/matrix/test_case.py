"""What an explanation looks up in the text of a recipe: terms of the output, of the recipe, and their paths."""

from __future__ import annotations

from pathlib import Path

from builder.matrix import load_variants
from builder.matrix.case import Case
from builder.matrix.explanation import Question, explain
from builder.matrix.space import Space
from builder.model.rendering import Override
from builder.recipe import Request, evaluate, load
from builder.recipe.located import scalar_of
from builder.recipe.trace import Trace
from tests.matrix.asking import LINUX

ONE = "package: {name: a, version: '1'}\nbuild: {number: 1}\nrequirements:\n  host: [b]\n  run: [c]\n"
SEVERAL = (
    "recipe: {version: '1'}\nbuild: {number: 1}\noutputs:\n  - staging: {name: s}\n"
    "  - package: {name: a}\n    build: {number: 2}\n    requirements:\n      run_exports:\n        strong: [d]\n"
)


def case(folder: Path, recipe: str, index: int = 0) -> Case:
    (folder / "recipe.yaml").write_text(recipe)
    text, config = load(folder), load_variants([], {}, LINUX)
    trace = Trace()
    output = text.outputs[index]
    evaluate(output, Request(variant={"target_platform": "linux-64"}, platforms=LINUX, trace=trace))
    return Case(
        rendering=explain(Question(recipe=text, config=config, platforms=LINUX))[index].rendering,
        text=output, assigned={}, chosen={}, trace=trace, space=Space(config), config=config, override=Override(),
    )  # fmt: skip


def numbers(found: Case) -> list[tuple[str, str | None]]:
    return [(path, scalar.text if (scalar := scalar_of(term)) else None) for path, term in found.build("number")]


def test_a_recipe_of_one_output_has_everything_at_its_top(tmp_path: Path) -> None:
    found = case(tmp_path, ONE)
    assert numbers(found) == [("build.number", "1")]
    assert [(path, item.value) for path, item in found.required("host", "run")] == [
        ("requirements.host", "b"), ("requirements.run", "c"),
    ]  # fmt: skip
    name = scalar_of(found.own("package", "name"))
    assert name is not None
    assert name.text == "a"


def test_an_output_of_several_stands_before_the_top(tmp_path: Path) -> None:
    found = case(tmp_path, SEVERAL, 1)
    assert numbers(found) == [("outputs[1].build.number", "2"), ("build.number", "1")]
    assert [(path, item.value) for path, item in found.pins()] == [("outputs[1].requirements.run_exports.strong", "d")]


def test_a_staging_output_takes_nothing_from_the_top(tmp_path: Path) -> None:
    found = case(tmp_path, SEVERAL, 0)
    assert numbers(found) == [("outputs[0].build.number", None)]
    assert scalar_of(found.top("build", "number")) is not None
