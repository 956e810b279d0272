"""The sections of an output as a value whose parts are typed when somebody looks at them."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace

import pytest

from builder.model.recipe import About, Inherit, Output, Script
from builder.recipe.memory import Once
from builder.recipe.output import Sections, mapping
from builder.recipe.typed import requirements_of
from tests.recipe.given import PACKAGE, evaluated, request

DATA = {
    "package": {"name": "demo", "version": "1"},
    "build": {"number": 3, "script": ("echo ${{ PREFIX }}",), "skip": (False,), "variant": {"use_keys": ("a",)}},
    "requirements": {"host": ("python",)},
    "about": {"summary": "small"},
    "tests": ({"script": "echo ${{ PREFIX }}"},),
    "source": ({"url": ("https://example.org/x",)},),
    "extra": {"who": ("me",)},
    "inherit": "stage",
}


def sections(**changed: object) -> Sections:
    data = {**DATA, **changed}
    return Sections(data, several=False, packed=True, platform="linux-64", made=Once())  # type: ignore[arg-type]


def output(**changed: object) -> Output:
    return sections(**changed).output(requirements_of({"host": ("python",)}))


def test_every_field_of_an_output_is_found() -> None:
    found = output()
    for field in fields(Output):
        getattr(found, field.name)
    assert (found.kind, found.name, found.version, found.skip) == ("package", "demo", "1", False)
    assert found.about == About(summary="small")
    assert found.inherit == Inherit(staging="stage")
    assert found.extra == (("who", ("me",)),)
    assert found.build.number == 3
    assert found.build.variant.use_keys == ("a",)
    assert json.loads(found.rendered)["package"] == {"name": "demo", "version": "1"}


def test_scripts_speak_the_language_of_their_shell() -> None:
    found = output()
    assert found.build.script == Script(content=("echo ${PREFIX}",))
    assert found.tests[0].script.content == ("echo ${PREFIX}",)  # type: ignore[union-attr]
    on_windows = replace(sections(), platform="win-64").output(requirements_of({}))
    assert on_windows.build.script.content == ("echo %PREFIX%",)


def test_what_is_skipped_and_what_is_staged_is_marked() -> None:
    assert output(build={"skip": (False, True)}).skip
    staged = replace(sections(), packed=False, several=True).output(requirements_of({}))
    assert staged.kind == "staging"


def test_equal_parts_are_one_for_all_who_share_what_was_made() -> None:
    one, other = sections(), sections()
    other = replace(other, made=one.made)
    left, right = (each.output(requirements_of({})) for each in (one, other))
    assert left.about is right.about
    assert left.source is right.source
    assert left == right


def test_an_output_survives_the_way_to_another_process() -> None:
    found = evaluated(PACKAGE + "about:\n  summary: for ${{ blas }}\n", request({"blas": "mkl"})).output
    copied = pickle.loads(pickle.dumps(found))
    assert type(copied) is Output
    assert copied == found
    assert copied.rendered == found.rendered
    assert copied.build == found.build


@pytest.mark.parametrize("absent", [None, "text", (), 3])
def test_an_absent_section_is_the_same_empty_mapping_each_time(absent: object) -> None:
    assert mapping(absent) == {}  # type: ignore[arg-type]
    assert mapping(absent) is mapping(None)  # type: ignore[arg-type]
