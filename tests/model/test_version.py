"""Versions against the standard's own list, and against rattler for everything else."""

from __future__ import annotations

import pickle
import re
from itertools import pairwise

import pytest
import rattler
from hypothesis import assume, example, given
from hypothesis import strategies as st
from rattler.exceptions import InvalidVersionError

from builder.model.version import MAX_LENGTH, Version, shortened
from tests.model.literals import noise, unhurried, versions

CEP_33 = """
0.4 == 0.4.0
0.4.1.rc == 0.4.1.RC
0.4.1+local
0.4.1+0.local
0.4.1 == 0.4.1+0
0.4.1+1.local
0.5a1
0.5b3
0.5C1
0.5
0.9.6
0.960923
1.0
1.1dev1
1.1a1
1.1.0dev1 == 1.1.dev1
1.1.a1
1.1.0rc1
1.1.0.0 == 1.1.0 == 1.1
1.1.post1 == 1.1.0post1
1.1post1
1996.07.12
1!0.4.1
1!3.1.1.6
2!0.4.1
"""
"""The order that the standard prints; versions in one line are equal."""

LINES = [[Version.parse(text) for text in line.split(" == ")] for line in CEP_33.split("\n") if line]


def test_the_order_that_the_standard_prints() -> None:
    for line in LINES:
        assert len(set(line)) == 1
        assert all(one == other for one in line for other in line)
    for lower, higher in pairwise(LINES):
        assert all(one < other for one in lower for other in higher), (lower, higher)
        assert all(other > one and other >= one and one <= other and one != other for one in lower for other in higher)


@pytest.mark.parametrize(
    ("text", "segments", "local"),
    [
        ("1.2g.beta15.rc", [(1,), (2, "g"), ("beta", 15), ("rc",)], []),
        ("1!2.15.1_ALPHA", [(2,), (15,), (1,), ("alpha",)], []),
        ("1!2.15.1alpha_", [(2,), (15,), (1, "alpha_")], []),
        ("1!2.15.1_alpha+1.2.3h123", [(2,), (15,), (1,), ("alpha",)], [(1,), (2,), (3, "h", 123)]),
    ],
)
def test_segments_of_the_standards_examples(text: str, segments: list[object], local: list[object]) -> None:
    version = Version.parse(text)
    assert [parts for _, parts in version.segments] == segments
    assert [parts for _, parts in version.local] == local
    assert version.epoch == (1 if text.startswith("1!") else None)
    assert version.text == text


@pytest.mark.parametrize(
    "text",
    ["", ".", ".1", "1.", "1..2", "1 2", " 1", "1~2", "1.*", "v1!2", "1!2!3", "1+2+3", "1!", "1+", "_1", "1__2", "1.-2", "1_2-3",
     "1__", "1._", "1.-", "1--", "é", "\uff11", "\u212a", "1\n", "9" * (MAX_LENGTH + 1)],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version: ") as caught:
        Version.parse(text)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("1 2", "may not hold ' '"),
        ("1_2-3", "mixes"),
        ("1!2!3", "more than one epoch"),
        ("1..2", "segment is empty"),
        ("1" * 2000, "more than 1024"),
    ],
)
def test_the_reason_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Version.parse(text)


def test_a_hostile_length_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match=r"\.\.\."):
        Version.parse("1." * 10_000_000)


# -- against rattler -------------------------------------------------------------------------------------------------------


def trailing(text: str) -> bool:
    """Whether the standard and rattler part ways: an underscore or dash at the end of a part."""
    return re.search(r"[_-](\+|$)", text) is not None


@unhurried
@given(text=st.one_of(versions(), noise))
@example("1.0a0")
@example("2.0.dev1+g123")
def test_rattler_reads_the_same_texts(text: str) -> None:
    try:
        theirs: str | None = str(rattler.Version(text))
    except InvalidVersionError:
        theirs = None
    try:
        ours: str | None = str(Version.parse(text))
    except ValueError:
        ours = None
    assume(not trailing(text) and not re.search(r"[0-9]{19}", text))
    assert ours == theirs


@unhurried
@given(one=versions(), other=versions())
def test_rattler_orders_the_same(one: str, other: str) -> None:
    a, b, theirs_a, theirs_b = Version.parse(one), Version.parse(other), rattler.Version(one), rattler.Version(other)
    assert (a < b, a <= b, a == b, a >= b, a > b) == (
        theirs_a < theirs_b, theirs_a <= theirs_b, theirs_a == theirs_b, theirs_a >= theirs_b, theirs_a > theirs_b,
    )  # fmt: skip
    assert a != b or hash(a) == hash(b)


@unhurried
@given(one=versions(), other=versions())
def test_rattler_sees_the_same_beginnings(one: str, other: str) -> None:
    a, b, theirs_a, theirs_b = Version.parse(one), Version.parse(other), rattler.Version(one), rattler.Version(other)
    assert a.starts_with(b) == theirs_a.starts_with(theirs_b)
    assert a.compatible_with(b) == theirs_a.compatible_with(theirs_b)


@unhurried
@given(text=versions(), count=st.integers(1, 6))
def test_rattler_counts_the_same(text: str, count: int) -> None:
    """The local part is left out: bumping ``0+a`` gives rattler ``1+0``."""
    ours, theirs = Version.parse(text).without_local(), rattler.Version(text).remove_local()
    assert str(ours.bump(count)) == str(theirs.bump_segment(count - 1))
    assert str(ours.with_alpha()) == str(theirs.with_alpha())
    assert str(ours) == str(theirs)
    if count <= theirs.segment_count:
        assert str(ours.with_segments(count)) == str(theirs.with_segments(0, count))
    else:
        assert ours.with_segments(count) == ours


# -- laws ------------------------------------------------------------------------------------------------------------------


@unhurried
@given(st.lists(versions(), min_size=3, max_size=3))
def test_the_order_is_total(texts: list[str]) -> None:
    a, b, c = sorted(Version.parse(text) for text in texts)
    assert a <= b <= c
    assert a <= c


@unhurried
@given(versions())
def test_the_normal_form_is_a_fixed_point(text: str) -> None:
    version = Version.parse(text)
    again = Version.parse(str(version))
    assert again == version
    assert str(again) == str(version)
    assert again.starts_with(version)


@unhurried
@given(versions(), st.sampled_from(["", ".0", ".0.0"]))
def test_zeros_at_the_end_mean_nothing(text: str, zeros: str) -> None:
    assume("+" not in text)
    assert Version.parse(text + zeros) == Version.parse(text)


@unhurried
@given(versions(), st.integers(1, 5))
def test_a_bumped_version_is_higher(text: str, count: int) -> None:
    version = Version.parse(text).without_local()
    assume(count <= len(version.segments) and all(isinstance(part, int) for part in version.segments[count - 1][1]))
    assert version.with_segments(count).bump(count) > version.with_segments(count)


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("1.2.3", 3, "1.2.4"), ("1.2.3", 2, "1.3.3"), ("1.2", 4, "1.2.0.1"), ("9d", 1, "10a"), ("9d", 2, "9d.1"),
        ("1.1.1w", 3, "1.1.2a"), ("1.2.dev1", 3, "1.2.dev2"), ("1.2.post1", 3, "1.2.post2"), ("2.0.alpha", 3, "2.0.1a"),
        ("1!1.2+3", 2, "1!1.3+3"), ("a.b", 1, "1a.b"), ("1.dev", 2, "1.1dev"),
    ],
)  # fmt: skip
def test_bump(text: str, count: int, expected: str) -> None:
    assert str(Version.parse(text).bump(count)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.2", "1.2.0a0"), ("1.2a", "1.2a"), ("1.rc2", "1.rc2"), ("1.post1", "1.post1.0a0"), ("1_", "1_.0a0")],
)
def test_with_alpha(text: str, expected: str) -> None:
    assert str(Version.parse(text).with_alpha()) == expected


def test_bumping_a_pre_release_can_go_down() -> None:
    """The peers' rule turns the word into ``a``; a pin that reaches into ``rc1`` admits nothing, here as there."""
    assert str(Version.parse("2.0rc1").bump(2)) == str(rattler.Version("2.0rc1").bump_segment(1)) == "2.0a2"


def test_with_alpha_comes_before() -> None:
    assert Version.parse("2").with_alpha() < Version.parse("2.0rc1") < Version.parse("2")


@pytest.mark.parametrize("count", [0, -1])
def test_segments_are_counted_from_one(count: int) -> None:
    version = Version.parse("1.2")
    with pytest.raises(ValueError, match="from 1"):
        version.bump(count)
    with pytest.raises(ValueError, match="at least one"):
        version.with_segments(count)


def test_an_underscore_at_the_end_belongs_to_the_letters_before_it() -> None:
    """The standard's rule (openssl's versions); rattler takes the underscore for a part of its own."""
    assert Version.parse("1.0.1_") < Version.parse("1.0.1a") < Version.parse("1.0.1a_") < Version.parse("1.0.1b")
    assert rattler.Version("1.0.1a_") < rattler.Version("1.0.1a")
    assert str(Version.parse("1-")) == "1_"


def test_equal_versions_are_one_key_and_keep_their_texts() -> None:
    found = {Version.parse("1.0"): "a", Version.parse("1.0.0+0"): "b"}
    assert list(found.values()) == ["b"]
    assert Version.parse("1.00.A").text == "1.00.A"
    assert str(Version.parse("1.00.A")) == "1.0.a"
    assert Version.parse("1") != "1"


def test_versions_travel_between_processes() -> None:
    version = Version.parse("1!2.3rc4+5_6")
    assert pickle.loads(pickle.dumps(version)) == version
    assert pickle.loads(pickle.dumps(version)).text == version.text


def test_shortened() -> None:
    assert shortened("a" * 80) == "a" * 80
    assert shortened("a" * 81) == "a" * 77 + "..."
