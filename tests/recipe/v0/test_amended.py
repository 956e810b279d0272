"""Files that change a ``meta.yaml``, as conda-build 26.7 does it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.rendering import Platforms
from builder.recipe.v0 import MetaText, Scope, load_meta
from builder.recipe.v0.amended import amended
from builder.recipe.v0.metadata import Metadata
from builder.syntax.legacy.data import Plain

FACTS: list[tuple[Plain, Plain, Plain, Plain]] = [
    ({"a": {"b": "1"}}, {"a": {"b": "2", "c": "3"}}, {"a": {"b": "2", "c": "3"}}, {"a": {"b": "2", "c": "3"}}),
    ({"a": ["1"]}, {"a": ["2"]}, {"a": ["1", "2"]}, {"a": ["2"]}),
    ({"a": ["1"]}, {"a": ["1"]}, {"a": ["1"]}, {"a": ["1"]}),
    ({"a": "1"}, {"a": ["2"]}, {"a": ["2"]}, {"a": ["2"]}),
    ({}, {"a": ["2"]}, {"a": ["2"]}, {"a": ["2"]}),
    ({"a": "1"}, {"a": None}, {}, {}),
    ({"a": ["1"]}, {"a": "x"}, {"a": "x"}, {"a": "x"}),
    ({"a": {}}, {"a": {"b": ["1"]}}, {"a": {"b": ["1"]}}, {"a": {"b": ["1"]}}),
    ({"a": []}, {"a": ["2"]}, {"a": ["2"]}, {"a": ["2"]}),
    ({"a": ["1", "2"]}, {"a": ["2"]}, {"a": ["1", "2", "2"]}, {"a": ["2"]}),
    ({"a": {"b": "1"}}, {"a": "x"}, {"a": "x"}, {"a": "x"}),
    ({"a": None}, {"a": ["1"]}, {"a": ["1"]}, {"a": ["1"]}),
    ({"a": ["1"]}, {"a": []}, {"a": ["1"]}, {"a": []}),
    ({"a": {"b": "1"}}, {"a": {}}, {"a": {"b": "1"}}, {"a": {"b": "1"}}),
]
"""What there is, what changes it, and what conda-build's own function makes of both by appending and by replacing."""


@pytest.mark.parametrize(("values", "changes", "appended", "clobbered"), FACTS)
def test_both_merge_as_conda_build_does(values: Plain, changes: Plain, appended: Plain, clobbered: Plain) -> None:
    before = copy.deepcopy((values, changes))
    assert amended(values, changes, "here/recipe_append.yaml") == appended
    assert amended(values, changes, "here/recipe_clobber.yaml") == clobbered
    assert (values, changes) == before, "neither is changed: values are remembered"


def test_nothing_changes_nothing() -> None:
    values: Plain = {"a": "1"}
    assert amended(values, None, "recipe_append.yaml") is values
    assert amended(None, {"a": "1"}, "recipe_append.yaml") == {"a": "1"}


@pytest.mark.parametrize(("values", "changes"), [({}, ["a"]), ({}, "a"), (["a"], {"a": "1"}), ("x", {})])
def test_only_mappings_can_be_merged(values: Plain, changes: Plain) -> None:
    with pytest.raises(RecipeError, match="must be a mapping") as caught:
        amended(values, changes, "here/recipe_clobber.yaml")
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.file == "here/recipe_clobber.yaml"


# -- beside a recipe ---------------------------------------------------------------------------------------------------

RECIPE = """\
package:
  name: pie
  version: {{ version | default("1.0") }}
build:
  number: 1001
  script: echo
requirements:
  host:
    - zlib
  run:
    - {{ pin_compatible("zlib") }}
about:
  summary: A pie
  license: MIT
"""
APPENDED = "requirements:\n  host:\n    - libpng\n    - winlib  # [win]\nabout:\n  summary: A better pie\n"
CLOBBERED = "build:\n  number: 1\nrequirements:\n  run:\n    - bread\n"


def read(folder: Path, **files: str) -> MetaText:
    (folder / "meta.yaml").write_text(RECIPE)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_meta(folder / "meta.yaml", lambda name: (folder / name).read_bytes())


def resolved(text: MetaText, platform: str = "linux-64") -> Metadata:
    platforms = Platforms(target=platform, host=platform, build="linux-64")
    return text.resolved(Scope({"target_platform": platform}, platforms, {}))


def test_a_recipe_alone(tmp_path: Path) -> None:
    found = resolved(read(tmp_path))
    assert (found.number, found.requirements("host"), found.text("about", "summary")) == (1001, ["zlib"], "A pie")


def test_what_is_appended_has_selectors_but_no_templates(tmp_path: Path) -> None:
    found = resolved(read(tmp_path, recipe_append=APPENDED))
    assert found.requirements("host") == ["zlib", "libpng"]
    assert (found.number, found.text("about", "summary")) == (1001, "A better pie")
    assert resolved(read(tmp_path, recipe_append=APPENDED), "win-64").requirements("host") == [
        "zlib",
        "libpng",
        "winlib",
    ]
    plain = resolved(read(tmp_path, recipe_append='extra:\n  told: "{{ version }}"\n'))
    assert plain.text("extra", "told") == "{{ version }}"


def test_what_is_clobbered_is_replaced_after_what_was_appended(tmp_path: Path) -> None:
    found = resolved(read(tmp_path, recipe_append=APPENDED, recipe_clobber=CLOBBERED))
    assert found.number == 1
    assert found.requirements("run") == ["bread"]
    assert found.requirements("host") == ["zlib", "libpng"]


def test_what_is_wrong_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        resolved(read(tmp_path, recipe_clobber="build: [\n"))
    [problem] = caught.value.problems
    assert problem.place is not None
    assert problem.place.file == str(tmp_path / "recipe_clobber.yaml")
