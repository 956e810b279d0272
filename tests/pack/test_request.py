from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from tests.pack.greeting import request


def test_a_request_is_a_value(tmp_path: Path) -> None:
    made = request(tmp_path)
    assert made == request(tmp_path)
    with pytest.raises(FrozenInstanceError):
        made.epoch = 0  # type: ignore[misc]
