"""Renderings do not depend on the order of mapping keys, nor on how the same YAML is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix import load_variants, render
from builder.model.rendering import Platforms
from builder.plan import PlanContext, make_plan
from builder.recipe import load
from builder.syntax import read_yaml
from tests.property.cases import PLATFORMS, Case, cases, documents
from tests.property.styles import Restyled, legacy_shuffled, round_trip, written_again

CASES = cases()
LEGACY = "conda_build_config.yaml"
SETTINGS = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEEDS = st.integers(0, 2**32)


def told(case: Case, folder: Path, platform: str = PLATFORMS[0]) -> str:
    return documents(case.write(folder / "case"), case.names, platform)


def changed(case: Case, change: Callable[[str], str], legacy: Callable[[str], str] = str) -> Case:
    """The case with all its files changed; ``conda_build_config.yaml`` has rules of its own (see the last test)."""
    variants = tuple(
        legacy(text) if name == LEGACY else change(text) for name, text in zip(case.names, case.variants, strict=True)
    )
    return Case(case.title, change(case.recipe), variants, case.names)


def without_order(text: str) -> object:
    """What is told, but for the order of reasons: of several the first in the file comes first."""

    def sort(data: object) -> object:
        if isinstance(data, dict):
            return {key: sort(value) for key, value in data.items()}
        if not isinstance(data, list):
            return data
        items = [sort(item) for item in data]
        reasons = all(isinstance(item, dict) and "through" in item for item in items)
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if reasons else items

    return sort(json.loads(text))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("expected")
    return {case.title: told(case, folder) for case in CASES}


def test_our_writer_and_our_reader(tmp_path: Path, expected: dict[str, str]) -> None:
    """Two are about what our writer does not keep: how numbers are spelt, and that an expression is without quotes."""
    for case in CASES:
        again = changed(case, written_again)
        assert changed(again, written_again) == again
        if case.title not in {"types", "shadow"}:
            assert told(again, tmp_path) == expected[case.title]


@SETTINGS
@given(case=st.sampled_from([CASES[0], *CASES]), seed=SEEDS)
def test_any_order_of_keys(case: Case, seed: int, tmp_path: Path, expected: dict[str, str]) -> None:
    order = Random(seed)
    writer = Restyled(order, shuffled=True)
    other = changed(case, writer.written, lambda text: legacy_shuffled(text, order))
    assert without_order(told(other, tmp_path)) == without_order(expected[case.title])


@SETTINGS
@given(case=st.sampled_from([CASES[0], *CASES]), seed=SEEDS)
def test_any_style(case: Case, seed: int, tmp_path: Path, expected: dict[str, str]) -> None:
    other = changed(case, Restyled(Random(seed), shuffled=False).written)
    assert told(other, tmp_path) == expected[case.title]


@SETTINGS
@given(case=st.sampled_from([case for case in CASES if case.title != "types"]), seed=SEEDS)
def test_a_round_trip(case: Case, seed: int, tmp_path: Path, expected: dict[str, str]) -> None:
    """ruamel.yaml loses how some numbers are spelt, which one recipe is about."""
    style = Random(seed)
    other = changed(case, lambda text: round_trip(text, style))
    assert told(other, tmp_path) == expected[case.title]


def planned(case: Case, folder: Path) -> list[object]:
    """A plan's tasks in their order, without what stands in the recipe's own files: packages carry these as they are."""
    recipe = case.write(folder / "case")
    platforms = Platforms(target="linux-64", host="linux-64", build="linux-64")
    config = load_variants([recipe.parent / name for name in case.names], {}, platforms, {})
    renderings = render(load(recipe), config, platforms)
    plan = make_plan(renderings, PlanContext(rootfs_digest="", sources=lambda *_: (), known={}))
    kept = [
        [entry for entry in task.explanation if not entry[0].startswith(("the file", "the staging"))]
        for task in plan.tasks
    ]
    assert all(len(task.explanation) > len(entries) > 8 for task, entries in zip(plan.tasks, kept, strict=True))
    return [(task.id, task.needs, task.tests_need, entries) for task, entries in zip(plan.tasks, kept, strict=True)]


@settings(SETTINGS, max_examples=4)
@given(seed=SEEDS)
def test_a_plan(seed: int, tmp_path: Path) -> None:
    writer = Restyled(Random(seed), shuffled=True)
    assert planned(changed(CASES[0], writer.written), tmp_path) == planned(CASES[0], tmp_path)


def test_another_folder(tmp_path: Path, expected: dict[str, str]) -> None:
    elsewhere = tmp_path / "else where" / "ünï" / ("deep" * 20)
    elsewhere.mkdir(parents=True)
    assert told(CASES[0], elsewhere) == expected[CASES[0].title]


def test_other_line_ends_and_comments(tmp_path: Path, expected: dict[str, str]) -> None:
    case = CASES[0]
    windows = changed(case, lambda text: text.replace("\n", "\r\n"))
    assert told(windows, tmp_path) == expected[case.title]
    commented = changed(case, lambda text: "# a comment\n\n" + text + "\n# another\n")
    assert told(commented, tmp_path) == expected[case.title]


# -- where order and style do count ------------------------------------------------------------------------------------


def test_lists_have_an_order(tmp_path: Path) -> None:
    """The first value is the one that outputs are listed by; outputs come as they are written."""
    recipe = "recipe: {version: '1'}\noutputs:\n  - package: {name: a}\n  - package: {name: b}\n    build: {script: '${{ k }}'}\n"
    case = Case("lists", recipe, ("k: [x, y]\n",), ("variants.yaml",))
    other = Case("lists", recipe, ("k: [y, x]\n",), ("variants.yaml",))

    def found(one: Case) -> list[tuple[str, str]]:
        return [(each["name"], each["hash"]) for each in json.loads(told(one, tmp_path))[0]]

    a, x, y = found(case)
    assert found(other) == [a, y, x]


def test_quotes_make_text_of_numbers(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nbuild: {script: '${{ n }}'}\n"
    cases = [Case("quotes", recipe, (f"n: [{written}]\n",), ("v.yaml",)) for written in ("3", "'3'")]
    assert [json.loads(told(case, tmp_path))[0][0]["variant"]["n"] for case in cases] == [3, "3"]


def test_quotes_make_text_of_what_expressions_in_the_context_come_to(tmp_path: Path) -> None:
    recipe = (
        "context:\n  n: {}\noutputs:\n  - package: {{name: a, version: '1'}}\n    build: {{script: '${{{{ n }}}}'}}\n"
    )
    written = ("${{ n | int }}", "'${{ n | int }}'")
    cases = [Case("quotes", recipe.format(one), ("n: ['3']\n",), ("v.yaml",)) for one in written]
    assert [json.loads(told(case, tmp_path))[0][0]["variant"]["n"] for case in cases] == [3, "3"]


def test_in_the_files_of_conda_build_a_line_of_its_own_makes_text(tmp_path: Path) -> None:
    recipe = "package: {name: a, version: '1'}\nbuild: {script: '${{ n }}'}\n"
    block = Case("legacy", recipe, ("n:\n  - 3\n",), (LEGACY,))
    flow = Case("legacy", recipe, ("n: [3]\n",), (LEGACY,))
    values = [json.loads(told(case, tmp_path))[0][0]["variant"]["n"] for case in (block, flow)]
    assert values == ["3", 3]


def test_a_key_may_stand_once(tmp_path: Path) -> None:
    """Otherwise the order of keys would have to mean something."""
    with pytest.raises(RecipeError, match="stands twice"):
        read_yaml(b"a: 1\na: 2\n", "case.yaml")
    case = Case("twice", "package: {name: a, version: '1'}\n", ("a-b: [1]\na_b: [2]\n",), ("v.yaml",))
    with pytest.raises(RecipeError, match="are both a_b"):
        told(case, tmp_path)
