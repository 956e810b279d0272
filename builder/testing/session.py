"""Runs one test script in a fresh environment and session, at another path than the build's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.archive import OpenPackage
from builder.model.carried import files_of, start_of
from builder.model.environment import LinkedPrefix
from builder.model.frozen import frozen
from builder.model.python import python_in
from builder.model.recipe import Script
from builder.model.target import target
from builder.model.variant import VariantValue
from builder.sandbox import Bind, Mount, Overlay, Tmpfs
from builder.sandbox.allowance import lent
from builder.script import ActivatedPrefix, Log, Ran, Run, Stage, path_names, run_script, test_variables
from builder.script.linking import with_post_link
from builder.testing.bench import TestBench

_DESCRIPTIONS = {"script.json", "test_time_dependencies.json", "test_import.py", "test_downstream.json"}
"""Files of ``info/tests/n/`` that describe the test (CEP 14) and are not for it."""


@frozen
class Subject:
    """The package under test; ``beside`` are specs that all its environments must meet too."""

    package: OpenPackage
    bench: TestBench
    beside: tuple[str, ...] = ()

    @property
    def exact(self) -> str:
        """The spec that only this package meets."""
        index = self.package.index()
        return f"{index['name']} =={index['version']} {index['build']}"

    @property
    def variables(self) -> dict[str, str]:
        """What a test is told of the package."""
        index = self.package.index()
        return {
            "PKG_BUILDNUM": str(index["build_number"]),
            "PKG_BUILD_STRING": str(index["build"]),
            "PKG_NAME": str(index["name"]),
            "PKG_VERSION": str(index["version"]),
        }

    @property
    def variant(self) -> Mapping[str, VariantValue]:
        """The variant that the package was built for."""
        found = self.package.value_of("hash_input.json")
        return found if isinstance(found, dict) else {}


@frozen
class ScriptRun:
    """A script to run for test ``number``; ``name`` tells its runs apart, ``run`` and ``build`` are further specs."""

    name: str
    number: int
    script: Script
    run: tuple[str, ...] = ()
    build: tuple[str, ...] = ()


@frozen
class Setting:
    """All that a test script needs to run, or people to enter its place."""

    mounts: tuple[Mount, ...]
    run: Run
    log: Path


async def run_in_session(run: ScriptRun, subject: Subject) -> Ran:
    """Solve, link, lay out and run; raises what solving and linking raise."""
    bench, setting = subject.bench, await set_up(run, subject)
    log = Log(
        setting.log, on_line=bench.on_line, secrets=bench.secrets.values(), names=path_names(bench.inside)
    )  # fmt: skip
    variables, network = setting.run.variables, bench.permissions.network
    async with bench.sandbox.open(bench.rootfs, setting.mounts, bench.limits, variables, network=network) as session:
        return await run_script(session, setting.run, log)


async def set_up(run: ScriptRun, subject: Subject) -> Setting:
    """Solve, link and lay out; raises what solving and linking raise."""
    bench = subject.bench
    inside = bench.inside
    place = bench.scratch / run.name
    host = await bench.link([subject.exact, *subject.beside, *run.run], inside.test_prefix)
    build = await bench.link(run.build, inside.build_prefix) if run.build else None
    await asyncio.to_thread(_lay_out, run, subject.package, place)
    linked = [prefix for prefix in (host, build) if prefix is not None]
    mounts: list[Mount] = [
        *(Overlay(lower=(one.folder,), upper=place / one.inside.name, inside=one.inside) for one in linked),
        # An overlay, since a writable bind would show the machine's path of its folder to the script.
        Overlay(lower=(place / "work",), upper=place / "work-changes", inside=inside.test_work),
        Bind(source=place / "script", inside=inside.script),
        Tmpfs(inside=inside.home),
        *lent(bench.permissions, bench.sandbox),
    ]
    variables = _variables(subject, run, host, build)
    script = Run(
        script=replace(run.script, cwd=_start(run, inside.test_prefix)),
        folder=place / "script",
        inside=inside.script,
        cwd=inside.test_work,
        prefixes=[
            ActivatedPrefix(inside=one.inside, folder=one.folder, post_link=with_post_link(one)) for one in linked
        ],
        variables=variables,
        section="the test's requirements.run",
    )
    return Setting(mounts=tuple(mounts), run=script, log=bench.logs / f"test-{run.name}.log")


def _variables(subject: Subject, run: ScriptRun, host: LinkedPrefix, build: LinkedPrefix | None) -> dict[str, str]:
    bench = subject.bench
    variables = test_variables(
        Stage(inside=bench.inside, epoch=bench.epoch, cores=bench.cores),
        subject.variables,
        subdir=bench.platform,
        variant=subject.variant,
        python=python_in(host.environment, target(bench.platform)),
    )
    if build is not None:
        variables["BUILD_PREFIX"] = str(build.inside)
        variables["PATH"] = f"{build.inside}/bin:{variables['PATH']}"
    return variables | {name: bench.secrets[name] for name in run.script.secrets if name in bench.secrets}


def _start(run: ScriptRun, prefix: PurePosixPath) -> str | None:
    """Return the folder of the installed package that the test starts in, None for among its own files.

    A package of rattler-build keeps a test's files in its payload and names their folder; ours keeps them in ``info``.
    """
    return None if starts_among_files(run) else str(prefix / (run.script.cwd or ""))


def starts_among_files(run: ScriptRun) -> bool:
    """Whether the test starts where its own files are."""
    return run.script.cwd in {None, "", files_of(run.number), start_of(run.number)}


def _lay_out(run: ScriptRun, package: OpenPackage, place: Path) -> None:
    """Write the test's own files, those below ``info/tests/<number>/``, where it starts."""
    for name in ("work", "script"):
        (place / name).mkdir(parents=True, exist_ok=True)
        (place / name).chmod(0o755)
    start = f"{files_of(run.number).removeprefix('info/')}/"
    for name in package.info_files():
        path = name.removeprefix(start)
        if name.startswith(start) and path not in _DESCRIPTIONS:
            file = place / "work" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(package.read_info(name))
            file.chmod(0o755 if package.is_executable(name) else 0o644)
