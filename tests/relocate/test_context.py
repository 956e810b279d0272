"""The placeholder is the text of the path that files were built for."""

from __future__ import annotations

from pathlib import Path

from tests.relocate.payloads import PREFIX, relocate_context


def test_the_placeholder_is_the_prefix(tmp_path: Path) -> None:
    context = relocate_context(tmp_path)
    assert context.placeholder == str(PREFIX)
    assert len(context.placeholder) == context.target.family.placeholder_length
