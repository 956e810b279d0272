"""Checks of a finished payload; each has a file and a place in the tuple, whose order is that of the report."""

from __future__ import annotations

from builder.check.context import CheckContext, Leak, SiblingFiles, leaks_of
from builder.check.run import CHECKS, require, run

__all__ = ["CHECKS", "CheckContext", "Leak", "SiblingFiles", "leaks_of", "require", "run"]
