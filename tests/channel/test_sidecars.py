"""Attestations beside packages: the index says their digest, a copy under that digest never changes (CEP 50)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from builder.channel import Channel
from builder.channel.sidecars import advertised
from tests.channel.making import make_package

FILE = "alpha-1.0-h0_0.conda"


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    made = Channel(tmp_path / "channel")
    made.publish(make_package(tmp_path / "made", "alpha"))
    made.publish(make_package(tmp_path / "made", "beta"))
    return made


def attest(channel: Channel, content: bytes) -> str:
    (channel.root / "linux-64" / f"{FILE}.sigs").write_bytes(content)
    channel.ensure()
    return hashlib.sha256(content).hexdigest()


def record(channel: Channel, file: str = FILE) -> dict[str, object]:
    found: dict[str, object] = json.loads(channel.records("linux-64")[file])
    return found


def test_the_index_says_what_lies_beside_a_package(channel: Channel) -> None:
    digest = attest(channel, b"[1]")
    assert record(channel)["attestations_sha256"] == digest
    assert "attestations_sha256" not in record(channel, "beta-1.0-h0_0.conda")
    assert (channel.root / "linux-64" / f"{FILE}.sigs.{digest}").read_bytes() == b"[1]"


def test_another_one_leaves_the_copy_of_the_first_to_who_has_the_old_index(channel: Channel) -> None:
    first, second = attest(channel, b"[1]"), attest(channel, b"[2]")
    assert record(channel)["attestations_sha256"] == second
    names = {path.name for path in (channel.root / "linux-64").glob("*.sigs*")}
    assert names == {f"{FILE}.sigs", f"{FILE}.sigs.{first}", f"{FILE}.sigs.{second}"}


def test_publishing_and_indexing_keep_what_the_index_says(channel: Channel, tmp_path: Path) -> None:
    digest = attest(channel, b"[1]")
    channel.publish(make_package(tmp_path / "made", "gamma"))
    assert record(channel)["attestations_sha256"] == digest
    before = (channel.root / "linux-64" / "repodata.json").read_bytes()
    channel.reindex()
    assert (channel.root / "linux-64" / "repodata.json").read_bytes() == before


def test_without_it_nothing_is_said_any_more(channel: Channel) -> None:
    before = record(channel)
    attest(channel, b"[1]")
    (channel.root / "linux-64" / f"{FILE}.sigs").unlink()
    channel.ensure()
    assert record(channel) == before


def test_a_copy_that_somebody_changed_is_made_again(channel: Channel) -> None:
    digest = attest(channel, b"[1]")
    copy = channel.root / "linux-64" / f"{FILE}.sigs.{digest}"
    copy.write_bytes(b"other")
    channel.ensure()
    assert copy.read_bytes() == b"[1]"


def test_a_record_that_says_it_already_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.sigs").write_bytes(b"[]")
    first = advertised(tmp_path, '{"name":"alpha"}', FILE, {f"{FILE}.sigs"})
    assert advertised(tmp_path, first, FILE, {f"{FILE}.sigs"}) is first
    plain = '{"name":"alpha"}'
    assert advertised(tmp_path, plain, FILE, set()) is plain
