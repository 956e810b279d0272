"""What a check reports about a package."""

from __future__ import annotations

from enum import StrEnum

from builder.model.frozen import frozen


class Severity(StrEnum):
    """Whether a finding stops the package."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@frozen
class Finding:
    """One finding: ``check`` is the check's stable name, ``path`` the file in the package that it is about."""

    check: str
    severity: Severity
    message: str
    path: str | None = None
    remedy: str | None = None
