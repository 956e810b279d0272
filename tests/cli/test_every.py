"""What is wrong is told of everything at once."""

from __future__ import annotations

import pytest

from builder.cli.every import every
from builder.errors import BakehouseError, SourceError, UsageError


def halved(number: int) -> int:
    if number % 2:
        raise (SourceError if number > 2 else UsageError)(f"{number} is odd", remedy=f"add 1 to {number}")
    return number // 2


def test_each_result_in_its_place() -> None:
    assert every(halved, [2, 8, 4]) == [1, 4, 2]
    assert every(halved, []) == []


def test_all_that_is_refused_is_one_error_of_the_first_kind() -> None:
    with pytest.raises(BakehouseError) as caught:
        every(halved, [2, 3, 4, 1, 5])
    assert type(caught.value) is SourceError
    told = [(problem.message, problem.remedy) for problem in caught.value.problems]
    assert told == [(f"{number} is odd", f"add 1 to {number}") for number in (3, 1, 5)]


def test_a_defect_is_no_problem_of_the_user() -> None:
    with pytest.raises(ZeroDivisionError):
        every(lambda number: 1 // number, [1, 0])
