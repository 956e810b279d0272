"""What checks need to know besides the package itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

from builder.check.sought import Sought
from builder.model.environment import Clash, Environments, LinkedPrefix
from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.model.match_spec import MatchSpec
from builder.model.payload import Installed
from builder.model.recipe import Output
from builder.model.target import Target


@frozen
class Leak:
    """A path that no package may hold: ``text`` is the path, ``what`` says what it is (``the work folder``)."""

    text: str
    what: str


@frozen
class SiblingFiles:
    """The paths in the package of another output of the same recipe, by that output's ``name``, with their sha256."""

    name: str
    paths: frozenset[str]
    digests: Mapping[str, str] = field(default_factory=dict)


@frozen
class CheckContext:
    """Everything around a package that is checked.

    ``host`` is the linked host environment, None without one. ``siblings`` are the other outputs of the recipe.
    ``installed`` is what the script left, for what it did to the environment. ``leaks`` are paths that must not occur.
    ``system_libraries`` are SONAMEs that users' machines have besides glibc's own. ``glibc`` is the version of the
    target's ``__glibc``, the most that a package may need when it declares no floor. With ``no_binary_prefix`` the user
    wants no binary file with the prefix in it. ``sought`` are the secrets, if anybody looks for some. ``clashes`` are
    the paths that several packages of an environment bring, by what people call that environment.
    """

    output: Output
    target: Target
    environments: Environments
    host: LinkedPrefix | None = None
    siblings: tuple[SiblingFiles, ...] = ()
    installed: Installed | None = None
    leaks: tuple[Leak, ...] = ()
    system_libraries: frozenset[str] = frozenset()
    glibc: str | None = None
    no_binary_prefix: bool = False
    sought: Sought | None = None
    clashes: tuple[tuple[str, tuple[Clash, ...]], ...] = ()

    @property
    def owners(self) -> dict[str, str]:
        """The host environment's paths, each with its package's name."""
        return {} if self.host is None else dict(self.host.owners)

    @property
    def run_names(self) -> frozenset[str]:
        """The names of the packages that this one depends on."""
        return frozenset(package_name(dependency.spec) for dependency in self.environments.depends)

    @property
    def run_closure(self) -> frozenset[str]:
        """The names of the packages that come along with the run dependencies, as far as the host environment tells."""
        depends = {package.name: package.depends for package in self.environments.host.packages}
        found, todo = set[str](), sorted(self.run_names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(package_name(spec) for spec in depends.get(name, ()))
        return frozenset(found)


def package_name(spec: str) -> str:
    """Return the name of the package that ``spec`` asks for, also where an old record's spec cannot be read."""
    try:
        return MatchSpec.parse(spec).name
    except ValueError:
        return spec.partition(" ")[0].lower()


def leaks_of(inside: InsidePaths, machine: Iterable[Path] = ()) -> tuple[Leak, ...]:
    """Return the paths that may not get into packages built below ``inside``; ``machine`` are folders outside of it."""
    return (
        Leak(text=str(inside.work), what="the work folder"),
        Leak(text=str(inside.build_prefix), what="the build prefix"),
        Leak(text=str(inside.recipe), what="the recipe's folder"),
        Leak(text=str(inside.script), what="the folder of the script"),
        Leak(text=str(inside.home), what="the home folder"),
        Leak(text=str(inside.test_prefix), what="the test prefix"),
        Leak(text=str(inside.test_work), what="the test folder"),
        *(Leak(text=str(path), what="a folder of the building machine") for path in machine),
    )
