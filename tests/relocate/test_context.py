"""The placeholder is the text of the path that files were built for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from builder.model.python import python
from builder.model.target import target
from tests.relocate.payloads import PREFIX, relocate_context


def test_the_placeholder_is_the_prefix(tmp_path: Path) -> None:
    context = relocate_context(tmp_path)
    assert context.placeholder == str(PREFIX)
    assert len(context.placeholder) == context.target.family.placeholder_length


def test_files_stand_where_they_are_packed_unless_a_python_puts_them_elsewhere(tmp_path: Path) -> None:
    context = relocate_context(tmp_path)
    assert context.place("site-packages/a/b.so") == "site-packages/a/b.so"
    moving = replace(context, python=python("3.13.1", target("linux-64")))
    assert moving.place("site-packages/a/b.so") == "lib/python3.13/site-packages/a/b.so"
    assert moving.place("lib/libb.so") == "lib/libb.so"
