"""Which planned tasks can serve the requirements of which: names, versions and builds compared, each spec once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from builder.errors import Place, RecipeError
from builder.matrix import value_text, variant_key
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.recipe import (
    ImportTest,
    PinCompatible,
    PinSubpackage,
    PythonTest,
    Requirement,
    ScriptTest,
    Test,
)
from builder.model.rendering import Rendering
from builder.model.version import Version

_STARTS_WITH = re.compile(r"[A-Za-z0-9.]+")


@frozen(kw_only=False, eq=False)
class Group:
    """Ids of all tasks that match one requirement, in the order of the plan.

    Many tasks share a group, and it may be long: it is equal to nothing but itself, so that nobody compares ids.
    """

    tasks: tuple[str, ...]


@frozen
class Need:
    """A requirement that planned tasks can serve: ``section`` is the requirement's, ``name`` the package's."""

    section: str
    name: str
    group: Group


@frozen(kw_only=False)
class _Offer:
    """A planned package as specs see it."""

    id: str
    subdir: str
    version: Version
    build: str
    number: int


def _asked_by(test: Test) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the specs of the environments that ``test`` runs in, beside the package: run, then build."""
    match test:
        case ScriptTest():
            return test.run, test.build
        case PythonTest():
            versions = tuple(f"python={version}" for version in test.python_version)
            return (*versions, *(("pip",) if test.pip_check else ())), ()
        case ImportTest(language=language):
            return ((language.interpreter.package,) if language.interpreter.package else ()), ()
        case _:
            return (), ()


class Planned:
    """All packages of a plan, found by spec and platform; every spec is parsed and matched once."""

    def __init__(self, renderings: Iterable[Rendering]) -> None:
        """Index ``renderings``; staging outputs serve nobody by name."""
        self._by_name: dict[str, list[_Offer]] = {}
        self._by_build: dict[tuple[str, str], list[_Offer]] = {}
        self._specs: dict[str, MatchSpec] = {}
        self._found: dict[tuple[str, str], Group] = {}
        self._groups: dict[tuple[str, ...], Group] = {}
        for rendering in renderings:
            output, build = rendering.output, rendering.build_string
            if output.kind == "package":
                version = Version.parse(output.version)
                offer = _Offer(rendering.identity, rendering.subdir, version, build, output.build.number)
                self._by_name.setdefault(output.name, []).append(offer)
                self._by_build.setdefault((output.name, build.lower()), []).append(offer)

    def build_needs(self, rendering: Rendering) -> list[Need]:
        """Return what must be finished before ``rendering`` starts.

        These are its requirements, its staging output, and the output in whose work folder its script goes on.
        """
        requirements, platforms = rendering.output.requirements, rendering.platforms
        needs = [
            *self._needs("build", requirements.build, platforms.build, rendering),
            *self._needs("host", requirements.host, platforms.host, rendering),
        ]
        if rendering.staging is not None:
            needs.append(Need(section="staging", name=rendering.staging, group=self._group((rendering.staging,))))
        if rendering.follows is not None:
            needs.append(Need(section="work", name=rendering.follows, group=self._group((rendering.follows,))))
        return needs

    def test_needs(self, rendering: Rendering) -> list[Need]:
        """Return what must be in the channel before ``rendering`` can be tested.

        These are its run dependencies and what its tests ask for. A downstream test is no such thing: the package that
        it names needs this one.
        """
        output, platforms = rendering.output, rendering.platforms
        needs = list(self._needs("run", output.requirements.run, platforms.host, rendering))
        for test in output.tests:
            run, build = _asked_by(test)
            needs += self._needs("test", run, platforms.host, rendering)
            needs += self._needs("test", build, platforms.build, rendering)
        return needs

    def asked(self, rendering: Rendering) -> Iterator[str]:
        """Yield the names of all packages that building and testing ``rendering`` asks for, but virtual ones."""
        requirements = rendering.output.requirements
        asked: list[Requirement] = [*requirements.build, *requirements.host, *requirements.run]
        for test in rendering.output.tests:
            asked += [spec for specs in _asked_by(test) for spec in specs]
        for name in dict.fromkeys(self._name(requirement, rendering) for requirement in asked):
            if not name.startswith("__"):
                yield name

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def _needs(self, section: str, specs: Sequence[Requirement], subdir: str, rendering: Rendering) -> Iterator[Need]:
        for requirement in specs:
            name = self._name(requirement, rendering)
            if name not in self._by_name:
                continue
            group = self._serving(self._spec(requirement, section, rendering), subdir, rendering)
            if name == rendering.output.name:
                group = self._group(tuple(task for task in group.tasks if task != rendering.identity))
            if group.tasks:
                yield Need(section=section, name=name, group=group)

    def _group(self, tasks: tuple[str, ...]) -> Group:
        return self._groups.setdefault(tasks, Group(tasks))

    def _serving(self, spec: str, subdir: str, rendering: Rendering) -> Group:
        """Return the ids of the packages that ``spec`` matches on a machine of ``subdir``; noarch ones run on all."""
        if (spec, subdir) not in self._found:
            parsed = self._parsed(spec, rendering)
            exact = parsed.build is not None and not set("*^") & set(parsed.build)
            offers = (
                self._by_build.get((parsed.name, str(parsed.build).lower())) if exact else self._by_name[parsed.name]
            )
            found = tuple(
                offer.id
                for offer in offers or ()
                if offer.subdir in {subdir, "noarch"}
                and parsed.matches(parsed.name, offer.version, offer.build, offer.number)
            )
            self._found[spec, subdir] = self._group(found)
        return self._found[spec, subdir]

    def _spec(self, requirement: Requirement, section: str, rendering: Rendering) -> str:
        """Return what a requirement asks for as far as a plan can know it.

        A spec without version and build takes its variant's value in build and host (rattler-build's rule), a pin its
        sibling's version; what only a solve decides is open.
        """
        match requirement:
            case PinSubpackage(name=name, pin=pin):
                sibling = next((one for one in rendering.siblings if one.name == name), None)
                return pin.spec(name, sibling.version, sibling.build_string) if sibling else name
            case PinCompatible(name=name):
                return name
            case str():
                spec = self._parsed(requirement, rendering)
                value = rendering.variant.get(variant_key(spec.name)) if section in {"build", "host"} else None
                if value is None or spec.version is not None or spec.build is not None:
                    return requirement
                text = value_text(value)
                return f"{spec.name} {'=' if _STARTS_WITH.fullmatch(text) else ''}{text}"

    def _name(self, requirement: Requirement, rendering: Rendering) -> str:
        return self._parsed(requirement, rendering).name if isinstance(requirement, str) else requirement.name

    def _parsed(self, spec: str, rendering: Rendering) -> MatchSpec:
        if spec not in self._specs:
            try:
                self._specs[spec] = MatchSpec.parse(spec)
            except ValueError as error:
                place = Place(file=str(rendering.recipe.path))
                raise RecipeError(f"{rendering.stem} asks for {error}", code="recipe.spec", place=place) from error
        return self._specs[spec]
