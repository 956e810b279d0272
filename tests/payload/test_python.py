"""Places in ``noarch: python`` packages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.payload.python import noarch_python_path


@pytest.mark.parametrize(
    ("installed", "packed"),
    [
        ("lib/python3.13/site-packages/a/b.py", "site-packages/a/b.py"),
        ("Lib/site-packages/a.py", "site-packages/a.py"),
        ("lib/python3.13/site-packages/a/site-packages/b.py", "site-packages/a/site-packages/b.py"),
        ("bin/tool", "python-scripts/tool"),
        ("bin/sub/tool", "python-scripts/sub/tool"),
        ("Scripts/tool-script.py", "python-scripts/tool"),
        ("Scripts/tool.exe", "python-scripts/tool.exe"),
        ("share/x", "share/x"),
        ("lib/python3.13/x.py", "lib/python3.13/x.py"),
        ("bin", "bin"),
        ("binary/x", "binary/x"),
    ],
)
def test_places(installed: str, packed: str) -> None:
    assert noarch_python_path(installed) == packed


@given(st.lists(st.sampled_from(["bin", "lib", "site-packages", "a", "b.py"]), min_size=1, max_size=5).map("/".join))
def test_a_packed_place_stays_where_it_is(path: str) -> None:
    once = noarch_python_path(path)
    assert noarch_python_path(once) == once
    assert once.endswith(path.rpartition("/")[2])
