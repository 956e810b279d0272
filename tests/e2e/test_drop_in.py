"""Scripts written for rattler-build, run with our command in its place: what they see of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.cli.peer import place_of, render_only
from tests.e2e.command import Bakehouse

pytestmark = pytest.mark.sandbox

TEA = """
context: {version: "2.1"}
recipe: {name: tea, version: "${{ version }}"}
build: {number: 1}
outputs:
  - package: {name: tea-leaves}
    build:
      noarch: generic
      script: echo ${{ version }} > "$PREFIX/leaves"
  - package: {name: tea-cup}
    build:
      script: echo ${{ size }} > "$PREFIX/cup"
    requirements: {run: ["${{ pin_subpackage('tea-leaves', exact=True) }}"]}
    tests:
      - script: cat "$PREFIX/leaves" "$PREFIX/cup"
"""


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    folder = tmp_path / "tea"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(TEA)
    (folder / "variants.yaml").write_text("size: [small, large]\n")
    return folder / "recipe.yaml"


def test_a_pipeline_of_render_build_and_test(bakehouse: Bakehouse, tea: Path, tmp_path: Path) -> None:
    """What is rendered is what rattler-build renders, what is built is what was rendered, and it can be tested."""
    options: list[str | Path] = [
        "--recipe",
        tea,
        "--build-num",
        "5",
        "--build-string-prefix",
        "ci",
        "--target-platform",
        "linux-64",
    ]
    document = json.loads(
        bakehouse.good("--log-style", "simple", "build", *options, "--render-only", "--output-dir", tmp_path / "none")
    )
    theirs = render_only(tea, output=tmp_path / "none", channel=[], build_num=5, build_string_prefix="ci")
    names = sorted(place_of(one) for one in document)
    assert names == sorted(place_of(one) for one in theirs)

    done = bakehouse.run(
        "-v", "build", *options, "--output-dir", tmp_path / "out", "--package-format", "tar-bz2", "--log-style", "plain",
        "--experimental", "--no-build-id", "--wrap-log-lines", "--io-concurrency-limit", "4", "--test", "native-and-emulated",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    packages = sorted((tmp_path / "out").glob("*/*.tar.bz2"))
    assert sorted(f"{package.parent.name}/{package.name}" for package in packages) == [
        f"{name}.tar.bz2" for name in names
    ]
    assert "│ small" in done.stderr, "what a test printed"
    assert done.stderr.count("has no effect") == 2

    cup = next(package for package in packages if "tea-cup" in package.name)
    tested = bakehouse.run("test", "--package-file", cup, "--test-index", "0", "-c", tmp_path / "out")
    assert tested.returncode == 0, tested.stderr
    assert read_package(cup).index()["depends"] == ["tea-leaves ==2.1 ci_h4616a5c_5"]


def test_a_recipe_through_a_pipe_into_the_folder_of_the_environment(bakehouse: Bakehouse, tmp_path: Path) -> None:
    there = replace(
        bakehouse, environment=(("CONDA_BLD_PATH", str(tmp_path / "croot")), ("RATTLER_BUILD_LOG_STYLE", "json"))
    )
    recipe = "package: {name: piped, version: '1'}\nbuild: {noarch: generic, script: echo > \"$PREFIX/x\"}\n"
    done = subprocess.run(
        there.argv("build", "-r", "-", "--test", "skip"), input=recipe, capture_output=True, text=True, check=False,
        env=there.variables(), cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [file.name for file in (tmp_path / "croot").glob("noarch/*.conda")] == ["piped-1-h4616a5c_0.conda"]
    events = [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")]
    assert (events[0], events[-1]) == ("planned", "finished")


def test_one_failure_does_not_stop_the_others_of_a_tree(bakehouse: Bakehouse, tmp_path: Path) -> None:
    for name, script in (("bad", "exit 3"), ("good", 'echo > "$PREFIX/x"')):
        folder = tmp_path / "tree" / "deep" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(f"package: {{name: {name}, version: '1'}}\nbuild: {{script: '{script}'}}\n")
    done = bakehouse.run(
        "build", "--recipe-dir", tmp_path / "tree", "--continue-on-failure", "--output-dir", tmp_path / "out"
    )
    assert done.returncode == 1
    assert [file.name for file in (tmp_path / "out").glob("*/*.conda")] == ["good-1-hb0f4dca_0.conda"]
