"""Where engines listen, and what is said when none answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.sandbox import Engines, find_sandbox


@pytest.mark.parametrize(("engine", "variable"), [("docker", "DOCKER_HOST"), ("podman", "CONTAINER_HOST")])
def test_an_engine_that_is_not_there_has_a_remedy(tmp_path: Path, engine: str, variable: str) -> None:
    nowhere = f"unix://{tmp_path}/no.sock"
    with pytest.raises(MachineError, match=f"no {engine} engine answers at {nowhere}") as caught:
        find_sandbox(engine, tmp_path / "scratch", engines=Engines(docker=nowhere, podman=nowhere))
    assert caught.value.exit_code == 3
    assert caught.value.problems[0].code == "sandbox.no-engine"
    assert variable in (caught.value.problems[0].remedy or "")
