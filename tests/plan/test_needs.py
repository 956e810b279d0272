"""Which planned packages serve which requirement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.interpreter import LANGUAGES
from builder.model.pin import Pin
from builder.model.recipe import (
    DownstreamTest,
    ImportTest,
    PackageContentsTest,
    PinCompatible,
    PinSubpackage,
    PythonTest,
    Requirement,
    Script,
    ScriptTest,
    Test,
)
from builder.model.rendering import Platforms, Sibling
from builder.model.variant import VariantValue
from builder.plan.needs import Planned
from tests.plan.fakes import Package

ARM = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")

OFFERS = [
    Package(name="zlib", version="1.2.13", build="h1_0"),
    Package(name="zlib", version="1.3.1", build="h1_0"),
    Package(name="zlib", version="1.3.1", build="h2_1", number=1),
    Package(name="data", noarch="generic"),
    Package(name="zlib", version="1.3.1", build="h9_0", platforms=ARM),
]


def serving(folder: Path, asker: Package) -> list[tuple[str, str, tuple[str, ...]]]:
    """Section, name and tasks of what ``asker`` needs to be built."""
    renderings = [one.rendering(folder) for one in (*OFFERS, asker)]
    found = Planned(renderings).build_needs(renderings[-1])
    return [(need.section, need.name, need.group.tasks) for need in found]


def stems(folder: Path, requirement: Requirement, **more: object) -> list[str]:
    found = serving(folder, Package(name="app", on_host=(requirement,), **more))  # type: ignore[arg-type]
    return [task for _, _, tasks in found for task in tasks]


OLD, NEW, NEWER = "linux-64/zlib-1.2.13-h1_0", "linux-64/zlib-1.3.1-h1_0", "linux-64/zlib-1.3.1-h2_1"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("zlib", [OLD, NEW, NEWER]),
        ("ZLIB", [OLD, NEW, NEWER]),
        ("zlib 1.3.*", [NEW, NEWER]),
        ("zlib >=1.2,<1.3", [OLD]),
        ("zlib =1.3.1 h2_1", [NEWER]),
        ("zlib =1.3.1 H2_1", [NEWER]),
        ("zlib * h1_*", [OLD, NEW]),
        ("zlib 1.3.1[build_number='>0']", [NEWER]),
        ("zlib =1.4", []),
        ("zlib 1.3.1 nobody_0", []),
        ("nobody", []),
        ("data", ["noarch/data-1-h0_0"]),
    ],
)
def test_every_planned_package_that_a_spec_matches(tmp_path: Path, spec: str, expected: list[str]) -> None:
    assert stems(tmp_path, spec) == expected


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        ("zlib", "1.3", [NEW, NEWER]),
        ("zlib", "1.3.* h2_*", [NEWER]),
        ("zlib", ">=1.2,<1.3", [OLD]),
        ("zlib", "1.3.1 h1_0", [NEW]),
        ("zlib", 1, [OLD, NEW, NEWER]),
        ("zlib 1.2.*", "1.3", [OLD]),
        ("zlib * h1_0", "1.3", [OLD, NEW]),
    ],
)
def test_a_variants_value_pins_a_spec_without_version_and_build(
    tmp_path: Path, spec: str, value: VariantValue, expected: list[str]
) -> None:
    assert stems(tmp_path, spec, variant=(("zlib", value),)) == expected


def test_a_variants_value_does_not_pin_run(tmp_path: Path) -> None:
    app = Package(name="app", run=("zlib",), variant=(("zlib", "1.3"),))
    renderings = [one.rendering(tmp_path) for one in (*OFFERS, app)]
    (need,) = Planned(renderings).test_needs(renderings[-1])
    assert need.group.tasks == (OLD, NEW, NEWER)


def test_pins_go_by_the_sibling(tmp_path: Path) -> None:
    siblings = (Sibling(name="zlib", version="1.3.1", build_string="h2_1"),)
    assert stems(tmp_path, PinSubpackage(name="zlib", pin=Pin(exact=True)), siblings=siblings) == [NEWER]
    assert stems(tmp_path, PinSubpackage(name="zlib", pin=Pin(upper_bound="x.x")), siblings=siblings) == [NEW, NEWER]
    assert stems(tmp_path, PinSubpackage(name="zlib", pin=Pin())) == [OLD, NEW, NEWER]
    assert stems(tmp_path, PinCompatible(name="zlib", pin=Pin())) == [OLD, NEW, NEWER]


def test_build_and_host_ask_for_their_own_platform(tmp_path: Path) -> None:
    app = Package(name="app", on_build=("zlib", "data"), on_host=("zlib", "data"), platforms=ARM)
    assert serving(tmp_path, app) == [
        ("build", "zlib", (OLD, NEW, NEWER)), ("build", "data", ("noarch/data-1-h0_0",)),
        ("host", "zlib", ("linux-aarch64/zlib-1.3.1-h9_0",)), ("host", "data", ("noarch/data-1-h0_0",)),
    ]  # fmt: skip


def test_a_package_does_not_need_itself_but_its_namesakes(tmp_path: Path) -> None:
    bootstrapped = Package(name="zlib", version="1.4", build="h0_0", on_build=("zlib",))
    assert serving(tmp_path, bootstrapped) == [("build", "zlib", (OLD, NEW, NEWER))]
    lonely = Package(name="cmake", on_build=("cmake",))
    assert serving(tmp_path, lonely) == []


def test_the_staging_output_is_needed_last(tmp_path: Path) -> None:
    app = Package(name="app", on_host=("data",), staging="staging:linux-64/work-1-h0_0")
    assert serving(tmp_path, app)[-1] == (
        "staging", "staging:linux-64/work-1-h0_0", ("staging:linux-64/work-1-h0_0",),
    )  # fmt: skip


def test_staging_outputs_serve_nobody_by_name(tmp_path: Path) -> None:
    renderings = [
        Package(name="work", kind="staging").rendering(tmp_path),
        Package(name="app", on_host=("work",)).rendering(tmp_path),
    ]
    assert not Planned(renderings).build_needs(renderings[1])


def test_tests_need_run_requirements_and_what_they_ask_for_themselves(tmp_path: Path) -> None:
    script = ScriptTest(script=Script(), run=("data",), build=("zlib 1.2.*",))
    tests = (script, DownstreamTest(downstream="zlib"))
    app = Package(name="app", run=("zlib 1.3.1 h1_0", "nobody"), tests=tests, platforms=ARM)
    renderings = [one.rendering(tmp_path) for one in (*OFFERS, app)]
    found = Planned(renderings).test_needs(renderings[-1])
    assert [(need.section, need.group.tasks) for need in found] == [
        ("test", ("noarch/data-1-h0_0",)), ("test", (OLD,)),
    ]  # fmt: skip


def test_tests_need_the_programs_that_run_them(tmp_path: Path) -> None:
    perl, r, ruby = LANGUAGES
    tests: tuple[Test, ...] = (
        PythonTest(imports=("a",), python_version=("3.11", "3.12")),
        PythonTest(imports=("a",), pip_check=False),
        ImportTest(language=perl, names=("A",)),
        ImportTest(language=r, names=("a",)),
        ImportTest(language=ruby, names=("a",)),
        PackageContentsTest(files=("a",)),
    )
    offers = [
        Package(name="python", version="3.11.2"), Package(name="python", version="3.12.0"), Package(name="pip"),
        Package(name="perl"), Package(name="r-base"), Package(name="ruby"),
    ]  # fmt: skip
    renderings = [one.rendering(tmp_path) for one in (*offers, Package(name="app", tests=tests))]
    planned = Planned(renderings)
    assert [task for need in planned.test_needs(renderings[-1]) for task in need.group.tasks] == [
        "linux-64/python-3.11.2-h0_0", "linux-64/python-3.12.0-h0_0", "linux-64/pip-1-h0_0", "linux-64/perl-1-h0_0",
        "linux-64/r-base-1-h0_0", "linux-64/ruby-1-h0_0",
    ]  # fmt: skip
    assert list(planned.asked(renderings[-1])) == ["python", "pip", "perl", "r-base", "ruby"]


def test_names_that_are_asked_for(tmp_path: Path) -> None:
    script = ScriptTest(script=Script(), run=("curl",), build=("gcc_linux-64 =13",))
    app = Package(
        name="app", on_build=("make",), on_host=("zlib >=1", PinCompatible(name="python", pin=Pin())),
        run=("__glibc >=2.17", "zlib"), tests=(script,),
    )  # fmt: skip
    rendering = app.rendering(tmp_path)
    assert list(Planned([rendering]).asked(rendering)) == ["make", "zlib", "python", "curl", "gcc_linux-64"]


def test_requirements_that_are_the_same_share_their_group(tmp_path: Path) -> None:
    askers = [Package(name=f"app{number}", on_host=("zlib", "zlib >=1")) for number in range(2)]
    renderings = [one.rendering(tmp_path) for one in (*OFFERS, *askers)]
    planned = Planned(renderings)
    groups = {need.group for one in renderings[-2:] for need in planned.build_needs(one)}
    assert len(groups) == 1


def test_a_spec_that_is_none_is_the_recipes_mistake(tmp_path: Path) -> None:
    for spec, variant in (("zlib >>1", ()), ("zlib", (("zlib", ">1,"),))):
        with pytest.raises(RecipeError) as caught:
            stems(tmp_path, spec, variant=variant)
        assert caught.value.problems[0].place is not None


def test_the_output_whose_work_folder_is_gone_on_in_is_needed(tmp_path: Path) -> None:
    first, second = Package(name="one"), Package(name="two")
    one = first.rendering(tmp_path)
    two = replace(second.rendering(tmp_path), follows=one.identity)
    (need,) = Planned([one, two]).build_needs(two)
    assert (need.section, need.name, need.group.tasks) == ("work", one.identity, (one.identity,))
    assert Planned([one, two]).build_needs(one) == []
