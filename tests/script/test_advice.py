"""What a script that failed is said to have lacked, and the options that give it that."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cli.limiting import applied, read_limits
from builder.sandbox import Exit, Limits
from builder.sandbox.values import Reason
from builder.script.advice import Lent, advice

GIB = 1 << 30
LIMITS = Limits(
    memory=8 * GIB, processes=4096, disk=300 << 20, cpu_seconds=90, wall_seconds=6 * 3600, silence_seconds=3600
)


def ended(reason: Reason | None = None, code: int = 1) -> Exit:
    return Exit(code=code, seconds=1, cpu_seconds=1, reason=reason)


def told(reason: Reason, limits: Limits = LIMITS) -> str | None:
    return advice(ended(reason), (), Lent(name="zlib", limits=limits, network=False))


@pytest.mark.parametrize(
    ("reason", "had", "option"),
    [
        ("memory", "8.0 GiB", "--limit zlib:memory=16G"),
        ("processes", "4,096", "--limit zlib:processes=8192"),
        ("disk", "300 MiB", "--limit zlib:disk=600M"),
        ("cpu", "1 min 30 s", "--limit zlib:cpu=3m"),
        ("timeout", "6 h 00 min", "--limit zlib:wall=12h"),
        ("silence", "1 h 00 min", "--limit zlib:silence=2h"),
    ],
)
def test_a_broken_limit_is_told_with_what_lifts_it(reason: Reason, had: str, option: str) -> None:
    said = told(reason)
    assert said is not None
    assert f"it may use {had} (" in said
    assert option in said
    assert "bakehouse.yaml" in said


@given(st.sampled_from(["memory", "processes", "disk", "cpu", "timeout", "silence"]), st.integers(1, 1 << 45))
def test_the_option_is_understood_and_gives_at_least_twice(reason: Reason, value: int) -> None:
    limits = Limits(
        memory=value, processes=value, disk=value, cpu_seconds=value, wall_seconds=value, silence_seconds=value
    )
    said = told(reason, limits)
    assert said is not None
    words = shlex.split(said.replace("`", ""))
    option = words[words.index("--limit") + 1]
    more = applied(limits, read_limits([option]), ["zlib"])
    changed = [name for name in Limits.__annotations__ if getattr(more, name) != value]
    assert len(changed) == 1
    assert 2 * value <= getattr(more, changed[0]) <= max(4 * value + 1, 1024)


def test_a_signal_from_outside_is_nobodys_limit() -> None:
    assert told("signal") is None
    assert told("memory", Limits()) is None


@pytest.mark.parametrize(
    "line",
    [
        "curl: (6) Could not resolve host: example.org",
        "wget: unable to resolve host address 'example.org'",
        "fatal: unable to access 'https://example.org/': Could not resolve host: example.org",
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "npm ERR! code EAI_AGAIN",
        "OSError: [Errno 101] Network is unreachable",
        "dial tcp: lookup proxy.example.org: no such host",
    ],
)
def test_who_looked_for_the_network_is_told_how_to_get_it(line: str) -> None:
    lent = Lent(name="zlib", limits=LIMITS, network=False)
    said = advice(ended(), ("before", line, "after"), lent)
    assert said is not None
    assert said.endswith("--allow-network zlib")
    assert "sha256" in said, "a source is better than a network"
    assert advice(ended(), (line,), Lent(name="zlib", limits=LIMITS, network=True)) is None


def test_other_failures_are_not_explained_away() -> None:
    lent = Lent(name="zlib", limits=LIMITS, network=False)
    assert advice(ended(), ("make: *** [all] Error 2", "cc: not found"), lent) is None
    assert advice(ended(), (), lent) is None
