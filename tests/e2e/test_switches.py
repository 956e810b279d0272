"""What must be asked for, from the recipe to the installed package: flags, extras, conditions, steps, pins of conda-build."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.e2e.command import Bakehouse
from tests.e2e.solving import picks

pytestmark = pytest.mark.sandbox

DOUGH = """
package: {name: dough, version: "1.4.2"}
build:
  script: mkdir -p "$PREFIX/share"; echo dough > "$PREFIX/share/dough.txt"
"""
CAKE = """
context:
  data: ${{ load_from_file("data/cake.json") }}
package:
  name: cake
  version: ${{ data.version }}
build:
  flags: [sweet, "icing:${{ env.get('ICING', default='none') }}"]
  steps:
    - if: unix
      run: mkdir -p "$PREFIX/share/cake"
    - run: echo "${{ WORD }}" > word.txt
      env:
        WORD: fresh
      cwd: share/cake
    - run: echo "${WORD:-unset}" > "$PREFIX/share/cake/unset.txt"
    - if: win
      run: exit 1
requirements:
  host: [dough]
  run:
    - dough
    - 'dough >=1[when="__unix"]'
  extras:
    party: [dough >=1.4]
tests:
  - script:
      - grep fresh "$PREFIX/share/cake/word.txt"
      - grep unset "$PREFIX/share/cake/unset.txt"
      - test -f "$PREFIX/share/dough.txt"
"""
SWITCHES = ("--v3", "--experimental", "--allow-env", "ICING", "--conda-build-rule", "pin_run_as_build")


def written(folder: Path) -> Path:
    for name, text in (("dough", DOUGH), ("cake", CAKE)):
        (folder / name).mkdir(parents=True)
        (folder / name / "recipe.yaml").write_text(text)
    (folder / "cake" / "data").mkdir()
    (folder / "cake" / "data" / "cake.json").write_text('{"version": "3.1"}')
    (folder / "cake" / "variants.yaml").write_text("pin_run_as_build: {dough: x.x}\n")
    return folder


def test_all_of_it_from_the_recipe_to_the_solver(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, out = written(tmp_path / "recipes"), tmp_path / "out"
    both = (recipes / "dough", recipes / "cake")

    refused = bakehouse.run("build", *both, "--out", out)
    assert refused.returncode == 2
    for words in ("build.flags needs --v3", "requirements.extras needs --v3", "build.steps needs --experimental"):
        assert words in refused.stderr
    assert not list(tmp_path.glob("out/*/*.conda"))

    iced = replace(bakehouse, environment=(("ICING", "lemon"),))
    iced.good("build", *both, "--out", out, *SWITCHES)
    (file,) = (out / "linux-64").glob("cake-3.1-*.conda")
    package = read_package(file)
    index = package.index()
    assert index["flags"] == ["sweet", "icing:lemon"]
    assert index["extra_depends"] == {"party": ["dough >=1.4"]}
    assert index["depends"] == ["dough >=1.4,<1.5.0a0", 'dough >=1.4,<1.5.0a0[when="__unix"]']
    assert (index["schema_version"], index["repodata_revision"]) == (3, 3)
    assert package.read_info("recipe/data/cake.json") == b'{"version": "3.1"}'

    document = json.loads((out / "linux-64" / "repodata.json").read_text())
    assert [name.partition("-")[0] for name in document["packages.conda"]] == ["dough"]
    (record,) = document["v3"]["conda"].values()
    assert record["depends"] == ['dough[version=">=1.4,<1.5.0a0"]', 'dough[version=">=1.4,<1.5.0a0",when="__unix"]']
    assert set(picks(out, ["cake[flags=['icing:*', sweet], extras=[party]]"])) == {"cake", "dough"}

    again = iced.good("plan", *both, "--out", out, *SWITCHES)
    assert again.endswith("2 reuse\n")
    (recipes / "cake" / "data" / "cake.json").write_text('{"version": "3.1", "more": 1}')
    assert "the file data/cake.json" in iced.good("plan", *both, "--out", out, *SWITCHES)
    (recipes / "cake" / "data" / "cake.json").write_text('{"version": "3.1"}')
    plain = bakehouse.good("plan", *both, "--out", out, *SWITCHES)
    assert "the environment variable ICING" in plain
    (told,) = json.loads(iced.good("render", recipes / "cake", *SWITCHES, "--json"))
    assert [(one["subject"], one["question"]) for one in told["asked"]] == [
        ("file", "data/cake.json"),
        ("environment", "ICING"),
    ]
