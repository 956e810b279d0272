"""What every task of a run is handed besides itself, made once by whoever starts the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath

from builder.channel import Channel
from builder.environment import Access, Lock, Solving
from builder.environment.admission import Admission
from builder.model.frozen import frozen
from builder.model.inside import SEALED, InsidePaths, inside_paths
from builder.model.outcome import TestStrategy
from builder.model.packaging import Packaging
from builder.model.recipe import Script
from builder.model.rendering import Rendering
from builder.model.solving import SolveRules
from builder.model.target import NOARCH
from builder.pack.statement import Machine
from builder.report.events import Event
from builder.sandbox import Engines, Limits, Sandbox
from builder.sandbox.allowance import Allowance
from builder.sandbox.varied import Surroundings
from builder.source import Fetcher
from builder.store import Store


@frozen
class Root:
    """The sandbox's root: ``folder`` on this machine, ``digest`` of its locked list, the version of its glibc."""

    folder: Path
    digest: str
    glibc: str


@frozen
class Account:
    """What statements say of a run: its name, the time (``clock``, seconds since 1970), and the machine.

    ``home`` is the collection's folder, where recipes count from.
    """

    invocation: str
    clock: Callable[[], float]
    machine: Machine
    home: Path | None = None


def untested(strategy: TestStrategy, rendering: Rendering) -> str | None:
    """Return why ``strategy`` does not run the tests of ``rendering``, None if it does (rattler-build's rule)."""
    if strategy == "skip":
        return "the argument --test=skip was set"
    platforms = rendering.platforms
    if strategy == "native" and rendering.subdir != NOARCH and platforms.host != platforms.build:
        across = f"a cross-compilation (on {platforms.build} for {platforms.host})"
        return f"the argument --test=native was set and the build is {across}"
    return None


@frozen
class Bench:
    """The tools of a run.

    ``cores`` is how many processes one script may run at once; ``epoch`` is ``SOURCE_DATE_EPOCH`` when the user gave
    one. ``logs`` keeps the logs of tasks, ``broken`` the packages whose tests failed. ``secrets`` are the values of the
    variables that recipes name as secrets; they are masked in every log. Those and the ``private`` ones, which no
    script is given, may stand in no package. ``lock`` answers solves where it is not out of
    date and ``admission`` has nothing against it; with ``locked`` a task fails otherwise. ``solvers`` are those for
    variants that name their channels themselves, by these names; all go by ``rules``. With ``keep`` the trees of tasks
    that went well are kept too; with ``no_binary_prefix`` a prefix in a binary file is an error. ``limits`` hold for
    tasks without an allowance of their own; ``engines`` is what the sandbox was found with. Without an ``account``
    packages get no statement. Where there are surroundings to be built in again (``around``), everything is built
    twice.
    """

    store: Store
    sandbox: Sandbox
    root: Root
    fetcher: Fetcher
    solver: Solving
    lock: Lock | None
    locked: bool
    channel: Channel
    limits: Limits
    cores: int
    epoch: int | None
    test: TestStrategy
    access: Access
    secrets: Mapping[str, str]
    logs: Path
    broken: Path
    emit: Callable[[Event], None]
    packaging: Packaging = Packaging()
    rules: SolveRules = SolveRules()
    solvers: Mapping[tuple[str, ...], Solving] = field(default_factory=dict)
    keep: bool = False
    no_binary_prefix: bool = False
    engines: Engines = Engines()
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    account: Account | None = None
    around: Surroundings | None = None
    admission: Admission | None = None
    private: Mapping[str, str] = field(default_factory=dict)

    def allowance(self, task_id: str) -> Allowance:
        """Return what the scripts of a task may use."""
        return self.allowances.get(task_id) or Allowance(limits=self.limits)

    def solver_of(self, rendering: Rendering) -> Solving:
        """Return what solves for ``rendering``."""
        return self.solvers.get(rendering.channel_sources, self.solver)

    def untested(self, rendering: Rendering) -> str | None:
        """Return why the tests of ``rendering`` are not run, None if they are."""
        return untested(self.test, rendering)

    def secrets_of(self, script: Script) -> dict[str, str]:
        """Return the secrets that a script asks for and the user has set."""
        return {name: self.secrets[name] for name in script.secrets if name in self.secrets}

    def inside(self, scratch: Path) -> InsidePaths:
        """Return where scripts find their things: fixed places, or below ``scratch`` when nothing is sealed."""
        return SEALED if self.sandbox.sealed else inside_paths(PurePosixPath(scratch))
