"""``meta.yaml`` on the command line: the same verbs, conda-build's rules, and nothing old that is shown once more."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from builder.archive import read_package
from builder.cli.collection import Collection
from builder.cli.inputs import Inputs
from builder.cli.legacy import LegacyRecipe
from builder.cli.shown import show
from tests.cli.conftest import Command, write_recipe
from tests.cli.test_shown import selected

LOAF = """\
{% set version = "1.20" %}
package:
  name: loaf
  version: {{ version }}
build:
  number: 3
  script: echo {{ PKG_NAME }} > "$PREFIX/loaf.txt"
requirements:
  host:
    - flour
about:
  license: CC0-1.0
"""

FLOURS = "flour:\n  - '1.0'\n  - '2.0'\n"


def write_meta(folder: Path, text: str = LOAF) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.yaml").write_text(text)
    return folder


@pytest.fixture
def loaf(tmp_path: Path) -> Path:
    return write_meta(tmp_path / "loaf")


@pytest.fixture
def flours(tmp_path: Path) -> Path:
    file = tmp_path / "conda_build_config.yaml"
    file.write_text(FLOURS)
    return file


def outputs(command: Command, *arguments: str | Path) -> list[dict[str, Any]]:
    said = command("render", "--json", *arguments)
    assert said.code == 0, said.err
    document = said.document
    assert isinstance(document, list)
    return document


class TestRender:
    def test_it_is_rendered_over_its_variants(self, command: Command, loaf: Path, flours: Path) -> None:
        found = outputs(command, loaf, "-m", flours)
        assert [one["variant"] for one in found] == [
            {"flour": "1.0", "target_platform": "linux-64"},
            {"flour": "2.0", "target_platform": "linux-64"},
        ]
        assert [one["requirements"]["host"] for one in found] == [["flour 1.0.*"], ["flour 2.0.*"]]
        first = found[0]
        assert (first["name"], first["version"], first["build_number"], first["subdir"], first["skip"]) == (
            "loaf", "1.20", 3, "linux-64", False,
        )  # fmt: skip
        assert first["build"] == f"h{first['hash']}_3"
        assert first["used_vars"] == ["flour", "target_platform"]
        assert first["origins"] == {"flour": f"{flours}:2", "target_platform": "a default of conda-build"}

    def test_lines_for_people(self, command: Command, loaf: Path, flours: Path) -> None:
        said = command("render", loaf, "-m", flours)
        assert [line.partition("  ")[2] for line in said.out.splitlines()] == ["flour 1.0", "flour 2.0"]

    def test_the_file_beside_the_recipe_counts_less_than_those_given(
        self, command: Command, loaf: Path, flours: Path
    ) -> None:
        (loaf / "conda_build_config.yaml").write_text("flour:\n  - '9'\n")
        (loaf / "variants.yaml").write_text("flour: ['7']\n")
        assert [one["variant"]["flour"] for one in outputs(command, loaf)] == ["9"]
        assert [one["variant"]["flour"] for one in outputs(command, loaf, "-m", flours)] == ["1.0", "2.0"]
        alone = outputs(command, loaf, "--ignore-recipe-variants")
        assert [one["variant"] for one in alone] == [{"target_platform": "linux-64"}]
        chosen = outputs(command, loaf, "-m", flours, "--variant", "flour=2.0")
        assert [one["variant"]["flour"] for one in chosen] == ["2.0"]

    def test_a_variant_file_of_rattler_build_counts_too(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        file = tmp_path / "variants.yaml"
        file.write_text("flour:\n  - if: linux\n    then: ['1.0', 2]\n  - if: win\n    then: [3]\n")
        assert [one["variant"]["flour"] for one in outputs(command, loaf, "-m", file)] == ["1.0", "2"]

    def test_a_number_and_a_prefix_from_the_command_line(self, command: Command, loaf: Path) -> None:
        found = outputs(command, loaf, "--build-num", "7", "--build-string-prefix", "fresh")[0]
        assert (found["build_number"], found["build"]) == (7, "fresh_7")

    def test_a_build_string_of_its_own_has_no_prefix(self, command: Command, tmp_path: Path) -> None:
        folder = write_meta(tmp_path / "own", LOAF.replace("  number: 3\n", "  number: 3\n  string: mine_3\n"))
        assert outputs(command, folder, "--build-string-prefix", "fresh")[0]["build"] == "mine_3"

    def test_variant_files_may_name_the_platform(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        file = tmp_path / "linux_aarch64_.yaml"
        file.write_text("target_platform:\n- linux-aarch64\n")
        (loaf / "meta.yaml").write_text(LOAF + "extra:\n  arm: true  # [aarch64]\n")
        found = outputs(command, loaf, "-m", file)
        assert [(one["subdir"], one["variant"]["target_platform"]) for one in found] == [("linux-aarch64",) * 2]
        found = outputs(command, loaf, "-m", file, "--target-platform", "osx-arm64")
        assert [(one["subdir"], one["variant"]["target_platform"]) for one in found] == [("osx-arm64",) * 2]

    def test_several_platforms_of_variant_files(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        file = tmp_path / "both.yaml"
        file.write_text("target_platform:\n- linux-64\n- win-64\n")
        assert [one["subdir"] for one in outputs(command, loaf, "-m", file)] == ["linux-64", "win-64"]

    def test_a_platform_that_is_none(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        file = tmp_path / "odd.yaml"
        file.write_text("target_platform:\n- linux-65\n")
        said = command("render", loaf, "-m", file)
        assert said.code == 2
        assert "'linux-65' is not a platform" in said.err
        assert "did you mean" in said.err

    def test_it_may_come_from_standard_input(
        self, command: Command, flours: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LOAF.encode())))
        assert [one["variant"]["flour"] for one in outputs(command, "-", "-m", flours)] == ["1.0", "2.0"]

    def test_recipes_of_both_formats_stand_side_by_side(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        (tmp_path / "cake").mkdir()
        (tmp_path / "cake" / "recipe.yaml").write_text("package: {name: cake, version: '1'}\n")
        said = command("render", "--recipe-dir", tmp_path, "--json")
        assert isinstance(said.document, list)
        assert [one["name"] for one in said.document] == ["cake", "loaf"]

    def test_what_it_prints_as_yaml(self, command: Command, loaf: Path, flours: Path) -> None:
        said = command("render", loaf, "-m", flours, "--format", "yaml")
        assert said.code == 0
        assert said.out.count("Hash contents:\n--------------\n{'flour': '") == 2
        assert '    - "flour 2.0.*"\n' in said.out

    def test_errors_of_one_recipe_hide_no_other(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        broken = write_meta(tmp_path / "broken", "package:\n  name: a\n  version: {{ nowhere }}\n")
        said = command("render", broken, loaf, "--format", "yaml")
        assert said.code == 2
        assert "name: loaf" in said.out
        assert "'nowhere' is undefined" in said.err
        only = command("render", broken, "--json")
        assert only.code == 2
        assert only.errors[0]["code"] == "recipe.undefined"


class TestWhatIsRemembered:
    """Each test renders twice with the same store; what changes between is something that the recipe depends on."""

    def test_a_script_that_names_another_key(self, command: Command, loaf: Path, tmp_path: Path) -> None:
        given = tmp_path / "given.yaml"
        given.write_text("salt:\n  - coarse\n  - fine\n")
        assert len(outputs(command, loaf, "-m", given)) == 1
        (loaf / "build.sh").write_text("echo $salt \n")
        assert len(outputs(command, loaf, "-m", given)) == 2
        (loaf / "build.sh").write_text("echo\n")
        assert len(outputs(command, loaf, "-m", given)) == 1
        (loaf / "build.sh").unlink()
        assert len(outputs(command, loaf, "-m", given)) == 1

    def test_a_file_that_a_template_loads(self, command: Command, tmp_path: Path) -> None:
        text = LOAF.replace('"1.20"', 'load_file_data("data.json", from_recipe_dir=True).version')
        folder = write_meta(tmp_path / "data", text)
        for version in ("1.0", "2.0"):
            (folder / "data.json").write_text(json.dumps({"version": version}))
            assert outputs(command, folder)[0]["version"] == version

    def test_the_variant_file_beside_it(self, command: Command, loaf: Path) -> None:
        (loaf / "variants.yaml").write_text("flour: ['7']\n")  # it does not count, and hides nothing
        for value in ("1.0", "2.0"):
            (loaf / "conda_build_config.yaml").write_text(f"flour:\n  - '{value}'\n")
            assert outputs(command, loaf)[0]["variant"]["flour"] == value

    def test_a_variable_that_a_selector_of_a_variant_file_reads(
        self, command: Command, loaf: Path, flours: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flours.write_text("flour:\n  - '1.0'\n  - '2.0'  # [os.environ.get('WHOLE', 'no') == 'yes']\n")
        assert len(outputs(command, loaf, "-m", flours)) == 1
        monkeypatch.setenv("WHOLE", "yes")
        assert len(outputs(command, loaf, "-m", flours)) == 2

    def test_a_variable_that_the_recipe_may_read(
        self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = write_meta(tmp_path / "env", LOAF.replace('"1.20"', 'environ.get("LOAF_VERSION", "0")'))
        assert outputs(command, folder, "--allow-env", "LOAF_VERSION")[0]["version"] == "0"
        monkeypatch.setenv("LOAF_VERSION", "5")
        assert outputs(command, folder, "--allow-env", "LOAF_VERSION")[0]["version"] == "5"
        assert outputs(command, folder)[0]["version"] == "0"

    def test_a_variable_that_its_own_selector_reads(
        self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = write_meta(tmp_path / "env", LOAF.replace("number: 3", "number: 3\n  number: 4  # [LEAVENED]"))
        monkeypatch.setenv("LEAVENED", "1")
        assert outputs(command, folder)[0]["build_number"] == 3
        assert outputs(command, folder, "--allow-env", "LEAVENED")[0]["build_number"] == 4
        monkeypatch.delenv("LEAVENED")
        assert outputs(command, folder, "--allow-env", "LEAVENED")[0]["build_number"] == 3

    def test_the_time(self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_meta(tmp_path / "time", LOAF.replace('"1.20"', "datetime.datetime.utcnow().year"))
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
        refused = command("render", folder)
        assert refused.code == 2
        assert "needs SOURCE_DATE_EPOCH" in refused.err
        for epoch, year in (("0", "1970"), ("2000000000", "2033")):
            monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
            assert outputs(command, folder)[0]["version"] == year

    def test_what_was_read_is_told(self, command: Command, loaf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (loaf / "build.sh").write_text("echo\n")
        (loaf / "meta.yaml").write_text(LOAF + "  # {{ environ['YEAST'] }}\n  home: {{ environ['YEAST'] }}\n")
        monkeypatch.setenv("YEAST", "dry")
        asked = outputs(command, loaf, "--allow-env", "YEAST", "--allow-env", "OVEN")[0]["asked"]
        assert [(one["subject"], one["question"]) for one in asked] == [("environment", "YEAST"), ("file", "build.sh")]


class TestWhatIsKeptFromRecipes:
    TEXT = LOAF.replace('"1.20"', "os.environ.get('CI_JOB', '0') + environ['PKG_NAME']")

    def test_it_is_told_when_it_is_set(self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_meta(tmp_path / "env", self.TEXT)
        assert command("render", folder).err == ""
        monkeypatch.setenv("CI_JOB", "7")
        said = command("render", folder)
        assert "the environment variable CI_JOB, which is set, and kept from recipes" in said.err
        assert f"{folder}/meta.yaml:1:" in said.err
        assert "--allow-env CI_JOB" in said.err
        assert said.code == 0
        assert command("render", folder, "--allow-env", "CI_JOB").err == ""

    def test_what_builds_set_is_not(self, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("PKG_NAME", "PREFIX", "PY_VER", "GIT_DESCRIBE_TAG"):
            monkeypatch.setenv(name, "set")
        text = LOAF + "".join(f"  # {{{{ environ['{name}'] }}}}\n" for name in ("PKG_NAME", "PREFIX", "PY_VER"))
        assert command("render", write_meta(tmp_path / "own", text)).err == ""


def test_of_variants_of_one_name_the_last_is_built_and_that_is_said(
    command: Command, loaf: Path, flours: Path, tmp_path: Path
) -> None:
    (loaf / "meta.yaml").write_text(LOAF.replace("number: 3", "string: own"))
    assert len(outputs(command, loaf, "-m", flours)) == 2
    said = command("plan", loaf, "-m", flours, "--out", tmp_path / "channel")
    assert said.code == 0
    assert "only the last is built: flour is 1.0 and 2.0" in said.err
    assert said.out.count("linux-64/loaf-1.20-own") == 1


def test_what_a_recipe_rests_on_is_known_when_it_is_wrong(tmp_path: Path) -> None:
    folder = write_meta(tmp_path / "wrong", LOAF.replace("{{ PKG_NAME }}", "{{ nowhere }}"))
    shown, basis = show(folder / "meta.yaml", Inputs(selected(), Collection()))
    assert [problem.code for problem in shown.problems] == ["recipe.undefined"]
    assert basis.lasting
    assert basis.recipe is not None


def test_shared_variant_files_are_read_once(tmp_path: Path, flours: Path) -> None:
    files = [write_meta(tmp_path / name, LOAF.replace("loaf", name)) / "meta.yaml" for name in ("rye", "oat")]
    inputs = Inputs(selected(variant_files=(flours,)), Collection())
    assert len(inputs.recipe(files[0]).render()) == 2
    flours.unlink()
    assert len(inputs.recipe(files[1]).render()) == 2


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("build:\n  number: 1\n", "package.name is missing", None),
        ("package:\n  version: '1'\n", "package.name is missing", 1),
        ("package:\n  name: a\n  version: '1'\noutputs:\n  - version: 2\n", "an output has no name", 4),
        ("package:\n  name: a\n", "package.version is missing", 1),
        ("package:\n  name: Bread\n  version: '1'\n", "the name 'Bread' has capitals", 2),
        ("package:\n  name: a\n  version: 1-2\n", "the version '1-2' has '-'", 3),
        ("package:\n  name: a\n  version: '1'\nbuild:\n  number: one\n", "which is no whole number", 5),
        ("package:\n  name: a\n  version: {{ nowhere }}\n", "'nowhere' is undefined", 3),
        ("package:\n  name: a\n  version: {{ unclosed\n", "cannot be rendered", 3),
        ("package:\n  name: a\n  version: '1'\nbuild:\n  skip: true  # [linux and]\n", "selector", 5),
        ("package:\n  name: a\n  version: '1'\nrequirements: zlib\n", "requirements must be a mapping", 4),
        ("- package\n", "the recipe must be a mapping", None),
        ("\n\n", "the file is empty", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(
    text: str, message: str, line: int | None, command: Command, tmp_path: Path
) -> None:
    folder = write_meta(tmp_path / "wrong", text)
    for verb in ("render", "plan"):
        said = command(verb, folder, "--json")
        assert said.code == 2
        (error,) = said.errors
        assert message in str(error["message"])
        assert (error["file"], error["line"]) == (str(folder / "meta.yaml"), line)
        assert error["remedy"]


@pytest.mark.parametrize("kind", ["binary", "link", "folder", "pipe", "missing"])
def test_what_is_no_recipe(kind: str, command: Command, tmp_path: Path) -> None:
    folder = tmp_path / kind
    folder.mkdir()
    file = folder / "meta.yaml"
    match kind:
        case "binary":
            file.write_bytes(b"package:\n  name: \xff\xfe\0\n")
        case "link":
            file.symlink_to("/etc/passwd")
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
    said = command("render", folder, "--json")
    assert said.code == 2
    assert said.errors[0]["remedy"]
    assert "passwd" not in str(said.errors[0]["message"])


class TestExplain:
    def test_each_key_has_its_line(self, command: Command, loaf: Path, flours: Path) -> None:
        said = command("explain", loaf, "-m", flours, "--json", "--output", "loaf")
        assert said.code == 0, said.err
        assert isinstance(said.document, list)
        one = said.document[0]
        flour = one["used"]["flour"]
        assert (flour["value"], flour["origin"], flour["choices"]) == ("1.0", f"{flours}:2", ["1.0", "2.0"])
        reason = flour["reasons"][0]
        assert (reason["through"], reason["text"], reason["line"]) == ("requirement", "flour", 10)

    def test_for_people(self, command: Command, loaf: Path, flours: Path) -> None:
        said = command("explain", loaf, "-m", flours)
        assert "flour in meta.yaml has no version of its own" in said.out
        assert "as the one before, but with" in said.out

    def test_two_of_them_are_compared(self, command: Command, loaf: Path, flours: Path) -> None:
        first, second = (one["hash"] for one in outputs(command, loaf, "-m", flours))
        said = command("explain", loaf, "-m", flours, "--compare", first, second)
        assert "flour: 1.0" in said.out


def test_plan_and_up_to(command: Command, tmp_path: Path) -> None:
    text = LOAF + "outputs:\n  - name: crust\n  - name: loaf\n    requirements:\n      host:\n        - crust\n"
    folder = write_meta(tmp_path / "outputs", text)
    said = command("plan", folder, "--json", "--out", tmp_path / "channel")
    assert said.code == 0, said.err
    found = outputs(command, folder, "--up-to", "crust")
    assert [one["name"] for one in found] == ["crust"]


def test_too_many_variants_are_refused(command: Command, loaf: Path, flours: Path) -> None:
    said = command("render", loaf, "-m", flours, "--max-variants", "1", "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "variant.too-many"


def test_a_recipe_is_read_by_its_name(tmp_path: Path) -> None:
    folder = write_meta(tmp_path / "loaf")
    inputs = Inputs(selected(), Collection())
    assert isinstance(inputs.recipe(folder / "meta.yaml"), LegacyRecipe)
    (folder / "meta.yaml").rename(folder / "meta.yml")
    assert [one.output.name for one in inputs.recipe(folder / "meta.yml").render()] == ["loaf"]


@pytest.mark.sandbox
def test_a_recipe_of_one_format_is_built_with_one_of_the_other(command: Command, tmp_path: Path) -> None:
    recipes, channel = tmp_path / "recipes", tmp_path / "channel"
    (tmp_path / "bakehouse.yaml").write_text("recipes: [recipes]\n")
    write_recipe(
        recipes / "flour",
        'package: {name: flour, version: "1.5"}\n'
        'build: {noarch: generic, script: "mkdir -p $PREFIX/share && echo rye > $PREFIX/share/flour"}\n',
    )
    write_meta(
        recipes / "loaf",
        "package:\n  name: loaf\n  version: '2.0'\nbuild:\n  noarch: generic\n"
        "  script: cat $PREFIX/share/flour > $PREFIX/share/loaf\n"
        "requirements:\n  host:\n    - flour\n  run:\n    - {{ pin_compatible('flour', max_pin='x') }}\n"
        "test:\n  commands:\n    - grep rye $PREFIX/share/loaf\n",
    )
    said = command("build", recipes / "loaf", "--with-deps", "--offline", "--out", channel, "--json")
    assert said.code == 0, said.err
    package = read_package(channel / "noarch" / "loaf-2.0-0.conda")
    assert package.index()["depends"] == ["flour >=1.5,<2.0a0"]
    assert package.read_info("hash_input.json") == b"{}"
    assert package.read_info("recipe/meta.yaml.template") == (recipes / "loaf" / "meta.yaml").read_bytes()
    rendered = YAML(typ="safe").load(package.read_info("recipe/meta.yaml"))
    assert rendered["requirements"] == {"host": ["flour"], "run": ["flour"]}
    assert command("test", channel / "noarch" / "loaf-2.0-0.conda", "--out", channel).code == 0
    again = command("plan", recipes / "loaf", recipes / "flour", "--out", channel)
    assert {line.split()[0] for line in again.out.splitlines()[:2]} == {"reuse"}
