"""Packages of compilers as conda-forge makes them: their activation writes into the build environment that it activates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Bakehouse, packages

pytestmark = pytest.mark.sandbox

KIT = r"""
package: {name: kit, version: "1.0"}
build:
  script:
    - mkdir -p "$PREFIX/bin" "$PREFIX/etc/conda/activate.d" "$PREFIX/etc/conda/deactivate.d"
    - printf '#!/bin/sh\necho kit "$@"\n' > "$PREFIX/bin/x86_64-conda-linux-gnu-kit"
    - chmod 755 "$PREFIX/bin/x86_64-conda-linux-gnu-kit"
    - cp "$RECIPE_DIR/activate.sh" "$PREFIX/etc/conda/activate.d/kit.sh"
    - cp "$RECIPE_DIR/deactivate.sh" "$PREFIX/etc/conda/deactivate.d/kit.sh"
tests:
  - script:
      - test "$(kit as a test)" = "kit as a test"
      - source "$CONDA_PREFIX/etc/conda/deactivate.d/kit.sh"
      - test ! -e "$CONDA_PREFIX/bin/kit"
"""

ACTIVATE = """
if [ "${CONDA_BUILD-}" = 1 ] && [ -n "${BUILD_PREFIX-}" ]; then
    ln -sf "$BUILD_PREFIX/bin/x86_64-conda-linux-gnu-kit" "$BUILD_PREFIX/bin/kit"
    echo activated >> "$BUILD_PREFIX/bin/x86_64-conda-linux-gnu-kit.log"
else
    ln -sf x86_64-conda-linux-gnu-kit "$CONDA_PREFIX/bin/kit"
fi
export KIT=kit
"""

USER = """
package: {name: NAME, version: "1.0"}
build:
  script:
    - test "$(command -v $KIT)" = "$BUILD_PREFIX/bin/kit"
    - test "$(wc -l < "$BUILD_PREFIX/bin/x86_64-conda-linux-gnu-kit.log")" = 1
    - mkdir -p "$PREFIX/share"
    - kit for NAME > "$PREFIX/share/NAME.txt"
    - sed -i 's/echo/echo spoiled/' "$BUILD_PREFIX/bin/x86_64-conda-linux-gnu-kit"
requirements:
  build: [kit]
tests:
  - package_contents:
      strict: true
      files: [share/NAME.txt]
  - script: test "$(cat "$PREFIX/share/NAME.txt")" = "kit for NAME"
"""


def test_links_made_by_activation_work_and_stay_in_their_task(bakehouse: Bakehouse, tmp_path: Path) -> None:
    """Two tasks share one environment: neither sees what the other wrote there, and no package holds it."""
    for name, text in (("kit", KIT), ("one", USER.replace("NAME", "one")), ("two", USER.replace("NAME", "two"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.yaml").write_text(text)
    (tmp_path / "kit" / "activate.sh").write_text(ACTIVATE)
    (tmp_path / "kit" / "deactivate.sh").write_text('rm -f "$CONDA_PREFIX/bin/kit"\nunset KIT\n')
    recipes = [tmp_path / name for name in ("kit", "one", "two")]
    document = bakehouse.document("build", *recipes, "--out", tmp_path / "out", "-j", "1")
    assert isinstance(document, list)
    assert all(test["passed"] for one in document for test in one["tests"])
    assert sum(len(one["tests"]) for one in document) == 5
    assert len(packages(tmp_path / "out")) == 3
