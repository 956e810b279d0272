"""Scripts that installers run, from beside the recipe into the package."""

from __future__ import annotations

from pathlib import Path

from builder.model.payload import Entry, EntryKind
from builder.model.recipe import Build, Output
from builder.payload.link_scripts import with_link_scripts

LIBRARY = Entry(path="lib/libit.so", kind=EntryKind.FILE, content=Path("/somewhere/libit.so"), size=1)


def output(*scripts: tuple[str, str]) -> Output:
    return Output(kind="package", name="it", version="1", build=Build(link_scripts=scripts))


def test_they_stand_beside_what_was_installed_and_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "post-link.sh").write_text("echo\n")
    found = with_link_scripts([LIBRARY], output(("post-link.sh", "bin/.it-post-link.sh")), tmp_path)
    script = Entry(
        path="bin/.it-post-link.sh",
        kind=EntryKind.FILE,
        content=tmp_path / "post-link.sh",
        executable=True,
        size=5,
    )
    assert found == [LIBRARY, script]


def test_they_take_the_place_of_what_the_build_put_there(tmp_path: Path) -> None:
    (tmp_path / "pre-unlink.sh").write_text("new\n")
    old = Entry(path="bin/.it-pre-unlink.sh", kind=EntryKind.SYMLINK, target="elsewhere")
    (found,) = with_link_scripts([old], output(("pre-unlink.sh", old.path)), tmp_path)
    assert found.content == tmp_path / "pre-unlink.sh"


def test_without_any_nothing_changes(tmp_path: Path) -> None:
    assert with_link_scripts([LIBRARY], output(), tmp_path) == [LIBRARY]
