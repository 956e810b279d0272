from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.model.answer import Answer
from builder.model.environment import DependencyOrigin, Environment, Environments, RunDependency
from builder.model.recipe import Build, GitSource, PathSource, Script, ScriptTest
from builder.model.source import SourceDigest
from builder.pack import Inherited, PackRequest
from builder.pack.recipe import named_files, recipe_members, rendered_recipe, script_names
from tests.pack.greeting import BUILD_STRING, RECIPE, request, write


def rendered(made: PackRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(rendered_recipe(made)))
    return found


def contents(made: PackRequest) -> dict[str, bytes]:
    return {
        m.path.removeprefix("info/recipe/"): m.content for m in recipe_members(made) if isinstance(m.content, bytes)
    }


def test_only_what_the_recipe_names(tmp_path: Path) -> None:
    """rattler-build ships the whole folder; we ship the secrets of nobody."""
    found = contents(request(tmp_path))
    assert sorted(found) == [
        "LICENSE", "build.sh", "check.sh", "patches/fix.patch", "recipe.yaml", "rendered_recipe.yaml", "variant_config.yaml",
    ]  # fmt: skip
    assert found["recipe.yaml"] == RECIPE.encode()
    assert found["build.sh"] == b"make install\n"


def test_files_that_the_recipe_loaded_come_along(tmp_path: Path) -> None:
    made = request(tmp_path)
    write(made.rendering.recipe.folder / "data" / "v.json", b"{}")
    asked = (
        Answer("file", "./data/v.json", "0" * 64),
        Answer("file", "gone.json", "0" * 64),
        Answer("environment", "LICENSE", "0" * 64),
    )
    found = contents(replace(made, rendering=replace(made.rendering, asked=asked)))
    assert found["data/v.json"] == b"{}"
    assert set(found) - set(contents(made)) == {"data/v.json"}


def test_groups_of_extras_are_among_the_dependencies(tmp_path: Path) -> None:
    made = request(tmp_path)
    wanted = RunDependency(spec="pandas >=2", origin=DependencyOrigin.RECIPE)
    extras = replace(made.environments, extras=(("full", (wanted,)), ("none", ())))
    run = rendered(replace(made, environments=extras))["finalized_dependencies"]["run"]
    assert run["extra_depends"] == {"full": [{"source": "pandas >=2"}], "none": []}
    assert "extra_depends" not in rendered(made)["finalized_dependencies"]["run"]


def test_scripts_keep_their_mode(tmp_path: Path) -> None:
    executables = {member.path for member in recipe_members(request(tmp_path)) if member.executable}
    assert executables == {"info/recipe/build.sh"}


def test_the_recipe_file_gets_its_known_name(tmp_path: Path) -> None:
    """CEP 40."""
    made = request(tmp_path)
    file = made.rendering.recipe.path.rename(made.rendering.recipe.folder / "other.yaml")
    recipe = replace(made.rendering.recipe, path=file)
    assert contents(replace(made, rendering=replace(made.rendering, recipe=recipe)))["recipe.yaml"] == RECIPE.encode()


def test_a_template_stands_beside_what_came_of_it(tmp_path: Path) -> None:
    made = request(tmp_path)
    variant = contents(made)["variant_config.yaml"]
    file = made.rendering.recipe.path.rename(made.rendering.recipe.folder / "meta.yaml")
    recipe = replace(made.rendering.recipe, path=file, is_template=True)
    sections = {"package": {"name": "greet"}, "build": {"number": "1"}}
    output = replace(made.rendering.output, rendered=json.dumps({**sections, "output": {"name": "greet"}}))
    found = contents(replace(made, rendering=replace(made.rendering, recipe=recipe, output=output)))
    assert found["meta.yaml.template"] == RECIPE.encode()
    assert found["meta.yaml"] == b'package:\n  name: greet\nbuild:\n  number: "1"\n'
    assert found["conda_build_config.yaml"] == variant
    assert not {"recipe.yaml", "variant_config.yaml"} & found.keys()


def test_nothing_outside_the_recipe_folder(tmp_path: Path) -> None:
    """A21, A23, A24."""
    made = request(tmp_path)
    folder = made.rendering.recipe.folder
    write(tmp_path / "outside.sh", b"secret")
    (folder / "link.sh").symlink_to(tmp_path / "outside.sh")
    (folder / "folder").mkdir()
    output = made.rendering.output
    for file in ("../outside.sh", str(tmp_path / "outside.sh"), "link.sh", "folder", "missing.sh"):
        changed = replace(
            output,
            build=Build(script=Script(file=file)),
            tests=(),
            source=(),
            about=replace(output.about, license_file=(file,)),
        )
        assert named_files(replace(made.rendering, output=changed)) == ()


def test_a_link_within_the_recipe_folder_is_its_content(tmp_path: Path) -> None:
    made = request(tmp_path)
    folder = made.rendering.recipe.folder
    (folder / "build.sh").unlink()
    write(folder / "scripts" / "build.sh", b"make\n")
    (folder / "build.sh").symlink_to("scripts/build.sh")
    assert contents(made)["build.sh"] == b"make\n"


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (Script(), ("build.sh", "build.bat")),
        (Script(content=("make",)), ()),
        (Script(content=()), ()),
        (Script(file="x"), ("x", "x.sh", "x.bat")),
        (Script(file="x.sh"), ("x.sh", "x.sh.sh", "x.sh.bat")),
    ],
)
def test_script_names(script: Script, names: tuple[str, ...]) -> None:
    assert script_names(script) == names


def test_the_default_script_is_that_of_builds_alone(tmp_path: Path) -> None:
    made = request(tmp_path)
    output = replace(
        made.rendering.output,
        build=Build(script=Script(content=("make",))),
        tests=(ScriptTest(script=Script()),),
        source=(
            PathSource(path="src", patches=("missing.patch",)),
            GitSource(git="https://example.org/g.git", patches=("patches/fix.patch",)),
        ),
    )
    assert named_files(replace(made.rendering, output=output)) == ("LICENSE", "patches/fix.patch")


def test_the_layout_of_rattler_build(tmp_path: Path) -> None:
    found = rendered(request(tmp_path))
    assert list(found) == [
        "rendered_recipe_version", "recipe", "build_configuration", "finalized_dependencies", "finalized_sources", "system_tools",
    ]  # fmt: skip
    assert found["rendered_recipe_version"] == 1
    assert list(found["recipe"]) == ["schema_version", "package", "build", "requirements", "about", "extra"]
    assert found["recipe"]["build"] == {"number": 4, "script": "build.sh", "string": BUILD_STRING}
    configuration = found["build_configuration"]
    assert configuration["target_platform"] == "linux-64"
    assert configuration["hash"] == {"hash": BUILD_STRING[1:8]}
    assert configuration["timestamp"] == "2017-07-14T02:40:00Z"
    assert configuration["variant"] == {"flavour": "plain", "level": 3, "target_platform": "linux-64"}
    assert set(configuration["subpackages"]) == {"greeting", "greeting-devel"}
    assert found["system_tools"] == {"bakehouse": "0.1"}


def test_resolved_environments(tmp_path: Path) -> None:
    """CEP 40: version, checksum and address of every package that was used."""
    found = rendered(request(tmp_path))["finalized_dependencies"]
    host = found["host"]
    assert host["specs"] == [{"source": "libthing 2.*"}]
    (thing,) = host["resolved"]
    assert thing == {
        "build": "0", "build_number": 0, "channel": "https://example.org/stable", "depends": ["bash"],
        "fn": "libthing-2.0-0.conda", "license": "MIT", "md5": "2" * 32, "name": "libthing", "sha256": "1" * 64, "size": 10,
        "subdir": "linux-64", "url": "https://example.org/stable/linux-64/libthing-2.0-0.conda", "version": "2.0",
    }  # fmt: skip
    (tool,) = found["build"]["resolved"]
    assert (tool["url"], tool["channel"]) == ("local:///linux-64/tool-2.0-0.conda", "local")


def test_environments_that_nobody_asked_for_are_null(tmp_path: Path) -> None:
    made = replace(request(tmp_path), environments=Environments(build=Environment(), host=Environment()))
    found = rendered(made)["finalized_dependencies"]
    assert (found["build"], found["host"]) == (None, None)


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        (DependencyOrigin.RECIPE, {"source": "a >=1"}),
        (DependencyOrigin.PIN, {"source": "a >=1"}),
        (DependencyOrigin.STAGING, {"source": "a >=1"}),
        (DependencyOrigin.HOST_RUN_EXPORT, {"run_export": "b", "spec": "a >=1", "from": "host"}),
        (DependencyOrigin.BUILD_RUN_EXPORT, {"run_export": "b", "spec": "a >=1", "from": "build"}),
    ],
)
def test_where_dependencies_come_from(tmp_path: Path, origin: DependencyOrigin, shown: dict[str, str]) -> None:
    made = request(tmp_path)
    environments = replace(made.environments, depends=(RunDependency(spec="a >=1", origin=origin, source="b"),))
    found = rendered(replace(made, environments=environments))
    assert found["finalized_dependencies"]["run"]["depends"] == [shown]


def test_nothing_of_the_building_machine_and_nothing_secret(tmp_path: Path) -> None:
    """A17."""
    for data in contents(request(tmp_path)).values():
        for word in (str(tmp_path), "secret", "tk-123", ":pw@", "/home/me", "x=1"):
            assert word.encode() not in data


def test_sources(tmp_path: Path) -> None:
    assert rendered(request(tmp_path))["finalized_sources"] == [
        {"url": "https://example.org/g.tar.gz", "sha256": "4" * 64},
        {"path": "src", "sha256": "8" * 64},
    ]


def inheriting(folder: Path) -> PackRequest:
    """A package whose files come from a staging output that was built with the tool, from a source of its own."""
    made = request(folder)
    export = RunDependency(spec="a >=1", origin=DependencyOrigin.HOST_RUN_EXPORT, source="libthing")
    staging = {"schema_version": 1, "package": {"name": "oven", "version": "0"}, "build": {"script": ["make"]}}
    return replace(
        made,
        environments=replace(
            made.environments,
            build=Environment(),
            host=Environment(),
            depends=(replace(export, origin=DependencyOrigin.STAGING), RunDependency(spec="b", origin=export.origin)),
        ),
        sources=(),
        inherited=Inherited(
            environments=replace(made.environments, depends=(export,), constrains=()),
            sources=(SourceDigest(kind="url", url="https://example.org/g.tar.gz", sha256="4" * 64),),
            rendered=json.dumps(staging),
        ),
    )


def test_what_a_staging_output_was_built_with_and_of(tmp_path: Path) -> None:
    found = rendered(inheriting(tmp_path))
    assert found["recipe"]["staging_caches"] == [{"name": "oven", "build": {"script": ["make"]}}]
    assert found["finalized_sources"] == []
    assert found["finalized_cache_sources"] == [{"url": "https://example.org/g.tar.gz", "sha256": "4" * 64}]
    assert found["finalized_dependencies"]["build"] is None
    before = found["finalized_cache_dependencies"]
    assert [one["name"] for one in before["build"]["resolved"]] == ["tool"]
    assert [one["name"] for one in before["host"]["resolved"]] == ["libthing"]
    assert before["run"]["run_exports"] == found["finalized_dependencies"]["run"]["run_exports"]


def test_run_exports_of_a_staging_output_name_the_environment_that_they_came_from(tmp_path: Path) -> None:
    inherited = {"run_export": "libthing", "spec": "a >=1", "from": "host"}
    found = rendered(inheriting(tmp_path))
    assert found["finalized_cache_dependencies"]["run"]["depends"] == [inherited]
    assert found["finalized_dependencies"]["run"]["depends"] == [
        inherited,
        {"run_export": "", "spec": "b", "from": "host"},
    ]


def test_a_git_source_is_told_as_the_peer_does(tmp_path: Path) -> None:
    source = SourceDigest(url="https://u:p@example.org/x.git", sha256="0" * 64, kind="git", commit="a" * 40)
    found = rendered(replace(request(tmp_path), sources=(source,)))
    assert found["finalized_sources"] == [{"git": "https://example.org/x.git", "rev": "a" * 40}]
