"""A traced evaluation tells every reading, and is otherwise like any other."""

from __future__ import annotations

from pathlib import Path

from builder.recipe import Request, evaluate, load
from builder.recipe.trace import Trace
from tests.recipe.given import LINUX

RECIPE = """\
context:
  one: ${{ key }}
  two: ${{ one }}-${{ one }}
package:
  name: a
  version: "1"
build:
  script:
    - make ${{ two }} ${{ other if win }} ${{ key }}
requirements:
  host:
    - if: key == "x"
      then: b
"""


def test_readings_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (output,) = load(tmp_path).outputs
    trace = Trace()
    variant = {"key": "x", "other": "y"}
    seen = evaluate(output, Request(variant=variant, platforms=LINUX, trace=trace))
    read = [(sight.name, sight.path) for sight in trace.sights if sight.how == "read"]
    assert read == [
        ("key", "context.one"), ("win", "build.script[0]"), ("key", "build.script[0]"), ("key", "requirements.host[0]"),
    ]  # fmt: skip
    through = [(sight.name, sight.path) for sight in trace.sights if sight.how == "context"]
    assert through == [
        ("one", "context.two"), ("one", "context.two"), ("two", "build.script"), ("two", "build.script[0]"),
    ]  # fmt: skip
    mentioned = {sight.name for sight in trace.sights if sight.how == "mentioned"}
    assert mentioned == {"key", "other", "win"}
    assert set(seen.read) == {sight.name for sight in trace.sights if sight.how != "context"} | {"b"}
    assert [what for what in trace.made.values() if isinstance(what, bool)] == [True]
    assert {"x", "x-x", "make x-x  x"} <= {what for what in trace.made.values() if isinstance(what, str)}
    assert evaluate(output, Request(variant=variant, platforms=LINUX)) == seen
