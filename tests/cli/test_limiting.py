"""Limits: what people write, what it comes to, and what this machine makes of it when nobody writes anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cli.limiting import USUAL, WORDS, applied, read_limit, read_limits, seconds, sensible, size_in_bytes
from builder.errors import UsageError
from builder.sandbox import Limits
from builder.sandbox.resources import Room

GIB = 1 << 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000", 1000),
        ("20G", 20 * GIB),
        ("500M", 500 << 20),
        ("1.5k", 1536),
        ("2 GiB", 2 * GIB),
        ("7B", 7),
        ("1t", 1 << 40),
    ],
)
def test_sizes(text: str, expected: int) -> None:
    assert size_in_bytes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3600", 3600), ("90m", 5400), ("1h30m", 5400), ("1h 30min", 5400), ("45s", 45), ("2h", 7200), ("1H1M1S", 3661)],
)
def test_times(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "x", "-1", "1d", "m", "1m1h", "1.5h", "\uff11h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        seconds(text)
    assert caught.value.problems[0].code == "cli.time"
    assert "90m" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("memory=8G", ("", "memory", 8 * GIB)),
        ("zlib:memory=8G", ("zlib", "memory", 8 * GIB)),
        ("processes=100", ("", "processes", 100)),
        ("disk=1T", ("", "disk", 1 << 40)),
        ("cpu=2h", ("", "cpu_seconds", 7200)),
        ("wall=90m", ("", "wall_seconds", 5400)),
        ("_libgcc_mutex:silence=45s", ("_libgcc_mutex", "silence_seconds", 45)),
        ("libstdc++-devel_linux-64:wall=NONE", ("libstdc++-devel_linux-64", "wall_seconds", None)),
        ("memory=unlimited", ("", "memory", None)),
    ],
)
def test_what_may_be_written(text: str, expected: tuple[str, str, int | None]) -> None:
    assert read_limits([text]) == (expected,)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("memory", "cli.limit"),
        ("=8G", "cli.limit"),
        (":memory=8G", "cli.limit"),
        ("a b:memory=8G", "cli.limit"),
        ("ram=8G", "cli.limit"),
        ("zlib:ram=8G", "cli.limit"),
        ("memory=", "cli.size"),
        ("memory=lots", "cli.size"),
        ("memory=0", "cli.limit"),
        ("wall=0s", "cli.limit"),
        ("processes=1k", "cli.count"),
        ("processes=-1", "cli.count"),
        ("processes=²", "cli.count"),
        (f"memory={'9' * 400}", "cli.limit"),
        (f"wall={'9' * 400}h", "cli.limit"),
    ],
)
def test_what_may_not_be_written(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_limits(["wall=1h", text])
    assert caught.value.problems[0].code == code
    assert caught.value.problems[0].remedy


def test_every_limit_has_a_word() -> None:
    assert {word.field for word in WORDS.values()} == {*Limits.__annotations__}


def test_what_is_said_of_a_name_wins_and_of_each_the_last() -> None:
    said = read_limits(["zlib:wall=1m", "wall=2m", "wall=3m", "libzlib:memory=1G", "zlib:silence=none"])
    limits = Limits(wall_seconds=1, silence_seconds=1, processes=7)
    assert applied(limits, said) == Limits(wall_seconds=180, silence_seconds=1, processes=7)
    assert applied(limits, said, ["zlib"]) == Limits(wall_seconds=60, processes=7)
    assert applied(limits, said, ["zlib", "libzlib"]) == Limits(wall_seconds=60, processes=7, memory=GIB)
    assert applied(limits, said, ["other"]) == applied(limits, said)
    assert applied(limits, ()) == limits


def test_an_output_has_the_last_word_over_its_recipe() -> None:
    said = read_limits(["libzlib:wall=1m", "zlib:wall=2m"])
    assert applied(Limits(), said, ["zlib", "libzlib"]).wall_seconds == 60


@given(st.sampled_from(list(WORDS)), st.integers(1, 10**12))
def test_plain_numbers_are_themselves(word: str, value: int) -> None:
    assert read_limit(word, str(value)) == (WORDS[word].field, value)


def test_a_script_that_forks_ten_thousand_times_breaks_the_usual_limit() -> None:
    assert USUAL.processes is not None
    assert 1000 < USUAL.processes < 10_000


def test_a_laptop() -> None:
    found = sensible(16 * GIB, Room(size=500 * GIB, free=100 * GIB), 1)
    assert found == Limits(
        memory=16 * GIB * 4 // 5,
        disk=90 * GIB,
        processes=USUAL.processes,
        wall_seconds=6 * 3600,
        silence_seconds=3600,
    )


def test_a_small_and_nearly_full_disk_is_not_refused_at_once() -> None:
    assert sensible(None, Room(size=20 * GIB, free=15 * GIB), 1).disk == 14 * GIB
    assert sensible(None, Room(size=500 * GIB, free=4 * GIB), 1).disk == 2 * GIB
    assert sensible(None, Room(size=500 * GIB, free=0), 1).disk == 1


def test_a_machine_that_does_not_tell_keeps_nothing_but_the_usual() -> None:
    assert sensible(None, None, 4) == USUAL


@given(st.integers(1, 1 << 50), st.integers(1, 256))
def test_many_at_once_have_twice_their_share_and_one_never_all(memory: int, jobs: int) -> None:
    limit = sensible(memory, None, jobs).memory
    assert limit is not None
    assert 1 <= limit <= max(1, memory * 4 // 5)
    assert limit * jobs <= max(jobs, 2 * memory)
