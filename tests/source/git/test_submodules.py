"""Which repositories stand in a tree: what git writes is understood, what leads out is refused."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from builder.errors import SourceError
from builder.source.git.command import git_variables
from builder.source.git.submodules import Submodule, linked, submodules
from tests.source.git.making import Handmade, Upstream, upstream

VARIABLES = git_variables({"PATH": os.environ["PATH"]})
COMMIT = "c" * 40


def found(folder: Path, commit: str) -> tuple[Submodule, ...]:
    links = linked(folder, VARIABLES, commit)
    return asyncio.run(submodules(VARIABLES, commit, links))


def handmade(folder: Path, listing: str | None, *links: str) -> tuple[Path, str]:
    """A repository with links to other commits at the top, and that ``.gitmodules``."""
    made = Handmade(folder)
    entries = [("160000", link, COMMIT) for link in links]
    if listing is not None:
        entries.append(("100644", ".gitmodules", made.write("blob", listing.encode())))
    commit = made.commit(made.tree(*sorted(entries, key=lambda entry: entry[1])))
    return made.folder, commit


@pytest.fixture
def inner(tmp_path: Path) -> Upstream:
    return upstream(tmp_path / "inner", {"inside": "I"})


def test_what_git_writes_is_understood(tmp_path: Path, inner: Upstream) -> None:
    outer = upstream(tmp_path / "outer", {"a": "A"})
    outer.git("submodule", "--quiet", "add", "../inner", "deep/er")
    outer.git("submodule", "--quiet", "add", "--name", "a.path b", inner.address, "with blank")
    commit = outer.commit({})
    at = inner.git("rev-parse", "HEAD")
    assert found(outer.folder / ".git", commit) == (
        Submodule(path="deep/er", commit=at, address="../inner"),
        Submodule(path="with blank", commit=at, address=inner.address),
    )


def test_without_links_nothing_is_read(tmp_path: Path) -> None:
    assert found(*handmade(tmp_path / "r", "not a configuration [")) == ()


@pytest.mark.parametrize("listing", [None, "", '[submodule "x"]\n\tpath = x\n', '[submodule "x"]\n\turl = ../x\n'])
def test_a_link_without_an_address_names_the_remedy(tmp_path: Path, listing: str | None) -> None:
    with pytest.raises(SourceError) as caught:
        found(*handmade(tmp_path / "r", listing, "x"))
    [problem] = caught.value.problems
    assert problem.code == "source.git-submodule"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/x", "-x", ".git/hooks", "a/.GIT"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    listing = f'[submodule "x"]\n\tpath = x\n\turl = ../x\n[submodule "evil"]\n\tpath = "{path}"\n\turl = ../x\n'
    with pytest.raises(SourceError, match="outside of itself"):
        found(*handmade(tmp_path / "r", listing, "x"))


def test_a_listing_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        found(*handmade(tmp_path / "r", "[submodule", "x"))


def test_a_listing_includes_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text('[submodule "x"]\n\tpath = x\n\turl = https://evil.example/\n')
    with pytest.raises(SourceError, match="no address"):
        found(*handmade(tmp_path / "r", f"[include]\n\tpath = {tmp_path / 'evil'}\n", "x"))


def test_commands_in_a_listing_are_never_run(tmp_path: Path) -> None:
    listing = f'[submodule "x"]\n\tpath = x\n\turl = ../x\n\tupdate = !touch {tmp_path / "ran"}\n'
    [one] = found(*handmade(tmp_path / "r", listing, "x"))
    assert one.address == "../x"
    assert not (tmp_path / "ran").exists()
