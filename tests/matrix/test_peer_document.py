"""Parts of the JSON of --render-only; `tests/cli/test_render_only.py` compares the whole with rattler-build's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from builder.matrix.peer_document import Setting, peer_documents
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LockedPackage,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.inside import SEALED
from builder.model.packaging import Packaging
from builder.model.pin import Pin
from builder.model.recipe import Build, Output, PinCompatible, PinSubpackage, Requirements
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.solving import SolveRules
from builder.model.target import VirtualPackage
from builder.model.variant import Variant

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
SETTING = Setting(
    channels={(): ("file:///c",), ("x", "y"): ("file:///x", "file:///y")},
    rules=SolveRules(),
    packaging=Packaging(),
    inside=SEALED,
    virtual={"linux-64": (VirtualPackage(name="__unix"), VirtualPackage(name="__glibc", version="2.36"))},
    epoch=0,
    tool=("bakehouse", "1.2"),
)


def rendering(
    name: str = "a", *, build: str = "h0_0", variant: dict[str, str] | None = None, **given: Any
) -> Rendering:
    output = Output(kind=given.pop("kind", "package"), name=name, version="1", rendered="{}", **given)
    path = Path("/recipes/a/recipe.yaml")
    return Rendering(
        recipe=RecipeFile(path=path, folder=path.parent),
        output=output,
        variant=Variant.of({"target_platform": "linux-64", **(variant or {})}),
        platforms=LINUX,
        subdir="noarch" if output.build.noarch else "linux-64",
        hash="0000000",
        build_string=build,
    )


def configured(one: Rendering, setting: Setting = SETTING) -> dict[str, Any]:
    [document] = peer_documents([one], setting)
    found = document["build_configuration"]
    assert isinstance(found, dict)
    return found


def test_only_packages_that_are_built_have_a_document() -> None:
    skipped, staging = rendering("b", skip=True), rendering("c", kind="staging")
    [document] = peer_documents([skipped, staging, rendering("a")], SETTING)
    assert list(document) == [
        "recipe", "build_configuration", "finalized_dependencies", "finalized_sources", "system_tools", "extra_meta",
    ]  # fmt: skip
    assert (document["finalized_dependencies"], document["finalized_sources"]) == (None, None)
    assert document["system_tools"] == {"bakehouse": "1.2"}
    assert peer_documents([skipped], SETTING) == []


def test_siblings_are_those_that_were_there_before() -> None:
    first, second = peer_documents([rendering("b"), rendering("a", build="h1_0")], SETTING)
    assert list(first["build_configuration"]["subpackages"]) == ["b"]
    assert second["build_configuration"]["subpackages"] == {
        "a": {"name": "a", "version": "1", "build_string": "h1_0"},
        "b": {"name": "b", "version": "1", "build_string": "h0_0"},
    }


@pytest.mark.parametrize(
    ("prefix", "variant", "noarch", "expected"),
    [
        (None, {}, None, {"hash": "0000000"}),
        (None, {"python": "3.11"}, None, {"hash": "0000000", "prefix": "py311"}),
        ("x", {"python": "3.11"}, None, {"hash": "0000000", "prefix": "x_py311"}),
        ("x", {}, "generic", {"hash": "0000000", "prefix": "x_"}),
        (None, {}, "python", {"hash": "0000000", "prefix": "py"}),
    ],
)
def test_the_prefix_of_the_hash(prefix: str | None, variant: dict[str, str], noarch: Any, expected: object) -> None:
    one = rendering(variant=variant)
    one = replace(one, output=replace(one.output, build=Build(noarch=noarch)))
    assert configured(one, replace(SETTING, prefix=prefix))["hash"] == expected


def test_nothing_of_this_machine_is_in_it() -> None:
    found = configured(rendering())
    assert found["host_platform"] == {"platform": "linux-64", "virtual_packages": ["__unix=0=0", "__glibc=2.36=0"]}
    assert found["directories"]["work_dir"] == "/bakehouse/work"
    assert len(found["directories"]["host_prefix"]) == 255
    assert found["timestamp"] == "1970-01-01T00:00:00Z"
    assert str(Path.cwd()) not in json.dumps(found)


def test_merged_environments_are_one_folder() -> None:
    one = rendering()
    merged = replace(one, output=replace(one.output, build=Build(merge_build_and_host_envs=True)))
    apart, same = configured(one)["directories"], configured(merged)["directories"]
    assert apart["build_prefix"] != apart["host_prefix"]
    assert same["build_prefix"] == same["host_prefix"]


def test_what_the_user_asked_for_is_told() -> None:
    rules = SolveRules(channel_priority="disabled", newest=datetime(2024, 3, 15, 12, tzinfo=UTC))
    packaging = Packaging(file_type="tar.bz2", level=9, extra=(("a", "b"),))
    one = rendering(variant={"channel_sources": "x,y"})
    [document] = peer_documents([one], replace(SETTING, rules=rules, packaging=packaging))
    found = document["build_configuration"]
    assert found["channels"] == ["file:///x", "file:///y"]
    assert found["channel_priority"] == "disabled"
    assert found["exclude_newer"] == "2024-03-15T12:00:00Z"
    assert found["packaging_settings"] == {"archive_type": "tar_bz2", "compression_level": 9}
    assert document["extra_meta"] == {"a": "b"}
    assert "exclude_newer" not in configured(rendering())


def locked(name: str) -> LockedPackage:
    return LockedPackage(
        name=name, version="1", build="h_0", build_number=0, subdir="noarch", file_name=f"{name}-1-h_0.conda",
        url=f"file:///c/noarch/{name}-1-h_0.conda", channel="c", sha256="0" * 64, size=1,
        record=json.dumps({"name": name, "depends": []}),
    )  # fmt: skip


def solved(one: Rendering, environments: Environments) -> dict[str, Any]:
    [document] = peer_documents([one], SETTING, {one.identity: environments})
    found = document["finalized_dependencies"]
    assert isinstance(found, dict)
    return found


def test_each_spec_says_who_asked_for_it() -> None:
    sibling, compatible = (
        PinSubpackage(name="lib", pin=Pin(exact=True)),
        PinCompatible(name="zlib", pin=Pin(lower_bound=None)),
    )
    one = rendering(
        variant={"zlib": "1.2"},
        requirements=Requirements(build=("gcc",), host=("zlib", sibling, "python >=3"), run=(compatible, "x")),
    )
    exported = RunDependency(spec="libgcc >=13", origin=DependencyOrigin.BUILD_RUN_EXPORT, source="gcc")
    found = solved(
        one,
        Environments(
            build=Environment(),
            host=Environment(
                specs=("libgcc >=13", "lib ==1 h0_0", "python >=3", "zlib 1.2.*"), packages=(locked("zlib"),)
            ),
            depends=(
                RunDependency(spec="zlib <2.0a0", origin=DependencyOrigin.PIN, source="zlib"),
                RunDependency(spec="x", origin=DependencyOrigin.RECIPE),
                exported,
                RunDependency(spec="y", origin=DependencyOrigin.STAGING, source="gcc"),
            ),
            constrains=(RunDependency(spec="z <1", origin=DependencyOrigin.HOST_RUN_EXPORT, source="zlib"),),
            run_exports=ResolvedRunExports(weak=("a",), strong_constrains=("b",)),
        ),
    )
    assert found["build"] is None
    assert found["host"]["specs"] == [
        {"variant": "zlib", "spec": "zlib 1.2.*"},
        {"pin_subpackage": "lib", "exact": True, "spec": "lib ==1 h0_0"},
        {"source": "python >=3"},
        {"spec": "libgcc >=13", "from": "build", "run_export": "gcc"},
    ]
    assert found["host"]["resolved"] == [
        {"name": "zlib", "depends": [], "fn": "zlib-1-h_0.conda", "url": "file:///c/noarch/zlib-1-h_0.conda", "channel": "file:///c/"}
    ]  # fmt: skip
    assert found["run"] == {
        "depends": [
            {"pin_compatible": "zlib", "upper_bound": "x", "spec": "zlib <2.0a0"},
            {"source": "x"},
            {"spec": "libgcc >=13", "from": "build", "run_export": "gcc"},
            {"source": "y"},
        ],
        "constraints": [{"spec": "z <1", "from": "host", "run_export": "zlib"}],
        "run_exports": {"strong_constraints": ["b"], "weak": ["a"]},
    }


def test_no_run_exports_are_not_told() -> None:
    found = solved(rendering(), Environments(build=Environment(), host=Environment()))
    assert found == {"build": None, "host": None, "run": {"depends": [], "constraints": []}}


def test_groups_of_extras_are_told_by_name() -> None:
    pin = PinCompatible(name="zlib", pin=Pin(lower_bound=None))
    one = rendering(requirements=Requirements(extras=(("plot", ("matplotlib",)), ("all", (pin,)))))
    extras = (
        ("plot", (RunDependency(spec="matplotlib", origin=DependencyOrigin.RECIPE),)),
        ("all", (RunDependency(spec="zlib <2.0a0", origin=DependencyOrigin.PIN, source="zlib"),)),
    )
    found = solved(one, Environments(build=Environment(), host=Environment(), extras=extras))["run"]["extra_depends"]
    assert list(found.items()) == [
        ("all", [{"pin_compatible": "zlib", "upper_bound": "x", "spec": "zlib <2.0a0"}]),
        ("plot", [{"source": "matplotlib"}]),
    ]
