"""Asks py-rattler-build how it renders recipes, each in a process of its own: it may hang, crash or fill the memory."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLATFORM = "linux-64"
SECONDS = 120
"""How long the peer may think about one recipe."""

_MEMORY = 6 << 30
NAMES = ("variants.yaml", "conda_build_config.yaml")
"""The variant files that the peer finds beside a recipe; the first that exists."""


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


def ask_peer(jobs: Sequence[Job], *, seconds: int = SECONDS) -> list[Answer]:
    """Return the peer's answer to each job; no answer within ``seconds`` is an error too."""
    asked = [[str(job.recipe), [str(file) for file in job.variants], job.platform] for job in jobs]
    done = subprocess.run(
        [sys.executable, __file__, str(seconds)], input=json.dumps(asked), capture_output=True, text=True, check=True
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


def alone(job: list[Any], seconds: int, render: Callable[..., Any]) -> Any:
    """Render one recipe in a child process; the kernel ends it with SIGALRM when its time is over."""
    with tempfile.TemporaryFile() as answer:
        child = os.fork()
        if not child:
            try:
                signal.alarm(seconds)
                resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
                answer.write(json.dumps(render(*job)).encode())
                answer.flush()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        answer.seek(0)
        text = answer.read()
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        late = number == signal.SIGALRM
        return f"no answer in {seconds} s" if late else f"died of {signal.Signals(number).name}"
    return json.loads(text) if text else "died without a word"


def _render(recipe: str, variants: list[str], platform: str) -> Any:
    """Render one recipe in this process: the peer's JSON goes through a file in the place of descriptor 1."""
    from rattler_build.cli_api import build_recipes

    with tempfile.TemporaryFile() as out, tempfile.TemporaryDirectory() as folder:
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
            return f"{type(error).__name__}: {_reason(recipe, variants, platform) or error}"
        out.seek(0)
        return json.loads(out.read() or b"[]")


def _reason(recipe: str, variants: list[str], platform: str) -> str | None:
    """Return what the peer finds wrong, where the call above says only that it does: its library tells more."""
    from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig

    beside = [str(file) for file in map(Path(recipe).with_name, NAMES) if file.is_file()][:1]
    platforms = PlatformConfig(target_platform=platform, build_platform=PLATFORM, host_platform=platform)
    try:
        config = VariantConfig.from_files([*beside, *variants])
        Stage0Recipe.from_file(recipe).render(config, RenderConfig(platform=platforms))
    except Exception as error:  # noqa: BLE001 - see above
        told = re.search(r'message: "((?:[^"\\]|\\.)*)"', str(error))
        return told[1] if told else str(error)
    return None


def main() -> None:
    """Answer the jobs that stand on descriptor 0."""
    warnings.simplefilter("ignore")
    import rattler_build.cli_api  # noqa: F401 - once, not in each child

    jobs, seconds = json.load(sys.stdin), int(sys.argv[1])
    sys.stdout.write(json.dumps([alone(job, seconds, _render) for job in jobs]))


if __name__ == "__main__":
    main()
