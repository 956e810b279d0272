"""`bakehouse explain`: the reasons of names and hashes as text and as JSON, one output, one key, two packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import SIX

RECIPE = """\
package:
  name: oven
  version: "1"
requirements:
  host:
    - python
    - if: win
      then: ${{ blas }}
"""


@pytest.fixture
def oven(tmp_path: Path) -> Path:
    folder = write_recipe(tmp_path / "oven", RECIPE)
    (folder / "variants.yaml").write_text('python: ["3.12", "3.13"]\nblas: [mkl]\n')
    return folder


def listed(document: object) -> list[dict[str, object]]:
    assert isinstance(document, list)
    return document


def test_the_same_outputs_as_render(command: Command) -> None:
    rendered = listed(command("render", SIX, "--json").document)
    explained = listed(command("explain", SIX, "--json").document)
    packages = [one for one in explained if one["kind"] == "package"]
    assert len(explained) == len(packages) + 1
    for one, other in zip(packages, rendered, strict=True):
        assert (one["name"], one["build"], one["hash"], one["subdir"]) == (
            other["name"], other["build"], other["hash"], other["subdir"],
        )  # fmt: skip
        used = one["used"]
        assert isinstance(used, dict)
        assert {key: facts["value"] for key, facts in used.items()} == other["variant"]


def test_text_tells_place_frame_and_what_is_not_used(command: Command, oven: Path) -> None:
    said = command("explain", oven)
    assert (said.code, said.err) == (0, "")
    assert f"python in requirements.host has no version of its own  {oven / 'recipe.yaml'}:6:7" in said.out
    assert "6 │     - python" in said.out
    assert "blas  it stands under then of `if: win` (line 7), which does not hold" in said.out
    assert said.out.count("as the one before, but with") == 1
    assert "\x1b" not in said.out


@pytest.mark.parametrize("name", ["six-words", "noarch/six-words-1.0-h4616a5c_0"])
def test_one_output(command: Command, name: str) -> None:
    if "/" in name:
        name = next(line.split()[0] for line in command("render", SIX).out.splitlines() if "six-words-" in line)
    (one,) = listed(command("explain", SIX, "--output", name, "--json").document)
    assert one["name"] == "six-words"


def test_an_output_that_is_not_there(command: Command, oven: Path) -> None:
    said = command("explain", oven, "--output", "ovn")
    assert said.code == 2
    assert "no output is called ovn" in said.err
    assert "there are oven" in said.err
    assert command("explain", oven, "--output", "ovn", "--json").errors[0]["code"] == "cli.no-output"


def test_one_key(command: Command, oven: Path) -> None:
    said = command("explain", oven, "--key", "python")
    assert said.out.splitlines()[0].startswith("linux-64/oven-1-py312h")
    assert "blas" not in said.out
    one, _ = listed(command("explain", oven, "--key", "blas", "--json").document)
    assert (one["used"], list(dict(one["unused"]))) == ({}, ["blas"])  # type: ignore[call-overload]
    assert "nothing in this output reads it" in command("explain", oven, "--key", "build-platform").out


def test_a_key_that_nobody_knows(command: Command, oven: Path) -> None:
    said = command("explain", oven, "--key", "pyhton")
    assert said.code == 2
    assert "no variant file defines pyhton" in said.err
    assert "did you mean python?" in said.err
    assert "without --key" in command("explain", oven, "--key", "zzzzzz").err


def test_values_of_options(command: Command, oven: Path, tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("python: ['3.14']\n")
    said = command("explain", oven, "-m", extra, "--key", "python").out
    assert f"python = 3.14  {extra}:1" in said
    assert f"stands over 3.12, 3.13  {oven / 'variants.yaml'}:1" in said
    said = command("explain", oven, "--variant", "python=3.9", "--key", "python").out
    assert "python = 3.9  --variant" in said


def test_two_packages_compared(command: Command, oven: Path) -> None:
    hashes = [str(one["hash"]) for one in listed(command("explain", oven, "--json").document)]
    said = command("explain", oven, "--compare", hashes[0], f"h{hashes[1]}")
    assert f"  python: 3.12 ({oven / 'variants.yaml'}:1) and 3.13 ({oven / 'variants.yaml'}:1)" in said.out
    document = command("explain", oven, "--compare", *hashes, "--json").document
    assert isinstance(document, dict)
    assert document["differs"] == {"python": ["3.12", "3.13"]}


def test_what_cannot_be_compared(command: Command, oven: Path) -> None:
    said = command("explain", oven, "--compare", "oven", "nothing")
    assert said.code == 2
    assert "2 packages are called oven" in said.err
    assert "no package here is called nothing" in command("explain", oven, "--compare", "nothing", "oven").err


def test_of_two_recipes_the_good_one_is_explained_and_the_bad_one_told(
    command: Command, oven: Path, tmp_path: Path
) -> None:
    bad = write_recipe(tmp_path / "bad", RECIPE.replace("host", "hots"))
    said = command("explain", oven, bad)
    assert said.code == 2
    assert "linux-64/oven-1" in said.out
    assert "hots is not a key of recipes" in said.err
    said = command("explain", bad, "--json")
    assert (said.code, said.errors[0]["code"], said.errors[0]["line"]) == (2, "recipe.unknown-key", 5)


def test_nothing_is_written(command: Command, kitchen: Path, oven: Path) -> None:
    before = sorted(kitchen.rglob("*"))
    assert command("explain", oven).code == 0
    assert sorted(kitchen.rglob("*")) == before


def test_only_what_an_output_needs(command: Command) -> None:
    names = [one["name"] for one in listed(command("explain", SIX, "--up-to", "six-words", "--json").document)]
    assert set(names) == {"six-words"}


def test_a_limit_of_variants(command: Command, oven: Path) -> None:
    said = command("explain", oven, "--max-variants", "1")
    assert said.code == 2
    assert "more than the 1 that are allowed" in said.err


def test_colours_when_the_environment_asks_for_them(
    command: Command, oven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = command("explain", oven).out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    coloured = command("explain", oven).out
    assert "\x1b[1m" in coloured
    for code in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == plain
