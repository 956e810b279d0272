"""The JSON documents of explanations."""

from __future__ import annotations

import json
from pathlib import Path

from builder.matrix.explained import comparison_document, explanation_document
from tests.matrix.asking import explained

RECIPE = """\
context:
  version: "1"
package:
  name: a
  version: ${{ version }}
requirements:
  host:
    - python
    - if: win
      then: ${{ blas }}
"""
VARIANTS = "python:\n  - '3.12'\n  - '3.13'\nblas: [mkl]\nzip_keys: []\nunread: [true]\n"


def test_a_document_holds_every_fact(tmp_path: Path) -> None:
    one, _ = explained(tmp_path, RECIPE, "python: ['3.9']\n", VARIANTS)
    document = explanation_document(one)
    assert json.loads(json.dumps(document)) == document
    file, variants = str(tmp_path / "recipe.yaml"), str(tmp_path / "variants2.yaml")
    assert document["hash_input"] == '{"python": "3.12", "target_platform": "linux-64"}'
    assert document["used"] == {
        "python": {
            "value": "3.12", "given": None, "origin": f"{variants}:2", "choices": ["3.12", "3.13"],
            "replaced": [{"values": ["3.9"], "origin": f"{tmp_path / 'variants1.yaml'}:1"}], "zipped": [], "zip_place": None,
            "reasons": [{
                "through": "requirement", "name": None, "text": "python", "path": "requirements.host",
                "file": file, "line": 8, "column": 7, "frame": "    - python", "further": [],
            }],
        },
        "target_platform": {
            "value": "linux-64", "given": None, "origin": "--target-platform", "choices": ["linux-64"], "replaced": [],
            "zipped": [], "zip_place": None,
            "reasons": [{
                "through": "always", "name": None, "text": "What is built for; `noarch` in the hash of noarch packages.",
                "path": None, "file": None, "line": None, "column": None, "frame": None, "further": [],
            }],
        },
    }  # fmt: skip
    assert document["unused"] == {
        "blas": {
            "obstacle": "branch", "why": "it stands under then of `if: win` (line 9), which does not hold",
            "text": "blas", "file": file, "line": 10, "column": 17, "frame": "      then: ${{ blas }}",
            "choices": ["mkl"], "origin": f"{variants}:4",
        },
    }  # fmt: skip
    assert document["unmentioned"] == ["build_platform", "unread"]
    parts = document["parts"]
    assert isinstance(parts, list)
    assert [part["text"] for part in parts] == ["a", "1", "py312", f"h{one.rendering.hash}", "_0"]
    assert [through["path"] for through in parts[1]["through"]] == ["context.version"]


def test_two_are_compared_by_what_differs(tmp_path: Path) -> None:
    one, other = explained(tmp_path, RECIPE, VARIANTS)
    document = comparison_document(one, other)
    assert document["differs"] == {"python": ["3.12", "3.13"]}
    assert document["second"] == explanation_document(other)
    assert comparison_document(one, one)["differs"] == {}


def test_a_key_that_one_of_two_does_not_have_and_values_of_other_types(tmp_path: Path) -> None:
    recipe = "recipe: {version: '1'}\noutputs:\n  - package: {name: a}\n    about: {summary: '${{ key }}'}\n  - package: {name: b}\n"
    a, b = explained(tmp_path, recipe, "key: [1]\n")
    assert comparison_document(a, b)["differs"] == {"key": [1, None]}
    (typed, _) = explained(tmp_path, recipe, "key: ['1']\n")
    assert comparison_document(a, typed)["differs"] == {"key": [1, "1"]}
