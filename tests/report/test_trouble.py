"""Errors as text and as the document of the command line contract."""

from __future__ import annotations

from builder.errors import Place, Problem, RecipeError
from builder.report.trouble import error_document, error_text, problem_text, warning_text

PROBLEM = Problem(
    code="recipe.unknown-key",
    message="there is no key 'scrpt' in build",
    place=Place(file="recipe.yaml", line=7, column=3, frame="  scrpt: make"),
    remedy="did you mean 'script'?",
)


def test_a_problem_shows_place_frame_caret_and_remedy() -> None:
    assert problem_text(PROBLEM).splitlines() == [
        "recipe.yaml:7:3: error: there is no key 'scrpt' in build",
        "    7 │   scrpt: make",
        "      │   ^",
        "  → did you mean 'script'?",
    ]


def test_a_problem_without_place_is_one_line() -> None:
    assert problem_text(Problem(code="x", message="the disk is full")) == "error: the disk is full"


def test_tabs_do_not_move_the_caret() -> None:
    place = Place(file="f", line=1, column=2, frame="\tx: 1")
    assert problem_text(Problem(code="x", message="m", place=place)).splitlines()[1:] == ["    1 │  x: 1", "      │  ^"]


def test_a_very_long_message_loses_its_middle() -> None:
    problem = Problem(code="x", message="it begins " + "y" * 1_000_000 + " it ends")
    text = problem_text(problem)
    assert len(text) < 5000
    assert text.startswith("error: it begins yyy")
    assert text.endswith("yyy it ends")
    assert len(str(error_document(RecipeError.of([problem])))) < 5000


def test_warnings_steer_no_terminal() -> None:
    assert (
        warning_text(Problem(code="x", message="the key \x1b]0;a\x07b", remedy="\x1b[31m")) == "warning: the key b ()"
    )


def test_a_very_long_line_is_cut_and_a_caret_beyond_it_left_out() -> None:
    place = Place(file="f", line=1, column=900, frame="y" * 1000)
    lines = problem_text(Problem(code="x", message="m", place=place)).splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("y…")


def test_colour_only_when_asked() -> None:
    assert "\x1b" not in problem_text(PROBLEM)
    assert "\x1b[31merror" in problem_text(PROBLEM, colour=True)


def test_a_warning_is_one_line() -> None:
    assert warning_text(PROBLEM) == (
        "warning: recipe.yaml:7:3: there is no key 'scrpt' in build (did you mean 'script'?)"
    )


def test_all_problems_of_an_error_are_shown_in_order() -> None:
    second = Problem(code="recipe.version", message="there is no version")
    error = RecipeError.of([PROBLEM, second])
    text = error_text(error)
    assert text.index("scrpt") < text.index("there is no version")


def test_the_document_has_exactly_the_keys_of_the_contract() -> None:
    document = error_document(RecipeError.of([PROBLEM, Problem(code="x", message="m")]))
    assert document == {
        "errors": [
            {
                "code": "recipe.unknown-key",
                "message": "there is no key 'scrpt' in build",
                "file": "recipe.yaml",
                "line": 7,
                "column": 3,
                "remedy": "did you mean 'script'?",
            },
            {"code": "x", "message": "m", "file": None, "line": None, "column": None, "remedy": None},
        ]
    }


def test_what_a_recipe_says_steers_neither_terminal_nor_ci() -> None:
    place = Place(file="r\x1b[2J.yaml", line=1, column=1, frame="name: ##vso[task.setvariable]x\x1b[31m")
    problem = Problem(code="x", message="bad\n::error::name \x1b]0;title\x07", place=place, remedy="##[error]x")
    text = problem_text(problem)
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert "##[" not in text
    assert "##vso[" not in text
