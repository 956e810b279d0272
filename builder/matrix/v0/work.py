"""The work that outputs of one ``meta.yaml`` share, as renderings: who inherits, and in whose folder who goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from builder.matrix.v0.identity import digest
from builder.matrix.v0.render import LegacyRendering, rendering_of
from builder.matrix.v0.usage import Subject
from builder.matrix.v0.variables import names_beside, variables_of, with_values
from builder.model.frozen import frozen
from builder.model.recipe import Script
from builder.model.rendering import Rendering
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.script import NOTHING, script_of_recipe
from builder.recipe.v0.staging import (
    Share,
    as_staging,
    files_of,
    in_order,
    is_divided,
    is_merged,
    share_of,
    work_of_recipe,
)
from builder.recipe.v0.words import words_beside

Made = Callable[[LegacyRendering], Rendering]
"""Makes a rendering of what a recipe came to, without any work."""


def with_work(
    found: Sequence[LegacyRendering], renderings: Sequence[Rendering], made: Made, remarks: Remarks
) -> tuple[Rendering, ...]:
    """Return ``renderings`` with what each runs, takes and inherits; staging outputs, as ``made``, come before them.

    ``found`` is what the recipe came to, one for each rendering. What keeps the recipe from being built goes into
    ``remarks``.
    """
    order = in_order([one.output for one in found])
    groups: dict[int, list[int]] = {}
    beside = _names_beside(found[0]) if found else frozenset()
    for place, one in enumerate(found):
        groups.setdefault(id(one.top), []).append(place)
    ready = list(renderings)
    staged: list[Rendering] = []
    for places in groups.values():
        group = [found[place] for place in places]
        work = _work_of(group, _Shared(order=order, beside=beside), made, remarks)
        staged += [work.staging] if work.staging is not None else []
        joined = _joined(group, [renderings[place] for place in places], work)
        for place, rendering in zip(places, joined, strict=True):
            tests = tuple(with_values(test, found[place]) for test in rendering.output.tests)
            output = replace(rendering.output, tests=tests)
            ready[place] = replace(rendering, output=output, variables=variables_of(found[place], beside))
    return (*staged, *ready)


def _names_beside(one: LegacyRendering) -> frozenset[str]:
    assert one.top is not None
    return names_beside(words_beside(one.top.text.file.folder), one.scope)


@frozen
class _Work:
    """The work of the outputs of one variant of the recipe; ``order`` are their names."""

    order: tuple[str, ...]
    shares: tuple[Share, ...]
    staging: Rendering | None = None


@frozen
class _Shared:
    """What is the same for all variants of a recipe: the ``order`` of outputs, the words of files ``beside`` it."""

    order: tuple[str, ...]
    beside: frozenset[str]


def _work_of(group: Sequence[LegacyRendering], shared: _Shared, made: Made, remarks: Remarks) -> _Work:
    top, outputs, order = group[0].top, [one.output for one in group], shared.order
    assert top is not None
    script = script_of_recipe(top.metadata, top.text, _system(top), remarks)
    if not is_divided(top.metadata, outputs):
        own = script or NOTHING
        return _Work(order=order, shares=tuple(_undivided(one, own) for one in group))
    staging = _staging(top, outputs, script, made, shared.beside) if script is not None else None
    name = staging.output.name if staging is not None else None
    shares = (
        share_of(one.output, top.metadata, one.scope, staging=name, first=one.metadata.name == order[0])
        for one in group
    )
    return _Work(order=order, shares=tuple(shares), staging=staging)


def _undivided(one: LegacyRendering, script: Script) -> Share:
    files = files_of(one.output.entry.get("files"))
    return Share(script=script, files=files, merged=is_merged(one.metadata, one.scope))


def _system(top: Subject) -> str:
    return top.scope.platforms.host.partition("-")[0]


def _staging(
    top: Subject, outputs: Sequence[OutputMetadata], script: Script, made: Made, beside: frozenset[str]
) -> Rendering:
    """Return the recipe's own script as a rendering; its name tells all values that the recipe uses."""
    needed = work_of_recipe(top.metadata, outputs, top.scope)
    legacy = replace(rendering_of(top), output=needed, top=top)
    used = digest(legacy.used)
    rendering = made(replace(legacy, hash=used, build_string=f"work_h{used}_{top.metadata.number}"))
    merged = is_merged(needed.metadata, top.scope)
    output = as_staging(rendering.output, script, merged=merged)
    return replace(rendering, output=output, siblings=(), variables=variables_of(legacy, beside))


def _joined(group: Sequence[LegacyRendering], plain: Sequence[Rendering], work: _Work) -> Iterator[Rendering]:
    """Yield the renderings of one variant of the recipe, each with its share of the work."""
    staging = work.staging.identity if work.staging is not None else None
    members = [
        _Member(legacy=one, identity=rendering.identity, share=share)
        for one, rendering, share in zip(group, plain, work.shares, strict=True)
    ]
    for member, rendering in zip(members, plain, strict=True):
        before = _before(member, members, work.order)
        yield replace(rendering, output=member.share.of(rendering.output), staging=staging, follows=before)


@frozen
class _Member:
    """One output of a variant of the recipe, by the identity of its rendering."""

    legacy: LegacyRendering
    identity: str
    share: Share

    @property
    def name(self) -> str:
        return self.legacy.metadata.name

    def agrees(self, other: _Member) -> bool:
        """Whether no variant key that both use has two values."""
        mine, theirs = self.legacy.used, other.legacy.used
        return all(theirs[key] == value for key, value in mine.items() if key in theirs)


def _before(member: _Member, members: Sequence[_Member], order: tuple[str, ...]) -> str | None:
    """Return the output in whose work folder a script goes on: the last before it that ran one and fits it."""
    if not member.share.works:
        return None
    for name in reversed(order[: order.index(member.name)]):
        fitting = [one for one in members if one.name == name and one.share.works and member.agrees(one)]
        if fitting:
            return fitting[-1].identity
    return None
