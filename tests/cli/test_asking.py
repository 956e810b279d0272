"""What recipes are told of the machine: allowed variables, files of their own folder, git behind its switch."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from builder.cli.asking import Asking, asking
from builder.cli.collection import Collection
from builder.cli.options import Places
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection
from builder.errors import BakehouseError, MachineError, UsageError
from builder.model.switch import Switch
from builder.recipe import Ask, GitQuestion
from builder.syntax.reader import MAX_BYTES
from tests.cli.conftest import Command
from tests.source.git.making import upstream

EXPERIMENTAL = frozenset({Switch.EXPERIMENTAL})


def never(question: GitQuestion, url: str, folder: Path) -> str:
    raise AssertionError(f"git.{question} {url} {folder}")


def of(folder: Path, **options: object) -> Asking:
    given: dict[str, object] = {"allowed": frozenset(), "variables": {}, "git_answers": never, **options}
    return Asking(folder=folder, **given)  # type: ignore[arg-type]


def selected(*paths: Path, **options: object) -> Selection:
    given: dict[str, object] = {"variants": (), "variant_files": (), "target_platform": None, **options}
    return Selection(paths=paths, recipes=(), **given)  # type: ignore[arg-type]


def test_a17_only_allowed_variables_are_told(tmp_path: Path) -> None:
    ask: Ask = of(tmp_path, allowed=frozenset({"CI", "UNSET"}), variables={"CI": "true", "SECRET": "hunter2"})
    assert ask.environment("CI") == "true"
    assert ask.environment("UNSET") is None
    with pytest.raises(UsageError) as caught:
        ask.environment("SECRET")
    (problem,) = caught.value.problems
    assert "SECRET" in problem.message
    assert "hunter2" not in str(caught.value)
    assert problem.remedy == "--allow-env SECRET lets them, or `environment: [SECRET]` in bakehouse.yaml"


def test_a18_files_of_the_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "v.yaml").write_bytes(b"v: 1\n")
    (tmp_path / "link").symlink_to("data/v.yaml")
    ask = of(tmp_path)
    assert ask.file("data/v.yaml") == ask.file("link") == b"v: 1\n"


def test_a18_nothing_outside_and_nothing_else_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("hunter2")
    (folder / "out").symlink_to("../secret")
    (folder / "up").symlink_to("..")
    (folder / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    ask = of(folder)
    for path, message in {
        "out": "leads out of the recipe's folder through a link",
        "up/secret": "leads out",
        "passwd": "leads out",
        "../secret": "leads out",
        "/etc/passwd": "leads out",
        "pipe": "is no regular file",
        "sub": "is no regular file",
        "nothing": "there is no file",
    }.items():
        with pytest.raises(UsageError, match=message) as caught:
            ask.file(path)
        assert "hunter2" not in str(caught.value)


def test_a18_a_file_has_a_largest_size(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * (MAX_BYTES + 100))
    assert len(of(tmp_path).file("big.json")) == MAX_BYTES + 1
    (tmp_path / "recipe.yaml").write_text(
        "package: {name: a, version: \"${{ load_from_file('big.json').v }}\"}\n", encoding="utf-8"
    )
    (error,) = render_selection(selected(tmp_path)).errors
    assert "has more than" in str(error)


def test_a_file_that_may_not_be_read_is_the_machines_fault(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "x").symlink_to("x")
    with pytest.raises(MachineError, match="cannot be read"):
        of(loop).file("x")


def test_a19_git_is_not_asked_without_the_switch(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"git\.head_rev needs --experimental") as caught:
        of(tmp_path).git("head_rev", "..")
    assert "give --experimental" in str(caught.value.problems[0].remedy)
    said = of(tmp_path, git_answers=lambda *asked: "/".join(map(str, asked)), switches=EXPERIMENTAL)
    assert said.git("latest_tag", "..") == f"latest_tag/../{tmp_path}"


def test_the_switch_the_option_and_the_collection_arrive(tmp_path: Path) -> None:
    selection = selected(tmp_path, experimental=True, allowed_variables=("CI",))
    found = asking(tmp_path / "recipe.yaml", selection, Collection(environment=("HOME",)))
    assert found.folder == tmp_path
    assert found.allowed == {"CI", "HOME"}
    assert found.switches == EXPERIMENTAL


RECIPE = """
context:
  data: ${{ load_from_file('data.toml') }}
package:
  name: a
  version: ${{ data.version }}
build:
  string: ${{ git.head_rev('.')[:7] }}_${{ env.get('FLAVOUR', default='plain') }}
"""


def test_a_recipe_is_told_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = upstream(tmp_path / "r", {"recipe.yaml": RECIPE, "data.toml": 'version = "1.10"\n'})
    monkeypatch.setenv("FLAVOUR", "sweet")
    head = origin.git("rev-parse", "HEAD")
    plain = render_selection(selected(origin.folder, experimental=True))
    assert [one.stem for one in plain.renderings] == [f"a-1.10-{head[:7]}_plain"]
    sweet = render_selection(selected(origin.folder, experimental=True, allowed_variables=("FLAVOUR",)))
    assert [one.stem for one in sweet.renderings] == [f"a-1.10-{head[:7]}_sweet"]
    (error,) = render_selection(selected(origin.folder)).errors
    assert "git.head_rev needs --experimental" in str(error)
    assert error.problems[0].place is not None


def test_the_collection_allows_variables_for_its_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAVOUR", "sweet")
    (tmp_path / "bakehouse.yaml").write_text("environment: [FLAVOUR]\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "recipe.yaml").write_text(
        "package: {name: \"${{ env.get('FLAVOUR') }}\", version: '1'}\n", encoding="utf-8"
    )
    assert [one.output.name for one in render_selection(selected(tmp_path / "a")).renderings] == ["sweet"]


def test_a17_a_recipe_does_not_allow_itself(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    selection = Selection(paths=(), recipes=(), variant_files=(), variants=(), target_platform=None)
    beside, above = (Collection(root=root, environment=("HOME",)) for root in (tmp_path, tmp_path.parent))
    assert asking(recipe, selection, beside).allowed == frozenset()
    assert asking(recipe, selection, above).allowed == {"HOME"}


def test_offline_an_address_answers_as_it_did_last(tmp_path: Path) -> None:
    origin = upstream(tmp_path / "origin")
    origin.git("tag", "v1")
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "recipe.yaml").write_text(
        "package: {name: a, version: \"${{ git.latest_tag('https://example.org/origin') | replace('v', '') }}\"}\n"
    )
    replaced = (f"https://example.org/={origin.folder.parent.as_uri()}/",)

    def versions(*, offline: bool) -> list[str]:
        mirrors = () if offline else replaced
        places = Places(output=None, channels=(), offline=offline, store=tmp_path / "store", mirrors=mirrors)
        rendered = render_selection(selected(folder, experimental=True), places)
        rendered.raise_errors()
        return [one.output.version for one in rendered.renderings]

    with pytest.raises(BakehouseError, match="was never fetched"):
        versions(offline=True)
    assert versions(offline=False) == ["1"]
    origin.git("tag", "v2")
    assert versions(offline=True) == ["1"]
    assert versions(offline=False) == ["2"]
    assert versions(offline=True) == ["2"]


def test_git_is_asked_from_within_a_loop_too(tmp_path: Path) -> None:
    origin = upstream(tmp_path / "r", {"recipe.yaml": RECIPE, "data.toml": 'version = "1.10"\n'})

    async def within() -> list[str]:
        rendered = render_selection(selected(origin.folder, experimental=True))
        return [one.output.build.string or "" for one in rendered.renderings]

    assert asyncio.run(within()) == [f"{origin.git('rev-parse', 'HEAD')[:7]}_plain"]


def test_all_outputs_of_a_recipe_hear_the_same_of_git(tmp_path: Path) -> None:
    origin = upstream(tmp_path / "r")
    ask = asking(tmp_path / "r" / "recipe.yaml", selected(tmp_path / "r", experimental=True), Collection())
    before = ask.git("head_rev", ".")
    after = origin.commit({"a": "1"})
    assert ask.git("head_rev", ".") == before != after
    fresh = asking(tmp_path / "r" / "recipe.yaml", selected(tmp_path / "r", experimental=True), Collection())
    assert fresh.git("head_rev", ".") == after


def test_files_of_the_operator_stand_for_those_that_change_a_meta_yaml(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "recipe_append.yaml").write_text("extra: {a: 1}\n")
    (tmp_path / "c.yaml").write_text("build: {number: 7}\n")
    ask = asking(tmp_path / "r" / "meta.yaml", selected(clobber_file=tmp_path / "c.yaml"), Collection(root=tmp_path))
    assert ask.file("recipe_clobber.yaml") == b"build: {number: 7}\n"
    assert ask.file("recipe_append.yaml") == b"extra: {a: 1}\n"
    gone = asking(tmp_path / "r" / "meta.yaml", selected(append_file=tmp_path / "gone"), Collection(root=tmp_path))
    with pytest.raises(UsageError) as caught:
        gone.file("recipe_append.yaml")
    assert caught.value.problems[0].code == "ask.no-file", (
        "which is as if there were none: conda-smithy names it anyway"
    )


def test_a_clobber_file_counts_whatever_was_shown_before(command: Command, tmp_path: Path) -> None:
    recipe = tmp_path / "r" / "meta.yaml"
    recipe.parent.mkdir()
    recipe.write_text("package: {name: pie, version: '1'}\nbuild: {number: 1001}\n")
    clobber = tmp_path / "clobber.yaml"
    asked = ("render", recipe, "--clobber-file", clobber)

    def number() -> str:
        said = command(*asked)
        assert (said.code, said.err) == (0, "")
        return said.out.strip().rpartition("-")[2]

    assert number() == "1001"
    clobber.write_text("build: {number: 1}\n")
    assert [number(), number()] == ["1", "1"]
    clobber.write_text("build: {number: 2}\n")
    assert number() == "2"
    clobber.unlink()
    assert number() == "1001"
