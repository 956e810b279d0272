"""What a payload's context says of the environment."""

from __future__ import annotations

from pathlib import Path

from tests.payload.prefix import context, linked


def test_without_a_host_environment_nobody_owns_anything(tmp_path: Path) -> None:
    assert context(tmp_path).environment_files == frozenset()


def test_every_file_of_the_environment_is_known(tmp_path: Path) -> None:
    host = linked(tmp_path, {"lib/a": "a", "lib/b": "b"})
    assert context(tmp_path, host).environment_files == {"lib/a", "lib/b"}
