"""The page about expressions: it names all there is, and every example gives what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.recipe import Request
from builder.recipe.function import functions
from builder.recipe.scope import RecipeScope
from builder.syntax.filter import FILTERS
from builder.syntax.predicate import PREDICATES
from builder.syntax.value import Namespace
from tests.recipe.given import LINUX, Answers, evaluated, request

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "expressions.md").read_text(encoding="utf-8")
VARIANT = {
    "python": "3.12.* *_cpython", "c_compiler": "gcc", "c_compiler_version": "14", "c_stdlib": "sysroot", "c_stdlib_version": "2.28", "cdt_name": "conda",
}  # fmt: skip
MACHINE = Answers(
    files={"data.toml": b'name = "demo"\n'},
    revisions={
        ("head_rev", "../.."): "0a1b2c3" + "0" * 33,
        ("latest_tag", "https://example.org/r"): "v1.2",
        ("latest_tag_rev", "../.."): "4d5e6f7" + "0" * 33,
        ("latest_tag_distance", "../.."): "3",
    },
)


def rows(title: str) -> Iterator[tuple[str, str, str]]:
    """Yield the cells of the table under a title, without the quotes of code."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if len(cells) == 3 and cells[0] != "---" and cells[1] not in {"example", "---", "–"}:
            yield cells[0], *(cell.strip("`").replace("\\|", "|") for cell in cells[1:])  # type: ignore[misc]


def named(title: str) -> list[str]:
    """Return the names that the first cells of a table have as code, before any colon or bracket."""
    return [name for first, _, _ in rows(title) for name in re.findall(r"`([^`]+)`", first.partition(" (")[0])]


def examples() -> list[tuple[str, str]]:
    titles = ("Names", "Operators", "Functions", "Filters", "Tests")
    return [(example, result) for title in titles for _, example, result in rows(title)]


def given_text(expression: str) -> str:
    quoted = expression.replace("'", "''")
    return (
        "context: {version: '1.2.3', words: [b, a, C]}\n"
        f"package: {{name: demo, version: '1'}}\nabout: {{summary: '|${{{{ {quoted} }}}}|'}}\n"
    )


@pytest.mark.parametrize(("expression", "result"), examples())
def test_an_example_gives_what_stands_beside_it(expression: str, result: str) -> None:
    summary = evaluated(given_text(expression), request(VARIANT, ask=MACHINE)).output.about.summary
    assert summary == f"|{result}|"


def test_there_are_examples_of_everything() -> None:
    assert len(examples()) > 70


def test_every_function_is_on_the_page() -> None:
    found: list[str] = []
    for function in functions(RecipeScope(request=Request(variant={}, platforms=LINUX))).values():
        inner = [f"{function.name}.{name}" for name in function.functions] if isinstance(function, Namespace) else []
        found += inner or [function.name]
    assert sorted(named("Functions")) == sorted(set(found) - {"cmp"})  # cmp says only that it is gone


def test_every_filter_is_on_the_page() -> None:
    assert sorted(named("Filters")) == sorted(FILTERS)


def test_every_test_is_on_the_page() -> None:
    assert sorted(named("Tests")) == sorted(name for name in PREDICATES if name.isalpha())
