"""Outputs that need each other are told, whatever way round; what looks like it and is none is left alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix.v0.circle import circle_of
from builder.matrix.v0.usage import Subject
from builder.model.rendering import Platforms, RecipeFile
from builder.recipe.v0 import Metadata, MetaText, OutputMetadata, Scope
from tests.matrix.v0.test_render import rendered, written

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
CROSS = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")
TEXT = MetaText(RecipeFile(path=Path("meta.yaml"), folder=Path()), "", lambda _: b"")


def output(name: str, kind: str = "conda", platforms: Platforms = LINUX, **requirements: Iterable[str]) -> Subject:
    metadata = Metadata(
        sections={
            "package": {"name": name},
            "requirements": {kind: list(specs) for kind, specs in requirements.items()},
        }
    )
    made = OutputMetadata(metadata=metadata, entry={}, parent="top", kind=kind)
    return Subject(text=TEXT, output=made, scope=Scope({}, platforms, {}))


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([output("a", run=["b >=1"]), output("b", host=["a"])], ("a", "b", "a")),
        ([output("a", run=["b"]), output("b", run=["c"]), output("c", build=["a 1"])], ("a", "b", "c", "a")),
        ([output("a", build=["b"], host=["x"]), output("b", build=["a"], host=["x"])], ("a", "b", "a")),
        ([output("d", run=["e"]), output("e", run=["f"]), output("f", run=["g"]), output("g", run=["e"])],
         ("e", "f", "g", "e")),
        ([output("a", run=["b"]), output("a", run=["c"]), output("b"), output("c", run=["a"])], ("a", "c", "a")),
    ],
)  # fmt: skip
def test_circles(outputs: list[Subject], expected: tuple[str, ...]) -> None:
    assert circle_of(outputs) == expected


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        [output("a", run=["a"])],
        [output("a", run=["b"]), output("b", run=["c"]), output("c")],
        [output("a", run=["b"]), output("b", run_constrained=["a"])],
        [output("a", run=["b"]), output("b", run=["abc", "not-a"])],
        [output("a", run=["b"]), output("b", kind="wheel", run=["a"])],
        [output("a", run=["b"]), output("b", run=["c"]), output("c", build=["a"], host=["x"])],
        [
            output("a", build=["b"], host=["x"], platforms=CROSS),
            output("b", build=["a"], host=["x"], platforms=CROSS),
        ],
    ],
)
def test_no_circles(outputs: list[Subject]) -> None:
    assert circle_of(outputs) == ()


_NEEDS = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), max_size=3), min_size=1)


@given(_NEEDS)
def test_a_circle_is_found_if_and_only_if_no_order_is_possible(needs: dict[str, set[str]]) -> None:
    circle = circle_of([output(name, run=sorted(others)) for name, others in needs.items()])
    left = {name: (others & needs.keys()) - {name} for name, others in needs.items()}
    while free := [name for name in left if not left[name] & left.keys()]:
        left = {name: others for name, others in left.items() if name not in free}
    assert bool(circle) == bool(left)
    if circle:
        assert circle[0] == circle[-1]
        assert all(second in needs[first] for first, second in itertools.pairwise(circle))


def test_the_recipe_is_refused_with_its_file(tmp_path: Path) -> None:
    text = (
        "package:\n  name: top\n  version: 1\noutputs:\n"
        "  - name: hen\n    requirements:\n      host:\n        - {{ pin_subpackage('egg', exact=True) }}\n"
        "  - name: egg\n    requirements:\n      run:\n        - hen\n"
    )
    with pytest.raises(RecipeError, match="egg → hen → egg") as caught:
        rendered(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert problem.place.file == str(tmp_path / "meta.yaml")
    assert "only one of them" in str(problem.remedy)
