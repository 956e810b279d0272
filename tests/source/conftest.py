"""What tests of sources share: a lying server, fetchers that ask it, a tiny signed archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.sandbox import find_sandbox
from builder.source import Addresses, Fetcher
from builder.store import Store
from tests.source.bench import Bench
from tests.source.server import Server, serving

ARCHIVE = Path(__file__).parent / "archive"
KEYRING = ARCHIVE / "keyring.gpg"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this machine has is not asked for addresses of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def archive(server: Server) -> str:
    """The base address of the tiny archive; its pool is empty."""
    return server.serve_folder("/debian", ARCHIVE)


@pytest.fixture
def fetcher(store: Store, server: Server) -> Fetcher:
    """A fetcher that asks the server for everything and never waits long."""
    addresses = Addresses(debian=f"{server.base}/debian", pypi=f"{server.base}/simple", keyring=KEYRING)
    return Fetcher(store, addresses, retries=(0.0, 0.0, 0.0))


@pytest.fixture
def bench(tmp_path: Path, store: Store, rootfs: Path) -> Bench:
    """A work folder's bench with the real sandbox."""
    sandbox = find_sandbox("bubblewrap", tmp_path / "scratch")
    return Bench(folder=tmp_path / "bench", fetcher=Fetcher(store, Addresses()), sandbox=sandbox, rootfs=rootfs)
