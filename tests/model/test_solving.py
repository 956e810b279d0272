"""What users may say about all solves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.solving import SolveRules, read_time

NOON = datetime(2024, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-15T12:00:00Z", "2024-03-15t12:00:00z", "2024-03-15 12:00:00Z", "2024-03-15T12:00:00.000Z",
        "2024-03-15T12:00:00+00:00", "2024-03-15T14:30:00+02:30", "2024-03-14T23:00:00-13:00",
    ],
)  # fmt: skip
def test_one_time_in_many_forms(text: str) -> None:
    assert read_time(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2024-03-15", "2024-03-15T12:00:00", "2024-03-15T12:00Z", "20240315T120000Z", "1710504000",
        "2024-03-15T12:00:00 Z", "2024-03-15T12:00:00Z\n", "٢٠٢٤-03-15T12:00:00Z", "2024-W11-5T12:00:00Z",
    ],
)  # fmt: skip
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time as RFC 3339 writes it, with date, time and offset"):
        read_time(text)


@pytest.mark.parametrize(
    "text", ["2024-02-30T12:00:00Z", "2024-13-01T12:00:00Z", "2024-03-15T25:00:00Z", "0001-01-01T00:00:00+23:00"]
)
def test_times_that_never_were(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: "):
        read_time(text)


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is drawn
    st.integers(-14 * 60, 14 * 60),
)
def test_what_is_said_is_read_again(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    rules = SolveRules(newest=read_time(aware.isoformat()))
    assert rules.newest == aware
    assert rules.said.endswith("Z")
    assert read_time(rules.said) == aware


def test_what_is_admitted() -> None:
    assert SolveRules().admit(None)
    assert SolveRules().admit(NOON)
    until_noon = SolveRules(newest=NOON)
    assert until_noon.admit(NOON)
    assert not until_noon.admit(NOON + timedelta(milliseconds=1))
    assert not until_noon.admit(None)


def test_what_is_asked_for() -> None:
    assert list(SolveRules().asked()) == []
    assert SolveRules().said == ""
    assert list(SolveRules(channel_priority="disabled", newest=NOON).asked()) == [
        ("--channel-priority", "disabled"),
        ("--exclude-newer", "2024-03-15T12:00:00Z"),
    ]
