"""Asks py-rattler-build how it renders recipes, in a child process: it writes to descriptor 1 and may end the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLATFORM = "linux-64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One recipe to render with variant files for a target platform; the build platform is linux-64."""

    recipe: Path
    variants: tuple[Path, ...] = ()
    platform: str = PLATFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOutput:
    """One output as the peer renders it; ``used`` is the used variant."""

    name: str
    version: str
    build: str
    build_number: int
    hash: str
    subdir: str
    noarch: str | None
    used: Mapping[str, str | int | float | bool]
    requirements: Mapping[str, Sequence[Any]]


Answer = tuple[PeerOutput, ...] | str
"""The outputs, skipped ones left out, or the peer's error."""


def ask_peer(jobs: Sequence[Job]) -> list[Answer]:
    """Return the peer's answer to each job."""
    asked = [[str(job.recipe), [str(file) for file in job.variants], job.platform] for job in jobs]
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [
        answer if isinstance(answer, str) else tuple(_output(one, job.platform) for one in answer)
        for job, answer in zip(jobs, json.loads(done.stdout), strict=True)
    ]


def _output(raw: dict[str, Any], platform: str) -> PeerOutput:
    recipe, configuration = raw["recipe"], raw["build_configuration"]
    build = recipe["build"]
    return PeerOutput(
        name=recipe["package"]["name"],
        version=str(recipe["package"]["version"]),
        build=build["string"],
        build_number=build.get("number", 0),
        hash=configuration["hash"]["hash"],
        subdir="noarch" if build.get("noarch") else platform,
        noarch=build.get("noarch"),
        used={key.replace("-", "_").replace(".", "_"): value for key, value in configuration["variant"].items()},
        requirements=recipe.get("requirements") or {},
    )


def _render(recipe: str, variants: list[str], platform: str) -> Any:
    """Render one recipe in this process: the peer's JSON goes through a file in the place of descriptor 1."""
    from rattler_build.cli_api import build_recipes

    with tempfile.TemporaryFile() as out, tempfile.TemporaryDirectory() as folder:
        kept = os.dup(1)
        os.dup2(out.fileno(), 1)
        try:
            build_recipes(
                [Path(recipe)],
                render_only=True,
                target_platform=platform,
                build_platform=PLATFORM,
                variant_config=variants,
                output_dir=folder,
            )
        except Exception as error:  # noqa: BLE001 - whatever the peer says is its answer
            return f"{type(error).__name__}: {error}"
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        out.seek(0)
        return json.loads(out.read() or b"[]")


def main() -> None:
    """Answer the jobs that stand on descriptor 0."""
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps([_render(*job) for job in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
