"""What a ``meta.yaml`` comes to, as the value that plan, build and channel take."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.matrix import last_of_each, refuse_collisions
from builder.matrix.v0 import combined, read_config
from builder.matrix.v0.config import Spec, defaults
from builder.matrix.v0.rendering import LegacyQuestion, origin_of, render_legacy, rendered
from builder.model.rendering import Override, Platforms, Rendering, Sibling
from builder.model.variant import Origin
from builder.recipe.v0 import load_meta
from tests.matrix.v0.test_render import FACTS, HERE, record

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

OUTPUTS = """\
package:
  name: bakery
  version: "1"
outputs:
  - name: libdough
    version: "2"
    requirements:
      host:
        - flour
  - name: bread
    requirements:
      host:
        - flour
        - {{ pin_subpackage("libdough", exact=True) }}
      run:
        - {{ pin_subpackage("libdough", max_pin="x.x") }}
"""


def question(folder: Path, text: str, spec: Spec | None = None, **more: object) -> LegacyQuestion:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.yaml").write_text(text)
    recipe = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    config = combined([("", defaults(LINUX)), ("given", spec or {})])
    return LegacyQuestion(text=recipe, config=config, platforms=LINUX, **more)  # type: ignore[arg-type]


def render(folder: Path, text: str, spec: Spec | None = None, **more: object) -> list[Rendering]:
    return [one for one in render_legacy(question(folder, text, spec, **more)) if one.output.kind == "package"]


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_conda_build_makes_of_it_is_in_the_rendering(name: str) -> None:
    recipe = HERE / "recipes" / name / "meta.yaml"
    text = load_meta(recipe, lambda path: (recipe.parent / path).read_bytes())
    own = [file for file in (recipe.parent / "conda_build_config.yaml",) if file.exists()]
    config = read_config([*own, HERE / "recipes" / "pinning.yaml"], {}, LINUX, {})
    found, renderings = rendered(LegacyQuestion(text=text, config=config, platforms=LINUX))
    packages = [one for one in renderings if one.output.kind == "package"]
    for legacy, one in zip(found, packages, strict=True):
        facts = record(legacy)
        assert (one.output.name, one.output.version, one.build_string) == (
            facts["name"], facts["version"], facts["build"],
        )  # fmt: skip
        assert (one.output.build.number, one.hash) == (facts["build_number"], facts["hash"])
        assert one.subdir == ("noarch" if legacy.metadata.noarch_python else facts["subdir"])
        assert list(one.variant) == sorted(legacy.used)


def test_what_is_hashed_may_be_less_than_what_is_used(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: '1'\nrequirements:\n  host:\n    - python\n  run:\n    - python\n"
    first, second = render(tmp_path, text, {"python": ("3.12", "3.13")})
    assert (first.build_string, second.build_string) == ("py312_0", "py313_0")
    assert dict(first.variant) == {"python": "3.12", "target_platform": "linux-64"}
    assert (first.hashed, first.hash) == ("{}", "")


def test_the_hash_is_that_of_what_is_hashed(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: '1'\nrequirements:\n  host:\n    - flour\n"
    (one,) = render(tmp_path, text, {"flour": ("1.0",)})
    assert one.hashed == '{"flour": "1.0", "target_platform": "linux-64"}'
    assert hashlib.sha1(one.hashed.encode()).hexdigest()[:7] == one.hash
    assert one.build_string == f"h{one.hash}_0"


def test_values_remember_the_most_important_file_that_has_them(tmp_path: Path) -> None:
    first, last = tmp_path / "first.yaml", tmp_path / "last.yaml"
    first.write_text("flour:\n  - '1'\n  - '2'\nsalt:\n  - '0'\n")
    last.write_text("flour:\n  - '2'\n")
    text = "package:\n  name: a\n  version: '1'\nrequirements:\n  host:\n    - flour\n    - salt\n"
    (tmp_path / "meta.yaml").write_text(text)
    config = read_config([first, last], {"salt": ("9",)}, LINUX, {})
    made = LegacyQuestion(text=load_meta(tmp_path / "meta.yaml"), config=config, platforms=LINUX)
    (one,) = render_legacy(made)
    assert one.variant.origin("flour") == Origin(source=str(last), line=2)
    assert one.variant.origin("salt") == Origin(source="--variant")
    assert one.variant.origin("target_platform") == Origin(source="a default of conda-build")
    assert origin_of(str(first), "flour", 1, config) == Origin(source=str(first), line=3)


def test_siblings_are_those_of_the_same_values(tmp_path: Path) -> None:
    found = render(tmp_path, OUTPUTS, {"flour": ("1", "2")})
    libraries = {one.variant["flour"]: one for one in found if one.output.name == "libdough"}
    for bread in (one for one in found if one.output.name == "bread"):
        library = libraries[bread.variant["flour"]]
        assert bread.siblings == (Sibling(name="libdough", version="2", build_string=library.build_string),)


def test_pins_of_the_variant_files_come_along(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: '1'\n"
    (one,) = render(tmp_path, text, {"pin_run_as_build": {"flour": "x.x"}})
    pins = {name: pin.spec(name, "1.2.3", "0") for name, pin in one.pins}
    assert pins["flour"] == "flour >=1.2,<1.3.0a0"
    assert pins["python"] == "python >=1.2,<1.3.0a0"


def test_noarch_goes_into_its_own_folder(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: '1'\nbuild:\n  noarch: python\n"
    (one,) = render(tmp_path, text)
    assert (one.subdir, one.output.build.noarch, one.platforms) == ("noarch", "python", LINUX)


class TestOverrides:
    TEXT = "package:\n  name: a\n  version: '1'\nbuild:\n  number: 3\nrequirements:\n  host:\n    - flour\n"

    def test_a_build_number(self, tmp_path: Path) -> None:
        plain = render(tmp_path, self.TEXT, {"flour": "1"})[0]
        (one,) = render(tmp_path, self.TEXT, {"flour": "1"}, override=Override(build_number=0))
        assert (one.output.build.number, one.build_string, one.hash) == (0, f"h{plain.hash}_0", plain.hash)

    def test_of_every_output(self, tmp_path: Path) -> None:
        text = OUTPUTS.replace('    version: "2"\n', '    version: "2"\n    build:\n      number: 5\n')
        found = render(tmp_path, text, {"flour": "1"}, override=Override(build_number=8))
        assert {one.output.build.number for one in found} == {8}
        bread = next(one for one in found if one.output.name == "bread")
        assert bread.siblings[0].build_string.endswith("_8")

    def test_a_prefix_reaches_siblings(self, tmp_path: Path) -> None:
        found = render(tmp_path, OUTPUTS, {"flour": "1"}, override=Override(build_string_prefix="fresh"))
        assert all(one.build_string.startswith("fresh_") for one in found)
        assert next(one for one in found if one.siblings).siblings[0].build_string.startswith("fresh_")

    def test_no_prefix_for_what_the_recipe_says(self, tmp_path: Path) -> None:
        text = self.TEXT.replace("number: 3", "number: 3\n  string: own_3")
        (one,) = render(tmp_path, text, {"flour": "1"}, override=Override(build_string_prefix="fresh"))
        assert one.build_string == "own_3"


class TestSeveralOfOneName:
    """conda-build builds both, and the second replaces the first."""

    TEXT = "package:\n  name: a\n  version: '1'\nbuild:\n  string: own\nrequirements:\n  host:\n    - flour\n"

    def test_all_are_rendered_and_the_last_is_built(self, tmp_path: Path) -> None:
        found = render(tmp_path, self.TEXT, {"flour": ("1", "2")})
        assert [one.variant["flour"] for one in found] == ["1", "2"]
        assert [one.variant["flour"] for one in last_of_each(found)] == ["2"]
        refuse_collisions(last_of_each(found))
        with pytest.raises(RecipeError, match="two variants would both be"):
            refuse_collisions(found)

    def test_others_stay_in_their_order(self, tmp_path: Path) -> None:
        found = render(tmp_path, OUTPUTS, {"flour": ("1", "2")})
        assert last_of_each(found) == found


def test_variables_that_the_recipe_names_are_told(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: {{ environ.get('YEAST', '0') }}\n"
    (one,) = render(tmp_path, text, environment={"YEAST": "7", "OVEN": "hot"})
    assert one.output.version == "7"
    assert [(answer.subject, answer.question) for answer in one.asked] == [("environment", "YEAST")]
    assert one.asked[0].digest == hashlib.sha256(b"7").hexdigest()


def test_what_makes_no_name_is_refused_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has capitals") as caught:
        render(tmp_path, "package:\n  name: Bread\n  version: 1-0\n")
    assert [problem.place.line for problem in caught.value.problems if problem.place] == [2, 3]


def test_warnings_and_obstacles_are_on_every_rendering(tmp_path: Path) -> None:
    text = OUTPUTS + "about:\n  license: Not An Expression\n"
    found = render(tmp_path, text, {"flour": "1"})
    assert len({one.warnings for one in found}) == 1
    assert any("SPDX" in warning.message for warning in found[0].warnings)
    assert found[0].obstacles == ()


def test_a_section_that_there_is_not(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: '1'\nrequirments:\n  host:\n    - flour\n"
    (one,) = render(tmp_path, text)
    (warning,) = [warning for warning in one.warnings if warning.code == "recipe.unknown-section"]
    assert warning.message == "there is no section 'requirments'"
    assert warning.remedy == "did you mean 'requirements'?"
    assert warning.place is not None
    assert warning.place.line == 4


def test_reasons_are_one_object_for_renderings_with_the_same_keys(tmp_path: Path) -> None:
    """What is shown of thousands of variants is written once."""
    found = render(tmp_path, OUTPUTS, {"flour": ("1", "2")})
    breads = [one for one in found if one.output.name == "bread"]
    assert breads[0].why is breads[1].why
    assert dict(breads[0].why) == {"flour": "found in the recipe or its scripts", "target_platform": "always"}


def test_a_rendering_is_told_as_a_document(tmp_path: Path) -> None:
    from builder.matrix import rendering_document

    (one,) = render(tmp_path, "package:\n  name: a\n  version: '1'\n")
    document = rendering_document(one)
    assert json.loads(json.dumps(document)) == document
    assert (document["name"], document["recipe"]) == ("a", str(tmp_path / "meta.yaml"))
