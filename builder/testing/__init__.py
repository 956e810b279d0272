"""Runs the tests that a package carries, each in a fresh environment and session at another path than the build's."""

from __future__ import annotations

from builder.testing.bench import FetchPackage, LinkFor, TestBench
from builder.testing.read import secret_names
from builder.testing.run import test_package
from builder.testing.together import together

__all__ = ["FetchPackage", "LinkFor", "TestBench", "secret_names", "test_package", "together"]
