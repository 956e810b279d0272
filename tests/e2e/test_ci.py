"""What CI services run, run here: the build lines of our pipelines, and the functions that stand in for the peers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.feedstock.quoting import Provider
from tests.cli.conftest import Command
from tests.e2e.command import CHECKOUT, Bakehouse, packages
from tests.feedstock.pipeline_reading import expanded, parsed
from tests.feedstock.test_pipelines import below, commands, entries

pytestmark = pytest.mark.sandbox

RECIPE = """\
package: {name: rye, version: "1.0"}
source: {path: dough.txt}
build:
  noarch: generic
  script: install -D dough.txt "$PREFIX/share/rye/${{ crust }}.txt"
tests:
  - script: grep -q flour "$PREFIX/share/rye/${{ crust }}.txt"
"""
META = """\
package:
  name: rye
  version: "1.0"
source:
  path: dough.txt
build:
  noarch: generic
  script: install -D dough.txt "$PREFIX/share/rye/{{ crust }}.txt"
test:
  commands:
    - grep -q flour "$PREFIX/share/rye/{{ crust }}.txt"
"""
PINNING = """\
c_compiler:
  - gcc                       # [linux]
  - clang                     # [osx]
  - vs2022                    # [win]
c_compiler_version:           # [unix]
  - 14                        # [linux]
  - 19                        # [osx]
c_stdlib:
  - sysroot                   # [linux]
  - macosx_deployment_target  # [osx]
  - vs                        # [win]
c_stdlib_version:             # [unix]
  - 2.17                      # [linux]
  - 11.0                      # [osx]
python:
  - 3.12.* *_cpython
  - 3.13.* *_cp313
python_impl:
  - cpython
  - cpython
numpy:
  - 2.0
zlib:
  - 1.3
mpi:
  - nompi
  - openmpi
zip_keys:
  - - python
    - python_impl
pin_run_as_build:
  python:
    min_pin: x.x
    max_pin: x.x
channel_sources:
  - conda-forge
channel_targets:
  - conda-forge main
docker_image:                 # [linux]
  - example/image:1           # [linux and x86_64]
  - example/image-arm:1       # [linux and aarch64]
"""
TART = """\
recipe:
  name: tart
  version: "2.1"
build:
  number: 3
  skip: win and mpi == "openmpi"
outputs:
  - package: {name: libtart}
    requirements:
      build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
      host: [zlib, {if: mpi != "nompi", then: "${{ mpi }}"}]
      run_exports: ["${{ pin_subpackage('libtart', upper_bound='x.x') }}"]
  - package: {name: tart-py}
    requirements:
      build: ["${{ compiler('c') }}"]
      host: [python, numpy, "${{ pin_subpackage('libtart', exact=True) }}"]
      run: [python]
      ignore_run_exports:
        from_package: [{if: build_platform != target_platform, then: "${{ mpi }}"}]
  - package: {name: tart-data}
    build: {noarch: generic}
"""
TART_META = """\
package:
  name: tart
  version: "2.1"
build:
  number: 1003
  skip: true  # [win and mpi == "openmpi"]
outputs:
  - name: libtart
    build:
      run_exports:
        - {{ pin_subpackage("libtart", max_pin="x.x") }}
    requirements:
      build:
        - {{ compiler("c") }}
        - {{ stdlib("c") }}
      host:
        - zlib
        - {{ mpi }}  # [mpi != "nompi"]
  - name: tart-py
    requirements:
      build:
        - {{ compiler("c") }}
      host:
        - python
        - numpy
        - {{ pin_subpackage("libtart", exact=True) }}
      run:
        - python
  - name: tart-data
    build:
      noarch: generic
"""
FORGE = """\
conda_build_tool: {tool}
build_platform: {{linux_aarch64: linux_64, osx_arm64: osx_64}}
provider: {{linux_aarch64: default, osx_arm64: default}}
"""

SERVICE = {
    "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://example.org",
    "GITHUB_REPOSITORY": "team/rye", "GITHUB_SHA": "0123abc", "GITHUB_STEP_SUMMARY": "summary.md",
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A format of recipes: the tool of conda-smithy's that builds them, the recipe's file, and two recipes."""

    tool: str
    file: str
    rye: str
    tart: str

    def __str__(self) -> str:
        return self.file


CURRENT = Kind("rattler-build", "recipe.yaml", RECIPE, TART)
LEGACY = Kind("conda-build", "meta.yaml", META, TART_META)


@pytest.fixture
def process(kitchen: Path) -> Bakehouse:
    """The command as a process over the store of this test."""
    return Bakehouse(store=kitchen)


@pytest.fixture
def feedstock(tmp_path: Path) -> Path:
    """A feedstock without a recipe: with what its source is, and a pinning file beside it that wants two jobs."""
    (tmp_path / "pinning.yaml").write_text("crust:\n  - thin\n  - thick\n")
    (tmp_path / "rye-feedstock" / "recipe").mkdir(parents=True)
    (tmp_path / "rye-feedstock" / "recipe" / "dough.txt").write_text("flour\n")
    return tmp_path / "rye-feedstock"


def in_shell(line: str, process: Bakehouse, feedstock: Path, environment: Mapping[str, str]) -> str:
    """Run a line as a job does, in its folder; returns what it prints."""
    there = feedstock.parent / "bin" / "bakehouse"
    there.parent.mkdir(exist_ok=True)
    there.write_text(f'#!/bin/sh\nexec {sys.executable} -m builder "$@"\n')
    there.chmod(0o755)
    variables = {**process.variables(), **environment, "PATH": f"{there.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line], cwd=feedstock, env=variables, capture_output=True, text=True, check=False,
        timeout=300, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_build_line_of_a_pipeline_builds_what_the_matrix_says(
    feedstock: Path, command: Command, process: Bakehouse
) -> None:
    (feedstock / "conda-forge.yml").write_text(f"conda_build_tool: {CURRENT.tool}\n")
    (feedstock / "recipe" / CURRENT.file).write_text(CURRENT.rye)
    said = command(
        "matrix", feedstock, "-m", feedstock.parent / "pinning.yaml", "--ci-support", feedstock / ".ci_support", "--json",
        "--ci", "github", "--in-place",
    )  # fmt: skip
    assert said.code == 0, said.err
    jobs = {job["name"]: job["outputs"] for job in json.loads(said.out)}
    assert list(jobs) == ["linux_64_crustthick", "linux_64_crustthin"]
    document = parsed((feedstock / ".github" / "workflows" / "bakehouse.yml").read_text())
    first = entries(Provider.GITHUB, document)[0]
    told = {name: expanded(str(first[name]), Provider.GITHUB) for name in ("PLATFORM", "VARIANTS")}
    [line] = [line for line in commands(document) if line.startswith("bakehouse build")]
    in_shell(line, process, feedstock, {**SERVICE, **told, "RECIPE": str(below(document, "env", "RECIPE"))})
    built = packages(feedstock / "build_artifacts")
    assert list(built) == [f"noarch/{name}.conda" for name in jobs["linux_64_crustthick"]]
    [name] = built
    about = read_package(feedstock / "build_artifacts" / name).about()
    where = {"remote_url": "https://example.org/team/rye", "sha": "0123abc"}
    assert about["extra"] == {"flow_run_id": "github_7", **where}
    assert "noarch/rye-1.0-" in (feedstock / "summary.md").read_text()


# -- in the place of conda_build_tool ----------------------------------------------------------------------------------

SMITHY = {
    "rattler-build": """
        rattler-build build --recipe "${RECIPE_ROOT}" -m "${CI_SUPPORT}/${CONFIG}.yaml" ${EXTRA_CB_OPTIONS:-}
        --build-platform "${BUILD_PLATFORM}" --target-platform "${HOST_PLATFORM}" --extra-meta flow_run_id="${flow_run_id:-}"
        --extra-meta remote_url="${remote_url:-}" --extra-meta sha="${sha:-}"
    """,
    "conda-build": """
        CONDA_SUBDIR="${BUILD_PLATFORM}" conda-build "${RECIPE_ROOT}" -m "${CI_SUPPORT}/${CONFIG}.yaml"
        ${EXTRA_CB_OPTIONS:-} --suppress-variables --clobber-file "${CI_SUPPORT}/clobber_${CONFIG}.yaml"
        --extra-meta flow_run_id="${flow_run_id:-}" remote_url="${remote_url:-}" sha="${sha:-}"
    """,
}
"""What conda-smithy 2026.11 calls in a container, with the variables that its scripts set."""


@pytest.mark.parametrize("kind", [CURRENT, LEGACY], ids=str)
def test_functions_of_the_guide_stand_in_for_the_peers(kind: Kind, feedstock: Path, process: Bakehouse) -> None:
    page = (CHECKOUT / "docs" / "how-to" / "conda-build-tool.md").read_text(encoding="utf-8")
    functions = re.findall(r"^[a-z-]+\(\) \{.*\}$", page, re.MULTILINE)
    assert len(functions) == 2
    (feedstock / "recipe" / kind.file).write_text(kind.rye)
    (feedstock / ".ci_support").mkdir()
    job = feedstock / ".ci_support" / "linux_64_.yaml"
    job.write_text("CI:\n- azure\ncrust:\n- thin\ndocker_image:\n- example/image:1\n\n\ntarget_platform:\n- linux-64\n")
    job.with_name("clobber_linux_64_.yaml").write_text("build: {number: 4}\n")
    environment = {
        "RECIPE_ROOT": str(feedstock / "recipe"), "CI_SUPPORT": str(job.parent), "CONFIG": job.stem,
        "CONDA_BLD_PATH": str(feedstock / "build_artifacts"), "HOST_PLATFORM": "linux-64", "BUILD_PLATFORM": "linux-64",
        "EXTRA_CB_OPTIONS": "--no-test" if kind is LEGACY else "--test skip", "flow_run_id": "azure_1.1", "sha": "0123abc",
    }  # fmt: skip
    in_shell("\n".join([*functions, " ".join(SMITHY[kind.tool].split())]), process, feedstock, environment)
    [name] = packages(feedstock / "build_artifacts")
    number = 4 if kind is LEGACY else 0
    assert re.fullmatch(rf"noarch/rye-1\.0-h[0-9a-f]{{7}}_{number}\.conda", name)
    opened = read_package(feedstock / "build_artifacts" / name)
    assert opened.about()["extra"] == {"flow_run_id": "azure_1.1", "remote_url": "", "sha": "0123abc"}
    assert [entry["_path"] for entry in opened.paths()] == ["share/rye/thin.txt"]


# -- files of jobs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CURRENT, LEGACY], ids=str)
def test_the_file_of_a_job_renders_to_its_outputs(kind: Kind, tmp_path: Path, command: Command) -> None:
    """All jobs of all platforms, cross-compiled ones too; what is noarch comes from the native job of Linux alone."""
    feedstock, support = tmp_path / "tart-feedstock", tmp_path / "tart-feedstock" / ".ci_support"
    (feedstock / "recipe").mkdir(parents=True)
    (feedstock / "conda-forge.yml").write_text(FORGE.format(tool=kind.tool))
    (feedstock / "recipe" / kind.file).write_text(kind.tart)
    (tmp_path / "conda_build_config.yaml").write_text(PINNING)
    said = command("matrix", feedstock, "-m", tmp_path / "conda_build_config.yaml", "--ci-support", support, "--json")
    assert said.code == 0, said.err
    jobs = json.loads(said.out)
    assert {job["platform"] for job in jobs} == {"linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
    assert {path.name for path in support.iterdir()} == {job["file"] for job in jobs}
    for job in jobs:
        target = ("--target-platform", job["platform"]) if kind is CURRENT else ()  # conda-build reads it in the file
        platforms = (*target, "--build-platform", job["build_platform"])
        found = command("render", feedstock / "recipe", "-m", support / job["file"], *platforms, "--json")
        assert found.code == 0, found.err
        outputs = [one for one in json.loads(found.out) if one["subdir"] != "noarch" or job["platform"] == "linux-64"]
        assert {one["subdir"] for one in outputs} <= {job["platform"], "noarch"}
        assert sorted(f"{one['name']}-{one['version']}-{one['build']}" for one in outputs) == sorted(job["outputs"])
