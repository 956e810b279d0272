"""Finding the renderings of other outputs that belong to one."""

from __future__ import annotations

from builder.matrix.siblings import Finished, Siblings
from builder.matrix.space import Space
from builder.model.recipe import Output
from builder.model.rendering import Rendering
from builder.model.variant import Variant
from tests.matrix.fakes import FILE, LINUX, config


def finished(name: str, assigned: dict[str, int], *, skip: bool = False) -> Finished:
    build = "_".join(str(place) for place in assigned.values()) or "only"
    rendering = Rendering(
        recipe=FILE, output=Output(kind="package", name=name, version="1", skip=skip), variant=Variant(),
        platforms=LINUX, subdir="linux-64", hash="", build_string=build,
    )  # fmt: skip
    return Finished(rendering=rendering, assigned=assigned, order=tuple(sorted(assigned.items())), chosen={})


def found(siblings: Siblings, name: str, assigned: dict[str, int]) -> list[str]:
    return [one.rendering.build_string for one, _ in siblings.agreeing(("package", name), assigned)]


SPACE = Space(config({"a": [1, 2], "b": [1, 2], "x": ["p", "q", "q"], "y": ["1", "2", "3"]}, ("x", "y")))


def test_shared_keys_must_agree_and_the_others_multiply() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"a": a, "b": b}) for a in (0, 1) for b in (0, 1)])
    assert found(siblings, "lib", {"a": 1}) == ["1_0", "1_1"]
    assert found(siblings, "lib", {"a": 1, "b": 0, "x": 0}) == ["1_0"]
    assert len(found(siblings, "lib", {})) == 4
    assert not found(siblings, "nobody", {})
    joined = [both for _, both in siblings.agreeing(("package", "lib"), {"a": 1, "x": 1})]
    assert joined == [{"a": 1, "b": 0, "x": 1}, {"a": 1, "b": 1, "x": 1}]


def test_zip_groups_must_have_a_row_for_both() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"y": place}) for place in range(3)])
    assert found(siblings, "lib", {"x": 1}) == ["1", "2"]
    assert found(siblings, "lib", {"x": 0}) == ["0"]


def test_renderings_with_different_keys_stand_side_by_side() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"a": 0}), finished("lib", {"a": 1, "b": 0}), finished("lib", {"a": 1, "b": 1})])
    assert found(siblings, "lib", {"a": 0, "b": 1}) == ["0"]
    assert found(siblings, "lib", {"b": 1}) == ["0", "1_1"]


def test_skipped_renderings_are_no_siblings() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"a": 0}, skip=True), finished("lib", {"a": 1})])
    assert found(siblings, "lib", {}) == ["1"]
    assert not found(siblings, "lib", {"a": 0})


def nearest(siblings: Siblings, assigned: dict[str, int]) -> list[str]:
    return [one.rendering.build_string for one, _ in siblings.nearest(("package", "lib"), assigned)]


def test_the_nearest_shares_most_values() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"a": 1, "b": 0}), finished("lib", {"a": 1, "b": 1})])
    assert nearest(siblings, {"a": 0, "b": 0}) == ["1_0"]
    assert nearest(siblings, {"a": 0, "b": 1}) == ["1_1"]
    assert not siblings.nearest(("package", "nobody"), {})


def test_there_is_a_nearest_for_each_combination_of_the_other_keys() -> None:
    siblings = Siblings(SPACE)
    siblings.add([finished("lib", {"a": 1, "b": 0}), finished("lib", {"a": 1, "b": 1})])
    assert nearest(siblings, {"a": 0}) == ["1_0", "1_1"]
    joined = [both for _, both in siblings.nearest(("package", "lib"), {"a": 0})]
    assert joined == [{"a": 0, "b": 0}, {"a": 0, "b": 1}]


def test_the_last_of_equally_near_ones_goes_by_the_values_text() -> None:
    space = Space(config({"python": ["3.12", "3.9", "3.10", "3.8"]}))
    siblings = Siblings(space)
    siblings.add([finished("lib", {"python": place}) for place in range(3)])
    assert nearest(siblings, {"python": 3}) == ["1"]
