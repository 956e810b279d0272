"""The cases of rattler-build's own end-to-end suite that need no network, as ``peer_suite.yaml`` lists them.

``cases`` maps a file of the suite to the names of its cases, ``argued`` a case to the reason why it fails here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.syntax import read_yaml
from builder.syntax.node import Mapping as Table
from builder.syntax.node import Node, Scalar, Sequence

FILE = Path(__file__).with_suffix(".yaml")
FOLDER = "test/end-to-end"
"""Where the suite's files lie in the peer's repository."""

Result = Literal["passed", "failed", "skipped"]
Verdict = Literal["passes", "argued", "FAILS", "passes now", "not run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: ``name`` is FILE::TEST, ``why`` the reason for which it fails here."""

    name: str
    why: str | None = None

    @property
    def id(self) -> str:
        """What pytest calls it in the peer's repository."""
        return f"{FOLDER}/{self.name}"


def read_cases(file: Path = FILE) -> tuple[Case, ...]:
    """Return the cases of ``file`` in its order; raises ValueError for a file of another form."""
    root = read_yaml(file.read_bytes(), str(file))
    if not isinstance(root, Table) or [key.text for key, _ in root.entries] != ["cases", "argued"]:
        raise ValueError(f"{file} is not a mapping of cases and argued")
    reasons = {name: _text(node) for name, node in _entries(root.get("argued"))}
    names = [f"{name}::{test}" for name, listed in _entries(root.get("cases")) for test in _texts(listed)]
    if unknown := reasons.keys() - set(names):
        raise ValueError(f"{file} argues for cases that it does not list: {', '.join(sorted(unknown))}")
    return tuple(Case(name=name, why=reasons.get(name)) for name in names)


def verdict(case: Case, result: Result | None) -> Verdict:
    """Say what the suite's ``result`` (None when it did not run) means for ``case``."""
    if result is None or result == "skipped":
        return "not run"
    if case.why is None:
        return "passes" if result == "passed" else "FAILS"
    return "passes now" if result == "passed" else "argued"


def is_good(verdicts: Mapping[Case, Verdict], *, least: float) -> bool:
    """Whether at least ``least`` percent pass and no case fails without a reason or keeps a reason that is gone."""
    passing = sum(said in {"passes", "passes now"} for said in verdicts.values())
    as_said = not {"FAILS", "passes now", "not run"} & set(verdicts.values())
    return as_said and 100 * passing >= least * len(verdicts)


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, Table):
        raise ValueError("cases and argued are mappings")
    yield from ((key.text, value) for key, value in node.entries)


def _texts(node: Node) -> Iterator[str]:
    if not isinstance(node, Sequence):
        raise ValueError("the cases of a file are a list")
    yield from (_text(item) for item in node.items)


def _text(node: Node) -> str:
    if not isinstance(node, Scalar) or not node.text.strip():
        raise ValueError("cases and reasons are texts")
    return node.text.strip()
