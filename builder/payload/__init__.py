"""From what a script installed to what one package will hold."""

from __future__ import annotations

from builder.payload.context import PayloadContext
from builder.payload.select import select

__all__ = ["PayloadContext", "select"]
