"""Small pieces of text that several reporters share: sizes, times, findings."""

from __future__ import annotations

from builder.model.finding import Finding
from builder.report.escape import escape


def size(count: int) -> str:
    """Return a number of bytes for people: ``999 B``, ``1.2 KiB``, ``34 MiB``."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1000 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 9.95 else f"{amount:.1f} {unit}"


def duration(seconds: float) -> str:
    """Return a time for people: ``0.3 s``, ``12 s``, ``2 min 05 s``, ``1 h 02 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def finding_line(finding: Finding) -> str:
    """Return a finding as one line: severity, check, path, message, remedy."""
    where = f"{finding.path}: " if finding.path else ""
    remedy = f" ({finding.remedy})" if finding.remedy else ""
    return escape(f"{finding.severity} [{finding.check}] {where}{finding.message}{remedy}")
