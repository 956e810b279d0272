"""What templates see of the time: what they are told, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.rendering import Platforms
from builder.recipe.v0 import Scope, load_meta

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
MAY_2033 = "2000000000"


def version(template: str, folder: Path, environment: dict[str, str]) -> str:
    """Return the version that a recipe has, as ``template`` says it."""
    path = folder / "meta.yaml"
    path.write_text(f"package:\n  name: sundial\n  version: '{{{{ {template} }}}}'\n")
    return load_meta(path).resolved(Scope({}, LINUX, environment)).version


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("datetime.datetime.utcnow().strftime('%Y.%m.%d.%H.%M.%S')", "2033.05.18.03.33.20"),
        ("datetime.datetime.now().strftime('%Y.%m')", "2033.05"),
        ("datetime.datetime.today().year", "2033"),
        ("datetime.date.today().strftime('%Y%m%d')", "20330518"),
        ("'%d' % time.time()", MAY_2033),
        ("time.time()|int", MAY_2033),
        ("datetime.datetime.strptime('29Aug2024', '%d%b%Y').strftime('%Y.%m.%d')", "2024.08.29"),
    ],
)
def test_the_time_is_that_of_the_variable(template: str, expected: str, tmp_path: Path) -> None:
    assert version(template, tmp_path, {"SOURCE_DATE_EPOCH": MAY_2033}) == expected


@pytest.mark.parametrize("template", ["datetime.datetime.utcnow().year", "datetime.date.today()", "time.time()"])
def test_without_the_variable_there_is_no_time(template: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="asks for the time needs SOURCE_DATE_EPOCH") as caught:
        version(template, tmp_path, {})
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.line == 3


def test_a_branch_that_is_only_taken_while_names_are_missing_may_ask(tmp_path: Path) -> None:
    assert version("'1' if PKG_NAME else datetime.datetime.now().year", tmp_path, {}) == "1"


@pytest.mark.parametrize("epoch", ["", "soon", "-1", "1e9", "9" * 12, "٣"])
def test_the_variable_is_a_number_of_seconds(epoch: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is not a number of seconds since 1970"):
        version("time.time()", tmp_path, {"SOURCE_DATE_EPOCH": epoch})


def test_the_form_of_a_date_is_short(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="100 characters at most"):
        version(f"datetime.datetime.strptime('1', '{'%d' * 60}')", tmp_path, {})
