"""What this machine offers, for people and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from builder.errors import Problem
from builder.model.frozen import frozen
from builder.report.escape import escape
from builder.report.text import size
from builder.report.trouble import problem_document

_KEEPERS = {
    "cgroup2": "limits kept by control groups (version 2)",
    "cgroup1": "limits kept by control groups (version 1)",
    "watcher": "limits kept by resource limits and a watcher, which looks a few times a second",
}


@frozen
class Offer:
    """One kind of sandbox; ``able`` is what it can do, by the names of `builder.sandbox.Capabilities`."""

    name: str
    default: bool
    address: str | None
    able: Mapping[str, object] | None
    problems: tuple[Problem, ...]


@frozen
class Reached:
    """An address, and what went wrong with it if anything did."""

    address: str
    problem: str | None


@frozen
class Diagnosis:
    """All that was found; ``facts`` are lines about the machine: a name, a text for people, and a value."""

    offers: tuple[Offer, ...]
    facts: tuple[tuple[str, str, object], ...]
    reached: tuple[Reached, ...] | None
    versions: tuple[tuple[str, str], ...]

    @property
    def good(self) -> bool:
        """Whether the default isolation works."""
        return any(offer.default and offer.able is not None for offer in self.offers)


def diagnosis_text(found: Diagnosis) -> str:
    """Return the lines for people."""
    return "\n".join(_lines(found))


def _lines(found: Diagnosis) -> Iterator[str]:
    for offer in found.offers:
        yield from _offer(offer)
    for name, text, _ in found.facts:
        yield f"{name:<12}{escape(text)}"
    for one in found.reached or ():
        yield f"{'reach':<12}{escape(one.address)}: {escape(one.problem or 'answers')}"
    yield f"{'versions':<12}{', '.join(f'{name} {version}' for name, version in found.versions)}"


def _offer(offer: Offer) -> Iterator[str]:
    mark = " (default)" if offer.default else ""
    at = f" at {offer.address}" if offer.address else ""
    if offer.able is None:
        yield f"{offer.name:<12}does not work{mark}"
        for problem in offer.problems:
            yield f"{'':<12}{escape(problem.message)}"
            if problem.remedy:
                yield f"{'':<12}→ {escape(problem.remedy)}"
        return
    version = f" {offer.able['version']}" if offer.able["version"] else ""
    yield f"{offer.name:<12}works{version}{escape(at)}{mark}"
    for line in _able(offer.able):
        yield f"{'':<12}{escape(line)}"


def _able(able: Mapping[str, object]) -> Iterator[str]:
    if not able["network_isolated"]:
        yield "seals nothing: only for those who ask for it by name"
    else:
        root = ", without root" if able["rootless"] else ""
        yield f"prefixes are {'overlays' if able['overlay'] else 'copied for each task'}{root}"
        yield f"{_KEEPERS[str(able['limits'])]}; system calls {'filtered' if able['syscalls'] else 'not filtered'}"
    notes = able["notes"]
    yield from (str(note) for note in notes) if isinstance(notes, Sequence) else ()


def diagnosis_document(found: Diagnosis) -> dict[str, object]:
    """Return the same as plain data."""
    return {
        "works": found.good,
        "isolation": [
            {
                "name": offer.name,
                "default": offer.default,
                "works": offer.able is not None,
                "address": offer.address,
                "capabilities": dict(offer.able) if offer.able is not None else None,
                "problems": [problem_document(problem) for problem in offer.problems],
            }
            for offer in found.offers
        ],
        "machine": {name: value for name, _, value in found.facts},
        "reached": None
        if found.reached is None
        else [{"address": one.address, "problem": one.problem} for one in found.reached],
        "versions": dict(found.versions),
    }


def room_text(free: int, whole: int) -> str:
    """Return how much of a file system is free."""
    return f"{size(free)} of {size(whole)} free"
