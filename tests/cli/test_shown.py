"""What is shown of a recipe, and what it depends on."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from builder.cli.collection import Collection
from builder.cli.inputs import Inputs
from builder.cli.selection import Selection
from builder.cli.shown import Basis, Shown, show, shown_renderings
from builder.model.answer import Answer
from builder.recipe.machine import digest
from tests.cli.conftest import HELLO, write_recipe


def selected(**given: object) -> Selection:
    values: dict[str, object] = {
        "paths": (), "recipes": (), "variant_files": (), "variants": (), "target_platform": None, **given,
    }  # fmt: skip
    return Selection(**values)  # type: ignore[arg-type]


def shown(folder: Path, text: str = HELLO, **given: object) -> tuple[Shown, Basis]:
    file = write_recipe(folder, text) / "recipe.yaml"
    return show(file, Inputs(selected(**given), Collection()))


def test_a_recipe_is_shown_as_lines_and_documents(tmp_path: Path) -> None:
    text = HELLO.replace("echo hello", "echo ${{ flour }}")
    found, basis = shown(tmp_path, text, variants=("flour=rye,oat",))
    assert [line.partition("  ")[2] for line in found.lines.splitlines()] == ["flour rye", "flour oat"]
    documents = found.documents.split("\n")
    assert [json.loads(document.rstrip(","))["variant"]["flour"] for document in documents] == ["rye", "oat"]
    assert found.problems == found.warnings == ()
    assert basis.recipe == digest((tmp_path / "recipe.yaml").read_bytes())
    assert basis.lasting
    assert pickle.loads(pickle.dumps((found, basis))) == (found, basis)


def test_warnings_of_the_text_and_of_renderings_come_once(tmp_path: Path) -> None:
    text = HELLO.replace("build:\n", "build:\n  skip: [nowhere]\n").replace("echo hello", "echo ${{ flour }}")
    text = text.replace("  - script: grep", "  - python:\n      imports: [x]\n    pip_check: true\n  - script: grep")
    found, _ = shown(tmp_path, text, variants=("flour=rye,oat",))
    assert len(found.warnings) == 2
    assert found.documents


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("package: [\n", True),
        ("package: {nam: x}\n", True),
        (HELLO.replace("1.0", "${{ nowhere }}"), True),
        (HELLO.replace('"1.0"', '${{ load_from_file("gone.json").version }}'), True),
        (HELLO.replace('"1.0"', '${{ git.head_rev("https://example.org/x") }}'), False),
    ],
)
def test_errors_last_as_long_as_what_they_are_about(text: str, last: bool, tmp_path: Path) -> None:
    found, basis = shown(tmp_path, text)
    assert found.problems
    assert (found.lines, found.documents) == ("", "")
    assert basis.lasting is last


def test_an_error_in_a_variant_file_does_not_last(tmp_path: Path) -> None:
    (tmp_path / "given.yaml").write_text("flour: rye\n")
    found, basis = shown(tmp_path, variant_files=(tmp_path / "given.yaml",))
    assert found.problems
    assert not basis.lasting


def test_what_the_recipe_is_told_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOUR", "rye")
    (tmp_path / "data.json").write_text('{"version": "2"}')
    text = HELLO.replace('"1.0"', '${{ load_from_file("data.json").version }}')
    text = text.replace("echo hello", 'echo ${{ env.get("FLOUR") }} ${{ env.get("SALT", default="none") }}')
    found, basis = shown(tmp_path, text, allowed_variables=("FLOUR", "SALT"))
    assert found.problems == ()
    assert set(basis.answers) == {
        Answer("file", "data.json", digest(b'{"version": "2"}')),
        Answer("environment", "FLOUR", digest("rye")),
        Answer("environment", "SALT", None),
    }
    assert basis.lasting


def test_what_selectors_ask_for_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "conda_build_config.yaml").write_text('flour:\n  - rye  # [os.environ.get("BREAD") == "dark"]\n')
    _, basis = shown(tmp_path)
    assert basis.variables == {"BREAD"}


def test_too_many_variants_are_refused_as_the_option_says(tmp_path: Path) -> None:
    text = HELLO.replace("echo hello", "echo ${{ flour }}")
    found, basis = shown(tmp_path, text, variants=("flour=a,b,c",), max_variants=2)
    assert [problem.code for problem in found.problems] == ["variant.too-many"]
    assert basis.lasting
    assert shown(tmp_path, text, variants=("flour=a,b,c",), max_variants=3)[0].problems == ()


def test_nothing_rendered_is_nothing_shown() -> None:
    assert shown_renderings([]) == Shown()
