"""Questions of recipes to git: rattler-build's answers, nothing that runs programs, and the last answer offline."""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path
from typing import get_args

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.recipe import GitQuestion
from builder.source import Addresses
from builder.source.git.questions import Questions
from builder.store import Store
from tests.source.git.making import Upstream, upstream

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rattler_build import PlatformConfig, RattlerBuildError, RenderConfig, Stage0Recipe, VariantConfig

QUESTIONS = get_args(GitQuestion)


def questions(store: Path, **options: object) -> Questions:
    addresses = Addresses(environment={"PATH": os.environ["PATH"]}, **options)  # type: ignore[arg-type]
    return Questions(Store(store), addresses)


def offline(store: Path) -> Questions:
    return Questions(Store(store), Addresses(environment={"PATH": os.environ["PATH"]}), offline=True)


def asked(asking: Questions, question: str, text: str, folder: Path) -> str:
    return asyncio.run(asking.answer(question, text, folder))


def theirs(question: str, text: str, folder: Path) -> str:
    """Return what rattler-build answers to a recipe in ``folder``."""
    recipe = f"package: {{name: a, version: '1'}}\nabout: {{summary: \"${{{{ git.{question}('{text}') }}}}\"}}\n"
    platform = PlatformConfig(experimental=True)
    found = Stage0Recipe.from_yaml(recipe, recipe_dir=folder).render(VariantConfig(), RenderConfig(platform=platform))
    answer: str = found[0].recipe.to_dict()["about"]["summary"]
    return answer


@pytest.fixture
def origin(tmp_path: Path) -> Upstream:
    """Three commits: v1.9 annotated on the first, v1.10-rc.1 on the second."""
    made = upstream(tmp_path / "origin")
    made.git("tag", "-a", "-m", "one", "v1.9")
    made.commit({"a": "1"})
    made.git("tag", "v1.10-rc.1")
    made.commit({"a": "2"})
    return made


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_folder_answers_as_for_the_peer(origin: Upstream, tmp_path: Path, question: str) -> None:
    recipe = origin.folder / "recipes" / "a"
    recipe.mkdir(parents=True)
    (recipe / "recipe.yaml").touch()
    expected = theirs(question, "../..", recipe)
    asking = questions(tmp_path / "store")
    assert asked(asking, question, "../..", recipe) == expected
    assert asked(asking, question, str(origin.folder), recipe) == expected
    assert asked(offline(tmp_path / "other"), question, ".", recipe) == expected  # the repository around it


@pytest.mark.parametrize("question", [question for question in QUESTIONS if question != "latest_tag_distance"])
def test_an_address_answers_as_for_the_peer(origin: Upstream, tmp_path: Path, question: str) -> None:
    assert asked(questions(tmp_path / "store"), question, origin.address, tmp_path) == theirs(
        question, origin.address, tmp_path
    )


def test_the_distance_of_an_address_is_counted_in_its_own_history(origin: Upstream, tmp_path: Path) -> None:
    asking = questions(tmp_path / "store")
    assert asked(asking, "latest_tag_distance", origin.address, tmp_path) == "1"
    origin.commit({"a": "3"})
    assert asked(asking, "latest_tag_distance", origin.address, tmp_path) == "2"


def test_the_highest_tag_is_the_latest_of_an_address_the_nearest_that_of_a_folder(
    origin: Upstream, tmp_path: Path
) -> None:
    origin.git("tag", "v2.0", "v1.9^{commit}")
    asking = questions(tmp_path / "store")
    assert asked(asking, "latest_tag", origin.address, tmp_path) == "v2.0"
    assert asked(asking, "latest_tag", "origin", tmp_path) == "v1.10-rc.1"
    assert asked(asking, "latest_tag_rev", "origin", tmp_path) == origin.git("rev-parse", "v1.10-rc.1")


def test_an_annotated_tag_gives_the_commit_that_it_marks(origin: Upstream, tmp_path: Path) -> None:
    marked = origin.git("rev-parse", "v1.9^{commit}")
    origin.git("tag", "-d", "v1.10-rc.1")
    asking = questions(tmp_path / "store")
    assert asked(asking, "latest_tag_rev", origin.address, tmp_path) == marked
    assert asked(asking, "latest_tag_rev", "origin", tmp_path) == marked


def test_a_moved_repository_gives_another_answer(origin: Upstream, tmp_path: Path) -> None:
    asking = questions(tmp_path / "store")
    before = asked(asking, "head_rev", origin.address, tmp_path)
    after = origin.commit({"a": "4"})
    assert asked(asking, "head_rev", origin.address, tmp_path) == after != before


def test_offline_an_address_answers_as_it_did_last(origin: Upstream, tmp_path: Path) -> None:
    store = tmp_path / "store"
    mirrors = {"https://example.org/": (f"{origin.folder.parent.as_uri()}/",)}
    address = "https://example.org/origin"
    with pytest.raises(MachineError, match=r"git\.head_rev of https://example\.org/origin was never fetched"):
        asked(offline(store), "head_rev", address, tmp_path)
    online = asked(questions(store, mirrors=mirrors), "head_rev", address, tmp_path)
    origin.commit({"a": "5"})
    assert asked(offline(store), "head_rev", address, tmp_path) == online
    with pytest.raises(MachineError, match="latest_tag"):
        asked(offline(store), "latest_tag", address, tmp_path)
    renewed = asked(questions(store, mirrors=mirrors), "head_rev", address, tmp_path)
    assert asked(offline(store), "head_rev", address, tmp_path) == renewed != online


def test_secrets_of_addresses_are_not_kept(origin: Upstream, tmp_path: Path) -> None:
    mirrors = {"https://": (f"{origin.folder.parent.as_uri()}/",)}
    store = tmp_path / "store"
    asked(questions(store, mirrors=mirrors), "latest_tag", "https://origin", tmp_path)
    assert asked(offline(store), "latest_tag", "https://me:hunter2@origin", tmp_path) == "v1.10-rc.1"


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c id",
        "fd::17",
        "--upload-pack=touch hacked",
        "-u",
        "git://example.org/r",
        "ftp://example.org/r",
        "https://-oProxyCommand=x/r",
        "ssh://-oProxyCommand=touch%20hacked/r",
        "-oProxyCommand=x:r",
    ],
)
def test_a19_hostile_addresses_start_nothing(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceError, match="no address of a git repository"):
        asked(questions(tmp_path / "store"), "head_rev", address, tmp_path)
    assert not (tmp_path / "hacked").exists()


def test_a19_configuration_of_a_repository_runs_nothing(origin: Upstream, tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.hooksPath", "uploadpack.packObjectsHook"):
        origin.git("config", key, f"touch {hacked}")
    asking = questions(tmp_path / "store")
    for question in QUESTIONS:
        asked(asking, question, "origin", tmp_path)
        asked(asking, question, origin.address, tmp_path)
    assert not hacked.exists()


def test_no_tags_and_no_commits_are_told(tmp_path: Path) -> None:
    bare = upstream(tmp_path / "bare")
    asking = questions(tmp_path / "store")
    with pytest.raises(BakehouseError, match="it has no tags"):
        asked(asking, "latest_tag", bare.address, tmp_path)
    with pytest.raises(BakehouseError, match="No names found"):
        asked(asking, "latest_tag", "bare", tmp_path)
    with pytest.raises(BakehouseError, match="not a git repository"):
        asked(asking, "head_rev", ".", tmp_path)
    with pytest.raises(BakehouseError):
        asked(asking, "head_rev", "nowhere", tmp_path)
    with pytest.raises(RattlerBuildError):
        theirs("latest_tag", "bare", tmp_path)


def test_an_answer_that_is_no_text_is_refused(origin: Upstream, tmp_path: Path) -> None:
    origin.git("tag", "v3\u202e")
    with pytest.raises(SourceError, match="no answer that a recipe can use"):
        asked(questions(tmp_path / "store"), "latest_tag", origin.address, tmp_path)
