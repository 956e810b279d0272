"""Why a repository gave nothing, in words that help: what was asked, what it said, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from builder.archive.member import raising
from builder.errors import BakehouseError, MachineError, SourceError
from builder.source.git.bounded import TOO_LARGE

_BROKEN = (
    "fsck error",
    "bad object",
    "index-pack failed",
    "invalid index-pack",
    "error in object",
    "died of signal",
    "broken pack",
    "bad pack header",
    "possible repository corruption",
    "neither a file nor a folder",
)
_GONE = (
    "not found", "does not appear to be a git repository", "not a git repository", "does not exist",
    "couldn't find remote ref", "no commit", "is no commit", "non-commit object", "not our ref", "git-lfs did not get",
)  # fmt: skip
_FOREIGN = "dubious ownership"


def unanswered(failures: Sequence[tuple[str, str]]) -> BakehouseError:
    """Make the error of a repository that no address gave: each with what git said there."""
    tried = [f"{place}: {why}" for place, why in failures]
    message = tried[0] if len(tried) == 1 else "\n  ".join(("no address gives the repository:", *tried))
    reasons = [why.lower() for _, why in failures]
    if any(_FOREIGN in why for why in reasons):
        remedy = "that repository belongs to another user, and git refuses to read it: copy it, or build as its owner"
        return MachineError(message, code="source.git-owner", remedy=remedy)
    if any(TOO_LARGE in why for why in reasons):
        return SourceError(message, code="source.git-member", remedy=raising("ratio_from"))
    if any(sign in why for why in reasons for sign in _BROKEN):
        remedy = "the repository holds what git refuses; take an archive that its authors publish"
        return SourceError(message, code="source.git-broken", remedy=remedy)
    if all(any(sign in why for sign in _GONE) for why in reasons):
        return SourceError(message, code="source.gone", remedy="check the address and the revision")
    remedy = "check the network, the proxy and your right to read it; --offline takes what was fetched last"
    return MachineError(message, code="source.unreachable", remedy=remedy)


def never_fetched(what: str) -> MachineError:
    """Make the error of something that is not in the store when nothing may be fetched."""
    return MachineError(
        f"{what} was never fetched, and --offline forbids to fetch it now",
        code="source.offline",
        remedy="run `bakehouse fetch PATH…` once with a network",
    )
