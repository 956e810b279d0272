"""``source`` of a ``meta.yaml``: what conda-build 26.7 makes of it, said with our sources."""

from __future__ import annotations

import pytest

from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.sources import sources_of
from builder.syntax.legacy.data import Plain

SHA256 = "a" * 64
TAR = "https://example.org/it-1.0.tar.gz"


def read(*entries: dict[str, Plain]) -> tuple[tuple[Source, ...], Remarks]:
    remarks = Remarks(file="meta.yaml")
    keys = (Keys(data=entry, path=f"source[{at}]", remarks=remarks) for at, entry in enumerate(entries))
    return sources_of(keys), remarks


def sources(*entries: dict[str, Plain]) -> tuple[Source, ...]:
    found, remarks = read(*entries)
    assert not remarks.problems
    assert not remarks.warnings
    return found


def test_sources_of_each_kind() -> None:
    assert sources(
        {"url": [TAR, "https://example.com/it.tar.gz"], "sha256": SHA256.upper(), "fn": "it-1.0.tar.gz"},
        {"git_url": "https://example.org/it.git", "git_rev": "v1", "git_depth": "1", "folder": "git"},
        {"path": "../beside", "patches": ["a.patch", "b.patch"]},
    ) == (
        UrlSource(urls=(TAR, "https://example.com/it.tar.gz"), sha256=SHA256, archive_name="it-1.0.tar.gz"),
        GitSource(git="https://example.org/it.git", rev="v1", depth=1, target_directory="git"),
        PathSource(path="../beside", patches=("a.patch", "b.patch"), use_gitignore=False, file_name="beside"),
    )


def test_an_entry_that_only_has_a_folder_is_no_source() -> None:
    assert sources({"folder": "x"}, {}) == ()


@pytest.mark.parametrize(
    ("url", "fn", "expected"),
    [
        (TAR, None, UrlSource(urls=(TAR,), sha256=SHA256)),
        ("https://example.org/v1", "it.zip", UrlSource(urls=("https://example.org/v1",), sha256=SHA256, archive_name="it.zip")),
        ("https://example.org/it.bin?x=1", None, UrlSource(urls=("https://example.org/it.bin?x=1",), sha256=SHA256, file_name="it.bin")),
        (TAR, "it.bin", UrlSource(urls=(TAR,), sha256=SHA256, file_name="it.bin")),
        ("https://example.org/it.deb", None, UrlSource(urls=("https://example.org/it.deb",), sha256=SHA256, file_name="it.deb")),
        ("https://example.org/IT.TGZ", None, UrlSource(urls=("https://example.org/IT.TGZ",), sha256=SHA256)),
    ],
)  # fmt: skip
def test_the_name_of_a_file_says_whether_it_is_unpacked(url: str, fn: str | None, expected: UrlSource) -> None:
    assert sources({"url": url, "fn": fn, "sha256": SHA256}) == (expected,)


def test_a_wheel_is_there_as_it_is_and_unpacked() -> None:
    url = "pypi:it/1.0/it-1.0-py3-none-any.whl"
    assert sources({"url": url, "sha256": SHA256, "patches": "a.patch", "folder": "w"}) == (
        UrlSource(urls=(url,), sha256=SHA256, file_name="it-1.0-py3-none-any.whl", target_directory="w"),
        UrlSource(urls=(url,), sha256=SHA256, patches=("a.patch",), target_directory="w"),
    )


def test_an_address_without_a_scheme_is_a_path() -> None:
    assert sources({"url": "./it.tar.gz", "sha256": SHA256}, {"url": "data.bin"}) == (
        PathSource(path="./it.tar.gz", sha256=SHA256, use_gitignore=False),
        PathSource(path="data.bin", use_gitignore=False, file_name="data.bin"),
    )


def test_folders_have_no_name_of_a_file() -> None:
    assert sources({"path": "."}, {"path": ".."}, {"path": "src/"}) == (
        PathSource(path=".", use_gitignore=False),
        PathSource(path="..", use_gitignore=False),
        PathSource(path="src/", use_gitignore=False, file_name="src"),
    )


def test_every_digest_is_compared() -> None:
    (source,) = sources({"url": TAR, "sha256": SHA256, "md5": "B" * 32, "sha1": "c" * 40, "sha512": "d" * 128})
    assert isinstance(source, UrlSource)
    assert (source.sha256, source.md5) == (SHA256, "b" * 32)
    assert source.digests == (("sha1", "c" * 40), ("sha512", "d" * 128))


@pytest.mark.parametrize(("kind", "digest"), [("sha256", "abc"), ("md5", "z" * 32), ("sha512", "a" * 64)])
def test_a_digest_that_is_none_is_a_problem(kind: str, digest: str) -> None:
    _, remarks = read({"url": TAR, kind: digest})
    (problem,) = remarks.problems
    assert problem.code == "recipe.value"
    assert f"source[0].{kind} is" in problem.message


def test_a_top_folder_stays_where_the_key_stands_whatever_it_says() -> None:
    assert sources({"url": TAR, "no_hoist": False}) == (UrlSource(urls=(TAR,), keeps_top_folder=True),)


def test_patches_by_themselves_change_the_source_before_them() -> None:
    (source,) = sources({"url": TAR, "patches": "a.patch", "folder": "x"}, {"patches": ["b.patch"], "folder": "x"})
    assert source == UrlSource(urls=(TAR,), patches=("a.patch", "b.patch"), target_directory="x")
    _, remarks = read({"url": TAR, "folder": "x"}, {"patches": ["b.patch"]})
    assert [problem.message for problem in remarks.problems] == [
        "source[1] has patches, and nothing before it is there"
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"fn": "it.tar.gz"}, "source[0] has fn without url"),
        ({"hg_url": "https://example.org/it"}, "source[0].hg_url: sources in Mercurial are not fetched"),
        ({"svn_url": "https://example.org/it"}, "source[0].svn_url: sources in Subversion are not fetched"),
        ({"patches": ["a.patch"]}, "source[0] has patches, and nothing before it is there"),
        ({"git_url": "x", "git_tag": "a", "git_branch": "b"}, "source[0] has git_tag and git_branch"),
    ],
)
def test_what_cannot_be_had_is_a_problem_with_a_remedy(entry: dict[str, Plain], message: str) -> None:
    _, remarks = read(entry)
    (problem,) = remarks.problems
    assert problem.message == message
    assert problem.remedy


@pytest.mark.parametrize("entry", [{"path": "x", "path_via_symlink": True}, {"url": TAR, "content_sha256": SHA256}])
def test_what_has_no_effect_is_said(entry: dict[str, Plain]) -> None:
    found, remarks = read(entry)
    assert len(found) == 1
    assert [warning.code for warning in remarks.warnings] == ["recipe.ignored"]


def test_an_unknown_key_is_a_warning() -> None:
    _, remarks = read({"url": TAR, "sha265": SHA256})
    assert [warning.message for warning in remarks.warnings] == ["source[0].sha265 is not a key of recipes"]


def test_a_file_beside_the_recipe_is_taken_as_one_at_an_address() -> None:
    assert sources(
        {"url": "one.tar.gz", "no_hoist": True, "md5": "b" * 32, "sha1": "c" * 40},
        {"url": "download", "fn": "one.zip"},
        {"url": "it.whl", "patches": "a.patch"},
        {"url": "one.tar.gz", "fn": "one.bin"},
    ) == (
        PathSource(
            path="one.tar.gz", use_gitignore=False, md5="b" * 32, digests=(("sha1", "c" * 40),), keeps_top_folder=True
        ),
        PathSource(path="download", use_gitignore=False, archive_name="one.zip"),
        PathSource(path="it.whl", use_gitignore=False, file_name="it.whl"),
        PathSource(path="it.whl", use_gitignore=False, patches=("a.patch",)),
        PathSource(path="one.tar.gz", use_gitignore=False, file_name="one.bin"),
    )


def test_a_list_of_no_addresses_is_a_problem() -> None:
    found, remarks = read({"url": [None, ""]})
    assert found == ()
    assert [problem.message for problem in remarks.problems] == ["source[0].url names no address"]
