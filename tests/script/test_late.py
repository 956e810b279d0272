"""Late names in scripts that no shell reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.script.late import filled

VALUES = {"PREFIX": "/p", "A1_B": "${{ PREFIX }}\\1"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x = '${{ PREFIX }}/lib'", "x = '/p/lib'"),
        ("${{ PREFIX }}${{ PREFIX }}", "/p/p"),
        ("${{ A1_B }}", "${{ PREFIX }}\\1"),
        ("${{PREFIX}} ${{ prefix }} ${PREFIX} %PREFIX% {{ PREFIX }}", "${{PREFIX}} ${{ prefix }} ${PREFIX} %PREFIX% {{ PREFIX }}"),
        ("", ""),
    ],
)  # fmt: skip
def test_names_are_filled_once(text: str, result: str) -> None:
    assert filled(text, VALUES) == result


def test_a_name_that_nobody_sets_is_named_with_the_remedy() -> None:
    with pytest.raises(RecipeError, match=r"\$\{\{ NOBODY \}\}") as caught:
        filled("a ${{ PREFIX }} ${{ NOBODY }}", VALUES)
    assert caught.value.problems[0].code == "script.variable"
    assert "script.env" in str(caught.value.problems[0].remedy)


@given(st.text())
def test_text_without_such_names_stays(text: str) -> None:
    assert filled(text.replace("${{", ""), {}) == text.replace("${{", "")
