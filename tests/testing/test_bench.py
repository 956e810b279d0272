"""The bench: what it asks of whoever fills it."""

from __future__ import annotations

import dataclasses

import pytest

from builder.testing import LinkFor, TestBench
from tests.testing.conftest import Tried


def test_a_bench_is_a_value(tried: Tried) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        tried.bench.cores = 3  # type: ignore[misc]
    assert dataclasses.replace(tried.bench, cores=3).cores == 3


def test_every_field_must_be_said() -> None:
    assert all(one.default is dataclasses.MISSING for one in dataclasses.fields(TestBench))


def test_linking_is_asked_through_one_call(tried: Tried) -> None:
    link: LinkFor = tried.link
    tried.bench = dataclasses.replace(tried.bench, link=link)
    assert tried.run_script("true").passed
    assert len(tried.asked) == 1
