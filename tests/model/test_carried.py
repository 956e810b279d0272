"""Where the files of a carried test lie."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from builder.model.carried import files_of, start_of


@pytest.mark.parametrize("number", [0, 12])
def test_the_start_is_the_folder_in_a_copy_of_the_package_beside_the_prefix(number: int) -> None:
    beside = PurePosixPath("/tests/some/test_run_env") / start_of(number)
    parts = [part for part in beside.parts if part not in {"test_run_env", ".."}]
    assert PurePosixPath(*parts) == PurePosixPath("/tests/some/test") / files_of(number)
    assert files_of(number) == f"info/tests/{number}"
