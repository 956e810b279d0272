"""Two packages that need each other to run: built, tested together, published together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Bakehouse, indexed, packages

pytestmark = pytest.mark.sandbox

RECIPE = """\
package:
  name: {name}
  version: "1"
build:
  script: mkdir -p $PREFIX/share && echo {name} > $PREFIX/share/{name}.txt
requirements:
  run: [{other}]
tests:
  - script: {test}
about:
  license: CC0-1.0
"""
USER = """\
package:
  name: sandwich
  version: "1"
build:
  script: mkdir -p $PREFIX/share && cat $PREFIX/share/bread.txt $PREFIX/share/butter.txt > $PREFIX/share/sandwich.txt
requirements:
  host: [bread]
about:
  license: CC0-1.0
"""
BOTH = "cat $PREFIX/share/bread.txt $PREFIX/share/butter.txt"


def kitchen(folder: Path, *, bread: str = BOTH, butter: str = BOTH) -> Path:
    texts = {
        "bread": RECIPE.format(name="bread", other="butter", test=bread),
        "butter": RECIPE.format(name="butter", other="bread", test=butter),
        "sandwich": USER,
    }
    for name, text in texts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "recipe.yaml").write_text(text)
    return folder


def names(channel: Path) -> list[str]:
    return [path.rpartition("/")[2].partition("-")[0] for path in packages(channel)]


def test_both_are_tested_in_one_environment_before_anybody_uses_them(bakehouse: Bakehouse, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    found = bakehouse.document("build", kitchen(tmp_path / "r"), "--out", channel, "-j", "2", "--offline")
    assert isinstance(found, list)
    assert {Path(one["path"]).name.partition("-")[0]: [test["passed"] for test in one["tests"]] for one in found} == {
        "bread": [True], "butter": [True], "sandwich": [],
    }  # fmt: skip
    assert packages(channel) == indexed(channel)
    again = bakehouse.document("build", tmp_path / "r", "--out", channel, "--offline")
    assert isinstance(again, list)
    assert {one["ending"] for one in again} == {"reused"}


def test_a_failure_of_one_keeps_both_out_and_the_same_command_goes_on(bakehouse: Bakehouse, tmp_path: Path) -> None:
    channel, recipes = tmp_path / "channel", kitchen(tmp_path / "r", bread="grep bagel $PREFIX/share/butter.txt")
    done = bakehouse.run("build", recipes, "--out", channel, "--offline", "--keep-going", "--progress", "plain")
    assert done.returncode == 1
    assert "bread-1-hb0f4dca_0.conda stays out of the channel: its test failed" in done.stderr
    assert "it needs bread-1-hb0f4dca_0.conda to run, which failed its tests" in done.stderr
    assert names(channel) == []
    kitchen(recipes)
    bakehouse.good("build", recipes, "--out", channel, "--offline", "-q")
    assert names(channel) == ["bread", "butter", "sandwich"]


def test_one_that_changes_alone_is_tested_with_the_other_of_the_channel(bakehouse: Bakehouse, tmp_path: Path) -> None:
    channel, recipes = tmp_path / "channel", kitchen(tmp_path / "r")
    bakehouse.good("build", recipes, "--out", channel, "--offline", "-q")
    kitchen(recipes, bread=f"{BOTH} | wc -l | grep -x 2")
    found = bakehouse.document("build", recipes, "--out", channel, "--offline")
    assert isinstance(found, list)
    endings = {Path(one["path"]).name.partition("-")[0]: one["ending"] for one in found}
    assert endings == {"bread": "built", "butter": "reused", "sandwich": "reused"}
