"""A bench of this test's own: a real store and channel, a fake sandbox, a solver that answers from a table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from builder.channel import Channel
from builder.environment import Access, Solving
from builder.errors import UnsolvableError
from builder.model.environment import Environment, LockedPackage
from builder.model.outcome import Outcome
from builder.model.package import Package
from builder.model.recipe import Build, Output, Script
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.task import Task
from builder.model.variant import Variant
from builder.pipeline import Bench, Root, run_task
from builder.pipeline.phases import Phases
from builder.pipeline.work import Work
from builder.report.events import Event, LogLine
from builder.sandbox import Limits, Sandbox
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output as Heard
from builder.sandbox.values import Command, Exit, Overlay
from builder.source import Addresses, Fetcher
from builder.store import Store

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


@dataclass
class Table:
    """A solver for which every spec is a package of that name, without files; ``missing`` names those that are not."""

    digests: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def solve(
        self,
        specs: Sequence[str],
        *,
        subdir: str,
        loose: Sequence[Package] = (),
        constraints: Sequence[str] = (),
    ) -> Environment:
        self.asked.append(tuple(specs))
        if gone := self.missing & set(specs):
            raise UnsolvableError(f"nothing provides {min(gone)}")
        return Environment(specs=tuple(specs))

    async def run_exports(self, package: LockedPackage) -> Mapping[str, tuple[str, ...]]:
        return {}


@dataclass
class Stage:
    """Everything that a test of this room needs; ``told`` are the events."""

    folder: Path
    store: Store
    sandbox: Sandbox = field(default_factory=FakeSandbox)
    solver: Solving = field(default_factory=Table)
    told: list[Event] = field(default_factory=list)

    def bench(self, **changes: object) -> Bench:
        made = Bench(
            store=self.store,
            sandbox=self.sandbox,
            root=Root(folder=self.folder / "root", digest="d" * 64, glibc="2.36"),
            fetcher=Fetcher(self.store, Addresses(debian=None, pypi=None, mirrors={}), offline=True),
            solver=self.solver,
            lock=None,
            locked=False,
            channel=Channel(self.folder / "channel"),
            limits=Limits(wall_seconds=60),
            cores=2,
            epoch=None,
            test="skip",
            access=Access(offline=True),
            secrets={},
            logs=self.folder / "logs",
            broken=self.folder / "broken",
            emit=self.told.append,
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def rendering(self, name: str = "bun", **output: object) -> Rendering:
        recipe = self.folder / "recipes" / name
        recipe.mkdir(parents=True, exist_ok=True)
        (recipe / "recipe.yaml").touch()
        values: dict[str, object] = {
            "kind": "package", "name": name, "version": "1", "rendered": json.dumps({"package": {"name": name}}),
            "build": Build(script=Script(content=("make",))), **output,
        }  # fmt: skip
        return Rendering(
            recipe=RecipeFile(path=recipe / "recipe.yaml", folder=recipe), output=Output(**values),  # type: ignore[arg-type]
            variant=Variant.of({"target_platform": "linux-64"}), platforms=LINUX, subdir="linux-64", hash="0000000",
            build_string="h0000000_0",
        )  # fmt: skip

    def task(self, rendering: Rendering | None = None, **changes: object) -> Task:
        made = rendering or self.rendering()
        return replace(Task(id=made.identity, rendering=made, recipe_key="r" * 64), **changes)  # type: ignore[arg-type]

    def work(self, task: Task | None = None, inputs: Sequence[Outcome] = (), /, **changes: object) -> Work:
        made = task or self.task()
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        phases = Phases(made.id, self.told.append)
        return Work(task=made, bench=self.bench(**changes), inputs=inputs, scratch=scratch, phases=phases)

    def run(self, task: Task | None = None, inputs: Sequence[Outcome] = (), **changes: object) -> Outcome:
        return asyncio.run(run_task(task or self.task(), inputs, self.bench(**changes)))

    def lines(self) -> list[str]:
        return [event.line for event in self.told if isinstance(event, LogLine)]


def upper_of(opened: Opened, inside: str) -> Path:
    """Return the folder that gets what a command writes at the place whose name begins with ``inside``."""
    found: Iterator[Path] = (
        mount.upper for mount in opened.mounts if isinstance(mount, Overlay) and mount.inside.name.startswith(inside)
    )
    return next(found)


def installs(files: Mapping[str, bytes], *, work: Mapping[str, bytes] | None = None, code: int = 0) -> FakeSandbox:
    """Return a sandbox whose every command leaves these files in the host prefix and in the work folder."""

    def play(command: Command, opened: Opened, output: Heard) -> Exit | int:
        for inside, wanted in (("host_env", files), ("work", work or {})):
            for path, content in wanted.items():
                place = upper_of(opened, inside) / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        output(b"the script has spoken\n")
        return code

    return FakeSandbox(play=play)
