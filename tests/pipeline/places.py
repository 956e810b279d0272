"""Failed and prepared tasks in real sandboxes, to enter: one bench for each way to run commands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder.model.outcome import Ending, Outcome
from builder.model.recipe import Build, PathSource, Script
from builder.model.task import Task
from builder.pipeline import Bench, Root, kept
from builder.pipeline.entering import Door, Terminal, entered
from builder.pipeline.kept import Kept
from builder.pipeline.preparing import prepare_task
from builder.sandbox import Command, Sandbox, Streams, find_sandbox
from builder.sandbox.bubblewrap import Bubblewrap
from builder.script import entering
from tests.pipeline.making import Stage

WAYS = ("overlay", "copy", "none")
SOURCES = {
    "main.c": b"int a;\nint b\n",
    "config.in": b"old\n",
    "gone.txt": b"here\n",
    "tool.sh": b"#!/bin/sh\necho tool\n",
}
FAILING = (
    "echo made > made.txt",
    "sed -i s/old/new/ config.in",
    "rm gone.txt",
    'mkdir -p "$PREFIX/lib" && echo half > "$PREFIX/lib/half"',
    'echo tool > "$BUILD_PREFIX/tool"',
    "echo about to fail; exit 3",
)


def sandbox_of(way: str, folder: Path) -> Sandbox:
    """Return a sandbox of that way."""
    if way == "none":
        return find_sandbox("none", folder)
    found = find_sandbox("bubblewrap", folder)
    assert isinstance(found, Bubblewrap)
    return replace(found, overlay=way == "overlay")


@dataclass
class Place:
    """A stage whose tasks run for real."""

    stage: Stage
    rootfs: Path

    @property
    def bench(self) -> Bench:
        return self.stage.bench(root=Root(folder=self.rootfs, digest="d" * 64, glibc="2.36"))

    def task(self, script: Script | Sequence[str] = FAILING, name: str = "bun", **output: object) -> Task:
        made = script if isinstance(script, Script) else Script(content=tuple(script))
        rendering = self.stage.rendering(name, build=Build(script=made), source=(PathSource(path="src"),), **output)
        source = rendering.recipe.folder / "src"
        source.mkdir(exist_ok=True)
        for path, content in SOURCES.items():
            if not (source / path).exists():
                (source / path).write_bytes(content)
        return self.stage.task(rendering)

    def failed(self, task: Task | None = None, **changes: object) -> Kept:
        """Let ``task`` fail and return what is kept of it."""
        made = task or self.task()
        outcome = self.run(made, **changes)
        assert outcome.ending is Ending.FAILED, outcome
        return kept.read(self.folder(made), self.stage.store)

    def run(self, task: Task, **changes: object) -> Outcome:
        return self.stage.run(task, (), root=self.bench.root, **changes)

    def prepared(self, task: Task | None = None, **changes: object) -> Kept:
        bench = replace(self.bench, **changes)  # type: ignore[arg-type]
        folder = asyncio.run(prepare_task(task or self.task(), (), bench))
        return kept.read(folder, self.stage.store)

    def folder(self, task: Task) -> Path:
        return self.stage.store.failed_place(task.id)

    @property
    def door(self) -> Door:
        return Door(store=self.stage.store, sandbox=self.stage.sandbox, rootfs=self.rootfs)

    def enter(self, state: Kept, script: str, *, terminal: Terminal | None = None, **secrets: str) -> tuple[int, str]:
        """Run ``script`` of bash in the state; return its code and what it wrote to both streams."""
        reader, writer = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)

        async def main() -> int:
            async with entered(state, self.door, secrets=secrets, terminal=terminal) as session:
                command = Command(argv=entering(state.script, ("bash", "-c", script)), cwd=state.start)
                streams = Streams(stdin=nothing, stdout=writer, stderr=writer)
                return (await session.run(command, lambda _: None, streams=streams)).code

        try:
            code = asyncio.run(main())
            os.close(writer)
            writer = -1
            return code, os.read(reader, 1 << 16).decode()
        finally:
            for end in (reader, nothing, writer):
                if end >= 0:
                    os.close(end)


def make_place(way: str, stage: Stage, rootfs: Path) -> Place:
    stage.sandbox = sandbox_of(way, stage.store.root / "probe")
    return Place(stage, rootfs)
