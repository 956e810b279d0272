"""What was shown is shown again only while everything that it was made of is the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import builder
from builder.cli.collection import Collection
from builder.cli.render_cache import _PROGRAM, RenderCache
from builder.cli.selection import Selection
from builder.cli.shown import Basis, Shown
from builder.errors import Place, Problem
from builder.model.answer import Answer
from builder.model.rendering import Override
from builder.model.variant import VariantRule
from builder.recipe.machine import digest
from builder.store.notes import notes
from tests.cli.conftest import HELLO, Command, write_recipe

SHOWN = Shown(
    lines="one\ntwo\n",
    documents='{"name": "ä"},\n{}',
    warnings=(Problem(code="a.b", message="so", place=Place(file="x", line=3, column=1, frame="text"), remedy="do"),),
    problems=(Problem(code="c.d", message="no"),),
)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "hello") / "recipe.yaml"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    file = tmp_path / "given.yaml"
    file.write_text("flour: [rye]\n")
    return file


@pytest.fixture
def selection(recipe: Path, given: Path) -> Selection:
    return Selection(paths=(recipe,), recipes=(), variant_files=(given,), variants=("a=b",), target_platform="linux-64")


def cache(
    tmp_path: Path,
    selection: Selection,
    collection: Collection | None = None,
    environment: Mapping[str, str] | None = None,
) -> RenderCache:
    return RenderCache(tmp_path / "store", selection, collection or Collection(), environment or {})


def kept(made: RenderCache, file: Path, basis: Basis | None = None) -> None:
    """Remember what was shown of a file, as if it had been rendered."""
    ticket = made.ticket(file)
    assert ticket is not None
    made.keep(file, ticket, SHOWN, basis or Basis(recipe=ticket.recipe))


def found(made: RenderCache, file: Path) -> Shown | None:
    ticket = made.ticket(file)
    return None if ticket is None else made.find(file, ticket)


def test_what_was_kept_is_found_whole(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    assert found(cache(tmp_path, selection), recipe) is None
    kept(cache(tmp_path, selection), recipe)
    assert found(cache(tmp_path, selection), recipe) == SHOWN


def linked(file: Path) -> None:
    """Put a link in the place of a file."""
    file.rename(file.with_name("there"))
    file.symlink_to("there")


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "recipe": lambda recipe, given: recipe.write_text(HELLO + "\n"),
    "variant file": lambda recipe, given: given.write_text("flour: [oat]\n"),
    "variant file gone": lambda recipe, given: given.unlink(),
    "a file beside": lambda recipe, given: (recipe.parent / "variants.yaml").touch(),
    "an old file beside": lambda recipe, given: (recipe.parent / "conda_build_config.yaml").touch(),
    "recipe a link": lambda recipe, given: linked(recipe),
    "variant file a link": lambda recipe, given: linked(given),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_met(change: str, tmp_path: Path, recipe: Path, given: Path, selection: Selection) -> None:
    kept(cache(tmp_path, selection), recipe)
    CHANGES[change](recipe, given)
    assert found(cache(tmp_path, selection), recipe) is None


def test_the_file_beside_counts_by_name_and_content(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    beside = recipe.parent / "variants.yaml"
    beside.write_text("a: [1]\n")
    kept(cache(tmp_path, selection), recipe)
    assert found(cache(tmp_path, selection), recipe) == SHOWN
    beside.write_text("a: [2]\n")
    assert found(cache(tmp_path, selection), recipe) is None
    beside.write_text("a: [1]\n")
    assert found(cache(tmp_path, selection), recipe) == SHOWN
    beside.rename(recipe.parent / "conda_build_config.yaml")
    assert found(cache(tmp_path, selection), recipe) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"variants": ("a=c",)}, {"variants": ()}, {"target_platform": "osx-arm64"}, {"host_platform": "win-64"},
        {"build_platform": "linux-aarch64"}, {"recipe_variants": False}, {"experimental": True}, {"v3": True},
        {"allowed_variables": ("HOME",)}, {"max_variants": 3}, {"rules": ("ignore_version",)},
        {"override": Override(build_number=7)}, {"override": Override(build_string_prefix="x")},
    ],
    ids="-".join,
)  # fmt: skip
def test_every_option_counts(changed: dict[str, object], tmp_path: Path, recipe: Path, selection: Selection) -> None:
    kept(cache(tmp_path, selection), recipe)
    other = replace(selection, **changed)  # type: ignore[arg-type]
    assert found(cache(tmp_path, other), recipe) is None
    assert found(cache(tmp_path, selection), recipe) == SHOWN


def test_options_added_later_count_too(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    """The key is made of all that a selection has, but for what says where files are."""
    assert {"paths", "recipes", "recipe_dirs"} <= set(Selection.__slots__)  # type: ignore[attr-defined]
    kept(cache(tmp_path, selection), recipe)
    elsewhere = replace(selection, paths=(), recipes=(recipe,), recipe_dirs=(recipe.parent,))
    assert found(cache(tmp_path, elsewhere), recipe) == SHOWN


def test_the_collection_counts(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    variants = tmp_path / "all.yaml"
    variants.write_text("a: [1]\n")
    collection = Collection(root=tmp_path, variants=(variants,))
    kept(cache(tmp_path, selection, collection), recipe)
    assert found(cache(tmp_path, selection, collection), recipe) == SHOWN
    for changed in (
        Collection(),
        replace(collection, environment=("HOME",)),
        replace(collection, rules=frozenset({VariantRule.IGNORE_VERSION})),
    ):
        assert found(cache(tmp_path, selection, changed), recipe) is None
    variants.write_text("a: [2]\n")
    assert found(cache(tmp_path, selection, collection), recipe) is None


def test_the_same_recipe_elsewhere_is_another(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    kept(cache(tmp_path, selection), recipe)
    other = write_recipe(tmp_path / "other") / "recipe.yaml"
    assert other.read_bytes() == recipe.read_bytes()
    assert found(cache(tmp_path, selection), other) is None


def test_variables_that_variant_files_asked_for_count_set_or_not(
    tmp_path: Path, recipe: Path, selection: Selection
) -> None:
    def made(**environment: str) -> RenderCache:
        return cache(tmp_path, selection, environment=environment)

    ticket = made().ticket(recipe)
    assert ticket is not None
    basis = Basis(recipe=ticket.recipe, variables=frozenset({"CUDA"}))
    kept(made(OTHER="1"), recipe, basis)
    assert found(made(), recipe) == SHOWN
    assert found(made(CUDA=""), recipe) is None
    kept(made(CUDA="yes"), recipe, basis)
    assert found(made(CUDA="yes", OTHER="2"), recipe) == SHOWN
    assert found(made(CUDA="no"), recipe) is None
    assert found(made(), recipe) is None
    assert b"yes" not in next(notes(tmp_path / "store")).read_bytes(), "values may be secrets"


def test_what_a_recipe_was_told_is_asked_again(
    tmp_path: Path, recipe: Path, selection: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = replace(selection, allowed_variables=("FLOUR",))
    data = recipe.parent / "data.json"
    data.write_text("{}")
    monkeypatch.setenv("FLOUR", "rye")
    ticket = cache(tmp_path, asking).ticket(recipe)
    assert ticket is not None
    answers = (Answer("file", "data.json", digest(b"{}")), Answer("environment", "FLOUR", digest("rye")))
    kept(cache(tmp_path, asking), recipe, Basis(recipe=ticket.recipe, answers=answers))
    assert found(cache(tmp_path, asking), recipe) == SHOWN
    monkeypatch.setenv("FLOUR", "oat")
    assert found(cache(tmp_path, asking), recipe) is None
    monkeypatch.setenv("FLOUR", "rye")
    data.write_text("[]")
    assert found(cache(tmp_path, asking), recipe) is None
    data.unlink()
    assert found(cache(tmp_path, asking), recipe) is None


def test_what_does_not_last_is_not_kept(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    made = cache(tmp_path, selection)
    ticket = made.ticket(recipe)
    assert ticket is not None
    kept(made, recipe, Basis(recipe=ticket.recipe, lasting=False))
    assert found(made, recipe) is None
    kept(made, recipe, Basis(recipe="0" * 64))
    assert found(made, recipe) is None, "the recipe changed while it was read"


def test_a_file_that_changed_meanwhile_prevents_keeping(
    tmp_path: Path, recipe: Path, given: Path, selection: Selection
) -> None:
    changes: tuple[Callable[[], object], ...] = (
        lambda: given.write_text("flour: [oat]\n"),
        lambda: (recipe.parent / "variants.yaml").write_text("a: [1]\n"),
        lambda: recipe.write_text(HELLO + "# changed\n"),
    )
    for change in changes:
        made = cache(tmp_path, selection)
        ticket = made.ticket(recipe)
        assert ticket is not None
        change()
        made.keep(recipe, ticket, SHOWN, Basis())
    assert list(notes(tmp_path / "store")) == []


def test_a_torn_note_is_none(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    kept(cache(tmp_path, selection), recipe)
    (note,) = notes(tmp_path / "store")
    whole = note.read_bytes()
    for length in range(0, len(whole), 7):
        note.write_bytes(whole[:length])
        assert found(cache(tmp_path, selection), recipe) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "gone", "unreadable size"])
def test_what_is_no_small_file_has_no_ticket(kind: str, tmp_path: Path, recipe: Path, selection: Selection) -> None:
    recipe.unlink()
    if kind == "folder":
        recipe.mkdir()
    elif kind == "pipe":
        os.mkfifo(recipe)
    elif kind == "unreadable size":
        recipe.write_bytes(b"x" * (3 << 20))
    assert cache(tmp_path, selection).ticket(recipe) is None


def test_text_that_cannot_be_written_is_not_kept(tmp_path: Path, recipe: Path, selection: Selection) -> None:
    made = cache(tmp_path, selection)
    ticket = made.ticket(recipe)
    assert ticket is not None
    made.keep(recipe, ticket, Shown(lines="a name \udc80\n"), Basis(recipe=ticket.recipe))
    assert found(made, recipe) is None


@pytest.mark.parametrize(
    "module", ["recipe/kind.py", "matrix/identity.py", "model/version.py", "cli/shown.py", "cli/legacy.py"]
)
def test_another_program_shows_nothing_of_this_one(module: str, tmp_path: Path, recipe: Path) -> None:
    shutil.copytree(Path(builder.__file__).parent, tmp_path / "builder", ignore=shutil.ignore_patterns("__pycache__"))
    words = [sys.executable, "-B", "-m", "builder", "render", str(recipe), "--store", str(tmp_path / "store")]

    def notes_after_rendering() -> int:
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
        return len(list(notes(tmp_path / "store")))

    assert notes_after_rendering() == 1
    assert notes_after_rendering() == 1
    with (tmp_path / "builder" / module).open("a") as file:
        file.write("# another rule\n")
    assert notes_after_rendering() == 2


READING = """\
package:
  name: reading
  version: ${{ load_from_file("data.json").version }}
"""


def test_the_command_shows_changes_of_all_that_it_reads(command: Command, tmp_path: Path) -> None:
    folder = write_recipe(tmp_path / "reading", READING)

    def version() -> object:
        document = command("render", folder, "--json").document
        assert document == command("render", folder, "--json").document
        assert document == command("render", folder, "--json", "--no-cache").document
        return document[0]["version"]  # type: ignore[index]

    for number in ("1", "2", "1"):
        (folder / "data.json").write_text(json.dumps({"version": number}))
        assert version() == number


def test_selectors_read_the_environment_each_time(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_recipe(tmp_path / "r", HELLO.replace("echo hello", "echo ${{ flour }}"))
    (folder / "conda_build_config.yaml").write_text(
        'flour:\n  - rye  # [os.environ.get("BREAD") == "dark"]\n  - wheat  # [os.environ.get("BREAD") != "dark"]\n'
    )
    for value, flour in (("dark", "rye"), ("light", "wheat"), (None, "wheat"), ("dark", "rye")):
        if value is None:
            monkeypatch.delenv("BREAD")
        else:
            monkeypatch.setenv("BREAD", value)
        assert f"flour {flour}" in command("render", folder).out


def test_errors_and_warnings_are_shown_again(command: Command, tmp_path: Path) -> None:
    bad = write_recipe(tmp_path / "bad", "package:\n  name: bad\n  version: ${{ nowhere }}\n")
    odd = write_recipe(tmp_path / "odd", HELLO + "build_: 1\n")
    good = write_recipe(
        tmp_path / "good", HELLO.replace("  - script:", "  - script: 'true'\n    pip_check: no\n  - script:")
    )
    said = [command("render", bad, odd, good) for _ in range(3)]
    assert said[0] == said[1] == said[2]
    assert said[0].code == 2
    assert said[0] == command("render", bad, odd, good, "--no-cache")
    assert "nowhere" in said[0].err


def test_the_program_is_all_that_has_a_say_in_what_is_rendered() -> None:
    """Whatever rendering imports is in the key; what only reads arguments, keeps notes and prints is not."""
    top = Path(builder.__file__).parent
    code = (
        "import sys; from pathlib import Path; from builder.cli.inputs import Inputs; from builder.cli.shown import show;"
        "from builder.cli.collection import Collection; from builder.cli.selection import Selection;"
        "told = Selection(paths=(), recipes=(), variant_files=(), variants=(), target_platform=None);"
        "inputs = Inputs(told, Collection()); [show(Path(one), inputs) for one in sys.argv[1:]];"
        "print(*[module.__file__ for name, module in sys.modules.items() if name.startswith('builder')])"
    )
    recipes = ["recipes/v0/crumbs/meta.yaml", "recipes/base/zlib/recipe.yaml"]
    said = subprocess.run(
        [sys.executable, "-c", code, *recipes], cwd=top.parent, check=True, capture_output=True, text=True
    )
    used = {Path(file).relative_to(top).as_posix() for file in said.stdout.split()}
    rendering = {file for file in used if any(file == part or file.startswith(f"{part}/") for part in _PROGRAM)}
    assert {"cli/legacy.py", "matrix/v0/render.py", "recipe/v0/text.py"} <= rendering
    assert {file for file in used - rendering if not file.startswith(("report/", "store/"))} <= {
        "__init__.py", "cli/__init__.py", "cli/app.py", "cli/collection.py", "cli/collection_keys.py", "cli/colour.py",
        "cli/grouping.py", "cli/render_cache.py", "cli/defect.py",
    }  # fmt: skip
