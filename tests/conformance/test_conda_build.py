"""What conda-build answered once compares with what is rendered today; whoever asks again does not need to be believed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ci.compare_renderings import recipe_files
from tests.conformance.comparison import LegacyValues, compared, ours_of_meta
from tests.conformance.conda_build import ask_conda_build
from tests.conformance.peer import Job, PeerOutput

V0 = Path(__file__).parents[1] / "matrix" / "v0"
RECIPES = V0 / "recipes"
PINNING = RECIPES / "pinning.yaml"
FACTS: dict[str, list[dict[str, Any]]] = json.loads((V0 / "facts.json").read_text())
NOARCH = {"pure": "python", "newest_python": "python"}


def answered(name: str) -> tuple[PeerOutput, ...]:
    return tuple(
        PeerOutput(
            **{key: fact[key] for key in ("name", "version", "build", "build_number", "hash", "subdir", "used")},
            noarch=NOARCH.get(name, "generic") if fact["subdir"] == "noarch" else None,
            requirements={
                "build": fact["build_reqs"],
                "host": fact["host_reqs"],
                "run": fact["run_reqs"],
                "run_constraints": fact["run_constraints"],
            },
        )
        for fact in FACTS[name]
    )


def test_every_recipe_agrees_with_what_conda_build_said() -> None:
    values = LegacyValues()
    recipes = list(recipe_files(RECIPES, "meta.yaml"))
    assert sorted(recipe.parent.name for recipe in recipes) == sorted(FACTS)
    for recipe in recipes:
        job = Job(recipe=recipe, variants=(PINNING,))
        found = compared(job, answered(recipe.parent.name), ours_of_meta(job, values))
        assert (recipe.parent.name, found.lines) == (recipe.parent.name, [])
        assert found.identical == len(FACTS[recipe.parent.name])


def test_another_answer_is_told_field_by_field() -> None:
    job = Job(recipe=RECIPES / "virtual" / "meta.yaml", variants=(PINNING,))
    (one,) = answered("virtual")
    wrong = replace(one, hash="0000000", requirements={**one.requirements, "run": ["__unix", "__linux >=4"]})
    ((_, fields),) = compared(job, (wrong,), ours_of_meta(job, LegacyValues())).differences
    assert fields["hash"] == ("0000000", one.hash)
    assert fields["run requirements"] == (["__linux >=4"], ["__glibc >=2.17,<3.0.a0", "__linux >=5"])


def test_a_recipe_that_cannot_be_rendered_is_an_answer_too(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text("package:\n  name: a\n  version: {{ nothing }}\n")
    job = Job(recipe=tmp_path / "meta.yaml", variants=(PINNING,))
    ours = ours_of_meta(job, LegacyValues())
    assert isinstance(ours, str)
    assert compared(job, "conda-build's words", ours).agreement == "both fail"


def test_a_python_without_conda_build_is_no_answer() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask_conda_build([Job(recipe=RECIPES / "pure" / "meta.yaml")], Path(sys.executable))
    assert "No module named 'conda_build'" in caught.value.stderr
