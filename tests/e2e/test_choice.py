"""Builds that differ in one variant key: solvers choose the same one whatever the order, and are warned of when they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Bakehouse, packages
from tests.e2e.conftest import MakeBakehouse
from tests.e2e.solving import picks

pytestmark = pytest.mark.sandbox

JAM = """
package: {name: jam, version: "1.0"}
build:
  script:
    - mkdir -p "$PREFIX/share"
    - echo ${{ flavour }} > "$PREFIX/share/jam.txt"
  variant:
    down_prioritize_variant: CHOICE
requirements:
  run_exports: ['${{ pin_subpackage("jam") }}']
"""

TOAST = """
package: {name: toast, version: "1.0"}
build:
  script:
    - cp "$PREFIX/share/jam.txt" "$PREFIX/share/toast.txt"
requirements:
  host: [jam]
"""

CHOOSING = '${{ 1 if flavour == "sour" else 0 }}'


def write(folder: Path, choice: str = CHOOSING) -> Path:
    for name, text in (("jam", JAM.replace("CHOICE", choice)), ("toast", TOAST)):
        (folder / name).mkdir(parents=True)
        (folder / name / "recipe.yaml").write_text(text)
    return folder


def flavours(folder: Path, *order: str) -> Path:
    file = folder / f"{'-'.join(order)}.yaml"
    file.write_text(f"flavour: [{', '.join(order)}]\n")
    return file


def build(bakehouse: Bakehouse, out: Path, *paths: Path | str) -> None:
    bakehouse.good("build", *paths, "--out", out, "-j", "1", "-q")


def test_the_order_of_builds_changes_neither_picks_nor_bytes(make_bakehouse: MakeBakehouse, tmp_path: Path) -> None:
    """The order of the variants, the order of publishing, one run or three."""
    recipes = write(tmp_path / "recipes")
    straight, swapped = flavours(tmp_path, "sweet", "sour"), flavours(tmp_path, "sour", "sweet")
    channels = [tmp_path / name for name in ("straight", "swapped", "one by one")]
    build(make_bakehouse("first"), channels[0], recipes, "-m", straight)
    build(make_bakehouse("second"), channels[1], recipes, "-m", swapped)
    third = make_bakehouse("third")
    for flavour in ("sour", "sweet"):
        build(third, channels[2], recipes / "jam", "--variant", f"flavour={flavour}")
    build(third, channels[2], recipes, "-m", straight)

    first, *others = [packages(channel) for channel in channels]
    assert len(first) == 3
    assert others == [first, first]
    chosen, *more = [picks(channel, ["toast"]) for channel in channels]
    assert more == [chosen, chosen]
    assert set(chosen) == {"toast", "jam"}
    rendered = third.document("render", recipes / "jam", "--variant", "flavour=sweet")
    assert isinstance(rendered, list)
    assert [one["build"] for one in rendered] == [chosen["jam"]]


def test_builds_that_cannot_be_told_apart_are_warned_of(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes = write(tmp_path / "recipes", choice="0")
    arguments = ("build", recipes / "jam", "--variant", "flavour=sweet,sour", "--out", tmp_path / "channel")
    done = bakehouse.run(*arguments)
    assert done.returncode == 0
    assert done.stderr.count("warning [choice] solvers cannot tell it from jam-1.0-") == 2
    assert "build number and dependencies: flavour is " in done.stderr
    assert "down_prioritize_variant" in done.stderr
    document = bakehouse.document(*arguments)
    assert isinstance(document, list)
    assert [[finding["check"] for finding in one["findings"]] for one in document] == [["choice"], ["choice"]]
    assert {one["variant"]["flavour"] for one in document} == {"sweet", "sour"}


def test_the_matrix_ends_the_summary(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes = write(tmp_path / "recipes")
    arguments = ("build", recipes, "--variant", "flavour=sour,sweet", "--out", tmp_path / "channel")
    first, second = bakehouse.run(*arguments).stderr, bakehouse.run(*arguments).stderr
    assert "\nflavour  sweet  sour\n─────────────────────\njam 1.0  built  built\n\n" in first
    assert "\njam 1.0  reused  reused\n" in second
    assert "warning" not in first
    assert "toast 1.0" not in first
