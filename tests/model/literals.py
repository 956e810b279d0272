"""Hypothesis strategies for versions, specs and names, well formed and not."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

unhurried = settings(deadline=None, max_examples=50)
"""A busy machine is no failure."""

_runs = st.sampled_from(
    ["0", "1", "2", "3", "9", "10", "01", "2024", "a", "b", "rc", "alpha", "dev", "post", "A", "RC"]
)


@st.composite
def parts(draw: st.DrawFn) -> str:
    """One part of a version: segments of alternating digits and letters, one kind of separator beside the dot."""
    separators = st.sampled_from([".", draw(st.sampled_from("_-."))])
    segments = draw(st.lists(st.lists(_runs, min_size=1, max_size=3).map("".join), min_size=1, max_size=5))
    text = segments[0]
    for segment in segments[1:]:
        text += draw(separators) + segment
    return text


@st.composite
def versions(draw: st.DrawFn) -> str:
    """A well-formed version, sometimes with an epoch and a local part."""
    main, local = draw(parts()), draw(st.one_of(st.just(""), parts()))
    epoch = draw(st.sampled_from(["", "", "", "0!", "1!"]))
    text = f"{epoch}{main}{f'+{local}' if local else ''}"
    return text if not ("_" in text and "-" in text) else text.replace("-", "_")


noise = st.text(alphabet="019abdevpost._-+!* ", max_size=10)
"""Texts that are mostly no versions, and look like some."""

operators = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "=", ""])


@st.composite
def clauses(draw: st.DrawFn) -> str:
    """One comparison, sometimes with a star where one makes sense."""
    operator, version = draw(operators), draw(versions())
    star = draw(st.sampled_from(["", "", ".*", "*"])) if operator in {"", "=", "!="} else ""
    return f"{operator}{version}{star}"


@st.composite
def version_specs(draw: st.DrawFn) -> str:
    """Comparisons joined with ``,`` and ``|``, sometimes with parentheses and spaces."""
    text = draw(clauses())
    for _ in range(draw(st.integers(0, 3))):
        joiner = draw(st.sampled_from([",", "|", ", ", " | "]))
        other = draw(clauses())
        text = f"({text}){joiner}{other}" if draw(st.booleans()) else f"{text}{joiner}{other}"
    return text
