"""A part of what was rendered, and an order to build it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError, UsageError
from builder.model.pin import Pin
from builder.model.recipe import PinCompatible, PinSubpackage, Requirements, RunExports, Script, ScriptTest
from builder.model.rendering import Rendering
from builder.plan.subset import build_order, needed_for
from tests.plan.fakes import Package


def made(folder: Path, *packages: Package) -> list[Rendering]:
    return [package.rendering(folder) for package in packages]


def names(renderings: Sequence[Rendering]) -> list[str]:
    return [one.output.name for one in renderings]


class TestNeeded:
    def test_all_that_building_and_testing_asks_for_and_nothing_else(self, tmp_path: Path) -> None:
        tests = (ScriptTest(script=Script(content=("x",)), run=("tested-with",)),)
        renderings = made(
            tmp_path,
            Package(name="other", on_host=("wanted",)),
            Package(name="wanted", on_build=("tool >=1",), run=("needed-to-run",), tests=tests),
            Package(name="tool", on_host=("deep 1.*",)),
            Package(name="needed-to-run"),
            Package(name="deep"),
            Package(name="tested-with"),
            Package(name="apart"),
        )  # fmt: skip
        kept = needed_for(renderings, "wanted")
        assert names(kept) == ["wanted", "tool", "needed-to-run", "deep", "tested-with"]
        assert names(needed_for(renderings, "deep")) == ["deep"]
        assert "apart" not in names(needed_for(renderings, "other"))

    def test_all_variants_count(self, tmp_path: Path) -> None:
        renderings = made(
            tmp_path, *(Package(name="a", build=f"h{x}_0") for x in "01"),
            *(Package(name="b", build=f"h{x}_0", on_host=("a",)) for x in "01"),
        )  # fmt: skip
        assert needed_for(renderings, "b") == tuple(renderings)

    def test_a_staging_output_comes_with_who_takes_from_it(self, tmp_path: Path) -> None:
        [staging] = made(tmp_path, Package(name="made", kind="staging", on_build=("gcc",)))
        others = made(
            tmp_path, Package(name="lib", staging=staging.identity), Package(name="gcc"), Package(name="free")
        )
        assert names(needed_for([staging, *others], "lib")) == ["made", "lib", "gcc"]
        assert names(needed_for([staging, *others], "free")) == ["free"]
        with pytest.raises(UsageError, match="no recipe has an output made"):
            needed_for([staging, *others], "made")

    def test_circles_end(self, tmp_path: Path) -> None:
        renderings = made(tmp_path, Package(name="a", run=("b",)), Package(name="b", run=("a",)), Package(name="c"))
        assert names(needed_for(renderings, "a")) == ["a", "b"]

    def test_a_name_that_is_not_there(self, tmp_path: Path) -> None:
        renderings = made(tmp_path, Package(name="zlib"), Package(name="libpng"))
        for asked, remedy in (("zlip", "did you mean zlib?"), ("qqq", "there are libpng, zlib")):
            with pytest.raises(UsageError) as caught:
                needed_for(renderings, asked)
            assert caught.value.problems[0].remedy == remedy
        with pytest.raises(UsageError) as caught:
            needed_for([], "a")
        assert caught.value.problems[0].remedy == "name a recipe that has it"


def with_needs(rendering: Rendering, **needs: object) -> Rendering:
    return replace(rendering, output=replace(rendering.output, requirements=Requirements(**needs)))  # type: ignore[arg-type]


PIN, EXACT = PinSubpackage(name="base", pin=Pin()), PinSubpackage(name="base", pin=Pin(exact=True))


class TestOrder:
    @pytest.mark.parametrize(
        "needs",
        [
            {"build": ("base >=1",)}, {"host": ("Base",)}, {"host": (PinCompatible(name="base", pin=Pin()),)},
            {"build": (PIN,)}, {"run": (PIN,)}, {"run": (EXACT,)}, {"run_constraints": (EXACT,)},
            *({"run_exports": RunExports(**{kind: (PIN,)})}
              for kind in ("weak", "strong", "weak_constraints", "strong_constraints", "noarch")),
        ],
        ids=str,
    )  # fmt: skip
    def test_who_follows(self, needs: dict[str, object], tmp_path: Path) -> None:
        follower, base = made(tmp_path, Package(name="a-follower"), Package(name="base"))
        assert names(build_order([with_needs(follower, **needs), base])) == ["base", "a-follower"]

    @pytest.mark.parametrize(
        "needs", [{}, {"run": ("base",)}, {"run_constraints": ("base <2",)}, {"run_constraints": (PIN,)}, {"run_exports": RunExports(weak=("base",))}],
        ids=str,
    )  # fmt: skip
    def test_who_does_not(self, needs: dict[str, object], tmp_path: Path) -> None:
        first, base = made(tmp_path, Package(name="first"), Package(name="base"))
        assert names(build_order([with_needs(first, **needs), base])) == ["first", "base"]

    def test_all_variants_of_one_before_all_of_the_other(self, tmp_path: Path) -> None:
        renderings = made(
            tmp_path,
            *(Package(name=name, build=f"h{x}_0", on_host=needs)
              for x in "01" for name, needs in (("b", ("a",)), ("a", ()), ("c", ("b",)))),
        )  # fmt: skip
        ordered = build_order(renderings)
        assert names(ordered) == ["a", "a", "b", "b", "c", "c"]
        assert [one.build_string for one in ordered] == ["h0_0", "h1_0"] * 3

    def test_a_package_may_name_itself(self, tmp_path: Path) -> None:
        renderings = made(tmp_path, Package(name="boot", on_build=("boot",)))
        assert build_order(renderings) == tuple(renderings)

    def test_staging_outputs_come_before_who_takes_from_them_and_serve_nobody_by_name(self, tmp_path: Path) -> None:
        [staging] = made(tmp_path, Package(name="made", kind="staging"))
        taker, other = made(
            tmp_path, Package(name="taker", staging=staging.identity), Package(name="x", on_host=("made",))
        )
        assert names(build_order([taker, other, staging])) == ["x", "made", "taker"]

    def test_a_circle_is_refused_and_named(self, tmp_path: Path) -> None:
        renderings = made(
            tmp_path, Package(name="a", on_host=("b",)), Package(name="b", on_build=("a",)), Package(name="c")
        )
        with pytest.raises(RecipeError, match="a, b") as caught:
            build_order(renderings)
        assert caught.value.problems[0].code == "plan.cycle"

    @given(
        needs=st.lists(st.sets(st.integers(0, 9), max_size=4), min_size=1, max_size=10),
        random=st.randoms(use_true_random=False),
    )
    def test_any_tree_is_ordered_and_nothing_is_lost(
        self, needs: list[set[int]], random: object, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = tmp_path_factory.getbasetemp() / "trees"
        packages = [
            Package(name=f"p{at}", on_host=tuple(f"p{one}" for one in sorted(wanted) if one < at))
            for at, wanted in enumerate(needs)
        ]
        random.shuffle(packages)  # type: ignore[attr-defined]
        ordered = names(build_order(made(folder, *packages)))
        assert sorted(ordered) == sorted(package.name for package in packages)
        place = {name: at for at, name in enumerate(ordered)}
        assert all(place[str(one)] < place[package.name] for package in packages for one in package.on_host)


def test_the_one_before_in_the_same_work_folder_comes_along_and_first(tmp_path: Path) -> None:
    one, other = (Package(name=name).rendering(tmp_path) for name in ("z", "other"))
    two = replace(Package(name="a").rendering(tmp_path), follows=one.identity)
    assert names(needed_for([two, other, one], "a")) == ["a", "z"]
    assert names(build_order([two, other, one])) == ["other", "z", "a"]
