"""The context: types, order, circles, and what it hides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.recipe.kind import Plain
from tests.recipe.given import PACKAGE, evaluated, only_problem, problems, rendered, request


def context(text: str) -> dict[str, Plain]:
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    found: dict[str, Plain] = rendered(f"context:\n{lines}{PACKAGE}", request({"python": "3.12", "mpi": "openmpi"}))[
        "context"
    ]
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: 1", 1), ("x: '1'", "1"), ("x: 1.10", "1.10"), ("x: true", True), ("x: yes", "yes"), ("x: [a, 2, '3', true]", ["a", 2, "3", True]),
        ("x: ${{ 1 + 1 }}", 2), ("x: '${{ 1 + 1 }}'", "2"), ("x: ${{ [1, 'a'] }}", [1, "a"]), ("x: '${{ [1, 2] }}'", "[1, 2]"), ("x: ${{ 1 == 1 }}", True),
        ("x: ${{ none }}", None), ("x: a${{ 1 }}", "a1"), ("x: |\n  ${{ 123 }}", "123"), ("x: ${{ python }}", "3.12"), ("x: ~", "~"), ("x: null", "null"),
        ("x:", ""), ("x: ${{ '5' }}", "5"), ("x: ${{ 1.0 }}", 1.0), ("x: 2024-01-01", "2024-01-01"),
    ],
)  # fmt: skip
def test_types(text: str, value: object) -> None:
    found = context(text)["x"]
    assert found == value
    assert type(found) is type(value)


def test_a_name_may_use_names_that_come_later() -> None:
    assert context("full: ${{ name }}-${{ version }}\nname: a\nversion: '1'") == {
        "full": "a-1",
        "name": "a",
        "version": "1",
    }


@given(st.permutations(range(6)))
def test_the_order_of_the_text_does_not_matter(order: list[int]) -> None:
    lines = [f"x{index}: ${{{{ x{index - 1} + 1 }}}}" if index else "x0: 1" for index in order]
    assert context("\n".join(lines)) == {f"x{index}": index + 1 for index in range(6)}


def test_a_name_that_reads_itself_reads_the_variant() -> None:
    found = evaluated(
        "context:\n  mpi: ${{ mpi ~ '_x' }}\n" + PACKAGE + "about: {summary: '${{ mpi }}'}\n",
        request({"mpi": "openmpi"}),
    )
    assert found.output.about.summary == "openmpi_x"
    assert "mpi" in found.read


def test_names_of_the_context_are_not_read_from_the_variant() -> None:
    found = evaluated(
        "context:\n  python: '3.9'\n" + PACKAGE + "about: {summary: '${{ python }}'}\n", request({"python": "3.12"})
    )
    assert found.output.about.summary == "3.9"
    assert "python" not in found.read


def test_the_whole_context_is_evaluated_whether_it_is_used_or_not() -> None:
    assert "python" in evaluated("context:\n  unused: ${{ python }}\n" + PACKAGE, request({"python": "3.12"})).read


def test_a_circle_is_shown() -> None:
    problem = only_problem("context:\n  a: ${{ b }}\n  b: ${{ c ~ '' }}\n  c: ${{ a }}\n" + PACKAGE)
    assert problem.code == "recipe.circle"
    assert "needs itself" in problem.message
    assert all(name in problem.message for name in ("a", "b", "c"))
    assert problem.place is not None
    assert problem.place.line in {2, 3, 4}


def test_an_undefined_name_stops_at_the_context() -> None:
    found = problems("context:\n  a: ${{ nowhere }}\n  b: ${{ a }}\n" + PACKAGE + "about: {summary: '${{ b }}'}\n")
    assert [problem.message for problem in found] == ["nowhere is undefined"]


@pytest.mark.parametrize("name", ["a-b", "1a", "a b", "a.b", "é"])
def test_names_are_names(name: str) -> None:
    assert only_problem(f"context:\n  '{name}': 1\n{PACKAGE}").code == "recipe.bad-value"


@pytest.mark.parametrize("value", ["{a: 1}", "[[1]]", "[{a: b}]"])
def test_values_are_scalars_or_lists(value: str) -> None:
    found = problems(f"context:\n  a: {value}\n{PACKAGE}")
    assert not found or found[0].code == "recipe.wrong-shape"
    assert value == "[[1]]" or found


def test_an_empty_context_is_none() -> None:
    assert evaluated("context:\n" + PACKAGE).output.name == "demo"


def test_three_thousand_names_in_a_chain_are_no_problem() -> None:
    lines = "".join(f"  x{index}: ${{{{ x{index + 1} }}}}\n" for index in range(3000))
    assert (
        evaluated(f"context:\n{lines}  x3000: 7\n{PACKAGE}" + "about: {summary: '${{ x0 }}'}\n").output.about.summary
        == "7"
    )
