"""What a policy says of names and channels."""

from __future__ import annotations

from builder.model.policy import Namespace, Policy

ACME = Namespace(names="acme-*", channels=("https://example.org/acme", "https://example.org/spare"))


def test_a_name_outside_every_namespace_comes_from_anywhere() -> None:
    assert Policy().channels_of("acme-core") is None
    assert Policy(namespaces=(ACME,)).channels_of("zlib") is None
    assert Policy(namespaces=(ACME,)).channels_of("my-acme-core") is None


def test_a_name_inside_comes_from_its_channels_alone() -> None:
    assert Policy(namespaces=(ACME,)).channels_of("acme-core") == frozenset(ACME.channels)


def test_several_namespaces_must_all_allow_a_channel() -> None:
    narrow = Namespace(names="acme-secret*", channels=("https://example.org/acme",))
    assert Policy(namespaces=(ACME, narrow)).channels_of("acme-secrets") == frozenset({"https://example.org/acme"})
    none = Namespace(names="acme-*", channels=())
    assert Policy(namespaces=(ACME, none)).channels_of("acme-core") == frozenset()
