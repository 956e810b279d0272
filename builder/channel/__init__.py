"""A channel in a folder: packages appear whole or not at all, and any number of writers append to its index."""

from __future__ import annotations

from builder.channel.channel import Channel, Published

__all__ = ["Channel", "Published"]
