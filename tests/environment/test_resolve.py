"""Resolved requirements against what rattler-build writes into real packages, and what it does not do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from builder.environment.resolve import resolve
from builder.environment.solver import Solver
from builder.errors import RecipeError, UnsolvableError
from builder.model.environment import Environments, RunDependency
from builder.model.legacy_pin import LegacyPin
from builder.model.pin import Pin
from builder.model.recipe import (
    Build,
    IgnoreRunExports,
    Inherit,
    Output,
    PinCompatible,
    PinSubpackage,
    PythonBuild,
    Requirements,
    RunExports,
)
from builder.model.rendering import Rendering, Sibling
from builder.store import Store
from tests.environment.packages import Made, channel
from tests.environment.peer import LINUX, as_recipe, build_with_peer, package, rendering

Resolve = Callable[..., Environments]


@pytest.fixture
def resolved(store: Store, small: Path) -> Resolve:
    def ask(wanted: Rendering, staging: Environments | None = None, folder: Path = small) -> Environments:
        return asyncio.run(resolve(wanted, Solver([str(folder)], store), staging=staging))

    return ask


def texts(dependencies: Sequence[RunDependency]) -> list[str]:
    return [dependency.spec for dependency in dependencies]


FULL = Requirements(
    build=("gcc_linux-64", "python"),
    host=("zlib >=1.2", "python", "numpy"),
    run=(
        "numpy", "zlib", PinCompatible(name="zlib", pin=Pin(upper_bound="x.x")), PinSubpackage(name="foo", pin=Pin(exact=True)),
        "other =1.2", "numpy",
    ),
    run_constraints=(PinCompatible(name="numpy", pin=Pin(lower_bound="1.20")), "foo-x >=1.0"),
    run_exports=RunExports(
        weak=(PinSubpackage(name="foo", pin=Pin(upper_bound="x.x")), "x ==1"), strong=("y",), noarch=("n >=1.01",),
        weak_constraints=(PinCompatible(name="zlib", pin=Pin()),), strong_constraints=("sc",),
    ),
)  # fmt: skip
CASES: Mapping[str, tuple[Requirements, Build]] = {
    "everything": (FULL, Build()),
    "noarch": (FULL, Build(noarch="generic")),
    "merged": (FULL, Build(merge_build_and_host_envs=True)),
    "nothing": (Requirements(), Build()),
    "compiler alone": (Requirements(build=("gcc_linux-64",)), Build()),
    "compiler, noarch": (Requirements(build=("gcc_linux-64",), host=("python",)), Build(noarch="generic")),
    "library alone": (Requirements(host=("zlib",), run=("libzlib >=1.3.1,<2.0a0",)), Build()),
    "ignored by name": (Requirements(build=("gcc_linux-64",), host=("zlib",), ignore_run_exports=IgnoreRunExports(by_name=("libgcc", "zc"))), Build()),
    "ignored packages": (Requirements(build=("gcc_linux-64",), host=("zlib",), ignore_run_exports=IgnoreRunExports(from_package=("gcc_linux-64", "python"))), Build()),
    "indirect": (Requirements(host=("numpy", "gcc_linux-64")), Build()),
    "versions of the variant": (Requirements(host=("python", "numpy 1.*"), run=("python",)), Build()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rattler_build_writes_the_same(case: str, resolved: Resolve, small: Path, tmp_path: Path) -> None:
    needs, build = CASES[case]
    output = package("foo", needs, build)
    theirs = build_with_peer([as_recipe(output)], small, tmp_path / "peer", {"python": ["3.10"]})["foo"]
    ours = resolved(rendering(output, build=theirs.build, variant={"python": "3.10"}))
    assert texts(ours.depends) == theirs.depends
    assert texts(ours.constrains) == theirs.constrains
    assert {kind: specs for kind, specs in asdict(ours.run_exports).items() if specs} == theirs.run_exports


def test_rattler_build_reads_staging_the_same(resolved: Resolve, small: Path, tmp_path: Path) -> None:
    """But for constraints, which it loses on the way; we keep them."""
    staged = Requirements(build=("gcc_linux-64",), host=("zlib",))
    own = Requirements(host=("libgcc",), run=("numpy",), ignore_run_exports=IgnoreRunExports(by_name=("zs",)))
    lost = replace(own, ignore_run_exports=IgnoreRunExports(from_package=("zlib",)))
    takers = {"foo": (own, True), "bar": (own, False), "baz": (lost, True)}
    recipe = [
        {
            "staging": {"name": "st"},
            "build": {"script": "true"},
            "requirements": {"build": ["gcc_linux-64"], "host": ["zlib"]},
        }
    ]
    recipe += [
        as_recipe(package(name, needs)) | {"inherit": {"from": "st", "run_exports": inherited}}
        for name, (needs, inherited) in takers.items()
    ]
    theirs = build_with_peer(recipe, small, tmp_path / "peer")
    staging = resolved(rendering(Output(kind="staging", name="st", version="1.5", requirements=staged)))
    for name, (needs, inherited) in takers.items():
        output = replace(package(name, needs), inherit=Inherit(staging="st", run_exports=inherited))
        ours = resolved(rendering(output), staging=staging)
        assert texts(ours.depends) == theirs[name].depends, name
        assert theirs[name].constrains == []
        expected = {"foo": ["gcc-c >=13", "zsc <3", "zc <2"], "bar": [], "baz": ["gcc-c >=13"]}[name]
        assert texts(ours.constrains) == expected, name
    assert "libzlib >=1.3.1,<2.0a0" in theirs["foo"].depends


def test_what_was_staged_says_where_it_came_from(resolved: Resolve) -> None:
    staging = resolved(
        rendering(Output(kind="staging", name="st", version="1", requirements=Requirements(host=("zlib",))))
    )
    output = replace(package("foo", Requirements(run=("a",))), inherit=Inherit(staging="st"))
    found = resolved(rendering(output), staging=staging)
    assert [(one.spec, str(one.origin), one.source) for one in found.depends] == [
        ("a", "recipe", ""), ("zs 1.3.*", "run export of staging", "zlib"), ("libzlib >=1.3.1,<2.0a0", "run export of staging", "zlib"),
    ]  # fmt: skip


def test_a_noarch_output_takes_nothing_for_one_architecture_from_staging(resolved: Resolve) -> None:
    staging = resolved(
        rendering(Output(kind="staging", name="st", version="1", requirements=Requirements(host=("zlib",))))
    )
    output = replace(package("foo", Requirements(), Build(noarch="generic")), inherit=Inherit(staging="st"))
    found = resolved(rendering(output), staging=staging)
    assert (found.depends, found.constrains) == ((), ())


def test_origins(resolved: Resolve) -> None:
    found = resolved(rendering(package("foo", replace(FULL, run=("numpy", PinCompatible(name="zlib", pin=Pin()))))))
    assert [(one.spec.split()[0], str(one.origin), one.source) for one in found.depends] == [
        ("numpy", "recipe", ""), ("zlib", "pin", "zlib"), ("libgcc", "run export of build", "gcc_linux-64"),
        ("__glibc", "run export of build", "gcc_linux-64"), ("zs", "run export of host", "zlib"),
        ("python_abi", "run export of host", "python"), ("libzlib", "run export of host", "zlib"),
    ]  # fmt: skip


def test_environments(resolved: Resolve) -> None:
    found = resolved(rendering(package("foo", Requirements(build=("gcc_linux-64",), host=("zlib",)))))
    assert [one.name for one in found.build.packages] == ["gcc_impl", "gcc_linux-64"]
    assert found.host.specs == ("__glibc >=2.17,<3.0.a0", "libgcc >=13", "zlib")
    assert [one.name for one in found.host.packages] == ["libgcc", "libzlib", "zlib"]


def test_each_environment_is_solved_for_its_own_platform(store: Store, tmp_path: Path) -> None:
    folder = channel(
        tmp_path / "c", Made(name="tool", run_exports={"strong": ["lib >=1"]}), Made(name="lib", version="9"),
        Made(name="lib", version="1", subdir="linux-aarch64"),
    )  # fmt: skip
    wanted = replace(
        rendering(package("foo", Requirements(build=("tool",)))),
        platforms=replace(LINUX, target="linux-aarch64", host="linux-aarch64"),
    )
    found = asyncio.run(resolve(wanted, Solver([str(folder)], store)))
    assert [(one.name, one.subdir) for one in (*found.build.packages, *found.host.packages)] == [
        ("tool", "linux-64"), ("lib", "linux-aarch64"),
    ]  # fmt: skip


def test_siblings(resolved: Resolve) -> None:
    needs = Requirements(
        run=(PinSubpackage(name="lib", pin=Pin(exact=True)), PinSubpackage(name="lib", pin=Pin(upper_bound="x.x"))),
        run_exports=RunExports(weak=(PinSubpackage(name="lib", pin=Pin()),)),
    )
    found = resolved(
        rendering(package("foo", needs), siblings=[Sibling(name="lib", version="2.1", build_string="h9_0")])
    )
    assert texts(found.depends) == ["lib ==2.1 h9_0", "lib >=2.1,<2.2.0a0"]
    assert found.run_exports.weak == ("lib >=2.1,<3.0a0",)


def test_a_pin_to_what_staging_had_around_it(resolved: Resolve) -> None:
    staging = resolved(
        rendering(Output(kind="staging", name="st", version="1", requirements=Requirements(host=("zlib",))))
    )
    needs = Requirements(run=(PinCompatible(name="zlib", pin=Pin(upper_bound="x.x")),))
    found = resolved(
        rendering(replace(package("foo", needs), inherit=Inherit(staging="st", run_exports=False))), staging=staging
    )
    assert texts(found.depends) == ["zlib >=1.3.1,<1.4.0a0"]


def test_the_index_need_not_tell_run_exports(store: Store, tmp_path: Path) -> None:
    folder = channel(
        tmp_path / "c", Made(name="lib", run_exports={"weak": ["lib >=1"]}), Made(name="dep"), with_run_exports=False
    )
    found = asyncio.run(
        resolve(rendering(package("foo", Requirements(host=("lib", "dep")))), Solver([str(folder)], store))
    )
    assert texts(found.depends) == ["lib >=1"]


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        ("3.10", "python 3.10.*"),
        ("3.10.* *_cpython", "python 3.10.* *_cpython"),
        (">=3.12", "python >=3.12"),
        ("3", "python 3.*"),
    ],
)
def test_versions_come_from_the_variant(resolved: Resolve, value: str, spec: str) -> None:
    found = resolved(
        rendering(package("foo", Requirements(host=("python", "numpy 1.*"))), variant={"python": value, "numpy": "9"})
    )
    assert found.host.specs == ("numpy 1.*", spec)


def test_keys_are_normalised_and_run_is_left_alone(resolved: Resolve, small: Path) -> None:
    found = resolved(
        rendering(
            package("foo", Requirements(build=("gcc_linux-64",), run=("python",))),
            variant={"gcc_linux_64": "13", "python": "3.10"},
        )
    )
    assert found.build.specs == ("gcc_linux-64 13.*",)
    assert found.depends[0].spec == "python"


def as_built(needs: Requirements, *pins: tuple[str, Pin], build: Build | None = None) -> Rendering:
    return replace(rendering(package("foo", needs, build)), pins=pins)


X_X = Pin(lower_bound="x.x", upper_bound="x.x")


def test_pin_run_as_build_takes_the_versions_of_host(resolved: Resolve) -> None:
    needs = Requirements(
        build=("python",),
        host=("zlib", "numpy", "python"),
        run=("numpy >=1.0", "zlib * h*", "other", PinCompatible(name="python", pin=Pin(upper_bound="x"))),
        run_constraints=("numpy",),
    )
    plain = resolved(as_built(needs))
    found = resolved(as_built(needs, ("numpy", X_X), ("zlib", Pin(upper_bound="x.x")), ("python", X_X), ("other", X_X)))
    versions = {one.name: one.version for one in found.host.packages}
    numpy, zlib = (
        X_X.spec("numpy", versions["numpy"], ""),
        Pin(upper_bound="x.x").spec("zlib", versions["zlib"], "h*"),
    )
    by_name = {one.spec.split()[0]: one for one in found.depends}
    assert by_name["numpy"].spec == numpy
    assert by_name["numpy"].origin == "pin_run_as_build"
    assert by_name["zlib"].spec == f"{zlib} h*"
    assert by_name["other"].spec == "other"
    assert by_name["python"].origin == "pin"
    assert found.constrains == plain.constrains
    untouched = {"numpy", "zlib"}
    assert [one for one in found.depends if one.spec.split()[0] not in untouched] == [
        one for one in plain.depends if one.spec.split()[0] not in untouched
    ]


def test_pin_run_as_build_takes_the_versions_of_build_where_there_is_no_host(resolved: Resolve) -> None:
    needs = Requirements(build=("numpy",), run=("numpy",))
    found = resolved(as_built(needs, ("numpy", X_X)))
    version = next(one.version for one in found.build.packages if one.name == "numpy")
    assert texts(found.depends)[0] == X_X.spec("numpy", version, "")


def test_pin_run_as_build_leaves_the_python_of_noarch_packages_alone(resolved: Resolve) -> None:
    needs = Requirements(host=("python", "numpy"), run=("python", "numpy"))
    found = resolved(as_built(needs, ("python", X_X), ("numpy", X_X), build=Build(noarch="python")))
    assert [str(one.origin) for one in found.depends[:2]] == ["recipe", "pin_run_as_build"]


def test_pin_run_as_build_pins_run_exports_too_and_needs_the_package(resolved: Resolve) -> None:
    needs = Requirements(host=("zlib",), run=("numpy",))
    found = resolved(as_built(needs, ("libzlib", X_X), ("numpy", X_X)))
    (export,) = [one for one in found.depends if one.spec.startswith("libzlib ")]
    version = next(one.version for one in found.host.packages if one.name == "libzlib")
    assert (export.spec, export.source) == (X_X.spec("libzlib", version, ""), "zlib")
    assert texts(found.depends)[0] == "numpy"


def test_pins_of_a_meta_yaml_are_resolved_in_conda_builds_words(resolved: Resolve) -> None:
    pins = (
        PinCompatible(name="zlib", pin=LegacyPin(max_pin="x.x", build="h*")),
        PinCompatible(name="numpy", pin=LegacyPin(lower_bound="1.19", upper_bound="99")),
        PinSubpackage(name="foo", pin=LegacyPin(exact=True)),
    )
    wanted = rendering(package("foo", Requirements(host=("zlib", "numpy"), run=pins)))
    found = resolved(replace(wanted, pins=(("numpy", LegacyPin(min_pin="x.x", max_pin="x.x")),)))
    version = next(one.version for one in found.host.packages if one.name == "zlib")
    assert texts(found.depends)[:3] == [
        LegacyPin(max_pin="x.x", build="h*").spec("zlib", version, ""),
        "numpy >=1.19,<99",
        f"foo {wanted.output.version} {wanted.build_string}",
    ]


def test_pin_run_as_build_of_a_meta_yaml(resolved: Resolve) -> None:
    pin = LegacyPin(min_pin="x.x", max_pin="x.x")
    found = resolved(replace(as_built(Requirements(host=("numpy",), run=("numpy",))), pins=(("numpy", pin),)))
    version = next(one.version for one in found.host.packages if one.name == "numpy")
    assert texts(found.depends)[0] == pin.spec("numpy", version, "")


def test_groups_of_extras_are_resolved(resolved: Resolve) -> None:
    extras = (
        ("full", ("pandas >=2", PinCompatible(name="zlib", pin=Pin(upper_bound="x.x")), "pandas >=2")),
        ("none", ()),
    )
    found = resolved(rendering(package("foo", Requirements(host=("zlib",), extras=extras))))
    version = next(one.version for one in found.host.packages if one.name == "zlib")
    assert [(group, texts(specs)) for group, specs in found.extras] == [
        ("full", ["pandas >=2", Pin(upper_bound="x.x").spec("zlib", version, "")]),
        ("none", []),
    ]
    assert "pandas >=2" not in texts(found.depends)


def test_a_variant_value_that_is_no_version(resolved: Resolve) -> None:
    with pytest.raises(RecipeError, match="the variant value 'a;b' of python is no version"):
        resolved(rendering(package("foo", Requirements(host=("python",))), variant={"python": "a;b"}))


@pytest.mark.parametrize(
    ("needs", "message", "remedy"),
    [
        (Requirements(run=(PinSubpackage(name="nope", pin=Pin()),)), "pin_subpackage('nope'): this recipe has no output of that name", ""),
        (Requirements(run=(PinCompatible(name="zlib", pin=Pin()),)), "neither the build nor the host environment has that package", "add zlib to requirements.host"),
        (Requirements(run=("zlib >1 <2",)), "is not a package spec", ""),
        (Requirements(run_exports=RunExports(weak=("a b c d",))), "is not a package spec", ""),
    ],
)  # fmt: skip
def test_what_a_recipe_asks_wrongly(resolved: Resolve, needs: Requirements, message: str, remedy: str) -> None:
    with pytest.raises(RecipeError) as caught:
        resolved(rendering(package("foo", needs)))
    problem = caught.value.problems[0]
    assert message in problem.message
    assert remedy in (problem.remedy or "")
    assert problem.place is not None
    assert problem.place.file == "/r/recipe.yaml"


@pytest.mark.parametrize(
    ("needs", "role"), [(Requirements(build=("gone", "zlip")), "build"), (Requirements(host=("gone", "zlip")), "host")]
)
def test_which_environment_cannot_be_solved(resolved: Resolve, needs: Requirements, role: str) -> None:
    with pytest.raises(UnsolvableError) as caught:
        resolved(rendering(package("foo", needs)))
    assert [problem.message for problem in caught.value.problems] == [
        f"{role} environment of foo: no channel has a package called gone", f"{role} environment of foo: no channel has a package called zlip",
    ]  # fmt: skip


def test_abi3_packages_ignore_python(resolved: Resolve) -> None:
    build = Build(python=PythonBuild(version_independent=True))
    assert texts(resolved(rendering(package("foo", Requirements(host=("python",)), build))).depends) == []
    assert texts(resolved(rendering(package("foo", Requirements(host=("python",))))).depends) == [
        "python_abi 3.12.* *_cp312"
    ]


def test_run_exports_of_one_environment_count_as_host_ones_where_conda_builds_rule_holds(resolved: Resolve) -> None:
    needs = Requirements(build=("zlib",))
    merged = Build(merge_build_and_host_envs=True)
    assert texts(resolved(rendering(package("foo", needs, merged))).depends) == []
    found = resolved(rendering(package("foo", needs, replace(merged, build_exports_as_host=True))))
    assert texts(found.depends) == texts(resolved(rendering(package("foo", Requirements(host=("zlib",))))).depends)
    assert found.depends
