"""Which outputs the outputs of a ``meta.yaml`` pin, and which run requirements are pinned."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from builder.matrix.v0 import read_config, render_meta
from builder.matrix.v0.render import LegacyRendering
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.matrix.v0.siblings import LegacySiblings, run_pins
from builder.model.legacy_pin import LegacyPin
from builder.model.recipe import PinSubpackage, Requirement
from builder.model.rendering import Platforms, Rendering, Sibling
from builder.recipe.v0 import Remarks, load_meta, package_output
from builder.recipe.v0.scope import Fixed

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
RECIPE = """\
package: {name: it-split, version: '1.5'}
outputs:
  - name: libit
    requirements:
      host:
        - zlib
  - name: it
    version: '2'
    build:
      run_exports:
        - {{ pin_subpackage("it", max_pin="x.x") }}
    requirements:
      host:
        - python
        - zlib
        - {{ pin_subpackage("libit", exact=True) }}
      run:
        - python
        - {{ pin_subpackage("libit", exact=True) }}
      run_constrained:
        - {{ pin_subpackage("it-nothing") }}
  - name: it-alone
    requirements:
      run:
        - {{ pin_subpackage("it-fixed") }}
        - {{ pin_subpackage("libit") }}
  - name: it-fixed
"""


def found(folder: Path, variants: str) -> list[tuple[LegacyRendering, tuple[Sibling, ...]]]:
    """Return the renderings of the recipe with the siblings that each pins."""
    (folder / "meta.yaml").write_text(RECIPE)
    (folder / "variants.yaml").write_text(variants)
    text = load_meta(folder / "meta.yaml")
    config = read_config([folder / "variants.yaml"], {}, LINUX, {})
    renderings = render_meta(text, config, LINUX, {})
    siblings = LegacySiblings(renderings)
    made = []
    for one in renderings:
        output = package_output(one.output, text, one.scope, Remarks(file="meta.yaml"))
        made.append((one, siblings.of(one, output.requirements)))
    return made


def test_of_several_siblings_it_is_the_one_with_the_same_values(tmp_path: Path) -> None:
    renderings = found(tmp_path, "python:\n  - 3.11\n  - 3.12\nzlib:\n  - 1.2\n  - 1.3\n")
    libraries = {str(one.used["zlib"]): one.build_string for one, _ in renderings if one.metadata.name == "libit"}
    assert len(set(libraries.values())) == 2
    own = [(one, pinned) for one, pinned in renderings if one.metadata.name == "it"]
    assert len(own) == 4
    for one, pinned in own:
        expected = Sibling(name="libit", version="1.5", build_string=libraries[str(one.used["zlib"])])
        assert pinned == (expected,)


def test_the_only_one_of_a_name_is_taken_and_of_strangers_the_first_that_agrees(tmp_path: Path) -> None:
    renderings = found(tmp_path, "zlib:\n  - 1.2\n  - 1.3\n")
    ((one, pinned),) = [(one, pinned) for one, pinned in renderings if one.metadata.name == "it-alone"]
    builds = {sibling.name: sibling.build_string for sibling in pinned}
    assert "zlib" not in one.used
    agreeing = [each for each, _ in renderings if each.used.get("zlib") == one.scope.variant["zlib"]]
    assert [builds["libit"]] == [each.build_string for each in agreeing if each.metadata.name == "libit"]
    assert builds["it-fixed"] == "0"


@pytest.mark.parametrize(
    ("said", "pins"),
    [
        ({}, ()),
        (
            {"python": {"min_pin": "x.x", "max_pin": "x.x"}, "Boost": "x.x.x", "zlib": {"max_pin": "x.x"}},
            (
                ("boost", LegacyPin(min_pin="x.x.x", max_pin="x.x.x")),
                ("python", LegacyPin(min_pin="x.x", max_pin="x.x")),
                ("zlib", LegacyPin(min_pin="x.x.x.x.x.x.x", max_pin="x.x")),
            ),
        ),
        ({"zlib": {"min_pin": "", "max_pin": "x"}}, (("zlib", LegacyPin(min_pin=None, max_pin="x")),)),
    ],
)
def test_pins_of_run_requirements(said: dict[str, Fixed], pins: tuple[tuple[str, LegacyPin], ...]) -> None:
    assert run_pins({"pin_run_as_build": said}) == pins


def test_without_the_key_nothing_is_pinned() -> None:
    assert run_pins({"python": "3.12"}) == ()


PINS = Path(__file__).parent / "pins"
KINDS = {"weak": "weak", "strong": "strong", "weak_constrains": "weak_constraints"}


def resolved(one: Rendering, wanted: Iterable[Requirement]) -> list[str]:
    """Return requirements with their pins as the siblings resolve them."""
    by_name = {sibling.name: (sibling.version, sibling.build_string) for sibling in one.siblings}
    own = (one.output.version, one.build_string)
    return sorted(
        each.pin.spec(each.name, *by_name.get(each.name, own)) if isinstance(each, PinSubpackage) else str(each)
        for each in wanted
    )


def test_pins_come_to_what_conda_build_makes_of_them_in_the_end() -> None:
    """``facts.json`` is conda-build 26.7's ``render`` with ``finalize=True``."""
    text = load_meta(PINS / "meta.yaml")
    config = read_config([PINS / "variants.yaml"], {}, LINUX, {})
    ours = []
    for one in render_legacy(LegacyQuestion(text=text, config=config, platforms=LINUX)):
        needs = one.output.requirements
        exports = {theirs: resolved(one, getattr(needs.run_exports, name)) for theirs, name in KINDS.items()}
        ours.append({
            "name": one.output.name,
            "version": one.output.version,
            "build": one.build_string,
            "run": resolved(one, needs.run),
            "run_constrained": resolved(one, needs.run_constraints),
            "run_exports": {kind: specs for kind, specs in exports.items() if specs},
        })  # fmt: skip
    facts = json.loads((PINS / "facts.json").read_text())
    assert sorted(ours, key=lambda one: (str(one["name"]), str(one["build"]))) == facts
