"""Settings of a feedstock: conda-smithy's values for the same files, and files that have mistakes."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from builder.errors import RecipeError
from builder.feedstock.settings import Settings, read_settings, usual_settings
from tests.feedstock.facts import FEEDSTOCKS, rows

FACTS = rows("settings")
USUAL = FACTS[0]


def settings(tmp_path: Path, text: str, name: str = "crumb-feedstock") -> Settings:
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    (folder / "conda-forge.yml").write_text(text, encoding="utf-8")
    return read_settings(folder)


def shown(found: Settings) -> dict[str, Any]:
    """Return settings as the facts have them."""
    azure = asdict(found.azure)
    systems = azure.pop("systems")
    simple = (
        "config_version", "conda_build_tool", "conda_install_tool", "conda_solver", "channel_priority", "clone_depth",
        "idle_timeout_minutes", "private_upload", "test", "output_validation", "shellcheck", "upload_on_branch",
    )  # fmt: skip
    return {
        **{key: getattr(found, key) for key in simple},
        **{key: list(getattr(found, key)) for key in ("choco", "secrets", "skip_render")},
        "templates": dict(found.templates),
        "conda_build": asdict(found.conda_build),
        "docker": {key: value for key, value in asdict(found.docker).items() if key != "fallback_image"},
        "github": asdict(found.github),
        "github_actions": {**asdict(found.github_actions), "triggers": list(found.github_actions.triggers)},
        "azure": azure,
        "azure_systems": {key: {**value, "pool": dict(value["pool"])} for key, value in systems.items()},
    }


@pytest.mark.parametrize("fact", FACTS, ids=[fact["name"] for fact in FACTS])
def test_settings_are_those_of_conda_smithy(tmp_path: Path, fact: dict[str, Any]) -> None:
    found = settings(tmp_path, fact["text"])
    assert shown(found) == USUAL["settings"] | fact["settings"]
    assert found.warnings == ()


@pytest.mark.parametrize("fact", FACTS, ids=[fact["name"] for fact in FACTS])
def test_platforms_are_those_of_conda_smithy(tmp_path: Path, fact: dict[str, Any]) -> None:
    found = settings(tmp_path, fact["text"]).platforms()
    expected = fact.get("jobs", USUAL["jobs"])
    assert [[one.provider, one.name, one.keep_noarch, one.upload, one.linux_version] for one in found] == expected


def test_the_recipe_and_its_file(tmp_path: Path) -> None:
    old = settings(tmp_path, "recipe_dir: dough\n")
    assert (old.is_v1, old.recipe_file) == (False, old.folder / "dough" / "meta.yaml")
    new = settings(tmp_path, "conda_build_tool: rattler-build\n")
    assert (new.is_v1, new.recipe_file) == (True, new.folder / "recipe" / "recipe.yaml")


@pytest.mark.parametrize(
    ("files", "text", "is_v1"),
    [
        (["recipe.yaml"], "", True),
        (["recipe.yaml"], "build_with_mambabuild: false\n", True),
        (["recipe.yaml"], "conda_build_tool: conda-build\n", False),
        (["recipe.yaml"], "build_with_mambabuild: true\n", False),
        (["meta.yaml", "recipe.yaml"], "", False),
        (["meta.yaml", "recipe.yaml"], "conda_build_tool: rattler-build\n", True),
        (["meta.yaml"], "", False),
        ([], "", False),
    ],
)
def test_where_no_tool_is_written_the_recipe_says_which(
    tmp_path: Path, files: list[str], text: str, is_v1: bool
) -> None:
    """The peer takes conda-build then, and does not find its recipe."""
    recipe = tmp_path / "crumb-feedstock" / "recipe"
    recipe.mkdir(parents=True)
    for name in files:
        (recipe / name).write_text("", encoding="utf-8")
    assert settings(tmp_path, text).is_v1 is is_v1
    if not text:
        assert usual_settings(tmp_path / "crumb-feedstock").is_v1 is is_v1


def test_the_name_of_the_folder_is_that_of_the_package_and_of_the_repository(tmp_path: Path) -> None:
    assert settings(tmp_path, "").package == "crumb-feedstock"
    assert settings(tmp_path, "").github.repo_name == "crumb-feedstock"
    assert settings(tmp_path, "", "rye").github.repo_name == "rye-feedstock"


def test_the_name_of_a_folder_that_is_given_as_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, "")
    monkeypatch.chdir(tmp_path / "crumb-feedstock")
    assert read_settings(Path()).package == "crumb-feedstock"


def test_what_selectors_may_read(tmp_path: Path) -> None:
    assert settings(tmp_path, "min_py_ver: '36'\ncompiler_stack: comp4\n").variables == {
        "CF_COMPILER_STACK": "comp4",
        "CF_MIN_PY_VER": "36",
        "CF_MAX_PY_VER": "37",
        "CF_MIN_R_VER": "34",
        "CF_MAX_R_VER": "34",
        "CONFIG_VERSION": "2",
    }


def test_what_others_read_is_no_mistake(tmp_path: Path) -> None:
    text = "bot: {automerge: true}\nlinter: {skip: [lint_x]}\ntravis: {secure: {}}\nexclusive_config_file: null\n"
    assert settings(tmp_path, text).warnings == ()


def test_a_key_that_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    found = settings(tmp_path, "provder:\n  linux_64: azure\nazure:\n  max_paralel: 3\n")
    assert sorted(str(one).partition("yml:")[2] for one in found.warnings) == [
        "1:1: nothing reads the key provder",
        "4:3: nothing reads the key azure.max_paralel",
    ]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("conda_build_tool: make\n", "conda_build_tool is 'make'", "1:19"),
        ("conda_build_tool_deps: x\n", "conda_build_tool_deps follows from conda_build_tool", "1:24"),
        ("docker:\n  image: old\n", "docker.image counts no more", "2:10"),
        ("matrix: {a: [1]}\n", "the key matrix counts no more", "1:9"),
        ("test: some\n", "test is 'some'", "1:7"),
        ("github: me\n", "github has to be a mapping of keys to values, and is 'me'", "1:9"),
        ("azure:\n  settings_linux: 5\n", "azure.settings_linux has to be a mapping", "2:19"),
        (
            "github_actions: {timeout_minutes: long}\n",
            "github_actions.timeout_minutes has to be a whole number",
            "1:35",
        ),
        ("secrets: {a: b}\n", "secrets has to be text, and is a mapping", "1:10"),
        ("conda_build: {pkg_format: 3}\n", "conda_build.pkg_format is '3'", "1:27"),
        ("recipe_dir: ../other\n", "leads out of the feedstock", "1:13"),
        ("recipe_dir: /etc\n", "leads out of the feedstock", "1:13"),
        ("- a\n", "a feedstock's settings file has to be a mapping of keys to values, and is a list", "1:1"),
        ("a: [\n", "this is no YAML", "2:1"),
        ("a: 1\na: 2\n", "a", "2:1"),
        ("x: &anchor 1\n", "anchor", "1:4"),
    ],
)
def test_mistakes_have_their_place_and_a_remedy(tmp_path: Path, text: str, message: str, place: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        settings(tmp_path, text)
    assert str(caught.value.problems[0].place) == f"{tmp_path / 'crumb-feedstock' / 'conda-forge.yml'}:{place}"
    assert caught.value.problems[0].remedy


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "test: some\ngithub: 1\nazure: {force: 7}\nprovider: {linux_64: x}\nnoarch_platforms: {a: 1}\n"
    with pytest.raises(RecipeError) as caught:
        settings(tmp_path, text)
    assert {problem.place.line for problem in caught.value.problems if problem.place} == {1, 2, 3, 4, 5}


def test_a_mistake_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        settings(tmp_path, "azure:\n  settings_win: 5\n  free_disk_space: 7\n  settings_linux: {variables: 3}\n")
    assert sorted(str(problem.place).partition("yml:")[2] for problem in caught.value.problems) == [
        "2:17", "3:20", "4:31",
    ]  # fmt: skip


def test_no_more_mistakes_than_anybody_reads(tmp_path: Path) -> None:
    text = "workflow_settings:\n  pagefile_size:\n" + "  - {value: x}\n" * 500
    with pytest.raises(RecipeError) as caught:
        settings(tmp_path, text)
    assert len(caught.value.problems) == 50


def test_an_old_matrix_is_no_mistake_beside_a_variant_file(tmp_path: Path) -> None:
    recipe = tmp_path / "crumb-feedstock" / "recipe"
    recipe.mkdir(parents=True)
    (recipe / "conda_build_config.yaml").write_text("", encoding="utf-8")
    assert settings(tmp_path, "matrix: {a: [1]}\n").warnings == ()


def test_a_folder_without_settings(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a feedstock's settings file cannot be read: No such file") as caught:
        read_settings(tmp_path)
    assert caught.value.problems[0].remedy == (
        "give the folder that has conda-forge.yml and recipe/ in it; an empty conda-forge.yml will do"
    )


def test_settings_that_are_a_link(tmp_path: Path) -> None:
    (tmp_path / "conda-forge.yml").symlink_to("/etc/passwd")
    with pytest.raises(RecipeError, match="it is a symbolic link"):
        read_settings(tmp_path)


def test_a_recipe_that_is_a_link_out_of_the_feedstock(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "crumb-feedstock").mkdir()
    (tmp_path / "crumb-feedstock" / "recipe").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecipeError, match="leads out of the feedstock") as caught:
        settings(tmp_path, "")
    assert str(caught.value.problems[0].place) == str(tmp_path / "crumb-feedstock" / "recipe")


def test_a_feedstock_that_is_itself_behind_a_link(tmp_path: Path) -> None:
    shutil.copytree(FEEDSTOCKS / "bun-feedstock", tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    assert read_settings(tmp_path / "link").recipe_file.exists()


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "conda-forge.yml").write_bytes(b"\x00\xff")
    with pytest.raises(RecipeError) as caught:
        read_settings(tmp_path)
    assert caught.value.problems[0].place is not None
