"""SPDX expressions."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.recipe.license import check_license


@pytest.mark.parametrize(
    "text",
    [
        "MIT", "Apache-2.0 OR MIT", "MIT AND BSD-3-Clause AND Zlib", "GPL-3.0-or-later WITH GCC-exception-3.1",
        "Apache-2.0 WITH LLVM-exception OR MIT", "MIT OR Apache-2.0 WITH LLVM-exception", "(MIT OR Apache-2.0) AND Zlib", "LicenseRef-Proprietary",
        "MIT AND LicenseRef-Own.1", "DocumentRef-other:LicenseRef-x", "CDDL-1.0", "bzip2-1.0.6", "LGPL-2.1-only OR MPL-1.1", " MIT ",
        "GPL-2.0-only WITH Classpath-exception-2.0",
    ],
)  # fmt: skip
def test_expressions(text: str) -> None:
    assert check_license(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("MIT OR", "SPDX"), ("OR MIT", "SPDX"), ("MIT MIT", "SPDX"), ("(MIT", "SPDX"), ("MIT)", "SPDX"), ("MIT AND", "SPDX"), ("", "SPDX"), ("GPL with everything", "SPDX"),
        ("My License", "SPDX"), ("Nothing-Known", "Nothing-Known is not in the list"), ("MIT OR Nothing-Known", "Nothing-Known"), ("MIT WITH MIT", "SPDX"),
        ("MIT WITH LLVM-exception WITH LLVM-exception", "SPDX"), ("MIT WITH", "SPDX"), ("MIT, Apache-2.0", "SPDX"), ("x" * 3000, "too long"),
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        check_license(text)
    assert "license" in str(caught.value)


WORDS = ["MIT", "Zlib", "OR", "AND", "WITH", "LLVM-exception", "(", ")", "Nothing", "LicenseRef-a"]


@given(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_whatever_words_come_there_is_an_answer_and_it_is_one_line(text: str) -> None:
    try:
        assert check_license(text) == text.strip()
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ways are right


@pytest.mark.parametrize(
    ("text", "loaded"),
    [("MIT", False), ("Apache-2.0 WITH LLVM-exception OR MIT", False), ("CDDL-1.0", True), ("LicenseRef-a", True)],
)
def test_the_library_is_loaded_only_where_it_decides(text: str, loaded: bool) -> None:
    code = f"import sys; from builder.recipe.license import check_license; check_license({text!r}); sys.exit('license_expression' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == int(loaded)
