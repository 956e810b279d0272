"""Runs the tests that a package carries, each in a fresh environment and session at another path than the build's."""

from __future__ import annotations

from builder.testing.bench import LinkFor, TestBench
from builder.testing.run import test_package

__all__ = ["LinkFor", "TestBench", "test_package"]
