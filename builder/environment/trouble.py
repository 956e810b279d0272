"""Why a solve failed, in the user's words: which spec, what there is instead, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from builder.errors import BakehouseError, Problem, UnsolvableError
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.solving import SolveRules
from builder.model.version import Version

_BUILD_IT = "add a channel that has it with -c CHANNEL, or build it from the collection with --with-deps"
_LESS = "ask for what the target has, or take another build that needs less"
_PREAMBLE = "Cannot solve the request because of:"
_SHOWN = 8

TARGET = "the target"
"""What offers virtual packages, in the place of a channel."""


@frozen
class Found:
    """A package that an index offers, as far as a reader of an error needs it; ``made`` at that time, if it says."""

    channel: str
    version: str
    build: str
    build_number: int
    made: datetime | None = None

    def fits(self, spec: MatchSpec) -> bool:
        """Whether ``spec`` admits it; a version that cannot be read fits nothing."""
        try:
            version = Version.parse(self.version)
        except ValueError:
            return False
        return spec.matches(spec.name, version, self.build, self.build_number)


@frozen
class Catalogue:
    """What a failed solve could choose from.

    ``names`` are those of all packages. ``packages`` are all offers under the names that were asked for, those of the
    first channel first; virtual packages are offered by the target. ``rules`` are those that were solved by;
    packages of the ``ageless`` channels are never too new. ``left_out`` says by name what was not believed, and why.
    """

    names: frozenset[str]
    packages: Mapping[str, tuple[Found, ...]]
    rules: SolveRules = SolveRules()
    ageless: frozenset[str] = frozenset()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def too_new(self, found: Found) -> bool:
        """Whether a package was left out for its age."""
        return found.channel not in {TARGET, *self.ageless} and not self.rules.admit(found.made)


def explained(specs: Sequence[str], catalogue: Catalogue, account: str) -> BakehouseError:
    """Return the error for specs that cannot be met: a problem for each spec at fault, or the solver's own account.

    ``specs`` are what the user wrote, and are told so.
    """
    read = [(text, MatchSpec.parse(text)) for text in specs]
    problems = [
        _with_what_was_left_out(problem, spec.name, catalogue)
        for text, spec in read
        for problem in _problems(text, spec, catalogue)
    ]
    if problems:
        return UnsolvableError.of(problems)
    told = account.removeprefix(_PREAMBLE).strip()
    return UnsolvableError(f"no set of packages satisfies {', '.join(specs)}: {told}", remedy=_BUILD_IT)


def _with_what_was_left_out(problem: Problem, name: str, catalogue: Catalogue) -> Problem:
    left_out = catalogue.left_out.get(name, ())
    if not left_out:
        return problem
    more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    return replace(problem, message=f"{problem.message}; left out is {left_out[0]}{more}")


def _problems(asked: str, spec: MatchSpec, catalogue: Catalogue) -> Iterator[Problem]:
    everything = catalogue.packages.get(spec.name, ())
    if not everything:
        yield _unknown(asked, spec, catalogue)
        return
    first = everything[0].channel
    strict = catalogue.rules.channel_priority == "strict"
    visible = [found for found in everything if found.channel == first or not strict]
    fitting = [found for found in visible if found.fits(spec)]
    if not all(map(catalogue.too_new, fitting)):
        return
    hidden = [found for found in everything if found not in visible and found.fits(spec)]
    if fitting:
        yield _too_new(asked, fitting, catalogue.rules)
    elif hidden:
        yield Problem(
            code="environment.hidden",
            message=f"{asked} is in {hidden[0].channel}, but {first} comes first and has {spec.name} too",
            remedy=f"put {hidden[0].channel} before {first}: only the first channel that has a package is asked for it",
        )
    elif spec.name.startswith("__"):
        yield Problem(
            code="environment.target",
            message=f"{asked} asks for more than the target has: {spec.name} {visible[0].version} {visible[0].build}",
            remedy=_LESS,
        )
    else:
        yield Problem(
            code="environment.no-version", message=f"no package satisfies {asked}; there is {_listed(visible)}",
            remedy=_BUILD_IT,
        )  # fmt: skip


def _too_new(asked: str, late: Sequence[Found], rules: SolveRules) -> Problem:
    return Problem(
        code="environment.too-new",
        message=f"{asked} is met only by packages newer than {rules.said}, or of no known time: {_listed(late)}",
        remedy="give a later time with --exclude-newer, or ask for a version that was there by then",
    )


def _unknown(asked: str, spec: MatchSpec, catalogue: Catalogue) -> Problem:
    if spec.name.startswith("__"):
        message = f"the target has no {spec.name} (asked for as {asked})"
        return Problem(code="environment.target", message=message, remedy=_LESS)
    near = difflib.get_close_matches(spec.name, sorted(catalogue.names), n=3, cutoff=0.75)
    hint = f"did you mean {' or '.join(near)}? Or else " if near else ""
    words = "" if spec.bare else f" (asked for as {asked})"
    return Problem(
        code="environment.missing",
        message=f"no channel has a package called {spec.name}{words}",
        remedy=f"{hint}{_BUILD_IT}",
    )


def _listed(packages: Sequence[Found]) -> str:
    """Return the newest of ``packages``, one for each version, with builds where there is only one version."""
    versions = list(dict.fromkeys(found.version for found in sorted(packages, key=_newest_last, reverse=True)))
    if len(versions) == 1:
        builds = sorted(found.build for found in packages)
        return f"{versions[0]} ({', '.join(builds[:_SHOWN])}{' …' if len(builds) > _SHOWN else ''})"
    return f"{', '.join(versions[:_SHOWN])}{' …' if len(versions) > _SHOWN else ''}"


def _newest_last(found: Found) -> tuple[int, Version]:
    try:
        return 1, Version.parse(found.version)
    except ValueError:
        return 0, Version.parse("0")
