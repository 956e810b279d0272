"""Namespaces: whose names are whose, whatever channels are called and in whatever order they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.environment.access import Access, Namespaces, leads_on
from builder.environment.place import channel_place
from builder.model.policy import Namespace, Policy


def barred(policy: Policy, name: str, channel: Path | str, *own: Path) -> bool:
    urls = frozenset(channel_place(str(each)).url for each in own)
    return Namespaces(policy, urls).bar(name, channel_place(str(channel)))


def test_without_namespaces_every_channel_has_every_name(tmp_path: Path) -> None:
    assert not barred(Policy(), "acme-a", tmp_path)
    assert Access().policy == Policy()
    Access().report("said to nobody")


def test_a_name_comes_from_its_channels_alone(tmp_path: Path) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    policy = Policy(namespaces=(Namespace(names="acme-*", channels=(str(private),)),))
    assert not barred(policy, "acme-a", private)
    assert barred(policy, "acme-a", public)
    assert barred(policy, "acme-a", "https://example.org/public")
    assert not barred(policy, "acme", public), "the glob does not hold it"
    assert not barred(policy, "acme-a", public, public), "our own output has what we built"


def test_a_channel_may_be_named_in_several_ways(tmp_path: Path) -> None:
    policy = Policy(namespaces=(Namespace(names="acme-*", channels=(tmp_path.as_uri(), "https://example.org/acme/")),))
    assert not barred(policy, "acme-a", tmp_path)
    assert not barred(policy, "acme-a", "https://example.org/acme")
    assert barred(policy, "acme-a", "https://example.org/acm")


def test_several_namespaces_must_all_allow(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    spaces = (Namespace(names="a-*", channels=(one, two)), Namespace(names="*-b", channels=(two,)))
    policy = Policy(namespaces=spaces)
    assert barred(policy, "a-b", one)
    assert not barred(policy, "a-b", two)
    assert not barred(policy, "a-c", one)


@pytest.mark.parametrize(
    ("channel", "address", "hosts", "allowed"),
    [
        ("https://a.org/c", "https://a.org/x", (), True), ("https://a.org/c", "https://b.org/x", (), False),
        ("https://a.org/c", "https://b.org/x", ("b.org",), True), ("https://a.org/c", "https://b.org/x", None, True),
        ("https://a.org/c", "http://a.org/x", ("a.org",), False), ("https://a.org/c", "http://b.org/x", None, False),
        ("http://a.org/c", "https://a.org/x", (), False), ("http://a.org/c", "http://b.org/x", ("B.org",), True),
        ("https://a.org/c", "https://a.org:444/x", (), False), ("https://a.org/c", "https://a.org:444/x", ("a.org:444",), True),
        ("https://u:p@a.org/c", "https://u:p@a.org/x", (), True), ("https://a.org/c", "https://u@a.org/x", None, False),
        ("https://a.org/c", "file:///etc/passwd", None, False), ("/c", "file:///c/x", None, False),
        ("/c", "https://b.org/x", (), False), ("/c", "https://b.org/x", ("b.org",), True), ("/c", "http://b.org", None, True),
    ],
)  # fmt: skip
def test_where_a_channel_may_lead(channel: str, address: str, hosts: tuple[str, ...] | None, allowed: bool) -> None:
    assert leads_on(channel_place(channel), address, hosts) is allowed
