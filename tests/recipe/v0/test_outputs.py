"""Outputs: what each takes from its recipe, by conda-build's rules."""

from __future__ import annotations

import pytest

from builder.errors import RecipeError
from builder.recipe.v0 import Metadata, output_metadata, outputs_of
from builder.recipe.v0.metadata import Section
from builder.recipe.v0.outputs import with_versions
from builder.syntax.legacy.data import Plain

TOP: dict[str, Plain] = {
    "package": {"name": "top", "version": "1"},
    "source": [{"url": "x"}],
    "build": {
        "number": "4",
        "noarch": "python",
        "script": "make",
        "entry_points": ["a = b:c"],
        "run_exports": ["top"],
        "string": "s",
    },
    "requirements": {"build": ["cmake"], "host": ["zlib"], "run": ["sub"]},
    "test": {"commands": ["x"], "imports": ["y"], "requires": ["z"]},
    "about": {"license": "MIT"},
}


def recipe(*outputs: Section) -> Metadata:
    return Metadata(sections={**TOP, "outputs": list(outputs)})


def test_without_outputs_the_recipe_is_the_output() -> None:
    entries, top = outputs_of(Metadata(sections=TOP), mentions_output=False, whole=True)
    (entry,) = entries
    found = output_metadata(top, entry, {"zlib": "1.3"}).metadata
    assert (found.name, found.number, found.noarch) == ("top", 4, "python")
    assert found.section("requirements") == {"build": ["cmake"], "host": ["zlib 1.3.*"], "run": ["sub"]}


@pytest.mark.parametrize(("mentions", "names"), [(True, ["sub", "top"]), (False, ["sub"])])
def test_a_recipe_that_needs_its_output_is_an_output_too(mentions: bool, names: list[str]) -> None:
    entries, _ = outputs_of(recipe({"name": "sub"}), mentions_output=mentions, whole=True)
    assert [entry["name"] for entry in entries] == names


def test_the_recipes_own_output_gets_what_it_lacks() -> None:
    own: Section = {"name": "top", "build": {"number": "9"}, "requirements": {"run": ["other"]}}
    (entry,), top = outputs_of(recipe(own), mentions_output=True, whole=True)
    found = output_metadata(top, entry, {}).metadata
    assert (found.number, found.get("build", "script")) == (9, "make")
    assert found.section("requirements") == {"build": ["cmake"], "host": ["zlib"], "run": ["other"]}


def test_another_output_has_its_own_requirements_and_little_of_the_recipes_build() -> None:
    found = output_metadata(
        recipe(), {"name": "sub", "requirements": {"run": ["sub", "sub 1", "a"], "run_constrained": ["sub <2"]}}, {}
    )
    metadata = found.metadata
    assert (found.parent, found.is_package, metadata.name, metadata.version) == ("top", True, "sub", "1")
    assert metadata.section("requirements") == {"run": ["a"], "run_constrained": ["sub <2"]}
    not_inherited = dict.fromkeys(("noarch", "noarch_python", "python_version_independent"), False)
    assert metadata.section("build") == {"number": "4", "string": "s", **not_inherited}
    assert metadata.section("test") == {"requires": ["z"]}
    assert metadata.section("about") == {"license": "MIT"}
    assert metadata.entries("source") == [{"url": "x"}]


def test_an_outputs_own_build_stands_alone_but_for_the_number() -> None:
    entry: Section = {
        "name": "sub",
        "version": "2",
        "build": {"noarch": "generic"},
        "test": {"commands": ["t"]},
        "about": {"home": "h"},
    }
    metadata = output_metadata(recipe(), entry, {}).metadata
    assert metadata.section("build") == {"number": "4", "noarch": "generic"}
    assert (metadata.version, metadata.section("test"), metadata.section("about")) == (
        "2",
        {"commands": ["t"]},
        {"home": "h"},
    )
    assert output_metadata(recipe(), {**entry, "number": "8"}, {}).metadata.number == 8


def test_old_keys_of_an_entry_go_into_its_build() -> None:
    entry: Section = {
        "name": "sub",
        "number": "6",
        "string": "mine",
        "script": "s.sh",
        "run_exports": ["sub"],
        "noarch": "python",
    }
    build = output_metadata(recipe(), entry, {}).metadata.section("build")
    assert (build["number"], build["string"], build["script"], build["run_exports"], build["noarch"]) == (
        "6",
        "mine",
        "s.sh",
        ["sub"],
        "python",
    )


def test_wheels_are_no_packages() -> None:
    assert not output_metadata(recipe(), {"name": "sub", "type": "wheel"}, {}).is_package


def test_versions_of_the_variant() -> None:
    variant = {"zlib": "1.3", "r_base": "4.4", "numpy": "2.0", "python": "3.12.* *_cpython"}
    requirements = {
        "build": ["python"],
        "host": ["zlib", "r-base", "zlib >=1", "numpy x.x", "other"],
        "run": ["zlib", "numpy x.x"],
    }
    assert with_versions(requirements, variant) == {
        "build": ["python 3.12.* *_cpython"],
        "host": ["zlib 1.3.*", "r-base 4.4.*", "zlib >=1", "numpy 2.0.*", "other"],
        "run": ["zlib", "numpy 2.0.*"],
    }


def test_a_version_that_variants_do_not_have_is_told() -> None:
    with pytest.raises(RecipeError, match=r"`unknown x\.x` asks for the version"):
        with_versions({"run": ["unknown  x.x"]}, {"zlib": "1"})
