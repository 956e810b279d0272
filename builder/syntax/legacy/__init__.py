"""The text of ``meta.yaml``: line selectors, templates of a whole file, and which variant keys a text mentions."""

from __future__ import annotations
