"""The text that stands for an output in recipe keys."""

from __future__ import annotations

import json
from pathlib import Path

from tests.recipe.v0.test_output import output_of

RECIPE = """
package: {name: it, version: '1'}
build:
  run_exports:
    - {{ pin_subpackage("it", max_pin=%s) }}
requirements:
  run:
    - zlib
    - {{ pin_compatible("numpy", lower_bound="1.19") }}
    - {{ pin_subpackage("it-data", exact=True) }}
extra: {final: yes}
outputs:
  - name: it
  - name: it-data
    build:
      number: 3
"""


def test_sections_stand_in_conda_builds_order_and_pins_apart(tmp_path: Path) -> None:
    found = json.loads(output_of(tmp_path, RECIPE % "'x.x'", name="it").rendered)
    assert list(found) == ["package", "build", "requirements", "outputs", "extra", "pins", "output"]
    assert found["requirements"]["run"] == ["zlib", "numpy", "it-data"]
    assert found["pins"] == {
        "run": [
            {"pin_compatible": {"name": "numpy", "min_pin": "x.x.x.x.x.x", "max_pin": "x", "lower_bound": "1.19"}},
            {"pin_subpackage": {"name": "it-data", "exact": True}},
        ],
        "weak": [{"pin_subpackage": {"name": "it", "min_pin": "x.x.x.x.x.x", "max_pin": "x.x"}}],
    }
    assert found["output"]["name"] == "it"


def test_another_output_is_without_its_siblings(tmp_path: Path) -> None:
    found = json.loads(output_of(tmp_path, RECIPE % "'x.x'", name="it-data").rendered)
    assert "outputs" not in found
    assert found["pins"] == {}
    assert found["build"] == {"number": "3"}


def test_a_pin_is_part_of_it(tmp_path: Path) -> None:
    one, other = (output_of(tmp_path, RECIPE % bound, name="it").rendered for bound in ("'x.x'", "'x'"))
    assert one != other
    assert one == output_of(tmp_path, RECIPE % "'x.x'", name="it").rendered
