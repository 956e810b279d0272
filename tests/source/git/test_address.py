"""Addresses of repositories: what is one, what is refused, where submodules may lie, and that no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SourceError
from builder.source.git.address import git_address, protocol, submodule_address, without_secret

HERE = Path("/recipes/example")


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/project.git",
        "https://user:secret@example.org/project.git",
        "http://example.org:8080/project",
        "ssh://git@example.org:2222/project.git",
        "git@example.org:group/project.git",
        "example.org:project",
        "file:///srv/git/project",
    ],
)
def test_addresses_stay_as_they_are(address: str) -> None:
    assert git_address(address, HERE) == address


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/srv/project", "file:///srv/project"),
        ("source", "file:///recipes/example/source"),
        ("../..", "file:///"),
        ("./a b", "file:///recipes/example/a%20b"),
        ("./a:b", "file:///recipes/example/a%3Ab"),
        ("../käse", "file:///recipes/k%C3%A4se"),
    ],
)
def test_a_path_starts_from_the_recipe(path: str, address: str) -> None:
    assert git_address(path, HERE) == address


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c id",
        "fd::17/x",
        "ext://sh",
        "git://example.org/x",
        "ftp://example.org/x",
        "https://",
        "--upload-pack=touch /tmp/x",
        "ssh://-oProxyCommand=id/x",
        "-oProxyCommand=id:x",
        "user@-oProxyCommand=id:x",
        "ssh://user@-oProxyCommand=id/x",
        "https://example.org/a\nb",
        "https://example.org/a b",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        git_address(text, HERE)
    assert caught.value.problems[0].code == "source.git-address"


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(SourceError) as caught:
        git_address("git://user:secret@example.org/x", HERE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.org/x", "https"),
        ("http://example.org/x", "http"),
        ("file:///x", "file"),
        ("ssh://example.org/x", "ssh"),
        ("git@example.org:x", "ssh"),
    ],
)
def test_git_may_use_the_protocol_of_the_address_only(address: str, expected: str) -> None:
    assert protocol(address) == expected


class TestSubmodules:
    @pytest.mark.parametrize(
        ("parent", "text", "address"),
        [
            ("https://example.org/a/b.git", "../c.git", "https://example.org/a/c.git"),
            ("https://example.org/a/b.git", "../../c.git", "https://example.org/c.git"),
            ("https://example.org/a/b.git", "./c.git", "https://example.org/a/b.git/c.git"),
            ("https://example.org/a/b.git/", "../c.git", "https://example.org/a/c.git"),
            ("https://example.org/a", "../../../../c", "https://example.org/c"),
            ("git@example.org:a/b.git", "../c.git", "git@example.org:a/c.git"),
            ("file:///srv/a", "../c", "file:///srv/c"),
            ("https://example.org/a", "https://other.example/c", "https://other.example/c"),
            ("file:///srv/a", "https://other.example/c", "https://other.example/c"),
            ("https://example.org/a", "git@other.example:c", "git@other.example:c"),
        ],
    )
    def test_relative_ones_start_from_their_parent(self, parent: str, text: str, address: str) -> None:
        assert submodule_address(text, parent, HERE) == address

    @pytest.mark.parametrize(
        ("parent", "text"),
        [
            ("https://example.org/a", "file:///etc"),
            ("https://example.org/a", "/etc"),
            ("https://example.org/a", "etc"),
            ("git@example.org:a", "file:///etc"),
            ("https://example.org/a", "http://example.org/c"),
            ("https://example.org/a", "ext::sh -c id"),
            ("https://example.org/a", "-u./x"),
            ("file:///srv/a", "/etc"),
        ],
    )
    def test_what_they_may_not_be(self, parent: str, text: str) -> None:
        with pytest.raises(SourceError):
            submodule_address(text, parent, HERE)

    @given(st.text(alphabet="./ab", min_size=1, max_size=30))
    def test_a_relative_one_stays_on_its_parents_server(self, path: str) -> None:
        found = submodule_address(f"../{path}", "https://example.org/a/b", HERE)
        assert found == "https://example.org" or found.startswith("https://example.org/")
        assert ".." not in found.split("/")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@example.org/x", "https://example.org/x"),
        ("https://token@example.org/x", "https://example.org/x"),
        ("git@example.org:x", "git@example.org:x"),
        ("unable to access 'https://u:p@example.org/x/': no", "unable to access 'https://example.org/x/': no"),
        ("https://example.org/x@y", "https://example.org/x@y"),
        ("nothing", "nothing"),
    ],
)
def test_secrets_are_never_shown(text: str, shown: str) -> None:
    assert without_secret(text) == shown
