"""Selectors at the ends of lines: conda-build's pattern, without its quadratic time."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.syntax.legacy.lines import Line, Selected, select_lines, split_lines

PEERS_PATTERN = re.compile(r"(.+?)\s*(#.*)?\[([^\[\]]+)\](?(2)[^\(\)]*)$")
"""What conda-build 26.7 takes for a selector: its ``sel_pat``, a fact to compare with."""


@pytest.mark.parametrize(
    ("line", "text", "selector"),
    [
        ("  - cmake  # [unix]", "  - cmake", "unix"),
        ("  - foo [linux]", "  - foo", "linux"),
        ("  - a  # [py<39] note", "  - a", "py<39"),
        ("  - a  # [py<39] note (x)", "  - a  # [py<39] note (x)", None),
        ("  - a  # see [docs](there) [py<39]", "  - a", "py<39"),
        ("  - numpy[version='1']", "  - numpy", "version='1'"),
        ('  "- a  # [win]"', '  "- a"', "win"),
        ("  - a  # [one] [two]", "  - a", "two"),
        ("  - a [one # two]", "  - a", "one # two"),
        ("  - a  # []", "  - a  # []", None),
        ("  - [a, b]", "  -", "a, b"),
        ("# [win]", "", None),
        ("   ", "", None),
        ("[win]", "[win]", None),
    ],
)
def test_a_selector_is_what_conda_build_takes_for_one(line: str, text: str, selector: str | None) -> None:
    assert split_lines(line) == (Line(text, selector),)


_LINES = st.text(st.sampled_from("ab[]()# '\"[]#"), min_size=1, max_size=24)


@given(_LINES)
@example("a [b]#")
@example(" [b]")
@example("a #[b][c](")
def test_every_line_is_split_as_by_the_peers_pattern(line: str) -> None:
    line = line.rstrip()
    (ours,) = split_lines(line) or (Line(""),)
    if not line or line.lstrip().startswith("#"):
        assert ours == Line("")
        return
    match = PEERS_PATTERN.match(line)
    quote = line[-1] if line[-1] in "'\"" else ""
    theirs = Line((match[1] + quote).rstrip(), match[3]) if match else Line(line)
    assert ours == theirs


def test_a_long_line_takes_no_long_time() -> None:
    (line,) = split_lines("a" + " #[" * 200_000)
    assert line.selector is None


def test_lines_stay_where_their_selector_holds_and_each_selector_is_asked_once() -> None:
    asked: list[str] = []

    def holds(selector: str) -> bool:
        asked.append(selector)
        return selector == "linux"

    text = "a:  # [linux]\n# [win]\n  - b  # [win]\n\n  - c  # [win]\n  - d  # [linux]\n  - e\n"
    selected = select_lines(split_lines(text), holds, "meta.yaml")
    assert selected == Selected(text="a:\n\n\n  - d\n  - e\n", numbers=(1, 2, 4, 6, 7))
    assert asked == ["linux", "win"]


def test_every_bad_selector_is_told_with_its_line() -> None:
    def holds(selector: str) -> bool:
        raise ValueError(f"{selector} is no expression")

    with pytest.raises(RecipeError) as caught:
        select_lines(split_lines("a\nb  # [1 +]\nc\nd  # [)(]\n"), holds, "meta.yaml")
    assert [(one.place.line, one.place.file) for one in caught.value.problems if one.place] == [
        (2, "meta.yaml"),
        (4, "meta.yaml"),
    ]
    assert "1 + is no expression" in str(caught.value)
    assert caught.value.problems[0].remedy


def test_a_text_of_which_nothing_is_left_is_empty() -> None:
    assert select_lines(split_lines("a  # [win]\n"), lambda _: False, "meta.yaml") == Selected(text="\n", numbers=())
