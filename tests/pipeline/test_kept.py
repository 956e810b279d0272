"""The document of a kept state: what is written is read, wherever it moved; what is missing is named with a remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MachineError
from builder.model.recipe import GitSource, GlobList, PathSource, UrlSource
from builder.model.source import SourceDigest
from builder.pipeline import kept
from builder.pipeline.kept import Kept, Origin, Touched
from builder.sandbox import Bind, Limits, Overlay, Tmpfs
from builder.store import Store
from tests.pipeline.making import Stage

INSIDE = PurePosixPath("/bakehouse/work")


def linked(store: Store, key: str = "e" * 64) -> Path:
    """Return a folder of the store that layers lie in."""
    with store.making("environments", key) as making:
        if not making.ready:
            (making.path / "prefix").mkdir()
    found = store.folder("environments", key)
    assert found is not None
    return found / "prefix"


def state(store: Store, folder: Path) -> Kept:
    recipe = folder.parent / "recipe"
    for place in (folder / "work", recipe):
        place.mkdir(parents=True, exist_ok=True)
    return Kept(
        task_id="linux-64/bun-1-h0_0",
        kind="build",
        name="bun-1-h0_0",
        said="it failed: ü",
        given=recipe / "recipe.yaml",
        recipe_folder=recipe,
        own_key="k" * 64,
        isolation="bubblewrap",
        rootfs="d" * 64,
        scratch=folder,
        mounts=(
            Bind(source=folder / "work", inside=INSIDE, writable=True),
            Overlay(lower=(linked(store),), upper=folder / "host", inside=PurePosixPath("/p")),
            Bind(source=recipe, inside=PurePosixPath("/r")),
            Tmpfs(inside=PurePosixPath("/home"), size=7),
        ),
        variables=(("SRC_DIR", str(INSIDE)), ("X", "a\n'b")),
        secrets=("TOKEN",),
        limits=Limits(memory=5, wall_seconds=1.5),
        script=PurePosixPath("/s"),
        network=True,
        engine="unix:///d.sock",
        image="debian@sha256:0",
        log=folder.parent / "log",
        origin=Origin(
            sources=(
                UrlSource(urls=("https://example.org/a.tgz", "pypi:a/1/a.tgz"), sha256="0" * 64, patches=("p.patch",)),
                PathSource(path="src", filter=GlobList(include=("*.c",), exclude=("x",)), target_directory="t"),
                GitSource(git="https://example.org/a.git", rev="abc"),
            ),
            digests=(SourceDigest(url="src", sha256="1" * 64, kind="path", contents_sha256="2" * 64),),
            patches=(("p.patch", "3" * 64),),
        ),
        touched=(Touched(path="a\udce9", mtime=10**18 + 1, size=3),),
        removed=("gone",),
    )


def written(store: Store, tmp_path: Path) -> tuple[Kept, Path]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    made = state(store, folder)
    kept.write(made, folder, store)
    return made, folder


def document(folder: Path) -> dict[str, object]:
    found = json.loads((folder / kept.FILE).read_text(encoding="utf-8", errors="surrogateescape"))
    assert isinstance(found, dict)
    return found


def test_what_is_written_is_read(store: Store, tmp_path: Path) -> None:
    made, folder = written(store, tmp_path)
    assert kept.there(folder)
    assert kept.read(folder, store) == made
    assert kept.said(folder) == "it failed: ü"


def test_a_moved_folder_is_found(store: Store, tmp_path: Path) -> None:
    made, folder = written(store, tmp_path)
    moved = folder.rename(tmp_path / "moved")
    found = kept.read(moved, store)
    assert found.place(INSIDE) == moved / "work"
    assert found.place(PurePosixPath("/p")) == moved / "host"
    assert found.scratch == made.scratch


def test_a_moved_store_is_found(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    store.close()
    store.root.rename(tmp_path / "elsewhere")
    other = Store(tmp_path / "elsewhere")
    mount = kept.read(folder, other).mount(PurePosixPath("/p"))
    assert isinstance(mount, Overlay)
    assert mount.lower[0].is_relative_to(other.root)
    other.close()


def test_an_unsealed_state_names_the_paths_that_its_script_saw(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    made = replace(state(store, folder), isolation="none")
    kept.write(made, folder, store)
    moved = folder.rename(tmp_path / "moved")
    assert kept.read(moved, store).place(INSIDE) == folder / "work"


def test_reading_marks_layers_as_used(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    store.close()
    kept.read(folder, store)
    assert store.gc(0).removed == 0, "what is in use stays"


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 1}', '{"format": "1"}'])
def test_a_damaged_document_is_told(store: Store, tmp_path: Path, damage: str) -> None:
    _, folder = written(store, tmp_path)
    (folder / kept.FILE).write_text(damage)
    with pytest.raises(MachineError, match="cannot be entered") as caught:
        kept.read(folder, store)
    assert "--fresh" in str(caught.value.problems[0].remedy)
    assert kept.said(folder) == ""


@pytest.mark.parametrize("name", ["mounts", "variables", "origin", "limits", "sources", "said", "script"])
@pytest.mark.parametrize("value", [None, 7, [["x"]], {"a": "b"}])
def test_a_wrong_part_is_no_crash(store: Store, tmp_path: Path, name: str, value: object) -> None:
    _, folder = written(store, tmp_path)
    data = document(folder)
    if name == "origin":
        del data["digests"]
    elif name in data:
        data[name] = value
    (folder / kept.FILE).write_text(json.dumps(data))
    if name == "said":  # a text may be anything
        assert kept.read(folder, store).name == "bun-1-h0_0"
        return
    with pytest.raises(MachineError) as caught:
        kept.read(folder, store)
    assert caught.value.problems[0].code == "debug.kept"


def test_another_version_is_told(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    data = document(folder)
    (folder / kept.FILE).write_text(json.dumps({**data, "format": 99}))
    with pytest.raises(MachineError, match="another version"):
        kept.read(folder, store)


def test_a_layer_that_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    store.close()
    assert store.gc(0).removed
    with pytest.raises(MachineError, match="no longer in the store"):
        kept.read(folder, store)


def test_a_tree_that_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    (folder / "work").rmdir()
    with pytest.raises(MachineError, match="work is gone"):
        kept.read(folder, store)


def test_a_recipe_that_is_gone_is_told(store: Store, tmp_path: Path) -> None:
    made, folder = written(store, tmp_path)
    made.recipe_folder.rmdir()
    with pytest.raises(MachineError, match="has moved, or this is another machine"):
        kept.read(folder, store)


def test_nothing_there(store: Store, tmp_path: Path) -> None:
    assert not kept.there(tmp_path)
    assert kept.said(tmp_path) == ""


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_any_variables_come_back(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("kept")
    store = Store(folder / "store")
    (folder / "scratch").mkdir()
    made = replace(state(store, folder / "scratch"), variables=tuple(pairs))
    kept.write(made, folder / "scratch", store)
    assert kept.read(folder / "scratch", store).variables == made.variables
    store.close()


def test_dependencies_do_not_change_what_a_task_is(stage: Stage) -> None:
    own = (("the script", "1"), ("the source", "2"))
    task = stage.task(explanation=own)
    assert kept.own_key(replace(task, explanation=(*own, ("the host dependency zlib", "3")))) == kept.own_key(task)
    assert kept.own_key(replace(task, explanation=own[:1])) != kept.own_key(task)


def test_a_state_of_before_there_were_permissions_is_read_as_having_none(store: Store, tmp_path: Path) -> None:
    _, folder = written(store, tmp_path)
    data = json.loads((folder / kept.FILE).read_text(encoding="utf-8", errors="surrogateescape"))
    for name in ("network", "engine", "image"):
        del data[name]
    (folder / kept.FILE).write_text(json.dumps(data), encoding="utf-8")
    found = kept.read(folder, store)
    assert (found.network, found.engine, found.image) == (False, None, None)
