"""Run exports: what the packages of an environment add to those who build with them (CEP 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from builder.errors import UsageError
from builder.model.environment import DependencyOrigin, RunDependency
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.recipe import IgnoreRunExports, Output


@frozen
class RunExported:
    """The run exports of an environment's direct dependencies, by kind, sorted by the package that exports."""

    weak: tuple[RunDependency, ...] = ()
    strong: tuple[RunDependency, ...] = ()
    weak_constrains: tuple[RunDependency, ...] = ()
    strong_constrains: tuple[RunDependency, ...] = ()
    noarch: tuple[RunDependency, ...] = ()


_KINDS = tuple(field.name for field in fields(RunExported))


@frozen
class Unwanted:
    """Which run exports an output does not take: by the exported name, or all of a package."""

    names: frozenset[str]
    packages: frozenset[str]

    @classmethod
    def of(cls, output: Output) -> Unwanted:
        """Return what ``output`` ignores; one that works with every Python takes none of Python's own (CEP 20)."""
        ignored: IgnoreRunExports = output.requirements.ignore_run_exports
        python = {"python"} if output.build.python.version_independent else set[str]()
        return cls(
            names=frozenset(name.lower() for name in ignored.by_name) | python,
            packages=frozenset(name.lower() for name in ignored.from_package) | python,
        )

    def wants(self, dependency: RunDependency) -> bool:
        """Whether the output takes this run export."""
        name = MatchSpec.parse(dependency.spec).name
        return dependency.source not in self.packages and name not in self.names


def collected(
    exports: Mapping[str, Mapping[str, Sequence[str]]], origin: DependencyOrigin, unwanted: Unwanted
) -> RunExported:
    """Return the wanted ones of ``exports`` (package name → kind → specs), each in the normal form of a spec."""
    found: dict[str, tuple[RunDependency, ...]] = {
        kind: tuple(
            dependency
            for name in sorted(exports)
            for text in exports[name].get(kind, ())
            if unwanted.wants(dependency := _dependency(text, origin, name))
        )
        for kind in _KINDS
    }
    return RunExported(**found)


def unique(dependencies: Iterable[RunDependency]) -> tuple[RunDependency, ...]:
    """Return the dependencies without those whose spec came before."""
    first = dict[str, RunDependency]()
    for dependency in dependencies:
        first.setdefault(dependency.spec, dependency)
    return tuple(first.values())


def _dependency(text: str, origin: DependencyOrigin, source: str) -> RunDependency:
    try:
        return RunDependency(spec=str(MatchSpec.parse(text)), origin=origin, source=source)
    except ValueError as error:
        raise UsageError(
            f"{source} has a run export that cannot be read: {error}",
            code="environment.run-export",
            remedy=f"ignore the run exports of {source}, or mend its recipe",
        ) from error
