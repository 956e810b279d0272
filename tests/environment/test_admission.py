"""What a policy admits of packages that were chosen: names from their own channels, attested where asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.environment.access import Access
from builder.environment.admission import Admission
from builder.errors import SourceError, UsageError
from builder.model.environment import LockedPackage
from builder.model.policy import Attested, Namespace, Policy
from builder.store import Store

OURS = "https://packages.example.org/acme"


def locked(name: str, channel: str) -> LockedPackage:
    return LockedPackage(
        name=name, version="1.0", build="0", build_number=0, subdir="noarch", file_name=f"{name}-1.0-0.conda",
        url=f"{channel}/noarch/{name}-1.0-0.conda", channel=channel, sha256="a" * 64, size=1, depends=(),
        constrains=(), noarch="generic", record="{}",
    )  # fmt: skip


def admit(store: Store, policy: Policy, *packages: LockedPackage, own: frozenset[str] = frozenset()) -> None:
    asyncio.run(Admission(store, Access(policy=policy), own).admit(packages))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


POLICY = Policy(namespaces=(Namespace(names="acme-*", channels=(OURS,)),))


def test_without_a_policy_everything_is_admitted(store: Store) -> None:
    admit(store, Policy(), locked("acme-core", "anything that is no channel ://"))


def test_a_name_comes_from_its_channels(store: Store) -> None:
    admit(store, POLICY, locked("acme-core", OURS), locked("acme-core", f"{OURS}/"), locked("zlib", "conda-forge"))
    for name in ("acme-core", "Acme-Core"):
        with pytest.raises(UsageError, match=f"{name} may come from {OURS} alone") as caught:
            admit(store, POLICY, locked(name, "conda-forge"))
        assert caught.value.problems[0].code == "environment.namespace"


def test_what_we_publish_is_ours_whatever_its_name(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "out"
    admit(store, POLICY, locked("acme-core", str(own)), own=frozenset({own.as_uri()}))
    with pytest.raises(UsageError):
        admit(store, POLICY, locked("acme-core", str(tmp_path / "other")), own=frozenset({own.as_uri()}))


def test_channels_are_one_however_they_are_named(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    policy = Policy(namespaces=(Namespace(names="acme-*", channels=(str(folder),)),))
    admit(store, policy, locked("acme-core", folder.as_uri()))


def test_attestations_are_asked_for_in_their_channel_alone(store: Store) -> None:
    asked = Attested(channel=OURS, publisher="https://code.example.org/x", issuer="https://tokens.example.org")
    policy = Policy(attestations=(asked,))
    admit(store, policy, locked("zlib", "https://packages.example.org/other"))
    with pytest.raises(SourceError, match="speaks of none"):
        admit(store, policy, locked("zlib", f"{OURS}/"))
