"""Each line of a recipe, or of its scripts, that brings a key into the used variant of an output."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix.v0 import read_config
from builder.matrix.v0.reasons import LegacyReasons
from builder.matrix.v0.rendering import LegacyQuestion, rendered
from builder.matrix.v0.usage import Subject
from builder.model.explanation import Reason
from builder.model.rendering import Platforms
from builder.recipe.v0 import load_meta

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

TEXT = """\
{% set leaven = yeast %}
package:
  name: bakery
  version: "1"
build:
  skip: true  # [salt == "none"]
  force_use_keys:
    - oven
requirements:
  build:
    - {{ compiler("c") }}
  host:
    - flour
    - flour-mill
outputs:
  - name: libdough
    requirements:
      host:
        - flour
  - name: bread
    script: bread.sh
    requirements:
      host:
        - flour-mill
    about:
      summary: baked  # [salt == "coarse"]
"""

VALUES = "".join(
    f"{key}:\n  - {value}\n"
    for key, value in {
        "yeast": "dry", "salt": "coarse", "oven": "hot", "flour": "1", "flour_mill": "2", "pan": "flat",
        "c_compiler_version": "13", "channel_targets": "here main", "CONDA_BUILD_SYSROOT": "/opt",
    }.items()
)  # fmt: skip


@pytest.fixture
def reasons(tmp_path: Path) -> dict[str, LegacyReasons]:
    """By output; `bakery` is the recipe itself, which is an output of no other name here."""
    (tmp_path / "meta.yaml").write_text(TEXT)
    (tmp_path / "bread.sh").write_text("set -e\nbake --in $pan \nbake $pan \n")
    (tmp_path / "cbc.yaml").write_text(VALUES)
    text = load_meta(tmp_path / "meta.yaml", lambda path: (tmp_path / path).read_bytes())
    config = read_config([tmp_path / "cbc.yaml"], {}, LINUX, {})
    found, _ = rendered(LegacyQuestion(text=text, config=config, platforms=LINUX))
    return {
        one.metadata.name: LegacyReasons(Subject(text=text, output=one.output, scope=one.scope, top=one.top))
        for one in found
    }


def told(reasons: tuple[Reason, ...]) -> list[tuple[str, str, int | None]]:
    return [(one.through, one.text, one.place.line if one.place else None) for one in reasons]


def test_a_requirement_without_a_version(reasons: dict[str, LegacyReasons]) -> None:
    assert told(reasons["libdough"].of("flour")) == [("requirement", "flour", 19)]
    assert told(reasons["bread"].of("flour")) == []


def test_a_dash_is_an_underscore(reasons: dict[str, LegacyReasons]) -> None:
    assert told(reasons["bread"].of("flour_mill")) == [("requirement", "flour-mill", 24)]


def test_a_selector(reasons: dict[str, LegacyReasons]) -> None:
    assert told(reasons["bread"].of("salt")) == [("selector", '[salt == "coarse"]', 26)]


def test_a_script_of_its_own(reasons: dict[str, LegacyReasons], tmp_path: Path) -> None:
    (reason,) = reasons["bread"].of("pan")
    assert (reason.through, reason.text, reason.path) == ("variable", "bake --in $pan", "bread.sh")
    assert reason.place is not None
    assert (reason.place.file, reason.place.line) == (str(tmp_path / "bread.sh"), 2)


def test_what_always_counts(reasons: dict[str, LegacyReasons]) -> None:
    assert [one.through for one in reasons["bread"].of("target_platform")] == ["always"]
    assert [one.through for one in reasons["bread"].of("channel_targets")] == ["always"]


class TestTheRecipeItself:
    @pytest.fixture
    def own(self, tmp_path: Path) -> LegacyReasons:
        text = TEXT.partition("outputs:")[0]
        (tmp_path / "meta.yaml").write_text(text)
        (tmp_path / "build.sh").write_text("bake ${pan} \n")
        (tmp_path / "cbc.yaml").write_text(VALUES)
        recipe = load_meta(tmp_path / "meta.yaml", lambda path: (tmp_path / path).read_bytes())
        config = read_config([tmp_path / "cbc.yaml"], {}, LINUX, {})
        (found,), _ = rendered(LegacyQuestion(text=recipe, config=config, platforms=LINUX))
        return LegacyReasons(Subject(text=recipe, output=found.output, scope=found.scope, top=found.top))

    def test_a_statement(self, own: LegacyReasons) -> None:
        assert told(own.of("yeast")) == [("expression", "{% set leaven = yeast %}", 1)]

    def test_a_function(self, own: LegacyReasons) -> None:
        assert told(own.of("c_compiler_version")) == [("expression", '{{ compiler("c") }}', 11)]

    def test_what_a_compiler_brings(self, own: LegacyReasons) -> None:
        assert told(own.of("CONDA_BUILD_SYSROOT")) == [("expression", '{{ compiler("c") }}', 11)]

    def test_a_selector_that_takes_its_line_away(self, own: LegacyReasons) -> None:
        assert told(own.of("salt")) == [("selector", '[salt == "none"]', 6)]

    def test_a_key_that_is_forced(self, own: LegacyReasons) -> None:
        found, reason = own.of("oven")
        assert found.through == "requirement"  # conda-build takes any item of a list for one
        assert (reason.through, reason.path) == ("use_keys", "build.force_use_keys")
        assert reason.place is not None
        assert reason.place.line == 7

    def test_the_default_script(self, own: LegacyReasons) -> None:
        assert [(one.through, one.path) for one in own.of("pan")] == [("variable", "build.sh")]

    def test_what_nobody_uses(self, own: LegacyReasons) -> None:
        assert own.of("nothing") == ()
