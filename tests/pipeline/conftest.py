"""The bench of this room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.store import Store
from tests.pipeline.making import Stage
from tests.pipeline.places import WAYS, Place, make_place


@pytest.fixture
def stage(tmp_path: Path, store: Store) -> Stage:
    """A bench with a store, a channel and a sandbox that starts nothing."""
    return Stage(tmp_path, store)


@pytest.fixture(params=WAYS)
def every(request: pytest.FixtureRequest, stage: Stage, rootfs: Path) -> Place:
    """Real sandboxes of every way to run commands."""
    return make_place(request.param, stage, rootfs)


@pytest.fixture
def place(stage: Stage, rootfs: Path) -> Place:
    """The default: bubblewrap with overlays."""
    return make_place("overlay", stage, rootfs)
