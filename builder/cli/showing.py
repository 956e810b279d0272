"""Shows many recipes: those that are remembered, and the others rendered, in several processes if there are many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from builder.cli.collection import Collection
from builder.cli.render_cache import RenderCache
from builder.cli.selection import Selection
from builder.cli.shown import Shown
from builder.model.frozen import frozen

_WORTH_A_PROCESS = 16
"""Recipes; fewer are rendered before another process has begun."""


@frozen
class Work:
    """Recipes to render; ``store`` holds what is remembered of others, None for no memory."""

    files: tuple[Path, ...]
    selection: Selection
    collection: Collection
    store: Path | None


def show_files(work: Work, jobs: int) -> list[Shown]:
    """Return what is to be shown of each file, in their order; up to ``jobs`` processes render what is new."""
    shown: dict[int, Shown] = {}
    cache = _cache(work)
    for place, file in enumerate(work.files):
        ticket = cache.ticket(file) if cache is not None else None
        found = cache.find(file, ticket) if cache is not None and ticket is not None else None
        if found is not None:
            shown[place] = found
    new = [place for place in range(len(work.files)) if place not in shown]
    for places, results in _rendered(work, new, jobs):
        shown.update(zip(places, results, strict=True))
    return [shown[place] for place in range(len(work.files))]


def _rendered(work: Work, new: list[int], jobs: int) -> list[tuple[list[int], list[Shown]]]:
    shares = min(jobs, len(new) // _WORTH_A_PROCESS)
    if shares < 2:
        return [(new, _render(_part(work, new)))] if new else []
    from builder.cli.workers import dealt, in_processes

    hands = [sorted(hand) for hand in dealt(new, [_size(work.files[place]) for place in new], shares)]
    hands = [[new[place] for place in hand] for hand in hands]
    return list(zip(hands, in_processes(_render, [_part(work, hand) for hand in hands]), strict=True))


def _part(work: Work, places: Sequence[int]) -> Work:
    files = tuple(work.files[place] for place in places)
    return Work(files=files, selection=work.selection, collection=work.collection, store=work.store)


def _render(work: Work) -> list[Shown]:
    """Render all files of ``work`` and remember what came of it."""
    from builder.cli.inputs import Inputs
    from builder.cli.shown import show

    inputs, cache = Inputs(work.selection, work.collection), _cache(work)
    found = []
    for file in work.files:
        ticket = cache.ticket(file) if cache is not None else None
        shown, basis = show(file, inputs)
        if cache is not None and ticket is not None:
            cache.keep(file, ticket, shown, basis)
        found.append(shown)
    return found


def _cache(work: Work) -> RenderCache | None:
    return None if work.store is None else RenderCache(work.store, work.selection, work.collection, os.environ)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # who reads it says why
        return 0
