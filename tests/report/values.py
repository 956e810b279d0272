"""Small values that the reporters' tests draw."""

from __future__ import annotations

from pathlib import Path

from builder.errors import Problem
from builder.model.environment import DependencyOrigin, Environment, Environments, RunDependency
from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending, Outcome, Timing
from builder.model.package import Package, TestResult
from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.task import Phase, Task, TaskState
from builder.model.variant import Variant


def rendering(name: str, *, version: str = "1.0", kind: str = "package", staging: str | None = None) -> Rendering:
    return Rendering(
        recipe=RecipeFile(path=Path(f"/r/{name}/recipe.yaml"), folder=Path(f"/r/{name}")),
        output=Output(kind="staging" if kind == "staging" else "package", name=name, version=version),
        variant=Variant.of({"target_platform": "linux-64"}),
        platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
        subdir="linux-64",
        hash="b0f4dca",
        build_string="hb0f4dca_0",
        staging=staging,
    )


def task(
    name: str, *needs: str, state: TaskState = TaskState.BUILD, kind: str = "package", tests_need: tuple[str, ...] = ()
) -> Task:
    made = rendering(name, kind=kind)
    ids = tuple(need if "/" in need else rendering(need).identity for need in needs)
    return Task(
        id=made.identity, rendering=made, recipe_key=f"key-{name}", needs=ids, tests_need=tests_need, state=state,
        reasons=("not in the channel yet",), package=f"{made.stem}.conda" if state is TaskState.REUSE else None,
    )  # fmt: skip


def package(name: str = "zlib", size: int = 123456) -> Package:
    return Package(
        path=Path(f"/out/{name}-1.0-hb0f4dca_0.conda"), file_name=f"{name}-1.0-hb0f4dca_0.conda", name=name, version="1.0",
        build="hb0f4dca_0", subdir="linux-64", sha256="0" * 64, md5="0" * 32, size=size, record="{}",
        recipe_key="r", build_key="b",
    )  # fmt: skip


def built(name: str = "zlib", *, seconds: float = 2.5) -> Outcome:
    depends = (
        RunDependency(spec="libgcc >=12", origin=DependencyOrigin.BUILD_RUN_EXPORT, source="gcc_linux-64"),
        RunDependency(spec="bash", origin=DependencyOrigin.RECIPE),
    )
    environments = Environments(
        build=Environment(), host=Environment(), depends=depends,
        constrains=(RunDependency(spec="zlib-ng <0", origin=DependencyOrigin.RECIPE),),
    )  # fmt: skip
    return Outcome(
        task_id=f"linux-64/{name}-1.0-hb0f4dca_0", ending=Ending.BUILT, file_name=package(name).file_name, package=package(name),
        environments=environments, findings=(WARNING, NOTE), reasons=("not in the channel yet",),
        tests=(TestResult(what="script 0", passed=True, seconds=0.1),),
        timings=(Timing(phase=Phase.SCRIPT, seconds=seconds), Timing(phase=Phase.PACK, seconds=0.01)),
    )  # fmt: skip


WARNING = Finding(
    check="linkage", severity=Severity.WARNING, message="libm.so.6 is not used", path="lib/libz.so.1", remedy="drop it"
)
NOTE = Finding(check="prefix", severity=Severity.NOTE, message="a note that only verbose runs show")


def failed(name: str = "zlib") -> Outcome:
    problem = Problem(code="script", message="build.sh ended with exit code 2", remedy="read the log: /tmp/log")
    return Outcome(
        task_id=f"linux-64/{name}-1.0-hb0f4dca_0", ending=Ending.FAILED, problems=(problem,),
        tests=(TestResult(what="script 1", passed=False, seconds=1, log=Path("/tmp/test.log"), tail="boom"),),
    )  # fmt: skip
