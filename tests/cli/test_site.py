"""What a command works with: options win over the collection, the collection over defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.collection import Collection
from builder.cli.options import Places
from builder.cli.site import secrets, site, source_date_epoch
from builder.errors import UsageError
from builder.report.events import Event, Noted
from builder.sandbox.rootfs import rootfs_lock

NOTHING = Places(output=None, channels=(), offline=False, store=None)


def test_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    found = site(Places(output=None, channels=(), offline=False, store=tmp_path / "s"), Collection())
    assert found.output == Path("channel").absolute()
    assert (found.channels, found.offline, found.addresses.pypi) == ((), False, None)
    assert found.store.root == tmp_path / "s"
    assert found.rootfs_digest == rootfs_lock().digest


def test_the_collection_speaks_where_no_option_does(tmp_path: Path) -> None:
    collection = Collection(
        root=tmp_path, output=tmp_path / "out", channels=("https://example.org/c",), debian="https://example.org/debian",
        pypi="https://example.org/simple", mirrors=(("https://example.org/", ("https://mirror.example.org/",)),),
    )  # fmt: skip
    found = site(NOTHING, collection)
    assert (found.output, found.channels) == (tmp_path / "out", ("https://example.org/c",))
    assert found.addresses.debian == "https://example.org/debian"
    assert found.addresses.mirrors == {"https://example.org/": ("https://mirror.example.org/",)}
    option = Places(output=tmp_path / "other", channels=("./mine",), offline=True, store=None)
    found = site(option, collection)
    assert (found.output, found.channels, found.offline) == (tmp_path / "other", ("./mine",), True)


def test_pips_index_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/pip")
    assert site(NOTHING, Collection()).addresses.pypi == "https://example.org/pip"
    assert site(NOTHING, Collection(pypi="https://example.org/own")).addresses.pypi == "https://example.org/own"


@pytest.mark.parametrize(("text", "epoch"), [(None, None), ("", None), ("0", 0), ("1700000000", 1700000000)])
def test_source_date_epoch(monkeypatch: pytest.MonkeyPatch, text: str | None, epoch: int | None) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if text is not None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert source_date_epoch() == epoch


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", "1e9"])
def test_a_source_date_epoch_that_is_no_number_is_wrong_use(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        source_date_epoch()


def test_only_secrets_that_are_set_have_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "value")
    monkeypatch.delenv("OTHER_TOKEN", raising=False)
    assert secrets(("MY_TOKEN", "OTHER_TOKEN")) == {"MY_TOKEN": "value"}


def test_a_fetcher_tells_through_the_events(tmp_path: Path) -> None:
    told: list[Event] = []
    found = site(Places(output=None, channels=(), offline=True, store=tmp_path), Collection())
    assert found.fetcher(told.append) is not None
    assert [event for event in told if isinstance(event, Noted)] == []
