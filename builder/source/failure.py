"""Why a source could not be fetched, in words that help: what was tried, what is there instead, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.frozen import frozen
from builder.model.recipe import UrlSource
from builder.source.address import debian_path, shown
from builder.source.connection import TransferError
from builder.source.debian import PoolFile
from builder.store import StoredFile

_CODES = {"wrong": "source.wrong-bytes", "refused": "source.forbidden"}
_OTHER_BYTES = "if its author really published other bytes, check them and change the recipe's sha256"


@frozen
class Unfetched:
    """A source that no address gave: what was ``tried`` and how each attempt failed, in order."""

    source: UrlSource
    tried: tuple[tuple[str, TransferError], ...]

    @property
    def is_gone(self) -> bool:
        """Whether all servers were reached and none has the file."""
        return all(failure.kind == "missing" for _, failure in self.tried)


def explain(unfetched: Unfetched, present: Mapping[str, PoolFile] | None = None) -> BakehouseError:
    """Make the error: nobody's bytes were right, nobody has the file, or somebody did not answer.

    ``present`` maps a pinned path of the Debian archive to what the archive has in its place now.
    """
    tried = [_told(place, failure) for place, failure in unfetched.tried]
    message = tried[0] if len(tried) == 1 else "\n  ".join(("no address gives the source:", *tried))
    for kind, code in _CODES.items():
        failed = next((failure for _, failure in unfetched.tried if failure.kind == kind), None)
        if failed is not None:
            return SourceError(message, code=code, remedy=failed.remedy or _OTHER_BYTES)
    if not unfetched.is_gone:
        remedy = "check the network and the proxy; `bakehouse fetch PATH…` gets everything for a later --offline"
        return MachineError(message, code="source.unreachable", remedy=remedy)
    for address in unfetched.source.urls:
        now = (present or {}).get(debian_path(address)) if address.startswith("debian:") else None
        if now is not None:
            return SourceError(
                f"{message}; {now.suite} has version {now.version} of {now.package} now",
                code="source.gone",
                remedy="renew the pins: `make repin`, or `bakehouse repin PATH…`",
            )
    return SourceError(message, code="source.gone", remedy="give the source another address")


def _told(place: str, failure: TransferError) -> str:
    """Say which address failed and why; a refusal says the address itself."""
    return str(failure) if str(failure).startswith(shown(place)) else f"{shown(place)}: {failure}"


def unhashed_error(source: UrlSource, stored: StoredFile) -> SourceError:
    """Make the error of a source without sha256; it says the hash to write, of the bytes that came now."""
    message = f"{shown(source.urls[0])} has no sha256"
    came = "what came now"
    if source.md5 is not None:
        message += ", and md5 alone proves nothing"
        came += ", with the recipe's md5" if stored.md5 == source.md5.lower() else ", whose md5 is not the recipe's"
    return SourceError(
        message,
        code="source.unhashed",
        remedy=f"compare with what its author publishes, then write `sha256: {stored.sha256}` ({came})",
    )


def offline_error(source: UrlSource, torn: Path | str | None = None) -> MachineError:
    """Make the error of a source that is not in the store when nothing may be fetched; ``torn`` is what once was it."""
    why = f"is damaged in the store (set aside as {torn})" if torn else "was never fetched"
    return MachineError(
        f"{shown(source.urls[0])} {why}, and --offline forbids to fetch it now",
        code="source.offline",
        remedy="run `bakehouse fetch PATH…` once with a network",
    )


def together(errors: Sequence[BakehouseError]) -> BakehouseError:
    """Make one error of many; wrong input outweighs a machine that cannot. What all say alike is said once."""
    kind = next((SourceError for error in errors if isinstance(error, SourceError)), type(errors[0]))
    return kind.of(dict.fromkeys(problem for error in errors for problem in error.problems))
