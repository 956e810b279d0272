"""Loading: files and folders, digests, outputs, names, staging outputs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.recipe import load
from builder.recipe.load import MAX_OUTPUTS, MAX_SHARED
from builder.syntax import Compiler
from tests.recipe.given import PACKAGE, only_problem, problems, recipe


def test_a_recipe_is_found_in_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(PACKAGE)
    for path in (tmp_path, file):
        found = load(path)
        assert (found.file.path, found.file.folder) == (file, tmp_path)
        assert found.digest == hashlib.sha256(PACKAGE.encode()).hexdigest()


def test_a_recipe_may_have_another_name(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(PACKAGE)
    assert load(file).outputs[0].name == "demo"


def test_a_missing_recipe_is_an_error_with_its_place(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no.yaml"):
        with pytest.raises(RecipeError, match="cannot be read: No such file") as caught:
            load(path)
        assert caught.value.problems[0].code == "recipe.unreadable"
        assert caught.value.problems[0].place is not None


def test_a_pipe_is_no_recipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "recipe.yaml")
    with pytest.raises(RecipeError, match="this is a pipe"):
        load(tmp_path)


def test_b7_a_link_is_no_recipe_but_may_lead_to_its_folder(tmp_path: Path) -> None:
    """What a link leads to would be shown in errors: ``recipe.yaml -> ~/.netrc``."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "recipe.yaml").write_text(PACKAGE)
    (tmp_path / "recipe.yaml").symlink_to("real/recipe.yaml")
    (tmp_path / "folder").symlink_to("real")
    with pytest.raises(RecipeError, match="this is a symbolic link") as caught:
        load(tmp_path)
    assert "name the file itself" in str(caught.value.problems[0].remedy)
    assert load(tmp_path / "folder").outputs[0].name == "demo"


def test_a_device_is_no_recipe() -> None:
    with pytest.raises(RecipeError, match="this is a device"):
        load(Path("/dev/zero"))


def several(count: int, shared: int = 0) -> str:
    names = "".join(f"  x{index}: ${{{{ 1 + {index} }}}}\n" for index in range(shared))
    listed = "".join(f"- package: {{name: a{index}, version: '1'}}\n" for index in range(count))
    return f"context: {{}}\noutputs:\n{listed}" if not shared else f"context:\n{names}outputs:\n{listed}"


def test_outputs_are_counted() -> None:
    assert len(recipe(several(MAX_OUTPUTS)).outputs) == MAX_OUTPUTS
    problem = only_problem(several(MAX_OUTPUTS + 1))
    assert (problem.code, problem.place and problem.place.line) == ("recipe.too-much", 3)


def test_what_each_output_evaluates_anew_counts_for_each() -> None:
    count = 400
    assert len(recipe(several(count, MAX_SHARED // count // 2)).outputs) == count
    problem = only_problem(several(count, MAX_SHARED // count // 2 + 1))
    assert problem.code == "recipe.too-much"
    assert "in common" in problem.message


def test_a4_of_a_huge_file_only_the_start_is_read(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RecipeError, match="more than 1048576 bytes"):
        load(file)


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "'quoted'\n"])
def test_a_recipe_is_a_mapping(text: str) -> None:
    problem = only_problem(text)
    assert problem.code == "recipe.wrong-shape"
    assert problem.message.startswith("a recipe is a mapping")


def test_files_share_a_compiler(tmp_path: Path) -> None:
    compiler = Compiler()
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(PACKAGE + f"about: {{summary: '${{{{ version }}}} {name}'}}\n")
        load(tmp_path / f"{name}.yaml", compiler)
    assert set(compiler.compiled) == {"version"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("about: {}\n", "the recipe has none of package, outputs"),
        ("package: {version: '1'}\n", "package.name is missing"),
        ("package: {name: a}\n", "the version of the package is missing"),
        ("package: {name: a, version: }\n", "the version of the package is missing"),
        ("package: a\n", "package is text, expected a mapping"),
        ("recipe: {version: '1'}\noutputs: {a: b}\n", "outputs is not a list"),
        ("recipe: {version: '1'}\noutputs: [a]\n", "outputs[0] is text, expected a mapping"),
        ("recipe: {version: '1'}\noutputs: [{build: {}}]\n", "outputs[0] has neither package nor staging"),
        ("recipe: {name: r}\noutputs: [{package: {name: a}}]\n", "the version of the package is missing"),
        ("outputs: [{package: {name: a}}]\n", "the version of the package is missing"),
        (
            "recipe: {version: '1'}\nrequirements: {run: [a]}\noutputs: [{package: {name: a}}]\n",
            "the recipe has outputs and requirements",
        ),
        (PACKAGE + "outputs: [{package: {name: a, version: '1'}}]\n", "the recipe has package and outputs"),
        (
            "recipe: {version: '1'}\noutputs:\n  - staging: {name: s}\n    about: {}\n",
            "outputs[0].about is not a key of recipes",
        ),
        (
            "recipe: {version: '1'}\noutputs:\n  - staging: {name: s}\n    requirements: {run: [a]}\n",
            "outputs[0].requirements.run is not a key",
        ),
        (
            "recipe: {version: '1'}\noutputs:\n  - staging: {name: s}\n    build: {number: 1}\n",
            "outputs[0].build.number is not a key",
        ),
        ("recipe: {version: '1'}\noutputs:\n  - staging: {}\n", "outputs[0].staging.name is missing"),
    ],
)
def test_what_a_recipe_must_have(text: str, message: str) -> None:
    assert any(problem.message.startswith(message) for problem in problems(text)), problems(text)


def test_outputs_are_listed_in_their_order() -> None:
    found = recipe(
        "context: {base: demo}\nrecipe: {version: '1'}\noutputs:\n  - staging: {name: compiled}\n  - package: {name: '${{ base }}'}\n    inherit: compiled\n"
        "  - package: {name: tools, version: '2'}\n    inherit: {from: compiled, run_exports: false}\n  - package: {name: plain}\n"
    ).outputs
    assert [(output.index, output.kind, output.name, output.inherits) for output in found] == [
        (0, "staging", "compiled", None), (1, "package", "${{ base }}", "compiled"), (2, "package", "tools", "compiled"), (3, "package", "plain", None),
    ]  # fmt: skip
    assert [str(output.where.place) for output in found if output.where] == [
        "recipe.yaml:4:21", "recipe.yaml:5:21", "recipe.yaml:7:21", "recipe.yaml:9:21",
    ]  # fmt: skip


def test_inheriting_from_nothing_is_refused() -> None:
    text = "recipe: {version: '1'}\noutputs:\n  - staging: {name: a}\n  - package: {name: b}\n    inherit: c\n"
    problem = only_problem(text)
    assert problem.code == "recipe.no-staging"
    assert problem.message == "there is no staging output c to inherit from"
    assert problem.remedy == "known are a"


def test_a_name_belongs_to_a_staging_output_alone() -> None:
    for second in ("staging: {name: a}", "package: {name: a}"):
        problem = only_problem(f"recipe: {{version: '1'}}\noutputs:\n  - staging: {{name: a}}\n  - {second}\n")
        assert problem.code == "recipe.duplicate-output"
        assert "taken by the output in line 3" in problem.message


def test_packages_may_share_a_name() -> None:
    assert problems("recipe: {version: '1'}\noutputs:\n  - package: {name: a}\n  - package: {name: a}\n") == ()


def test_all_names_of_an_output_are_mentioned_with_those_of_the_context_and_the_top() -> None:
    text = (
        "context: {v: '${{ from_context }}'}\nrecipe: {version: '${{ v }}'}\nabout: {summary: '${{ from_top if win }}'}\n"
        "outputs:\n  - package: {name: a}\n    requirements: {build: ['${{ compiler(\"c\") }}'], run: [{if: win, then: '${{ from_branch }}'}]}\n"
        "  - package: {name: b}\n"
    )
    first, second = recipe(text).outputs
    assert first.mentioned >= {
        "from_context",
        "from_top",
        "from_branch",
        "win",
        "c_compiler",
        "c_compiler_version",
        "CONDA_BUILD_SYSROOT",
    }
    assert "v" not in first.mentioned
    assert second.mentioned == {"from_context", "from_top", "win"}


def test_schema_and_its_version_are_known_keys() -> None:
    assert problems("$schema: https://example.org/s.json\nschema_version: 1\n" + PACKAGE) == ()
