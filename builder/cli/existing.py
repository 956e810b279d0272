"""Which packages are there already by name, version and build, and are not to be built: ``--skip-existing``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from builder.cli.site import Site
from builder.environment import Solver
from builder.model.name import stem_of
from builder.model.rendering import Rendering
from builder.plan import Existing

Where = Literal["local", "all"]


async def existing(renderings: Sequence[Rendering], place: Site, where: Where, suffix: str) -> dict[str, Existing]:
    """Return which of ``renderings`` are there, by their identity: in our output or, if ``all`` count, in any channel.

    What they were made from does not matter, as with rattler-build. Of a package in both formats that with ``suffix``
    counts. Raises what asking the channels raises.
    """
    packages = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    found = _in_output(packages, place, suffix)
    if where == "all":
        others = [one for one in packages if one.identity not in found]
        found |= await _elsewhere(others, place)
    return found


def _in_output(packages: Iterable[Rendering], place: Site, suffix: str) -> dict[str, Existing]:
    channel, known = str(place.output), place.channel
    files: dict[str, str] = {}
    for subdir in sorted({one.subdir for one in packages}):
        for file in sorted(known.records(subdir), key=lambda name: name.endswith(suffix)):
            files[f"{subdir}/{stem_of(file)}"] = file
    return {
        one.identity: Existing(channel=channel, file=files[one.identity])
        for one in packages
        if one.identity in files
    }  # fmt: skip


async def _elsewhere(packages: Sequence[Rendering], place: Site) -> dict[str, Existing]:
    """Return those that other channels have, for their platform or for every one."""
    found: dict[str, Existing] = {}
    groups: dict[tuple[tuple[str, ...], str], list[Rendering]] = {}
    for one in packages:
        groups.setdefault((place.channels_of(one), one.platforms.host), []).append(one)
    for (channels, platform), group in groups.items():
        solver = Solver(channels, place.store, access=place.access())
        offered = await solver.offered({one.output.name for one in group}, platform)
        for one in group:
            for offer in offered.get(one.output.name, ()):
                if (offer.version, offer.build) == (one.output.version, one.build_string):
                    found.setdefault(one.identity, Existing(channel=offer.channel))
    return found
