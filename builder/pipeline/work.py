"""One task on its way through the phases."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.model.outcome import Outcome
from builder.model.recipe import Output, Script
from builder.model.rendering import Rendering
from builder.model.task import Task
from builder.pipeline.bench import Bench
from builder.pipeline.phases import Phases
from builder.report.events import LogLine, Noted
from builder.sandbox.allowance import Allowance
from builder.script import with_files


@frozen
class Work:
    """A task with what it was given; ``scratch`` is its private folder, ``inputs`` the ends of what it needed.

    ``started`` is when it began, in seconds since 1970, as far as anybody tells the time. ``again`` marks the second
    build of a task that is built twice.
    """

    task: Task
    bench: Bench
    inputs: Sequence[Outcome]
    scratch: Path
    phases: Phases
    started: float = 0.0
    again: bool = False

    @property
    def rendering(self) -> Rendering:
        """What is built."""
        return self.task.rendering

    @property
    def output(self) -> Output:
        """The evaluated output."""
        return self.task.rendering.output

    @property
    def allowance(self) -> Allowance:
        """What its scripts may use."""
        return self.bench.allowance(self.task.id)

    @property
    def inside(self) -> InsidePaths:
        """Where scripts find their things."""
        return self.bench.inside(self.scratch)

    @property
    def script(self) -> Script | None:
        """The script to run, if there is one: the recipe's, or ``build.sh`` beside it."""
        script = with_files(self.rendering).output.build.script
        return script if script.content or script.file is not None or script.steps else None

    @property
    def log(self) -> Path:
        """Where the script's output goes."""
        return self.bench.logs / f"{self.rendering.stem}.log"

    @property
    def entrance(self) -> str:
        """The command that enters the task's tree when it is kept."""
        recipe = self.rendering.recipe
        words = ["bakehouse", "debug", str(recipe.folder if recipe.path.name == "recipe.yaml" else recipe.path)]
        return shlex.join([*words, *(["--output", self.output.name] if self.rendering.siblings else [])])

    def left_as(self, build_key: str) -> str:
        """Return the key under which a build of this round leaves its work in the store, for others to go on with."""
        return hashlib.sha256(f"again {build_key}".encode()).hexdigest() if self.again else build_key

    def folder(self, name: str) -> Path:
        """Return a folder of the task's own, made when it is absent."""
        place = self.scratch / name
        place.mkdir(exist_ok=True)
        return place

    def say(self, line: str) -> None:
        """Tell a line that the task's script or test printed."""
        self.bench.emit(LogLine(task_id=self.task.id, line=line))

    def note(self, text: str) -> None:
        """Tell something that the user may want to know."""
        self.bench.emit(Noted(text=f"{self.task.id}: {text}"))
