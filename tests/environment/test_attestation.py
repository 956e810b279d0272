"""Attestations: a private Sigstore's bundles, good and bad, through rattler's own verifier, without any network."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.environment.attestation import Verifier
from builder.errors import MachineError, SourceError, UsageError
from builder.model.environment import LockedPackage
from builder.model.policy import Attested
from builder.store import Store
from tests.environment.private_sigstore import Sigstore, statement
from tests.environment.served import served

HOME = "https://packages.example.org/acme"
PUBLISHER = "https://code.example.org/acme/.ci/publish.yml@refs/heads/main"
ISSUER = "https://tokens.example.org"
FILE = "alpha-1.0-h0_0.conda"
SHA256 = "ab" * 32


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    return Sigstore()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "channel" / "noarch"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def asked(sigstore: Sigstore, tmp_path: Path) -> Attested:
    root = tmp_path / "trusted_root.json"
    root.write_text(sigstore.trusted_root())
    return Attested(channel=str(tmp_path / "channel"), publisher=PUBLISHER, issuer=ISSUER, root=root, published_to=HOME)


def bundle(sigstore: Sigstore, **changes: Any) -> bytes:
    said = {"channel": HOME, "sha256": SHA256, "file": FILE, **changes}
    made = sigstore.bundle(statement(said["file"], said["sha256"], said["channel"]), identity=PUBLISHER, issuer=ISSUER)
    return json.dumps([made]).encode()


def package(base: str, digest: object) -> LockedPackage:
    return LockedPackage(
        name="alpha", version="1.0", build="h0_0", build_number=0, subdir="noarch", file_name=FILE,
        url=f"{base}/{FILE}", channel=base, sha256=SHA256, size=1, depends=(), constrains=(), noarch="generic",
        record=json.dumps({"attestations_sha256": digest}),
    )  # fmt: skip


def put(folder: Path, sidecar: bytes) -> LockedPackage:
    digest = hashlib.sha256(sidecar).hexdigest()
    (folder / f"{FILE}.sigs.{digest}").write_bytes(sidecar)
    return package(folder.as_uri(), digest)


def verify(store: Store, wanted: LockedPackage, asked: Attested, *, offline: bool = False) -> None:
    asyncio.run(Verifier(store, offline=offline).verify(wanted, asked))


def refused(store: Store, wanted: LockedPackage, asked: Attested, because: str) -> None:
    with pytest.raises(SourceError, match=because) as caught:
        verify(store, wanted, asked)
    (problem,) = caught.value.problems
    assert problem.code == "environment.attestation"
    assert "\n" not in problem.message
    assert PUBLISHER in str(problem.remedy)


def test_a_good_one_in_a_folder(sigstore: Sigstore, store: Store, folder: Path, asked: Attested) -> None:
    verify(store, put(folder, bundle(sigstore)), asked)


def test_a_good_one_over_http_is_remembered(sigstore: Sigstore, store: Store, folder: Path, asked: Attested) -> None:
    local = put(folder, bundle(sigstore))
    with served(folder) as server:
        remote = replace(local, url=f"{server.url}/{FILE}")
        with pytest.raises(MachineError, match="not been verified yet"):
            verify(store, remote, asked, offline=True)
        verify(store, remote, asked)
        verify(store, remote, asked)
        assert len(server.asked) == 1
    verify(store, remote, asked, offline=True)


def test_what_is_remembered_counts_for_that_question_alone(
    sigstore: Sigstore, store: Store, folder: Path, asked: Attested, tmp_path: Path
) -> None:
    wanted = put(folder, bundle(sigstore))
    verify(store, wanted, asked)
    refused(store, wanted, replace(asked, publisher=f"{PUBLISHER}2"), "does not match the trusted publisher")
    refused(store, wanted, replace(asked, published_to="https://packages.example.org/b"), "targets channel")
    refused(store, replace(wanted, sha256="cd" * 32), asked, "artifact hash does not match")
    other = tmp_path / "other.json"
    other.write_text(Sigstore().trusted_root())
    refused(store, wanted, replace(asked, root=other), "No log key")
    verify(store, wanted, asked)


def test_a_channel_without_another_home_is_its_own(
    sigstore: Sigstore, store: Store, folder: Path, asked: Attested
) -> None:
    plain = replace(asked, published_to=None)
    refused(store, put(folder, bundle(sigstore)), plain, f"targets channel {HOME}")
    verify(store, put(folder, bundle(sigstore, channel=folder.parent.as_uri())), plain)


def test_the_public_sigstore_knows_nobody_of_ours(
    sigstore: Sigstore, store: Store, folder: Path, asked: Attested
) -> None:
    refused(store, put(folder, bundle(sigstore)), replace(asked, root=None), "verification failed")


@pytest.mark.parametrize("digest", [None, 1, "", "abc", "g" * 64, "A" * 64, ["a" * 64]])
def test_an_index_that_speaks_of_none(store: Store, folder: Path, asked: Attested, digest: object) -> None:
    refused(store, package(folder.as_uri(), digest), asked, "its index speaks of none")


def test_one_that_is_not_there(store: Store, folder: Path, asked: Attested) -> None:
    refused(store, package(folder.as_uri(), "0" * 64), asked, f"there is no {FILE}.sigs.0000")


def test_one_that_is_no_file_is_not_waited_for(store: Store, folder: Path, asked: Attested) -> None:
    os.mkfifo(folder / f"{FILE}.sigs.{'0' * 64}")
    refused(store, package(folder.as_uri(), "0" * 64), asked, f"there is no {FILE}.sigs.0000")


def test_one_with_other_bytes_than_its_name_says(
    sigstore: Sigstore, store: Store, folder: Path, asked: Attested
) -> None:
    (folder / f"{FILE}.sigs.{'0' * 64}").write_bytes(bundle(sigstore))
    refused(store, package(folder.as_uri(), "0" * 64), asked, "does not match the advertised hash")


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff", b"[]"])
def test_a_root_that_cannot_be_read(
    sigstore: Sigstore, store: Store, folder: Path, asked: Attested, tmp_path: Path, content: bytes | None
) -> None:
    root = tmp_path / "broken.json"
    if content is not None:
        root.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        verify(store, put(folder, bundle(sigstore)), replace(asked, root=root))
    (problem,) = caught.value.problems
    assert problem.place is None or problem.place.file in {str(root), f"{folder.as_uri()}/{FILE}"}
    assert problem.remedy
