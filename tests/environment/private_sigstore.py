"""A Sigstore of our own, all offline: a certificate authority, two logs of one entry each, and bundles of CEP 27.

Everything is as the public one makes it, so whoever verifies needs nothing but the trusted root.
"""

from __future__ import annotations

import hashlib
import json
import struct
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PREDICATE = "https://schemas.conda.org/attestations-publish-1.schema.json"
_PAYLOAD = "application/vnd.in-toto+json"
_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SCT_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ORIGIN = "log.example.org"
START = datetime(2026, 1, 1, tzinfo=UTC)
_SIGNED = START + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Log:
    """A log's key, and the name that goes with it."""

    key: ec.EllipticCurvePrivateKey

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def identity(self) -> bytes:
        return hashlib.sha256(self.spki).digest()

    def trusted(self) -> dict[str, Any]:
        """What a trusted root says of it."""
        key = {"rawBytes": _b64(self.spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": _valid()}
        return {
            "baseUrl": f"https://{_ORIGIN}", "hashAlgorithm": "SHA2_256", "publicKey": key,
            "logId": {"keyId": _b64(self.identity)},
        }  # fmt: skip


class Sigstore:
    """Certificate authority and logs; each instance is another one."""

    def __init__(self) -> None:
        self._authority = _new_key()
        self._certificates, self._entries = Log(_new_key()), Log(_new_key())
        name = _name("authority.example.org")
        self._root = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._authority.public_key())
            .serial_number(1)
            .not_valid_before(START - timedelta(days=1))
            .not_valid_after(START + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._authority.public_key()), critical=False)
            .sign(self._authority, SHA256())
        )

    def trusted_root(self) -> str:
        """The ``trusted_root.json`` with which bundles are verified."""
        authority = {
            "subject": {"organization": "example.org", "commonName": "authority.example.org"},
            "uri": "https://authority.example.org",
            "certChain": {"certificates": [{"rawBytes": _b64(_der(self._root))}]},
            "validFor": _valid(),
        }
        return json.dumps({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._entries.trusted()],
            "certificateAuthorities": [authority],
            "ctlogs": [self._certificates.trusted()],
            "timestampAuthorities": [],
        })  # fmt: skip

    def bundle(self, statement: dict[str, Any], *, identity: str, issuer: str, logged: bool = True) -> dict[str, Any]:
        """A bundle that says that ``identity``, known to ``issuer``, has signed ``statement``."""
        key = _new_key()
        certificate = self._certificate(key, identity, issuer)
        payload = json.dumps(statement).encode()
        signature = key.sign(_pae(payload), ec.ECDSA(SHA256()))
        envelope = {"payload": _b64(payload), "payloadType": _PAYLOAD, "signatures": [{"sig": _b64(signature)}]}
        entries = [self._entry(envelope, payload, signature, certificate)] if logged else []
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": _b64(_der(certificate))}, "tlogEntries": entries},
            "dsseEnvelope": envelope,
        }

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        text = issuer.encode()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(START + timedelta(minutes=10))
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_OID, b"\x0c" + bytes([len(text)]) + text), critical=False)
        )
        before = builder.sign(self._authority, SHA256())
        receipts = self._receipt(before.tbs_certificate_bytes)
        return builder.add_extension(x509.UnrecognizedExtension(_SCT_OID, receipts), critical=False).sign(
            self._authority, SHA256()
        )

    def _receipt(self, certificate: bytes) -> bytes:
        """The log's promise to take in a certificate (RFC 6962), as an extension holds it."""
        time = int(START.timestamp() * 1000)
        issuer = self._authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        length = len(certificate).to_bytes(3, "big")
        signed = struct.pack(">BBQH", 0, 0, time, 1) + hashlib.sha256(issuer).digest() + length + certificate + b"\0\0"
        signature = self._certificates.key.sign(signed, ec.ECDSA(SHA256()))
        one = struct.pack(">B32sQH", 0, self._certificates.identity, time, 0)
        one += struct.pack(">BBH", 4, 3, len(signature)) + signature
        several = struct.pack(">H", len(one)) + one
        several = struct.pack(">H", len(several)) + several
        assert len(several) < 128
        return bytes([4, len(several)]) + several

    def _entry(
        self, envelope: dict[str, Any], payload: bytes, signature: bytes, certificate: x509.Certificate
    ) -> dict[str, Any]:
        """What the log of signatures says of one: its entry, the promise, and the proof that it is in the log."""
        pem = certificate.public_bytes(Encoding.PEM)
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(_canonical(envelope)).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": _b64(signature), "verifier": _b64(pem)}],
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        leaf = hashlib.sha256(b"\0" + body).digest()
        time = int(_SIGNED.timestamp())
        log = self._entries
        promised = {"body": _b64(body), "integratedTime": time, "logID": log.identity.hex(), "logIndex": 0}
        note = f"{_ORIGIN}\n1\n{_b64(leaf)}\n"
        signed = log.identity[:4] + log.key.sign(note.encode(), ec.ECDSA(SHA256()))
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log.identity)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {
                "signedEntryTimestamp": _b64(log.key.sign(_canonical(promised), ec.ECDSA(SHA256())))
            },
            "inclusionProof": {
                "logIndex": "0", "rootHash": _b64(leaf), "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— {_ORIGIN} {_b64(signed)}\n"},
            },
            "canonicalizedBody": _b64(body),
        }  # fmt: skip


def statement(file_name: str, sha256: str, channel: str | None) -> dict[str, Any]:
    """What CEP 27 says of a package that is published to ``channel``."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": file_name, "digest": {"sha256": sha256}}],
        "predicateType": PREDICATE,
        "predicate": {"targetChannel": channel} if channel is not None else {},
    }


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _valid() -> dict[str, str]:
    return {"start": (START - timedelta(days=1)).isoformat().replace("+00:00", "Z")}


def _pae(payload: bytes) -> bytes:
    """What is signed of an envelope (DSSE)."""
    return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD), _PAYLOAD.encode(), len(payload), payload)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
