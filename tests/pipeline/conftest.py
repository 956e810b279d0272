"""The bench of this room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.store import Store
from tests.pipeline.making import Stage


@pytest.fixture
def stage(tmp_path: Path, store: Store) -> Stage:
    """A bench with a store, a channel and a sandbox that starts nothing."""
    return Stage(tmp_path, store)
