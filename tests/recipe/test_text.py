"""What a recipe file is before it is evaluated."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.recipe import load

RECIPE = """
recipe:
  name: kit
  version: "1.0"
outputs:
  - staging:
      name: kit-build
    build:
      script: make
  - package:
      name: ${{ flavour }}-kit
    inherit: kit-build
    requirements:
      host: [zlib]
"""


def test_outputs_come_in_their_order_with_kind_name_and_parent(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    text = load(tmp_path)
    assert [(one.index, one.kind, one.name, one.inherits) for one in text.outputs] == [
        (0, "staging", "kit-build", None),
        (1, "package", "${{ flavour }}-kit", "kit-build"),
    ]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    assert load(tmp_path).digest == hashlib.sha256(RECIPE.encode()).hexdigest()
    assert load(tmp_path / "recipe.yaml").file == load(tmp_path).file


def test_mentioned_are_the_names_of_expressions(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    package = load(tmp_path).outputs[1]
    assert package.mentioned == {"flavour"}
