"""``source`` of a ``meta.yaml``."""

from __future__ import annotations

from builder.model.recipe import GitSource, PathSource, Source, UrlSource
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.sources import sources_of
from builder.syntax.legacy.data import Plain


def sources(*entries: dict[str, Plain]) -> tuple[Source, ...]:
    remarks = Remarks(file="meta.yaml")
    found = sources_of(Keys(data=entry, path="source", remarks=remarks) for entry in entries)
    assert not remarks.problems
    return found


def test_sources_of_each_kind() -> None:
    assert sources(
        {"url": ["https://example.org/a.tar.gz", "https://example.org/b.tar.gz"], "md5": "0" * 32, "fn": "a.tgz"},
        {"git_url": "https://example.org/it.git", "git_rev": "v1", "git_depth": "1", "folder": "git"},
        {"path": "../beside", "patches": ["a.patch", "b.patch"]},
    ) == (
        UrlSource(
            urls=("https://example.org/a.tar.gz", "https://example.org/b.tar.gz"), md5="0" * 32, file_name="a.tgz"
        ),
        GitSource(git="https://example.org/it.git", rev="v1", depth=1, target_directory="git"),
        PathSource(path="../beside", patches=("a.patch", "b.patch"), use_gitignore=False),
    )


def test_what_names_no_place_is_no_source() -> None:
    assert sources({"patches": ["a.patch"]}, {}) == ()
