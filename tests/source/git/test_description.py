"""What conda-build's GIT variables are, of addresses and of folders, and what is remembered of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError
from builder.model.recipe import GitSource
from builder.source import Addresses
from builder.source.git.description import VARIABLES, Descriptions, variables_of
from builder.store import Store
from tests.source.git.making import Upstream, upstream


def descriptions(
    store: Path, *, offline: bool = False, mirrors: Mapping[str, tuple[str, ...]] | None = None
) -> Descriptions:
    addresses = Addresses(environment={"PATH": os.environ["PATH"]}, mirrors=mirrors or {})
    return Descriptions(Store(store), addresses, offline=offline)


@pytest.fixture
def origin(tmp_path: Path) -> Upstream:
    """Three commits, the first of which is v1.9."""
    made = upstream(tmp_path / "origin")
    made.git("tag", "-a", "-m", "one", "v1.9")
    made.commit({"a": "1"})
    made.commit({"a": "2"})
    return made


def expected(made: Upstream, revision: str = "HEAD") -> Mapping[str, str]:
    full = made.git("rev-parse", f"{revision}^{{commit}}")
    return variables_of(made.git("describe", "--tags", "--long", revision), full)


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("v1.2.3-0-gabcdef0", "v1.2.3"),
        ("1.2.3-0-gabcdef0", "1.2.3"),
        ("1.2.3-14-gabcdef01", "1.2.3.post14+abcdef01"),
        ("release-1.2-0-gabcdef0", "None"),
        ("A1-2-gabcdef0", "1.post2+abcdef0"),
        ("zlib-1.0-0-gabcdef0", "None"),
        ("az1.0-0-gabcdef0", "1.0"),
        ("v1.0-rc1-0-gabcdef0", "None"),
        ("x_y-0-gabcdef0", "None"),
        ("a-0-gabcdef0", "a"),
    ],
)
def test_versions_of_tags_are_those_that_conda_build_makes(described: str, version: str) -> None:
    """Recorded from conda-build 26.7."""
    assert variables_of(described, "f" * 40)["GIT_DESCRIBE_TAG_PEP440"] == version


def test_a_tag_may_have_dashes() -> None:
    found = variables_of("v1.0-rc-1-12-gabcdef0", "f" * 40)
    assert [found[name] for name in VARIABLES if name != "GIT_DESCRIBE_TAG_PEP440"] == [
        "v1.0-rc-1", "12", "gabcdef0", "f" * 40, "12_gabcdef0",
    ]  # fmt: skip


@pytest.mark.parametrize("revision", ["HEAD", "v1.9", "HEAD~1"])
def test_an_address_is_described_at_the_revision(origin: Upstream, tmp_path: Path, revision: str) -> None:
    commit = origin.git("rev-parse", f"{revision}^{{commit}}")
    found = asyncio.run(descriptions(tmp_path / "store").of(GitSource(git=origin.address, rev=commit), tmp_path))
    assert found == expected(origin, revision)
    assert set(found) == set(VARIABLES)


def test_a_repository_without_tags_has_commits_all_the_same(tmp_path: Path) -> None:
    made = upstream(tmp_path / "origin")
    found = asyncio.run(descriptions(tmp_path / "store").of(GitSource(git=made.address), tmp_path))
    full = made.git("rev-parse", "HEAD")
    assert found == {"GIT_FULL_HASH": full, "GIT_DESCRIBE_HASH": f"g{full[:7]}"}


def test_a_folder_is_described_as_it_is_checked_out(origin: Upstream, tmp_path: Path) -> None:
    of_folder = descriptions(tmp_path / "store", offline=True).of_folder
    assert asyncio.run(of_folder(origin.folder)) == expected(origin)
    below = origin.folder / "below"
    below.mkdir()
    assert asyncio.run(of_folder(below)) == {}, "only a folder with a repository of its own is asked"


def test_a_folder_whose_repository_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(BakehouseError, match="not a git repository"):
        asyncio.run(descriptions(tmp_path / "store").of_folder(tmp_path))


def test_nothing_of_a_repository_runs(origin: Upstream, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "alias.describe"):
        origin.git("config", key, str(program))
    asyncio.run(descriptions(tmp_path / "store").of_folder(origin.folder))
    asyncio.run(descriptions(tmp_path / "store").of(GitSource(git=origin.address), tmp_path))
    assert not mark.exists()


def test_a_local_repository_is_asked_again_and_offline_too(origin: Upstream, tmp_path: Path) -> None:
    asking, source = descriptions(tmp_path / "store", offline=True), GitSource(git="origin")
    assert asyncio.run(asking.of(source, tmp_path)) == expected(origin)
    origin.git("tag", "v2.0")
    assert asyncio.run(asking.of(source, tmp_path))["GIT_DESCRIBE_TAG"] == "v2.0"


def test_an_address_elsewhere_is_remembered_for_offline(origin: Upstream, tmp_path: Path) -> None:
    commit = origin.git("rev-parse", "HEAD")
    source = GitSource(git="https://example.org/a.git", rev=commit)
    with pytest.raises(MachineError, match=r"the history of https://example\.org/a\.git was never"):
        asyncio.run(descriptions(tmp_path / "store", offline=True).of(source, tmp_path))
    mirrored = descriptions(tmp_path / "store", mirrors={"https://example.org/a.git": (origin.address,)})
    assert asyncio.run(mirrored.of(source, tmp_path)) == expected(origin)
    assert asyncio.run(descriptions(tmp_path / "store", offline=True).of(source, tmp_path)) == expected(origin)
    (kept,) = (tmp_path / "store" / "git-descriptions").iterdir()
    kept.write_text("not JSON")
    with pytest.raises(MachineError):
        asyncio.run(descriptions(tmp_path / "store", offline=True).of(source, tmp_path))
