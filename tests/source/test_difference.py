"""Patches of changed files: what they say, that they apply strictly, and what no patch can say."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import WorkError
from builder.model.inside import SEALED
from builder.sandbox import Bind, Limits, Sandbox, Session, find_sandbox
from builder.source.difference import Change, unified_diff, unpatchable
from builder.source.patches import apply_patch, read_patch, strip_level

pytestmark = pytest.mark.sandbox
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass
class Trees:
    """A tree before and after, and a sandbox to compare them in."""

    folder: Path
    sandbox: Sandbox
    rootfs: Path

    def change(
        self, path: str, old: bytes | None, new: bytes | None, modes: tuple[int, int] = (0o644, 0o644)
    ) -> Change:
        files: list[Path | None] = []
        for side, content, mode in (("before", old, modes[0]), ("after", new, modes[1])):
            file = self.folder / side / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                files.append(None)
                continue
            file.write_bytes(content)
            file.chmod(mode)
            files.append(file)
        return Change(path=path, old=files[0], new=files[1])

    def diff(self, *changes: Change) -> bytes:
        folder = Path(tempfile.mkdtemp(dir=self.folder))

        async def main(session: Session) -> bytes:
            return await unified_diff(changes, session, folder, SEALED.work)

        return self._in(folder, main)

    def applied(self, text: bytes) -> None:
        """Apply a patch to what was before, as a build does."""
        (self.folder / "made.patch").write_bytes(text)
        patch = read_patch("made.patch", self.folder / "made.patch")
        tree = self.folder / "before"

        async def main(session: Session) -> bytes:
            inside = SEALED.work / "made.patch"
            await apply_patch(session, patch, inside=inside, cwd=SEALED.work / "before", strip=strip_level(patch, tree))
            return b""

        self._in(self.folder, main)

    def _in(self, folder: Path, work: object) -> bytes:
        async def main() -> bytes:
            bind = Bind(source=folder, inside=SEALED.work, writable=True)
            async with self.sandbox.open(self.rootfs, [bind], Limits(), ENV) as session:
                result: bytes = await work(session)  # type: ignore[operator]
                return result

        return asyncio.run(main())


@pytest.fixture
def trees(tmp_path: Path, rootfs: Path) -> Trees:
    return Trees(tmp_path, find_sandbox(None, tmp_path / "scratch"), rootfs)


def test_a_patch_is_the_same_bytes_without_dates_in_order(trees: Trees) -> None:
    changes = [trees.change("src/z.c", b"one\ntwo\n", b"one\n2\n"), trees.change("Makefile", b"a\n", b"b\n")]
    text = trees.diff(*changes)
    assert text == (
        b"--- a/Makefile\n+++ b/Makefile\n@@ -1 +1 @@\n-a\n+b\n"
        b"--- a/src/z.c\n+++ b/src/z.c\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    )
    assert trees.diff(*reversed(changes)) == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b"a\r\nb", b"a\rb\n"),
        (b"caf\xe9\n", b"caf\xc3\xa9\n"),
        (b"", b"now something\n"),
        (b"something\n", b""),
        (b"--- a/x\n+++ b/x\n", b"--- a/x\n+++ b/y\n@@ -1 +1 @@\n"),
        (b"\x0c\n\x1b[31m\n", b"\x0c\n\x1b[32m\n"),
        (b"\n" * 5, b"\n" * 7),
    ],
)
def test_the_round_trip_is_exact(trees: Trees, old: bytes, new: bytes) -> None:
    text = trees.diff(trees.change("deep/er/file.txt", old, new))
    trees.applied(text)
    assert (trees.folder / "before" / "deep" / "er" / "file.txt").read_bytes() == new


LINES = st.lists(
    st.sampled_from([b"a", b"b", b"", b"int x;", b"}\r", b"- x", b"+ y", b"@@ -1 +1 @@", b"\xff"]), max_size=12
)
TEXTS = st.builds(lambda lines, end: b"\n".join(lines) + (b"\n" if end else b""), LINES, st.booleans())


@settings(max_examples=10, deadline=None)
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12))
def test_any_texts_make_the_round_trip(rootfs: Path, pairs: list[tuple[bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        trees = Trees(Path(name), find_sandbox(None, Path(name) / "scratch"), rootfs)
        changes = [trees.change(f"f{number}", *pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]]
        if changes:
            trees.applied(trees.diff(*changes))
        for number, (old, new) in enumerate(pairs):
            assert old == new or (trees.folder / "before" / f"f{number}").read_bytes() == new


def test_files_come_go_and_change_their_mode(trees: Trees) -> None:
    changes = [
        trees.change("made.sh", None, b"#!/bin/sh\n", (0, 0o755)),
        trees.change("gone.c", b"int x;\n", None),
        trees.change("run", b"a\n", b"b\n", (0o644, 0o755)),
        trees.change("new/folder/file", None, b"x"),
    ]
    text = trees.diff(*changes)
    assert b"new file mode 100755" in text
    assert b"deleted file mode 100644" in text
    trees.applied(text)
    before = trees.folder / "before"
    assert not (before / "gone.c").exists()
    assert (before / "made.sh").stat().st_mode & 0o777 == 0o755
    assert (before / "run").stat().st_mode & 0o111
    assert (before / "new" / "folder" / "file").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["with space.c", "-dash", "ü.txt", "a:b", "semi;colon$x`y`'", "a/b/a/b", "dev/null"])
def test_names_of_all_kinds(trees: Trees, name: str) -> None:
    trees.applied(trees.diff(trees.change(name, b"old\n", b"new\n")))
    assert (trees.folder / "before" / name).read_bytes() == b"new\n"


def test_many_files_are_one_patch(trees: Trees) -> None:
    text = trees.diff(*(trees.change(f"d{n % 7}/f{n}", b"%d\n" % n, b"%d!\n" % n) for n in range(450)))
    assert text.count(b"\n+++ b/") == 450
    trees.applied(text)
    assert (trees.folder / "before" / "d3" / "f227").read_bytes() == b"227!\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"a\0b", b"c", "binary"),
        (b"a", b"a\0", "binary"),
        (b"same", b"same", "mode"),
        (None, b"", "empty"),
        (b"", None, "empty"),
        (b"a", b"b", None),
        (None, b"x", None),
    ],
)
def test_what_no_patch_can_say(trees: Trees, old: bytes | None, new: bytes | None, reason: str | None) -> None:
    said = unpatchable(trees.change("file", old, new))
    assert (said is None) if reason is None else (said is not None and reason in said)


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "tab\there", "new\nline"])
def test_names_that_patches_cannot_hold(trees: Trees, name: str) -> None:
    assert unpatchable(trees.change(name, b"a\n", b"b\n")) == "its name"


def test_links_are_not_followed(trees: Trees) -> None:
    change = trees.change("file", b"a\n", b"b\n")
    assert change.new is not None
    change.new.unlink()
    change.new.symlink_to("/etc/passwd")
    assert unpatchable(change) == "a symlink"


def test_a_patch_that_would_do_something_else_is_refused(trees: Trees) -> None:
    """A file that changes while it is read must not become a patch that nobody has tried."""
    change = trees.change("file", b"a\n", b"b\n")
    assert change.new is not None

    class Meddler:
        """A session in which somebody saves the file once more before the patch is tried."""

        def __init__(self, session: Session) -> None:
            self.session = session

        async def run(self, command: object, output: object, **more: object) -> object:
            assert change.new is not None
            change.new.write_bytes(b"c\n")
            return await self.session.run(command, output, **more)  # type: ignore[arg-type]

        async def close(self) -> None:
            await self.session.close()

    folder = trees.folder / "own"
    folder.mkdir()

    async def main(session: Session) -> bytes:
        return await unified_diff([change], Meddler(session), folder, SEALED.work)  # type: ignore[arg-type]

    with pytest.raises(WorkError, match="comes out otherwise"):
        trees._in(folder, main)


def test_words_for_changes() -> None:
    here = Path("x")
    words = [Change(path="x", old=old, new=new).what for old, new in ((None, here), (here, None), (here, here))]
    assert words == ["new", "deleted", "changed"]
