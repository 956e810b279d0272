"""What a plan is made against: the channel's knowledge, the sandbox's root, and what may enter a recipe key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from builder.model.frozen import frozen
from builder.model.packaging import Packaging
from builder.model.permission import Allowed
from builder.model.recipe import Source
from builder.model.solving import SolveRules
from builder.model.source import SourceDigest
from builder.model.task import Explanation

FORMAT = 4
"""Raised whenever the bytes of our packages change for equal inputs, so that nothing old is taken for new."""


class SourceDigests(Protocol):
    """Says what sources are without fetching them; what it asks of the machine is the caller's to decide."""

    def __call__(self, sources: Sequence[Source], recipe_folder: Path) -> tuple[SourceDigest, ...]:
        """Return a digest for each source, in order."""
        ...


@frozen
class Existing:
    """A package that is there by name, version and build: in which ``channel``; as ``file`` if that is our own."""

    channel: str
    file: str | None = None


@frozen
class PlanContext:
    """What the plan may rely on.

    ``known`` maps recipe keys to the files (``subdir/name.conda``, or the bare name) that the channel has under them;
    ``records`` maps such a file to the explanation that its recipe key was made of, where it is remembered.
    ``rootfs_digest`` and ``sealed`` say what scripts will run in, ``epoch`` is ``SOURCE_DATE_EPOCH`` if it was given.
    ``outside`` are folders that may lie in a recipe's folder without being part of it: the channel we write, the store.
    ``packaging`` is how packages are written, ``rules`` how environments are solved. ``existing`` are packages that are
    not to be built, whatever they were made from: by identity, where each of them is. ``allowed`` is what the scripts
    of renderings may use of the machine, by identity.
    """

    rootfs_digest: str
    sources: SourceDigests
    known: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Explanation] = field(default_factory=dict)
    format: int = FORMAT
    sealed: bool = True
    epoch: int | None = None
    outside: tuple[Path, ...] = ()
    packaging: Packaging = Packaging()
    rules: SolveRules = SolveRules()
    existing: Mapping[str, Existing] = field(default_factory=dict)
    allowed: Mapping[str, Allowed] = field(default_factory=dict)
