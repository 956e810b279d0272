"""Making a payload relocatable: edits planned as data, carried out on copies, verified."""

from __future__ import annotations

from builder.relocate.apply import relocate
from builder.relocate.context import RelocateContext
from builder.relocate.edits import plan_edits

__all__ = ["RelocateContext", "plan_edits", "relocate"]
