"""Variables of Windows may begin a value, as nothing with a percent sign may in YAML."""

from __future__ import annotations

from pathlib import Path

from builder.model.rendering import Platforms
from builder.recipe.v0 import Scope, load_meta
from builder.recipe.v0.windows import as_cmd, marked
from builder.syntax.legacy.data import Plain

RECIPE = """\
package:
  name: a
  version: "1"
build:
  script:
    - {{ PYTHON }} -m pip install .
  rpaths: {{ SP_DIR }}/lib
requirements:
  host:
    - python
"""


def test_a_value_may_begin_with_a_variable(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text(RECIPE)
    platforms = Platforms(target="win-64", host="win-64", build="win-64")
    found = load_meta(tmp_path / "meta.yaml").resolved(Scope({}, platforms, {}))
    assert found.texts("build", "script") == ["%PYTHON% -m pip install ."]
    assert found.text("build", "rpaths") == "%SP_DIR%/lib"


def test_marks_go_wherever_they_are() -> None:
    value: Plain = {"a": [marked("X"), {"b": f"{marked('Y')} {marked('Z')}"}, True], "c": "100%", "d": None}
    assert as_cmd(value) == {"a": ["%X%", {"b": "%Y% %Z%"}, True], "c": "100%", "d": None}
