from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.environment import DependencyOrigin, Environments, ResolvedRunExports, RunDependency
from builder.model.recipe import About, Build, Output, PythonBuild, VariantKeys
from builder.model.rendering import Platforms
from builder.model.variant import Variant
from builder.pack import PackRequest
from builder.pack.metadata import about, hash_input, index, link, public_channels, run_exports, used_build_tool
from tests.pack.greeting import BUILD_STRING, EPOCH, HASH, LOCAL, LOCKED, request


def with_output(made: PackRequest, **changes: object) -> PackRequest:
    output: Output = replace(made.rendering.output, **changes)  # type: ignore[arg-type]
    return replace(made, rendering=replace(made.rendering, output=output))


def test_the_whole_index(tmp_path: Path) -> None:
    """CEP 34, schema 2."""
    found = index(request(tmp_path))
    assert list(found) == sorted(found)
    assert json.loads(json.dumps(found)) == {
        "arch": "x86_64",
        "build": BUILD_STRING,
        "build_number": 4,
        "constrains": ["zsh >=5"],
        "depends": ["bash >=5", "libthing >=2.0,<3.0a0"],
        "license": "MIT",
        "license_family": "MIT",
        "name": "greeting",
        "platform": "linux",
        "schema_version": 2,
        "subdir": "linux-64",
        "timestamp": EPOCH * 1000,
        "track_features": "greeting-p-0 greeting-p-1",
        "version": "1.2.3",
    }


@pytest.mark.parametrize(
    ("subdir", "arch", "platform"),
    [
        ("linux-aarch64", "aarch64", "linux"),
        ("osx-arm64", "arm64", "osx"),
        ("win-64", "x86_64", "win"),
        ("noarch", None, None),
    ],
)
def test_platforms(tmp_path: Path, subdir: str, arch: str | None, platform: str | None) -> None:
    made = request(tmp_path)
    found = index(replace(made, rendering=replace(made.rendering, subdir=subdir)))
    assert (found.get("arch"), found.get("platform"), found["subdir"]) == (arch, platform, subdir)


@pytest.mark.parametrize("noarch", ["generic", "python"])
def test_packages_without_a_platform_say_so(tmp_path: Path, noarch: str) -> None:
    made = with_output(request(tmp_path), build=Build(noarch=noarch))  # type: ignore[arg-type]
    assert index(made)["noarch"] == noarch
    assert "noarch" not in index(request(tmp_path))


def test_python_version_independence_is_noarch_python_in_a_platform(tmp_path: Path) -> None:
    """CEP 20."""
    made = with_output(request(tmp_path), build=Build(python=PythonBuild(version_independent=True)))
    assert (index(made)["noarch"], index(made)["subdir"]) == ("python", "linux-64")
    assert link(made)["noarch"] == {"type": "python"}


def test_only_python_has_a_site_packages_path(tmp_path: Path) -> None:
    """CEP 17."""
    build = Build(python=PythonBuild(site_packages_path="lib/python3.13t/site-packages"))
    with pytest.raises(RecipeError, match="only the package python may"):
        index(with_output(request(tmp_path), build=build))
    found = index(with_output(request(tmp_path), build=build, name="python"))
    assert found["python_site_packages_path"] == "lib/python3.13t/site-packages"


@pytest.mark.parametrize(
    ("steps", "features"), [(0, None), (-1, "greeting-p-0"), (-3, "greeting-p-0 greeting-p-1 greeting-p-2")]
)
def test_down_prioritised_variants(tmp_path: Path, steps: int, features: str | None) -> None:
    made = with_output(request(tmp_path), build=Build(variant=VariantKeys(down_prioritize_variant=steps)))
    assert index(made).get("track_features") == features


def test_a_bare_package_has_no_empty_keys(tmp_path: Path) -> None:
    made = request(tmp_path)
    bare = Output(kind="package", name="bare", version="0")
    made = replace(made, rendering=replace(made.rendering, output=bare), environments=Environments(
        build=made.environments.build, host=made.environments.host))  # fmt: skip
    assert set(index(made)) == {
        "arch", "build", "build_number", "constrains", "depends", "name", "platform", "schema_version", "subdir",
        "timestamp", "version",
    }  # fmt: skip
    assert about(replace(made, channels=("file:///x",))) == {}
    assert run_exports(made) == {}
    assert link(made) == {}


def test_about(tmp_path: Path) -> None:
    found = about(request(tmp_path))
    assert json.loads(json.dumps(found)) == {
        "channels": ["https://example.org/stable", "conda-forge"],
        "description": "Longer\ntext.",
        "dev_url": "https://example.org/repo",
        "doc_url": "https://example.org/doc",
        "extra": {"pairs": [["a", 1]], "recipe-maintainers": ["somebody"]},
        "home": "https://example.org",
        "license": "MIT",
        "license_family": "MIT",
        "summary": "A greeting",
    }


def test_channels_are_those_of_the_packages_when_nobody_says(tmp_path: Path) -> None:
    made = replace(request(tmp_path), channels=())
    assert {LOCKED.channel, LOCAL.channel} == {
        package.channel for e in (made.environments.build, made.environments.host) for package in e.packages
    }
    assert public_channels(made) == ("https://example.org/stable",)


def test_the_hash_input_has_the_build_hash(tmp_path: Path) -> None:
    data = hash_input(request(tmp_path).rendering)
    assert hashlib.sha1(data).hexdigest()[:7] == HASH
    assert json.loads(data) == {"flavour": "plain", "level": 3, "target_platform": "linux-64"}


def test_the_hash_input_may_be_less_than_the_variant(tmp_path: Path) -> None:
    rendering = replace(request(tmp_path).rendering, hashed='{"c_compiler": "gcc"}')
    assert hash_input(rendering) == b'{"c_compiler": "gcc"}'


def test_the_hash_input_keeps_letters(tmp_path: Path) -> None:
    rendering = replace(request(tmp_path).rendering, variant=Variant.of({"b": "ä", "a": True, "c": 1}))
    assert hash_input(rendering) == '{"a": true, "b": "ä", "c": 1}'.encode()


def test_run_exports_have_the_names_of_the_file(tmp_path: Path) -> None:
    """CEP 12 says "constrains" where recipes say "constraints"."""
    every = ResolvedRunExports(
        weak=("a",), strong=("b",), weak_constrains=("c",), strong_constrains=("d",), noarch=("e",)
    )
    made = request(tmp_path)
    made = replace(made, environments=replace(made.environments, run_exports=every))
    assert run_exports(made) == {
        "weak": ("a",), "strong": ("b",), "weak_constrains": ("c",), "strong_constrains": ("d",), "noarch": ("e",),
    }  # fmt: skip


def test_link_of_a_python_package(tmp_path: Path) -> None:
    made = with_output(request(tmp_path), build=Build(noarch="python"))
    made = replace(made, relocated=replace(made.relocated, entry_points=("greet = greeting:main",)))
    assert link(made) == {
        "noarch": {"type": "python", "entry_points": ("greet = greeting:main",)}, "package_metadata_version": 1,
    }  # fmt: skip


def test_the_build_tool(tmp_path: Path) -> None:
    """CEP 40."""
    assert used_build_tool(request(tmp_path).tool) == {"name": "bakehouse", "version": "0.1"}


def test_platforms_of_the_build_do_not_matter(tmp_path: Path) -> None:
    made = request(tmp_path)
    cross = replace(made.rendering, platforms=Platforms(target="linux-64", host="linux-64", build="osx-arm64"))
    assert index(replace(made, rendering=cross)) == index(made)


def dependency(spec: str) -> RunDependency:
    return RunDependency(spec=spec, origin=DependencyOrigin.RECIPE)


def with_environments(made: PackRequest, **changes: object) -> PackRequest:
    return replace(made, environments=replace(made.environments, **changes))  # type: ignore[arg-type]


def test_flags_and_extras_are_of_schema_3(tmp_path: Path) -> None:
    made = with_output(request(tmp_path), build=Build(number=4, flags=("cuda", "blas:mkl")))
    extras = (("plot", (dependency("matplotlib >=3.8"), dependency("matplotlib >=3.8"))), ("none", ()))
    found = index(with_environments(made, extras=extras))
    assert found["flags"] == ("cuda", "blas:mkl")
    assert found["extra_depends"] == {"plot": ("matplotlib >=3.8",)}
    assert (found["schema_version"], found["repodata_revision"]) == (3, 3)
    assert list(found) == sorted(found)


@pytest.mark.parametrize("field", ["depends", "constrains"])
@pytest.mark.parametrize("spec", ['scipy[when="python>=3.10"]', "blas[flags=[mkl]]", "rich[extras=[jupyter]]"])
def test_specs_that_older_installers_cannot_read_are_of_schema_3(tmp_path: Path, field: str, spec: str) -> None:
    found = index(with_environments(request(tmp_path), **{field: (dependency(spec),)}))
    assert found[field] == (spec,)
    assert (found["schema_version"], found["repodata_revision"]) == (3, 3)


def test_other_brackets_need_no_schema_3(tmp_path: Path) -> None:
    found = index(with_environments(request(tmp_path), depends=(dependency('a[build_number=">=1"]'),)))
    assert found["schema_version"] == 2
    assert "repodata_revision" not in found


def test_run_exports_with_conditions_say_so(tmp_path: Path) -> None:
    plain = with_environments(request(tmp_path), run_exports=ResolvedRunExports(weak=("a >=1",)))
    assert run_exports(plain) == {"weak": ("a >=1",)}
    conditional = with_environments(request(tmp_path), run_exports=ResolvedRunExports(strong=('a[when="b<2"]',)))
    assert run_exports(conditional) == {"strong": ('a[when="b<2"]',), "schema_version": 2}
    assert index(conditional)["schema_version"] == 2


def test_features_of_the_recipe_stand_before_those_of_down_prioritisation(tmp_path: Path) -> None:
    build = Build(
        features=("f", "g"), track_features=("greeting_debug",), variant=VariantKeys(down_prioritize_variant=1)
    )
    found = index(with_output(request(tmp_path), build=build))
    assert (found["features"], found["track_features"]) == ("f g", "greeting_debug greeting-p-0")


def test_about_says_what_the_recipe_says_further(tmp_path: Path) -> None:
    said = About(homepage="https://example.org", further=(("home", ("a", "b")), ("tags", ("t",))))
    found = about(with_output(request(tmp_path), about=said))
    assert (found["home"], found["tags"]) == (("a", "b"), ("t",))
    assert list(found) == sorted(found)
