from __future__ import annotations

import pytest

from builder.pack.address import package_address, public_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/stable", "https://example.org/stable"),
        ("https://user:secret@example.org:8080/stable/", "https://example.org:8080/stable/"),
        ("https://example.org/t/tk-123/stable/linux-64/a.conda", "https://example.org/stable/linux-64/a.conda"),
        ("https://example.org/stable?token=1#x", "https://example.org/stable"),
        ("https://example.org/t/", "https://example.org/t/"),
        ("pypi:project/1.0/file.tar.gz", "pypi:project/1.0/file.tar.gz"),
        ("debian:pool/main/z/zlib/zlib.orig.tar.gz", "debian:pool/main/z/zlib/zlib.orig.tar.gz"),
        ("conda-forge", "conda-forge"),
    ],
)
def test_addresses_lose_what_is_secret(url: str, shown: str) -> None:
    assert public_address(url) == shown


@pytest.mark.parametrize("url", ["file:///home/me/channel", "file:///x", "/home/me/channel", "./channel", "a/b", ""])
def test_places_on_the_building_machine_are_no_addresses(url: str) -> None:
    assert public_address(url) is None


def test_packages_of_a_channel_on_this_machine() -> None:
    local = package_address("file:///home/me/channel/linux-64/a-1-0.conda", "linux-64", "a-1-0.conda")
    assert local == "local:///linux-64/a-1-0.conda"
    url = "https://u:p@example.org/c/linux-64/a-1-0.conda"
    assert package_address(url, "linux-64", "a-1-0.conda") == "https://example.org/c/linux-64/a-1-0.conda"
