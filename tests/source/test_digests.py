"""What is known of sources before anything is fetched, and what is refused by then."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from builder.errors import SourceError
from builder.model.recipe import GitSource, GlobList, PathSource, Source, UrlSource
from builder.model.source import SourceDigest
from builder.source import source_digests

SHA256 = "ab" * 32


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    folder = tmp_path / "recipe"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.c").write_text("a")
    (folder / "b.txt").write_text("b")
    return folder


def codes(recipe: Path, *sources: Source) -> list[str]:
    with pytest.raises(SourceError) as caught:
        source_digests(sources, recipe)
    return [problem.code for problem in caught.value.problems]


def test_addresses_go_by_the_recipes_hash(recipe: Path) -> None:
    urls = ("https://user:secret@example.org/a.tar.gz", "https://example.org/mirror")
    [digest] = source_digests([UrlSource(urls=urls, sha256=SHA256)], recipe)
    assert (digest.url, digest.sha256, digest.kind) == ("https://example.org/a.tar.gz", SHA256, "url")


def test_paths_go_by_what_is_there_now(recipe: Path) -> None:
    before = source_digests([PathSource(path="src"), PathSource(path="b.txt")], recipe)
    assert [(digest.url, digest.kind) for digest in before] == [("src", "path"), ("b.txt", "path")]
    assert before[1].contents_sha256 == hashlib.sha256(b"b").hexdigest()
    assert before[0].contents_sha256 == hashlib.sha256(b"a.cFa-").hexdigest()
    (recipe / "src" / "a.c").write_text("A")
    (recipe / "b.txt").chmod(0o755)
    after = source_digests([PathSource(path="src"), PathSource(path="b.txt")], recipe)
    assert before[0].sha256 != after[0].sha256
    assert before[1].sha256 != after[1].sha256
    assert before[1].contents_sha256 == after[1].contents_sha256


def test_the_place_of_the_recipe_does_not_matter(recipe: Path, tmp_path: Path) -> None:
    before = source_digests([PathSource(path="src")], recipe)
    recipe.rename(tmp_path / "elsewhere")
    assert source_digests([PathSource(path="src")], tmp_path / "elsewhere") == before


def test_a_filter_hides_what_it_leaves_out(recipe: Path) -> None:
    source = PathSource(path="src", filter=GlobList(include=("*.c",)))
    before = source_digests([source], recipe)
    (recipe / "src" / "notes.md").touch()
    assert source_digests([source], recipe) == before
    (recipe / "src" / "b.c").touch()
    assert source_digests([source], recipe) != before


def test_a_new_name_for_a_file_is_another_source(recipe: Path) -> None:
    one, two = source_digests([PathSource(path="b.txt"), PathSource(path="b.txt", file_name="c.txt")], recipe)
    assert one.sha256 != two.sha256


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha512"])
def test_every_digest_of_a_file_beside_the_recipe_must_agree(recipe: Path, kind: str) -> None:
    (recipe / "data.bin").write_bytes(b"data")
    right = hashlib.new(kind, b"data", usedforsecurity=False).hexdigest()

    def digested(digest: str) -> tuple[SourceDigest, ...]:
        source = PathSource(path="data.bin", digests=((kind, digest),))
        return source_digests([PathSource(path="data.bin", md5=digest) if kind == "md5" else source], recipe)

    assert digested(right.upper()) == source_digests([PathSource(path="data.bin")], recipe)
    with pytest.raises(SourceError, match=f"data.bin has {kind} {right}, not 00"):
        digested("0" * len(right))


def test_the_recipes_own_folder_may_be_the_source(recipe: Path) -> None:
    assert source_digests([PathSource(path=".")], recipe)[0].kind == "path"


def test_no_sources(recipe: Path) -> None:
    assert source_digests([], recipe) == ()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (UrlSource(urls=("https://example.org/a",)), "source.unhashed"),
        (UrlSource(urls=("https://example.org/a",), md5="0" * 32), "source.unhashed"),
        (UrlSource(urls=("https://example.org/a",), sha256="0" * 63), "source.unhashed"),
        (UrlSource(urls=("https://example.org/a",), sha256="AB" * 32), "source.unhashed"),
        (UrlSource(urls=("https://example.org/a", "ftp://example.org/a"), sha256=SHA256), "source.address"),
        (UrlSource(urls=("debian:../a",), sha256=SHA256), "source.address"),
        (UrlSource(urls=("https://example.org/a",), sha256=SHA256, file_name="../a"), "source.outside"),
        (UrlSource(urls=("https://example.org/a",), sha256=SHA256, file_name=""), "source.outside"),
        (UrlSource(urls=("https://example.org/a",), sha256=SHA256, target_directory="/etc"), "source.outside"),
        (UrlSource(urls=("https://example.org/a",), sha256=SHA256, target_directory="a/../../b"), "source.outside"),
        (PathSource(path="src", target_directory="../x"), "source.outside"),
        (PathSource(path="b.txt", file_name="x/y"), "source.outside"),
        (PathSource(path="/etc/hostname"), "source.outside"),
        (PathSource(path="../recipe-2/x"), "source.outside"),
        (PathSource(path="src/../../x"), "source.outside"),
        (PathSource(path="absent"), "source.absent"),
        (PathSource(path="b.txt", sha256="0" * 64), "source.wrong-bytes"),
        (PathSource(path="src", filter=GlobList(include=("{",))), "source.filter"),
        (GitSource(git="https://example.org/repository.git"), "source.git-commit"),
    ],
)
def test_what_is_refused(recipe: Path, source: Source, code: str) -> None:
    assert codes(recipe, source) == [code]


def test_everything_that_is_wrong_is_told_at_once(recipe: Path) -> None:
    wrong: list[Source] = [
        UrlSource(urls=("https://example.org/a",)),
        PathSource(path="src"),
        PathSource(path="absent"),
    ]
    assert codes(recipe, *wrong) == ["source.unhashed", "source.absent"]


def test_links_do_not_lead_out_of_the_recipe(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (recipe / "way out").symlink_to(tmp_path)
    (recipe / "file out").symlink_to(tmp_path / "secret")
    (recipe / "inside").symlink_to("src")
    assert codes(recipe, PathSource(path="way out/secret"), PathSource(path="file out")) == ["source.outside"] * 2
    assert source_digests([PathSource(path="inside")], recipe)[0].sha256 == (
        source_digests([PathSource(path="src")], recipe)[0].sha256
    )


def test_a_recipe_behind_a_link_is_a_recipe(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(recipe)
    assert source_digests([PathSource(path="src")], tmp_path / "link")[0].kind == "path"


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "source",
    [
        GitSource(git="https://example.org/r.git", rev=COMMIT),
        GitSource(git="https://example.org/r.git", tag="v1", expected_commit=COMMIT),
        GitSource(git="https://example.org/r.git", branch="main", commit=COMMIT),
        GitSource(git="https://user:secret@example.org/r.git", branch="main", commit=COMMIT),
    ],
)
def test_a_git_source_is_its_commit(recipe: Path, source: GitSource) -> None:
    [digest] = source_digests([source], recipe)
    assert (digest.kind, digest.commit, digest.url) == ("git", COMMIT, "https://example.org/r.git")
    assert len(digest.sha256) == 64


def test_other_commits_have_other_digests(recipe: Path) -> None:
    sources = [GitSource(git="https://example.org/r.git", rev=digit * 40) for digit in "abc"]
    assert len({digest.sha256 for digest in source_digests(sources, recipe)}) == 3


def test_a_revision_that_nobody_resolved_is_no_digest(recipe: Path) -> None:
    with pytest.raises(SourceError) as caught:
        source_digests([GitSource(git="https://user:secret@example.org/r.git", tag="v1")], recipe)
    [problem] = caught.value.problems
    assert problem.message == "tag v1 of https://example.org/r.git may be any commit"
    assert "expected_commit" in (problem.remedy or "")


def test_a_git_source_that_is_wrong_is_refused_without_a_network(recipe: Path) -> None:
    wrong = GitSource(git="https://example.org/r.git", rev="a" * 40, expected_commit="b" * 40)
    evil = GitSource(git="ext::sh -c id", rev="a" * 40)
    assert codes(recipe, wrong) == ["source.git-commit"]
    assert codes(recipe, evil) == ["source.git-address"]


def test_unhashed_sources_name_the_command(recipe: Path) -> None:
    with pytest.raises(SourceError) as caught:
        source_digests([UrlSource(urls=("https://example.org/a",), md5="0" * 32)], recipe)
    [problem] = caught.value.problems
    assert "md5 alone proves nothing" in problem.message
    assert "bakehouse fetch" in (problem.remedy or "")


@pytest.mark.parametrize("path", ["loop", "loop/x", "a\0b", "x" * 5000, "b.txt/x"])
def test_paths_that_lead_nowhere(recipe: Path, path: str) -> None:
    (recipe / "loop").symlink_to("loop")
    assert codes(recipe, PathSource(path=path)) == ["source.absent"]


def test_a_link_in_a_folder_may_lead_nowhere(recipe: Path) -> None:
    (recipe / "src" / "dangling").symlink_to("y")
    assert source_digests([PathSource(path="src")], recipe)[0].contents_sha256 is not None
