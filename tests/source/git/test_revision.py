"""Revisions: what a source asks for, what of it the recipe itself says, and what a server's list says of it."""

from __future__ import annotations

import pytest

from builder.errors import SourceError
from builder.model.recipe import GitSource
from builder.source.git.revision import (
    chosen,
    is_commit,
    is_moving,
    parse_references,
    patterns,
    pinned_commit,
    unexpected,
    wanted,
)

A, B, C = "a" * 40, "b" * 40, "c" * 40
ADDRESS = "https://example.org/x.git"
LISTING = f"{A}\tHEAD\n{A}\trefs/heads/main\n{B}\trefs/tags/v1\n{C}\trefs/tags/v1^{{}}\n{B}\trefs/heads/v1\n".encode()


def source(**keys: str) -> GitSource:
    return GitSource(git=ADDRESS, **keys)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [A, "0" * 40, "f" * 64])
def test_whole_commits(text: str) -> None:
    assert is_commit(text)


@pytest.mark.parametrize("text", ["", "a" * 39, "a" * 41, "A" * 40, "g" * 40, f"{A}\n", "v1"])
def test_everything_else_is_none(text: str) -> None:
    assert not is_commit(text)


@pytest.mark.parametrize(
    ("asked", "words", "names", "short"),
    [
        (source(), "the default branch", ("HEAD",), None),
        (source(branch="main"), "branch main", ("refs/heads/main",), None),
        (source(tag="v1"), "tag v1", ("refs/tags/v1",), None),
        (source(rev="v1"), "revision v1", ("refs/tags/v1", "refs/heads/v1"), None),
        (source(rev="HEAD"), "revision HEAD", ("HEAD",), None),
        (source(rev="refs/pull/7/head"), "revision refs/pull/7/head", ("refs/pull/7/head",), None),
        (source(rev="abc1234"), "commit abc1234", ("refs/tags/abc1234", "refs/heads/abc1234"), "abc1234"),
        (source(rev=A, branch="main"), f"commit {A}", (f"refs/tags/{A}", f"refs/heads/{A}"), A),
    ],
)
def test_what_is_asked_for(asked: GitSource, words: str, names: tuple[str, ...], short: str | None) -> None:
    found = wanted(asked)
    assert (found.words, found.names, found.short) == (words, names, short)


class TestPinned:
    @pytest.mark.parametrize(
        ("asked", "commit"),
        [
            (source(), None),
            (source(branch="main"), None),
            (source(tag="v1"), None),
            (source(rev="abc1234"), None),
            (source(rev=A), A),
            (source(rev=A, expected_commit=A), A),
            (source(tag="v1", expected_commit=B), B),
            (source(rev="abc1234", expected_commit=B), B),
            (source(expected_commit="f" * 64), "f" * 64),
        ],
    )
    def test_what_the_recipe_itself_says(self, asked: GitSource, commit: str | None) -> None:
        assert pinned_commit(asked) == commit
        assert is_moving(asked) is (commit is None)

    def test_a_revision_that_is_not_the_expected_commit_names_both(self) -> None:
        with pytest.raises(SourceError) as caught:
            pinned_commit(source(rev=A, expected_commit=B))
        assert A in str(caught.value)
        assert B in str(caught.value)

    @pytest.mark.parametrize("text", ["abc1234", "main", "A" * 40])
    def test_an_expected_commit_is_whole(self, text: str) -> None:
        with pytest.raises(SourceError, match="no whole commit"):
            pinned_commit(source(tag="v1", expected_commit=text))


def test_an_unexpected_commit_says_what_to_write_either_way() -> None:
    error = unexpected(source(tag="v1", expected_commit=A), B)
    [problem] = error.problems
    assert problem.message == f"tag v1 of {ADDRESS} is commit {B}, not {A} as expected_commit says"
    assert f"expected_commit: {B}" in (problem.remedy or "")
    assert f"rev: {A}" in (problem.remedy or "")


class TestReferences:
    def test_an_annotated_tag_stands_for_its_commit(self) -> None:
        assert parse_references(LISTING) == {
            "HEAD": A, "refs/heads/main": A, "refs/tags/v1": C, "refs/heads/v1": B,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "listing", [b"", b"\n", b"ref: refs/heads/main\tHEAD\n", b"<html>\tx\n", b"\xff\xfe\t\x00\n", A.encode()]
    )
    def test_what_is_no_list_holds_nothing(self, listing: bytes) -> None:
        assert parse_references(listing) == {}

    @pytest.mark.parametrize(
        ("asked", "commit"),
        [
            (source(), A),
            (source(branch="main"), A),
            (source(branch="v1"), B),
            (source(tag="v1"), C),
            (source(rev="v1"), C),
            (source(rev="main"), A),
            (source(tag="main"), None),
            (source(branch="mai"), None),
            (source(rev="abc1234"), None),
        ],
    )
    def test_which_one_is_meant(self, asked: GitSource, commit: str | None) -> None:
        assert chosen(wanted(asked), parse_references(LISTING)) == commit

    def test_servers_are_asked_for_no_more_than_that(self) -> None:
        assert list(patterns(wanted(source(branch="main")))) == ["refs/heads/main"]
        assert list(patterns(wanted(source(tag="v1")))) == ["refs/tags/v1", "refs/tags/v1^{}"]
