"""From renderings to a plan against a channel and what the ledger remembers; shared by ``plan`` and ``build``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from builder.cli.asked import Asked
from builder.cli.collection import recipe_files
from builder.cli.commits import with_commits
from builder.cli.confinement import Confinement, names_of, refuse_unmeant
from builder.cli.options import Places
from builder.cli.rendering import Rendered, render_files
from builder.cli.selection import Selection, known_platform
from builder.cli.site import Site, source_date_epoch
from builder.cli.unhashed import with_digests
from builder.farm import Ledger
from builder.model.permission import Allowed
from builder.model.recipe import Source, UrlSource
from builder.model.rendering import Rendering
from builder.model.source import SourceDigest
from builder.model.target import NOARCH
from builder.model.task import Plan
from builder.plan import PlanContext, make_plan, missing_from, providers
from builder.report import write_text
from builder.report.events import Event, Noted
from builder.source import Fetcher, source_digests

_AS_ALWAYS = Asked()


def make(
    renderings: Sequence[Rendering],
    place: Site,
    ledger: Ledger,
    *,
    confinement: Confinement,
    emit: Callable[[Event], None] | None = None,
    asked: Asked = _AS_ALWAYS,
) -> Plan:
    """Return the plan for ``renderings``: what the channel has under a recipe key is reused.

    ``asked`` is what the user asks of packages; how environments are solved is the place's. Git repositories are asked
    what the branches and tags in recipes are now, and sources without a sha256 are fetched if the place allows them;
    ``emit`` is told of it, without it standard error.
    """
    refuse_unmeant(confinement, renderings)
    fetcher = place.fetcher(emit or _told)
    renderings = with_commits(renderings, fetcher)
    if place.addresses.allow_unhashed:
        renderings = with_digests(renderings, fetcher)
    channel = str(place.output)
    keys = place.channel.keys()
    there = set(keys.values())
    remembered = {key: name for key, name in ledger.done(channel).items() if name in there}
    context = PlanContext(
        rootfs_digest=confinement.image or place.rootfs_digest,
        sources=partial(_judged_digests, fetcher) if place.collection.policy.farm else source_digests,
        known={**remembered, **keys},
        records=ledger.explanations(channel),
        sealed=confinement.sealed,
        allowed=_allowed(renderings, confinement),
        epoch=source_date_epoch(),
        outside=(place.output, place.store.root),
        packaging=asked.packaging,
        rules=place.rules,
        existing=asked.existing,
    )
    return make_plan(renderings, context)


def _judged_digests(fetcher: Fetcher, sources: Sequence[Source], recipe_folder: Path) -> tuple[SourceDigest, ...]:
    """Return what `source_digests` returns once a farm's rules for addresses are kept, fetched or not."""
    fetcher.check(source for source in sources if isinstance(source, UrlSource))
    return source_digests(sources, recipe_folder)


def _allowed(renderings: Iterable[Rendering], confinement: Confinement) -> dict[str, Allowed]:
    """Return what is allowed to renderings, those alone that something is allowed to, by identity."""
    if not confinement.grants:
        return {}
    found = {one.identity: confinement.allowed_to(names_of(one), one.recipe.folder.resolve()) for one in renderings}
    return {identity: allowed for identity, allowed in found.items() if allowed}


def _told(event: Event) -> None:
    if isinstance(event, Noted):
        write_text(event.text, sys.stderr)


def at_home(
    renderings: Sequence[Rendering], noarch_platform: str | None, emit: Callable[[Event], None]
) -> tuple[Rendering, ...]:
    """Return ``renderings`` without noarch ones that are built elsewhere: where ``noarch_platform`` builds."""
    if known_platform("--noarch-build-platform", noarch_platform) is None:
        return tuple(renderings)
    kept = []
    for one in renderings:
        if one.subdir == NOARCH and one.platforms.build != noarch_platform:
            emit(Noted(text=f"{one.stem} is left out here: noarch outputs are built on {noarch_platform}"))
        else:
            kept.append(one)
    return tuple(kept)


def with_dependencies(
    rendered: Rendered, selection: Selection, available: set[str], places: Places | None = None
) -> Rendered:
    """Add the recipes of the collection that provide what is missing, and what those miss, until nothing is found.

    Recipes that cannot be read provide nothing; their errors come along, for one of them may be the missing one.
    """
    files = recipe_files(rendered.collection.recipes)
    everything = render_files(files, selection, rendered.collection, places)
    outputs: dict[object, list[str]] = {}
    for rendering in everything.renderings:
        outputs.setdefault(rendering.recipe.path, []).append(rendering.output.name)
    chosen = {rendering.recipe.path for rendering in rendered.renderings}
    renderings = list(rendered.renderings)
    while True:
        wanted = set(providers(missing_from(renderings, available), outputs).values()) - chosen
        if not wanted:
            return replace(rendered, renderings=tuple(renderings), errors=everything.errors)
        chosen |= wanted  # type: ignore[arg-type]
        renderings += [rendering for rendering in everything.renderings if rendering.recipe.path in wanted]
