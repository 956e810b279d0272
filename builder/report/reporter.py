"""The seam through which work tells what it does: a reporter takes events and draws them, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # events bring half of the model along, and what only reads has none
    from builder.report.events import Event


class Reporter(Protocol):
    """Takes events as they happen; may be called from several threads; must never fail the work."""

    def emit(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Draw what is still owed and leave the terminal as it was."""


class Silent:
    """A reporter that draws nothing."""

    def emit(self, event: Event) -> None:
        """Forget the event."""

    def close(self) -> None:
        """Have nothing to close."""
