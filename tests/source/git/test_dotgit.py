"""git's own folder by all the names that some file system knows it by, and what only looks like them."""

from __future__ import annotations

import pytest

from builder.source.git.dotgit import is_dot_git


@pytest.mark.parametrize(
    "name",
    [
        ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git. . ", ".git::$INDEX_ALLOCATION", ".git:stream",
        ".g\u200cit", "\ufeff.git", ".git\u206f", ".gi\u202et", "a\\.git", ".git\\config", "git~1\\hooks", ".git:a\nb",
    ],
)  # fmt: skip
def test_names_of_it(name: str) -> None:
    assert is_dot_git(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "git", ".gitignore", ".gitmodules", ".gitattributes", ".github", "x.git", "git~2", "git~10", "..git", ".git x",
        "\u00e9.git", ".git\u0301",
    ],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert not is_dot_git(name)
