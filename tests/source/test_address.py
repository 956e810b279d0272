"""Addresses: which there are, what they name, how they are quoted, mirrored and shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SourceError
from builder.source import address
from builder.source.address import PypiFile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a.tar.gz", "https"),
        ("http://example.org/a.tar.gz", "http"),
        ("file:///srv/a.tar.gz", "file"),
        ("pypi:zstd/1.0/zstd-1.0.tar.gz", "pypi"),
        ("debian:pool/main/z/zlib/zlib_1.orig.tar.gz", "debian"),
    ],
)
def test_schemes(text: str, expected: str) -> None:
    assert address.scheme(text) == expected
    address.check_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.tar.gz",
        "ftp://example.org/a",
        "git+https://example.org/a",
        "https:",
        "HTTPS://example.org",
        "://x",
        "/a/b",
    ],
)
def test_other_schemes_are_refused(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        address.check_address(text)
    assert caught.value.problems[0].code == "source.address"
    assert "pypi:PROJECT/VERSION/FILE" in (caught.value.problems[0].remedy or "")


def test_a_pypi_address_names_project_version_and_file() -> None:
    found = address.parse_pypi("pypi:Example.Project/1.0+local/example_project-1.0%2Blocal.tar.gz")
    assert found == PypiFile(project="Example.Project", version="1.0+local", file="example_project-1.0+local.tar.gz")


@pytest.mark.parametrize(
    "text", ["pypi:a", "pypi:a/1", "pypi:a/1/b/c", "pypi://a/1/b", "pypi:a//b", "pypi:a/../b", "pypi:"]
)
def test_other_pypi_addresses_are_refused(text: str) -> None:
    with pytest.raises(SourceError):
        address.check_address(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("debian:pool/main/g/g++/g++_1%2b2.deb", "pool/main/g/g++/g++_1+2.deb"),
        ("debian:pool/main/a/a_1~rc1.deb", "pool/main/a/a_1~rc1.deb"),
        ("debian:pool/main/a/a_1%7erc1.deb", "pool/main/a/a_1~rc1.deb"),
    ],
)
def test_a_debian_path_is_unquoted(text: str, path: str) -> None:
    assert address.debian_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "debian:/pool/a",
        "debian:pool/../../etc/passwd",
        "debian:pool//a",
        "debian:pool/a/",
        "debian:./a",
        "debian:a/%2e%2e/b",
    ],
)
def test_a_debian_path_stays_in_the_archive(text: str) -> None:
    with pytest.raises(SourceError):
        address.check_address(text)


def test_signs_in_names_are_quoted_for_every_server() -> None:
    joined = address.join("https://example.org/debian/", "pool/main/l/lib/libstdc++6_12.2.0-14+deb12u1~x#?%_amd64.deb")
    assert joined == (
        "https://example.org/debian/pool/main/l/lib/libstdc%2B%2B6_12.2.0-14%2Bdeb12u1~x%23%3F%25_amd64.deb"
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1), min_size=1))
def test_quoting_is_undone_by_unquoting(parts: list[str]) -> None:
    path = "/".join(parts)
    joined = address.join("https://example.org", path)
    assert joined.isascii()
    assert unquote(joined.removeprefix("https://example.org/")) == path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://example.org/a/b-1.0.tar.gz", "b-1.0.tar.gz"),
        ("https://example.org/a/b%2B1.tar.gz?download=1#part", "b+1.tar.gz"),
        ("file:///srv/x%20y.zip", "x y.zip"),
        ("pypi:p/1.0/p-1.0.tar.gz", "p-1.0.tar.gz"),
        ("debian:pool/main/g/g++_1%2b2.deb", "g++_1+2.deb"),
    ],
)
def test_file_names(text: str, name: str) -> None:
    assert address.file_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org",
        "https://example.org/a/",
        "https://example.org/%2e%2e",
        "https://x/a%2Fb",
        "https://x/a%00",
    ],
)
def test_an_address_without_file_name_wants_one(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        address.file_name(text)
    assert "file_name" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize(
    ("text", "path"),
    [("file:///srv/a%20b", "/srv/a b"), ("file:/srv/a", "/srv/a"), ("file://localhost/srv/a", "/srv/a")],
)
def test_local_paths(text: str, path: str) -> None:
    assert address.local_path(text) == Path(path)


@pytest.mark.parametrize("text", ["file://example.org/srv/a", "file:a", "file://./a"])
def test_files_of_other_machines_are_refused(text: str) -> None:
    with pytest.raises(SourceError):
        address.local_path(text)


MIRRORS = {
    "https://example.org/": ("https://one.example/", "https://two.example/x/"),
    "https://example.org/special/": ("file:///mirror/",),
    "debian:": ("https://cache.example/debian/",),
}


class TestMirrors:
    def test_mirrors_come_before_the_address_itself(self) -> None:
        assert list(address.with_mirrors("https://example.org/a", MIRRORS)) == [
            "https://one.example/a",
            "https://two.example/x/a",
            "https://example.org/a",
        ]

    def test_the_longest_start_counts(self) -> None:
        found = list(address.with_mirrors("https://example.org/special/a", MIRRORS))
        assert found == ["file:///mirror/a", "https://example.org/special/a"]

    def test_schemes_of_ours_can_have_mirrors(self) -> None:
        found = list(address.with_mirrors("debian:pool/a", MIRRORS))
        assert found == ["https://cache.example/debian/pool/a", "debian:pool/a"]

    def test_others_have_none(self) -> None:
        assert list(address.with_mirrors("https://other.example/a", MIRRORS)) == ["https://other.example/a"]


def test_passwords_are_never_shown() -> None:
    assert address.shown("https://user:secret@example.org:8443/a?b") == "https://example.org:8443/a?b"
    assert address.shown("https://example.org/a@b") == "https://example.org/a@b"
    assert address.shown("pypi:p/1/p-1.tar.gz") == "pypi:p/1/p-1.tar.gz"
    assert address.shown("https://user:se@cret@[::1/a") == "https://[::1/a", "whatever it is"


@pytest.mark.parametrize("text", ["https://[::1/a.tar.gz", "http://[x]]/a"])
def test_brackets_that_do_not_close_are_no_address(text: str) -> None:
    for asked in (address.check_address, address.file_name):
        with pytest.raises(SourceError) as caught:
            asked(text)
        assert caught.value.problems[0].remedy
    with pytest.raises(SourceError) as caught:
        address.scheme("ftp://user:secret@example.org/a")
    assert "secret" not in str(caught.value)


class TestBeginnings:
    """A mirror's start ends where a name ends, or the next letter would make it somebody else's."""

    @pytest.mark.parametrize(
        ("start", "url"),
        [
            ("https://example.org", "https://example.org.evil.example/a"),
            ("https://example.org", "https://example.organization/a"),
            ("https://example.org/a", "https://example.org/ab"),
            ("https://example.org/a/", "https://example.org/a"),
            ("debian:pool", "debian:poolside/a"),
        ],
    )
    def test_half_a_name_is_no_beginning(self, start: str, url: str) -> None:
        assert list(address.with_mirrors(url, {start: ("https://mirror.example",)})) == [url]

    @pytest.mark.parametrize(
        ("start", "url", "mirrored"),
        [
            ("https://example.org", "https://example.org/a", "https://mirror.example/a"),
            ("https://example.org/a", "https://example.org/a", "https://mirror.example"),
            ("https://example.org/a", "https://example.org/a/b", "https://mirror.example/b"),
        ],
    )
    def test_a_whole_name_is_one(self, start: str, url: str, mirrored: str) -> None:
        assert list(address.with_mirrors(url, {start: ("https://mirror.example",)})) == [mirrored, url]


def test_the_first_map_of_mirrors_comes_first() -> None:
    first = [("a:", ("x://1/", "x://2/")), ("b:", ("x://3/",)), ("a:", ("x://4/",))]
    then = [("a:", ("x://2/", "x://5/")), ("c:", ("x://6/",))]
    assert address.all_mirrors(first, then) == {
        "a:": ("x://1/", "x://2/", "x://4/", "x://5/"), "b:": ("x://3/",), "c:": ("x://6/",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "replacement"),
    [
        ("https://a.example/", "https://b.example/"),
        ("https://a.example", "https://b.example/x"),
        ("pypi:", "https://b.example/"),
        ("debian:pool/", "file:///srv/pool/"),
    ],
)
def test_mirrors_that_make_sense(start: str, replacement: str) -> None:
    assert address.mirror_fault(start, replacement) is None


@pytest.mark.parametrize(
    ("start", "replacement"),
    [
        ("", "https://b.example/"),
        ("a.example/", "https://b.example/"),
        ("https://a.example/", ""),
        ("https://a.example/", "/srv/"),
        ("https://a.example/", "https://b.example"),
        ("https://a.example", "https://b.example/"),
        ("https://a.example/", "https://user:secret@b.example"),
    ],
)
def test_mirrors_that_do_not(start: str, replacement: str) -> None:
    fault = address.mirror_fault(start, replacement)
    assert fault is not None
    assert "secret" not in fault
