"""Whether a secret got into the package, what is told of it, or its log: values of variables, shapes of credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from builder.archive.inside import insides
from builder.binary import Data, mapped
from builder.check.context import CheckContext
from builder.check.leaks import allowed_by
from builder.check.sought import Hit, Sought
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated, RelocatedEntry
from builder.model.recipe import Output

ALLOWLIST = "secret_allowlist"
"""The key of ``extra.bakehouse`` with globs of files that may hold what has a credential's shape."""

_STAR = b"*"


def check_secrets(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each secret in the payload: in contents, compressed ones too, in names and link targets.

    The value of a variable is always an error. What has a credential's shape is one or a warning, as `TOKENS` says, and
    a warning where the recipe allows it (``extra.bakehouse.secret_allowlist``, globs): the package records that.
    """
    sought, allowed = context.sought, allowed_by(context.output, ALLOWLIST)
    if sought is None:
        return
    names = any(sought.in_data(b"\n".join(map(_names, relocated.entries)), payload=True))
    for entry in relocated.entries:
        path = entry.entry.path
        tolerated = allowed is not None and allowed.matches(path)
        for hit, how in _in_entry(entry, sought, names=names):
            yield from _findings(path, hit, how, tolerated=tolerated, payload=True)


def told_secrets(members: Iterable[tuple[str, bytes | Path]], sought: Sought, output: Output) -> Iterator[Finding]:
    """Yield a finding for each secret in ``members`` of a package, path and content: in what it tells of itself.

    What is not below ``info/`` is payload, and judged as `check_secrets` does it.
    """
    allowed = allowed_by(output, ALLOWLIST)
    for path, content in members:
        tolerated, payload = allowed is not None and allowed.matches(path), not path.startswith("info/")
        named = sought.in_data(path.encode("utf-8", "surrogateescape"), payload=payload)
        found = _in_file(content, sought, payload) if isinstance(content, Path) else _in_bytes(content, sought, payload)
        for hit, how in (*((hit, "in its name") for hit in named), *found):
            yield from _findings(path, hit, how, tolerated=tolerated, payload=payload)


def logged_secrets(log: Path, sought: Sought) -> tuple[Finding, ...]:
    """Return a finding for each secret that stands in the ``log`` unmasked, and put stars in its place.

    A log is not packed, but shown and kept; and a script that can print a value can write it into a file as well.
    """
    with mapped(log) as data:
        hits = tuple(sought.in_data(data, often=True))
    if not hits:
        return ()
    with log.open("r+b", buffering=0) as file:
        for hit in hits:
            file.seek(hit.offset)
            file.write(_STAR * hit.length)
    first = {hit.what: hit for hit in reversed(hits)}
    return tuple(
        _finding(str(log), hit, "in the log, where stars are now,", tolerated=hit.token is not None, payload=False)
        for hit in sorted(first.values(), key=lambda hit: hit.offset)
    )


def _names(entry: RelocatedEntry) -> bytes:
    return f"{entry.entry.path}\0{entry.entry.target or ''}".encode("utf-8", "surrogateescape")


_Found = tuple[Hit | None, str]
"""A secret and where it stands; or None, and why nobody can say."""


def _in_entry(entry: RelocatedEntry, sought: Sought, *, names: bool) -> Iterator[_Found]:
    if names:  # of one entry at least
        yield from ((hit, "in its name or target") for hit in sought.in_data(_names(entry), payload=True))
    if entry.entry.content is not None:
        yield from _in_file(entry.entry.content, sought, payload=True)


def _in_file(path: Path, sought: Sought, payload: bool) -> Iterator[_Found]:
    with mapped(path) as data:
        yield from _in_bytes(data, sought, payload)


def _in_bytes(data: Data, sought: Sought, payload: bool) -> Iterator[_Found]:
    yield from ((hit, "in it") for hit in sought.in_data(data, payload=payload))
    told: set[str] = set()
    for inside in insides(data):
        if inside.unseen is not None and inside.unseen not in told:
            told.add(inside.unseen)
            yield None, f"{inside.where} was searched for secrets: {inside.unseen}"
        for hit in sought.in_pieces(inside.pieces, payload=payload):
            if hit.what not in told:
                told.add(hit.what)
                yield hit, f"{inside.where},"


def _findings(path: str, hit: Hit | None, where: str, *, tolerated: bool, payload: bool) -> Iterator[Finding]:
    """Yield the finding for a hit, or for what could not be searched unless the recipe allows whatever is there."""
    if hit is not None:
        yield _finding(path, hit, where, tolerated=tolerated, payload=payload)
    elif not tolerated:
        yield Finding(
            check="secrets",
            severity=Severity.WARNING,
            path=path,
            message=f"not all that lies {where}",
            remedy=f"look into it yourself; a glob in extra.bakehouse.{ALLOWLIST} says that you have",
        )


def _finding(path: str, hit: Hit, where: str, *, tolerated: bool, payload: bool) -> Finding:
    severity = Severity.ERROR
    remedy = "keep it out of what the script writes, and replace it by a new one: it may have been seen"
    if hit.token is not None:
        severity = (hit.token.in_payload if payload else None) or Severity.ERROR
        severity = Severity.WARNING if tolerated else severity
        remedy = (
            f"{hit.token.remedy}; if it is none, or is meant to be there, say so: globs in extra.bakehouse.{ALLOWLIST}"
        )
    return Finding(
        check="secrets",
        severity=severity,
        path=path,
        message=f"{hit.what} stands {where} at byte {hit.offset}",
        remedy=remedy,
    )
