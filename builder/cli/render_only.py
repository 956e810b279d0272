"""``build --render-only``: print what would be built in rattler-build's JSON, with ``--with-solve`` solved, and end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from builder import __version__
from builder.cli.baking import solver_for
from builder.cli.site import Site, source_date_epoch
from builder.cli.waiting import wait_for
from builder.environment import resolve
from builder.environment.place import channel_place
from builder.errors import Place, UsageError
from builder.matrix.peer_document import Setting, peer_documents
from builder.model.environment import Environments
from builder.model.inside import SEALED
from builder.model.packaging import Packaging
from builder.model.rendering import Rendering
from builder.model.target import target, virtual_packages
from builder.pipeline.scripting import NO_SOURCE_EPOCH
from builder.plan.peer_order import peer_order
from builder.plan.subset import build_order
from builder.report import write_document
from builder.sandbox.rootfs import rootfs_lock


def render_only(
    renderings: Sequence[Rendering], setting: Setting, *, solve_at: Site | None, abandon: Callable[[int], NoReturn]
) -> int:
    """Print what of ``renderings`` would be built, in an order to build it in; with ``solve_at`` solved there.

    Nothing is fetched but what solving needs, nothing is linked or written but the document. `UsageError` for a
    ``meta.yaml``, which rattler-build does not read.
    """
    legacy = next((one.recipe.path for one in renderings if one.recipe.is_template), None)
    if legacy is not None:
        raise UsageError(
            "--render-only prints rattler-build's JSON, and that tool reads no meta.yaml",
            code="cli.render-only",
            place=Place(file=str(legacy)),
            remedy="`bakehouse render` shows what it comes to: --json, or --format yaml as `conda render` does",
        )
    ordered = build_order(peer_order([one for one in renderings if not one.output.skip]))
    solved = wait_for(_solved(ordered, solve_at), abandon=abandon) if solve_at is not None else None
    write_document(peer_documents(ordered, setting, solved), sys.stdout)
    return 0


def setting_of(place: Site, packaging: Packaging, renderings: Sequence[Rendering], prefix: str | None) -> Setting:
    """Return what a build at ``place`` would be made with; ``prefix`` is ``--build-string-prefix``."""
    epoch, glibc = source_date_epoch(), rootfs_lock().glibc
    return Setting(
        channels={
            one.channel_sources: tuple(channel_place(name).url for name in place.channels_of(one)) for one in renderings
        },
        rules=place.rules,
        packaging=packaging,
        inside=SEALED,
        virtual={subdir: virtual_packages(target(subdir), glibc=glibc) for subdir in _platforms(renderings)},
        epoch=NO_SOURCE_EPOCH if epoch is None else epoch,
        tool=("bakehouse", __version__),
        prefix=prefix,
    )


async def _solved(ordered: Sequence[Rendering], place: Site) -> dict[str, Environments]:
    """Return environments by the identity of the rendering, staging outputs before those that inherit from them."""
    platforms, glibc = _platforms(ordered), rootfs_lock().glibc
    named = {one.channel_sources: place.channels_of(one) for one in ordered}
    solvers = {
        sources: solver_for(replace(place, channels=channels), platforms, glibc) for sources, channels in named.items()
    }
    found: dict[str, Environments] = {}
    for one in ordered:
        staging = found[one.staging] if one.staging is not None else None
        found[one.identity] = await resolve(one, solvers[one.channel_sources], staging=staging)
    return found


def _platforms(renderings: Sequence[Rendering]) -> set[str]:
    return {subdir for one in renderings for subdir in (one.platforms.host, one.platforms.build)}
