"""`bakehouse render`: the list of outputs, errors beside it, no network, nothing run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import SIX

FIELDS = {
    "name", "version", "build_number", "build", "hash", "subdir", "noarch", "variant", "used_vars", "requirements", "skip",
    "recipe",
}  # fmt: skip
MATRIX = """\
package: {name: matrix, version: "1"}
build:
  skip: [kind == "skipped"]
  script: echo ${{ kind }}
"""


def listed(document: object) -> list[dict[str, object]]:
    assert isinstance(document, list)
    return document


def test_the_document_has_the_fields_of_the_contract(command: Command) -> None:
    outputs = listed(command("render", SIX, "--json").document)
    assert len(outputs) == 6  # the staging output is none
    for output in outputs:
        assert set(output) >= FIELDS
        requirements = output["requirements"]
        assert isinstance(requirements, dict)
        assert set(requirements) >= {"build", "host", "run", "run_constraints"}


def test_text_has_a_line_for_each_output_and_marks(command: Command, tmp_path: Path) -> None:
    lines = command("render", SIX).out.splitlines()
    assert len(lines) == 7
    assert [line for line in lines if line.endswith("  staging")]
    assert [line for line in lines if line.startswith("noarch/six-words-1.0-")]
    assert sorted(line.partition("  ")[2] for line in lines if "six-app" in line) == ["flavour plain", "flavour strong"]
    recipe = write_recipe(tmp_path / "matrix", MATRIX)
    said = command("render", recipe, "--variant", "kind=skipped,plain")
    assert [line for line in said.out.splitlines() if line.endswith("kind skipped, skipped")]
    assert [line for line in said.out.splitlines() if line.endswith("kind plain")]


def test_nothing_is_written_but_the_note_of_what_was_shown(command: Command, kitchen: Path, hello: Path) -> None:
    before = sorted(kitchen.rglob("*"))
    assert command("render", hello, "--no-cache").code == 0
    assert sorted(kitchen.rglob("*")) == before
    assert command("render", hello).code == 0
    (note,) = (path for path in kitchen.rglob("*") if path not in before and path.is_file())
    assert note.is_relative_to(kitchen / "notes" / "renderings")
    assert [path.name for path in hello.iterdir()] == ["recipe.yaml"]


def test_of_two_recipes_the_good_one_is_printed_and_the_bad_one_told(
    command: Command, hello: Path, tmp_path: Path
) -> None:
    bad = write_recipe(tmp_path / "bad", "package:\n  name: bad\n  version: ${{ nowhere }}\n")
    said = command("render", hello, bad, "--json")
    assert said.code == 2
    assert [output["name"] for output in listed(said.document)] == ["hello"]
    assert f"{bad / 'recipe.yaml'}:3:" in said.err
    assert "nowhere" in said.err
    assert "│   version: ${{ nowhere }}" in said.err
    assert "^" in said.err
    text = command("render", hello, bad)
    assert (text.code, text.err) == (2, said.err)
    assert text.out.startswith("linux-64/hello-1.0-")


def test_a_single_bad_recipe_is_an_error_document(command: Command, tmp_path: Path) -> None:
    bad = write_recipe(tmp_path / "bad", "package:\n  name: bad\n  version: ${{ nowhere }}\n")
    said = command("render", bad, "--json")
    assert (said.code, said.err) == (2, "")
    (error,) = said.errors
    assert (error["file"], error["line"]) == (str(bad / "recipe.yaml"), 3)


def test_several_bad_recipes_are_an_empty_list_and_all_their_errors(command: Command, tmp_path: Path) -> None:
    bad = [write_recipe(tmp_path / name, "package: {name: x}\nbuild: {numbr: 1}\n") for name in ("one", "two")]
    said = command("render", *bad, "--json")
    assert (said.code, said.document) == (2, [])
    for folder in bad:
        assert said.err.count(f"{folder / 'recipe.yaml'}:") >= 2, "all problems of a recipe at once"


@pytest.mark.parametrize("platform", ["osx-arm64", "linux-aarch64", "win-64"])
def test_other_platforms_render(command: Command, platform: str) -> None:
    outputs = listed(command("render", SIX, "--json", "--target-platform", platform).document)
    assert {output["subdir"] for output in outputs} == {platform, "noarch"}
    here = listed(command("render", SIX, "--json").document)
    base = {output["hash"] for output in (*outputs, *here) if output["name"] == "six-base"}
    assert len(base) == 2, "the platform is hashed"


def test_an_unknown_platform_is_wrong_use(command: Command, hello: Path) -> None:
    said = command("render", hello, "--target-platform", "osx-arm65", "--json")
    assert said.code == 2
    (error,) = said.errors
    assert error["remedy"] == "did you mean 'osx-arm64'?"
    assert command("render", hello, "--target-platform", "noarch").code == 2


@pytest.mark.parametrize("arguments", [("--variant", "kind=a,b"), ("-m", "VARIANTS")])
def test_variants_from_an_option_and_from_a_file(command: Command, tmp_path: Path, arguments: tuple[str, str]) -> None:
    recipe = write_recipe(tmp_path / "matrix", MATRIX)
    (tmp_path / "given.yaml").write_text("kind: [a, b]\nunused: [c, d]\n")
    option, value = arguments
    outputs = listed(
        command("render", recipe, "--json", option, value.replace("VARIANTS", str(tmp_path / "given.yaml"))).document
    )
    assert [output["variant"] for output in outputs] == [
        {"kind": value, "target_platform": "linux-64"} for value in ("a", "b")
    ]


def test_an_option_wins_over_a_file(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "matrix", MATRIX)
    (recipe / "variants.yaml").write_text("kind: [beside]\n")
    (tmp_path / "given.yaml").write_text("kind: [given]\n")

    def kinds(*arguments: str | Path) -> list[object]:
        outputs = listed(command("render", recipe, "--json", *arguments).document)
        return [output["variant"]["kind"] for output in outputs]  # type: ignore[index]

    assert kinds() == ["beside"]
    assert kinds("-m", tmp_path / "given.yaml") == ["given"]
    assert kinds("-m", tmp_path / "given.yaml", "--variant", "kind=said") == ["said"]


def test_errors_are_coloured_only_on_a_terminal(command: Command, tmp_path: Path) -> None:
    assert "\x1b" not in command("render", write_recipe(tmp_path / "bad", "package: [\n")).err


def test_what_has_no_effect_is_told_beside_the_output(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(
        tmp_path / "r",
        "package: {name: x, version: '1'}\ntests:\n  - python:\n      imports: [x]\n    pip_check: true\n",
    )
    said = command("render", recipe, "--json")
    assert said.code == 0
    assert len(listed(said.document)) == 1
    assert said.err.startswith(f"warning: {recipe / 'recipe.yaml'}:5:")


def test_a_skip_that_cannot_be_told_is_a_warning_told_once(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(
        tmp_path / "r",
        "package: {name: x, version: '1'}\nbuild: {skip: flavour == 'plain'}\nrequirements: {host: [zlib]}\n",
    )
    said = command("render", recipe, "--json", "--variant", "zlib=1,2")
    assert said.code == 0
    assert len(listed(said.document)) == 2
    assert said.err.startswith(
        f"warning: {recipe / 'recipe.yaml'}:2:15: build.skip counts as false: flavour is undefined"
    )
    assert said.err.count("warning") == 1
