"""``--check-reproducible``: where second builds run, and what is to be said of packages that were not built now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from builder.cli.site import Site
from builder.errors import UsageError
from builder.model.outcome import Ending, Outcome
from builder.pipeline import Root
from builder.report.events import Event, Noted, Warned
from builder.sandbox import Sandbox
from builder.sandbox.varied import KIND, Surroundings, ensure_tools, surroundings_of, tools_lock

_WORDS = {"date": "the date", "processors": "the processors", "kernel": "the kernel's release"}


async def surroundings_for(place: Site, sandbox: Sandbox, root: Root, emit: Callable[[Event], None]) -> Surroundings:
    """Return the surroundings of second builds, telling what is other in them.

    Raises `UsageError` without isolation: there the two builds would differ in the paths that they see.
    """
    if not sandbox.sealed:
        raise UsageError(
            "--check-reproducible compares builds that see nothing of the machine, and with --isolation none they do",
            code="cli.check-reproducible",
            remedy="leave out one of the two",
        )
    lock = tools_lock()
    tools = place.store.folder(KIND, lock.digest)
    if tools is None:
        debs = await place.fetcher(emit).debs(lock.debs)
        tools = await asyncio.to_thread(ensure_tools, place.store, debs)
    found = await surroundings_of(sandbox, root.folder, tools)
    varied = ", ".join(_WORDS[one] for one in found.variations)
    emit(Noted(text=f"everything is built twice; what is other the second time: {varied}"))
    for missing in _WORDS.keys() - set(found.variations):
        emit(Warned(text=f"{_WORDS[missing]} cannot be other in a second build here: what depends on it is not found"))
    return found


def with_verdicts(outcomes: Sequence[Outcome], place: Site, emit: Callable[[Event], None]) -> tuple[Outcome, ...]:
    """Return the outcomes with what statements say of reused packages; tell of those that were never built twice."""
    judged = tuple(_judged(outcome, place) for outcome in outcomes)
    unknown = [
        one.file_name for one in judged if one.ending is Ending.REUSED and one.file_name and not one.reproducible
    ]
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        text = f"{unknown[0]}{more} was built before and only once; with another --out it is built twice"
        emit(Warned(text=text))
    return judged


def _judged(outcome: Outcome, place: Site) -> Outcome:
    if outcome.ending is not Ending.REUSED or outcome.file_name is None:
        return outcome
    text = place.channel.statement(outcome.task_id.partition("/")[0], outcome.file_name)
    return replace(outcome, reproducible=True) if text and was_built_twice(text) else outcome


def was_built_twice(statement: str) -> bool:
    """Whether a statement says that a second build gave the same bytes."""
    try:
        details = json.loads(statement)["predicate"]["runDetails"]
    except (ValueError, LookupError, TypeError):
        return False
    return isinstance(details, dict) and "bakehouse_reproducible" in details
