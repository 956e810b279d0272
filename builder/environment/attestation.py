"""Attestations of packages (CEP 27, 50): that a channel's publisher made them, verified by rattler's own verifier.

They lie beside packages; an index says their digest. All is checked: the certificate and its receipt, the log's entry,
the signature, the publisher, the package's name and digest, and the channel that it was published to.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from builder.environment.place import channel_place
from builder.environment.wall import finished, in_thread, rattler_wall, reason
from builder.errors import MachineError, Place, SourceError, UsageError
from builder.model.environment import LockedPackage
from builder.model.policy import Attested
from builder.store import Notes, Store

if TYPE_CHECKING:
    from rattler.repo_data.record import RepoDataRecord
    from rattler.sigstore.sigstore import TrustedRoot

_NOTES = "attested"
_FIELD = "attestations_sha256"
_DIGEST = re.compile("[0-9a-f]{64}")
_LARGEST_ROOT = 1 << 20


class Verifier:
    """Verifies packages of channels that must be attested to; the store remembers what was found good, and by what."""

    def __init__(self, store: Store, *, offline: bool = False) -> None:
        """Remember in ``store``; ``offline`` asks no server for attestations."""
        self._notes = Notes(store.root, _NOTES)
        self._offline = offline

    async def verify(self, package: LockedPackage, asked: Attested) -> None:
        """Return if ``package`` has the attestation that is asked for.

        Raises:
            SourceError: it has none, or one that does not hold; the message says why.
            UsageError: the trusted root cannot be read.
            MachineError: the attestation cannot be fetched.
        """
        digest = json.loads(package.record).get(_FIELD)
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise _refused(package, asked, "its index speaks of none")
        root = await in_thread(_read_root, asked.root)
        target = asked.published_to or channel_place(asked.channel).url
        known = [package.file_name, package.sha256, digest, target, asked.publisher, asked.issuer, root]
        key = hashlib.sha256(json.dumps(known).encode()).hexdigest()
        if self._notes.read(key) is not None:
            return
        await self._ask(package, asked, digest, target, root)
        self._notes.write(key, b"")

    async def _ask(self, package: LockedPackage, asked: Attested, digest: str, target: str, root: str | None) -> None:
        from rattler.exceptions import AttestationError
        from rattler.networking.client import Client
        from rattler.sigstore.sigstore import Issuer, Publisher, VerificationPolicy, verify_attestation

        self._look(package, asked, digest)
        policy = VerificationPolicy.require(Publisher(asked.publisher, Issuer(asked.issuer)))
        with rattler_wall(f"verifying the attestation of {package.file_name}", remedy="check the network"):
            try:
                trusted = _trusted(root, asked.root)
                await finished(verify_attestation(_record(package, digest, target), policy, Client(), trusted))
            except AttestationError as error:
                raise _refused(package, asked, reason(error)) from error

    def _look(self, package: LockedPackage, asked: Attested, digest: str) -> None:
        """Refuse what cannot be read: nothing beside a local package that is no plain file, nothing remote offline."""
        if package.url.startswith("file://"):
            sidecar = Path(f"{unquote(urlsplit(package.url).path)}.sigs.{digest}")
            if not sidecar.is_file():
                raise _refused(package, asked, f"there is no {sidecar.name}")
        elif self._offline:
            raise MachineError(
                f"the attestation of {package.file_name} has not been verified yet",
                code="environment.offline",
                remedy="fetch it once without --offline",
            )


def _record(package: LockedPackage, digest: str, target: str) -> RepoDataRecord:
    """Return as much of a record as rattler looks at; what it calls the channel is that of the attestation."""
    from rattler.package.build_string import BuildString
    from rattler.repo_data.package_record import PackageRecord
    from rattler.repo_data.record import RepoDataRecord

    record = PackageRecord(
        package.name,
        package.version,
        BuildString(package.build),
        package.build_number,
        package.subdir,
        sha256=bytes.fromhex(package.sha256),
        attestations_sha256=bytes.fromhex(digest),
    )
    return RepoDataRecord(record, package.file_name, package.url, target)


def _read_root(path: Path | None) -> str | None:
    """Return the text of a trusted root, None for the public Sigstore's."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_ROOT).decode()
    except (OSError, ValueError) as error:
        raise _no_root(path, error) from error


def _trusted(root: str | None, path: Path | None) -> TrustedRoot:
    from rattler.sigstore.sigstore import TrustedRoot

    if root is None or path is None:
        return TrustedRoot.embedded()
    try:
        return TrustedRoot.from_json(root)
    except ValueError as error:
        raise _no_root(path, error) from error


def _no_root(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"this trusted root cannot be read: {reason(error)}",
        code="environment.trusted-root",
        place=Place(file=str(path)),
        remedy="get trusted_root.json from whoever runs that Sigstore",
    )


def _refused(package: LockedPackage, asked: Attested, why: str) -> SourceError:
    return SourceError(
        f"{package.file_name} of {asked.channel} has no attestation that holds: {why}",
        code="environment.attestation",
        place=Place(file=package.url),
        remedy=f"ask who runs the channel; bakehouse.yaml wants it published by {asked.publisher}",
    )
