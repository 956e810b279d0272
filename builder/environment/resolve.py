"""Everything that the solves of one task decide: environments, run dependencies, constraints, its own run exports.

The order of work and of the results is rattler-build's: build, then host with what build exports strongly, then run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder.environment.run_exports import RunExported, Unwanted, collected, unique
from builder.environment.solver import Solving
from builder.errors import BakehouseError, Place, Problem, RecipeError
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LockedPackage,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.frozen import frozen
from builder.model.legacy_pin import AnyPin
from builder.model.match_spec import MatchSpec
from builder.model.recipe import PinCompatible, PinSubpackage, Requirement
from builder.model.rendering import Rendering
from builder.model.target import NOARCH

_NOTHING = Environment()


async def resolve(rendering: Rendering, solver: Solving, *, staging: Environments | None = None) -> Environments:
    """Solve the build and host environments of ``rendering`` and work out what its package will require.

    ``staging`` are the environments of the staging output whose files this output takes: unless the recipe refuses, its
    run exports come along, constraints too (CEP 41).

    Raises:
        UnsolvableError: an environment cannot be solved; the problems say which.
        RecipeError: a pin names a package that is not there, or a requirement cannot be read.
    """
    return await _Resolving(rendering=rendering, solver=solver, staging=staging).result()


@frozen
class _Resolving:
    rendering: Rendering
    solver: Solving
    staging: Environments | None

    async def result(self) -> Environments:
        rendering, needs = self.rendering, self.rendering.output.requirements
        unwanted = Unwanted.of(rendering.output)
        merge = rendering.output.build.merge_build_and_host_envs
        inherited = _packages(self.staging.build, self.staging.host) if self.staging else {}

        build_specs = self._at_build_time(needs.build, inherited)
        build = _NOTHING if merge else await self._solve("build", build_specs, rendering.platforms.build)
        known = inherited | _packages(build)
        from_build = collected(await self._exports(build, build_specs), DependencyOrigin.BUILD_RUN_EXPORT, unwanted)

        host_specs = self._at_build_time(needs.host, known)
        all_host = [
            *host_specs,
            *(dependency.spec for dependency in from_build.strong),
            *(build_specs if merge else []),
        ]
        host = await self._solve("host", all_host, rendering.platforms.host)
        known |= _packages(host)
        direct = [*host_specs, *(build_specs if merge and rendering.output.build.build_exports_as_host else [])]
        from_host = collected(await self._exports(host, direct), DependencyOrigin.HOST_RUN_EXPORT, unwanted)

        return Environments(
            build=build,
            host=host,
            depends=unique(
                self._as_built(
                    [*self._asked(needs.run, known), *self._depends(from_build, from_host, unwanted)],
                    _packages(host if host.packages else build),
                )
            ),
            constrains=unique(
                [*self._asked(needs.run_constraints, known), *self._constrains(from_build, from_host, unwanted)]
            ),
            run_exports=self._own_run_exports(known),
            extras=tuple((group, unique(self._asked(wanted, known))) for group, wanted in needs.extras),
        )

    # -- specs ---------------------------------------------------------------------------------------------------------

    def _at_build_time(self, wanted: Sequence[Requirement], known: Mapping[str, LockedPackage]) -> list[str]:
        """Return build or host specs: one without version and build takes the value of the variant key of its name."""
        return [self._with_variant(dependency.spec) for dependency in self._asked(wanted, known)]

    def _with_variant(self, text: str) -> str:
        spec = MatchSpec.parse(text)
        key = spec.name.replace("-", "_").replace(".", "_")
        if spec.version is not None or spec.build is not None or key not in self.rendering.variant:
            return text
        value = _variant_text(self.rendering.variant[key])
        fuzzy = "=" if all(sign.isalnum() or sign == "." for sign in value) else ""
        try:
            wanted = MatchSpec.parse(f"{spec.name} {fuzzy}{value}")
        except ValueError as error:
            raise self._error(f"the variant value {value!r} of {key} is no version: {error}") from error
        return str(replace(spec, version=wanted.version, build=wanted.build))

    def _asked(self, wanted: Iterable[Requirement], known: Mapping[str, LockedPackage]) -> list[RunDependency]:
        """Return the requirements as the recipe gives them, pins resolved."""
        return [self._one(requirement, known) for requirement in wanted]

    def _one(self, requirement: Requirement, known: Mapping[str, LockedPackage]) -> RunDependency:
        try:
            if isinstance(requirement, PinSubpackage):
                return RunDependency(
                    spec=self._sibling(requirement), origin=DependencyOrigin.PIN, source=requirement.name
                )
            if isinstance(requirement, PinCompatible):
                return RunDependency(
                    spec=self._compatible(requirement, known), origin=DependencyOrigin.PIN, source=requirement.name
                )
            return RunDependency(spec=str(MatchSpec.parse(requirement)), origin=DependencyOrigin.RECIPE)
        except ValueError as error:
            raise self._error(str(error)) from error

    def _sibling(self, pinned: PinSubpackage) -> str:
        rendering = self.rendering
        if pinned.name == rendering.output.name:
            return pinned.pin.spec(pinned.name, rendering.output.version, rendering.build_string)
        for sibling in rendering.siblings:
            if sibling.name == pinned.name:
                return pinned.pin.spec(pinned.name, sibling.version, sibling.build_string)
        raise self._error(f"pin_subpackage({pinned.name!r}): this recipe has no output of that name")

    def _compatible(self, pinned: PinCompatible, known: Mapping[str, LockedPackage]) -> str:
        package = known.get(pinned.name.lower())
        if package is None:
            raise self._error(
                f"pin_compatible({pinned.name!r}): neither the build nor the host environment has that package",
                remedy=f"add {pinned.name} to requirements.host",
            )
        return pinned.pin.spec(package.name, package.version, package.build)

    def _as_built(
        self, dependencies: Iterable[RunDependency], known: Mapping[str, LockedPackage]
    ) -> list[RunDependency]:
        """Return run dependencies, those of ``pin_run_as_build`` at the version that was built with.

        conda-build's rule: whatever version they asked for, a build stays; Python's own of noarch packages is left
        alone. A pin that the recipe writes stays as it is.
        """
        pins = dict(self.rendering.pins)
        if self.rendering.output.build.noarch:
            pins.pop("python", None)
        return [self._one_as_built(dependency, pins, known) for dependency in dependencies]

    def _one_as_built(
        self, dependency: RunDependency, pins: Mapping[str, AnyPin], known: Mapping[str, LockedPackage]
    ) -> RunDependency:
        spec = MatchSpec.parse(dependency.spec)
        pin, package = pins.get(spec.name), known.get(spec.name)
        if pin is None or package is None or dependency.origin is DependencyOrigin.PIN:
            return dependency
        pinned = MatchSpec.parse(pin.spec(package.name, package.version, package.build))
        return RunDependency(
            spec=str(replace(spec, version=pinned.version)),
            origin=DependencyOrigin.PIN_RUN_AS_BUILD,
            source=dependency.source,
        )

    # -- solves --------------------------------------------------------------------------------------------------------

    async def _solve(self, role: str, specs: Sequence[str], subdir: str) -> Environment:
        try:
            return await self.solver.solve(specs, subdir=subdir)
        except BakehouseError as error:
            where = f"{role} environment of {self.rendering.output.name}"
            raise type(error).of(
                replace(problem, message=f"{where}: {problem.message}") for problem in error.problems
            ) from error

    async def _exports(
        self, environment: Environment, specs: Sequence[str]
    ) -> dict[str, Mapping[str, tuple[str, ...]]]:
        """Return the run exports of the packages that ``specs`` name: indirect dependencies do not count."""
        direct = {MatchSpec.parse(text).name for text in specs}
        return {
            package.name: await self.solver.run_exports(package)
            for package in environment.packages
            if package.name in direct
        }

    # -- results -------------------------------------------------------------------------------------------------------

    def _depends(self, build: RunExported, host: RunExported, unwanted: Unwanted) -> list[RunDependency]:
        if self.rendering.subdir == NOARCH:
            return list(host.noarch)
        inherited = self._inherited(self.staging.depends if self.staging else (), unwanted)
        return [*inherited, *build.strong, *host.strong, *host.weak]

    def _constrains(self, build: RunExported, host: RunExported, unwanted: Unwanted) -> list[RunDependency]:
        if self.rendering.subdir == NOARCH:
            return []
        inherited = self._inherited(self.staging.constrains if self.staging else (), unwanted)
        return [*inherited, *build.strong_constrains, *host.strong_constrains, *host.weak_constrains]

    def _inherited(self, dependencies: Iterable[RunDependency], unwanted: Unwanted) -> list[RunDependency]:
        inherit = self.rendering.output.inherit
        if inherit is None or not inherit.run_exports:
            return []
        return [replace(each, origin=DependencyOrigin.STAGING) for each in dependencies if unwanted.wants(each)]

    def _own_run_exports(self, known: Mapping[str, LockedPackage]) -> ResolvedRunExports:
        exports = self.rendering.output.requirements.run_exports

        def texts(wanted: Sequence[Requirement]) -> tuple[str, ...]:
            return tuple(dependency.spec for dependency in self._asked(wanted, known))

        return ResolvedRunExports(
            weak=texts(exports.weak),
            strong=texts(exports.strong),
            weak_constrains=texts(exports.weak_constraints),
            strong_constrains=texts(exports.strong_constraints),
            noarch=texts(exports.noarch),
        )

    def _error(self, message: str, remedy: str | None = None) -> BakehouseError:
        place = Place(file=str(self.rendering.recipe.path))
        return RecipeError.of([Problem(code="recipe.requirement", message=message, place=place, remedy=remedy)])


def _packages(*environments: Environment) -> dict[str, LockedPackage]:
    return {package.name: package for environment in environments for package in environment.packages}


def _variant_text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
