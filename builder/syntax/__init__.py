"""Reads and writes YAML, and evaluates the expressions in it: text to values that remember where they stand."""

from __future__ import annotations

from builder.syntax.expression import Compiler
from builder.syntax.reader import read_yaml
from builder.syntax.writer import write_yaml

__all__ = ["Compiler", "read_yaml", "write_yaml"]
