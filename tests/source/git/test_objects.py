"""Objects are what their ids say, or nothing is taken of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.archive import UnpackLimits
from builder.errors import MachineError, SourceError
from builder.source.git.command import git_variables
from builder.source.git.objects import FILE, FOLDER, LINK, Objects
from tests.source.git.making import TIME, Handmade, Upstream, upstream

VARIABLES = git_variables({"PATH": os.environ["PATH"]})
ABSENT = "0" * 40


@pytest.fixture
def handmade(tmp_path: Path) -> Handmade:
    return Handmade(tmp_path / "handmade")


def text(objects: Objects, object_id: str) -> bytes:
    size, pieces = objects.blob(object_id)
    body = b"".join(pieces)
    assert len(body) == size
    return body


def git_folder(made: Upstream) -> Path:
    return made.folder / ".git"


class TestReading:
    @pytest.mark.parametrize("form", ["sha1", "sha256"])
    def test_a_commit_a_tree_and_its_files(self, tmp_path: Path, form: str) -> None:
        files = {"a": "A", "b/c": "#!/bin/sh\n", "b/d": "-> c", "empty": ""}
        made = upstream(tmp_path / "up", files, form=form)
        with Objects(git_folder(made), VARIABLES) as objects:
            commit = objects.commit(made.git("rev-parse", "HEAD"))
            assert commit.time == TIME
            found = dict(objects.walk(commit.tree, "x"))
            assert list(found) == ["a", "b", "b/c", "b/d", "empty"]
            assert {path: entry.mode for path, entry in found.items()} == {
                "a": FILE | 0o644, "b": FOLDER, "b/c": FILE | 0o755, "b/d": LINK, "empty": FILE | 0o644,
            }  # fmt: skip
            contents = {path: text(objects, one.object_id) for path, one in found.items() if one.mode != FOLDER}
            assert contents == {"a": b"A", "b/c": b"#!/bin/sh\n", "b/d": b"c", "empty": b""}

    def test_a_large_file_comes_in_pieces(self, tmp_path: Path) -> None:
        content = os.urandom(5 << 20)
        made = upstream(tmp_path / "up", {"large": content})
        with Objects(git_folder(made), VARIABLES) as objects:
            size, pieces = objects.blob(made.git("rev-parse", "HEAD:large"))
            lengths = [len(piece) for piece in pieces]
            assert (size, sum(lengths)) == (5 << 20, 5 << 20)
            assert len(lengths) >= 5
            assert max(lengths) <= 1 << 20
            assert text(objects, made.git("rev-parse", "HEAD:large")) == content

    def test_names_that_are_no_text(self, handmade: Handmade) -> None:
        blob = handmade.write("blob", b"x")
        tree = handmade.tree(("100644", "\udcff", blob))
        with Objects(handmade.folder, VARIABLES) as objects:
            assert [entry.name for entry in objects.tree(tree)] == ["\udcff"]

    @pytest.mark.parametrize(("time", "found"), [("-5", 0), ("0", 0), ("99999999999999", 2**32 - 1), ("7", 7)])
    def test_times_that_no_archive_can_hold_are_the_nearest(self, handmade: Handmade, time: str, found: int) -> None:
        made = handmade.commit(handmade.tree(), time=time)
        with Objects(handmade.folder, VARIABLES) as objects:
            assert objects.commit(made).time == found


def replaced(handmade: Handmade) -> str:
    return handmade.write("blob", b"evil", named=handmade.write("blob", b"good"))


def truncated(handmade: Handmade) -> str:
    name = handmade.write("blob", os.urandom(10_000))
    place = handmade.folder / "objects" / name[:2] / name[2:]
    place.write_bytes(place.read_bytes()[:5000])
    return name


def garbage(handmade: Handmade) -> str:
    name = handmade.write("blob", b"good")
    (handmade.folder / "objects" / name[:2] / name[2:]).write_bytes(b"garbage")
    return name


def of_another_kind(handmade: Handmade) -> str:
    return handmade.write("tag", b"object x")


class TestDamage:
    @pytest.mark.parametrize("damage", [replaced, truncated, garbage, of_another_kind, lambda _: ABSENT])
    def test_a_file_that_is_not_what_its_id_says(self, handmade: Handmade, damage: Callable[[Handmade], str]) -> None:
        name = damage(handmade)
        with Objects(handmade.folder, VARIABLES) as objects, pytest.raises(MachineError) as caught:
            text(objects, name)
        [problem] = caught.value.problems
        assert problem.code == "source.git-damaged"
        assert str(handmade.folder) in problem.message
        assert "fetched again" in (problem.remedy or "")

    def test_no_piece_of_a_small_replaced_file_is_given(self, handmade: Handmade) -> None:
        with Objects(handmade.folder, VARIABLES) as objects:
            _, pieces = objects.blob(replaced(handmade))
            with pytest.raises(MachineError):
                next(pieces)

    @pytest.mark.parametrize(
        "body",
        [
            b"100644 a\0short",
            b"100644 a",
            b"1x0644 a\0" + bytes(20),
            b"\0" * 40,
            b" \0" + bytes(20),
            b"100644 a\0" + bytes(20) + b"x",
        ],
    )
    def test_trees_that_are_none(self, handmade: Handmade, body: bytes) -> None:
        name = handmade.write("tree", body)
        with Objects(handmade.folder, VARIABLES) as objects, pytest.raises(MachineError):
            objects.tree(name)

    @pytest.mark.parametrize(
        "body", [b"", b"tree \n", b"parent x\n", b"tree " + b"a" * 40 + b"\n\ncommitter x <y> 1 +0\n"]
    )
    def test_commits_that_are_none(self, handmade: Handmade, body: bytes) -> None:
        name = handmade.write("commit", body)
        with Objects(handmade.folder, VARIABLES) as objects, pytest.raises(MachineError):
            objects.commit(name)

    def test_a_replacement_by_git_itself_does_not_count(self, tmp_path: Path) -> None:
        made = upstream(tmp_path / "up", {"a": "good"})
        good = made.git("rev-parse", "HEAD:a")
        evil = made.git("hash-object", "-w", "--stdin", stdin=b"evil")
        made.git("replace", good, evil)
        with Objects(git_folder(made), VARIABLES) as objects:
            assert text(objects, good) == b"good"

    def test_its_process_ends_with_it(self, handmade: Handmade) -> None:
        with Objects(handmade.folder, VARIABLES) as objects:
            process = objects._contents.process
        assert process.returncode is not None


class TestShapes:
    """How much is below a tree is known before any of it is taken."""

    def walked(self, made: Handmade, tree: str, most: int = 1000) -> list[str]:
        with Objects(made.folder, VARIABLES, self.limits(most)) as objects:
            return [path for path, _ in objects.walk(tree, "the source")]

    def limits(self, most: int) -> UnpackLimits:
        return UnpackLimits(members=most)

    def refused(self, made: Handmade, tree: str, most: int = 1000) -> str:
        with pytest.raises(SourceError) as caught:
            self.walked(made, tree, most)
        [problem] = caught.value.problems
        assert problem.code == "source.git-member"
        assert problem.message.startswith("the source: the tree holds ")
        assert "--archive-limit" in str(problem.remedy)
        return problem.message

    def deep(self, made: Handmade, depth: int) -> str:
        id_, mode = made.write("blob", b""), "100644"
        for _ in range(depth):
            id_, mode = made.tree((mode, "d", id_)), "40000"
        return id_

    @given(shape=st.recursive(st.none(), lambda inner: st.lists(inner, max_size=4), max_leaves=30))
    @settings(max_examples=25, deadline=None)
    def test_they_are_counted_as_they_are_walked(self, shape: object) -> None:
        with tempfile.TemporaryDirectory() as folder:
            made = Handmade(Path(folder))

            def written(one: object) -> tuple[str, str]:
                if not isinstance(one, list):
                    return "100644", made.write("blob", b"")
                entries = [(*written(inner), f"n{number}") for number, inner in enumerate(one)]
                return "40000", made.tree(*((mode, name, id_) for mode, id_, name in entries))

            mode, tree = written([shape])
            count = len(self.walked(made, tree))
            assert len(self.walked(made, tree, count)) == count
            if count > 1:
                assert f"more than the {count - 1} that" in self.refused(made, tree, count - 1)
            assert mode == "40000"

    def test_trees_that_name_each_other_many_times(self, handmade: Handmade) -> None:
        id_, mode = handmade.write("blob", b""), "100644"
        for _ in range(40):
            id_, mode = handmade.tree(*((mode, f"f{number}", id_) for number in range(10))), "40000"
        assert "more than the 1000 that are allowed" in self.refused(handmade, id_)

    def test_how_deep_they_may_be(self, handmade: Handmade) -> None:
        assert len(self.walked(handmade, self.deep(handmade, 65))) == 65
        assert "more than 64 folders deep" in self.refused(handmade, self.deep(handmade, 66))
        assert "more than 64 folders deep" in self.refused(handmade, self.deep(handmade, 1500))

    def test_how_deep_is_said_by_whoever_reads(self, handmade: Handmade) -> None:
        tree = self.deep(handmade, 5)
        for depth, fine in {4: True, 3: False}.items():
            with Objects(handmade.folder, VARIABLES, UnpackLimits(depth=depth)) as objects:
                if fine:
                    assert len(list(objects.walk(tree, "x"))) == 5
                else:
                    with pytest.raises(SourceError, match="more than 3 folders deep"):
                        objects.walk(tree, "x")

    def test_a_shallow_tree_in_a_deep_one_counts_where_it_is(self, handmade: Handmade) -> None:
        """A tree that was looked at near the top is too deep further down."""
        inner = self.deep(handmade, 10)
        id_ = inner
        for _ in range(60):
            id_ = handmade.tree(("40000", "a", id_))
        assert "more than 64 folders deep" in self.refused(
            handmade, handmade.tree(("40000", "a", inner), ("40000", "b", id_))
        )


class TestSizes:
    def test_they_are_known_without_the_content(self, handmade: Handmade) -> None:
        name = handmade.write("blob", bytes(3 << 20))
        with Objects(handmade.folder, VARIABLES) as objects:
            assert objects.size(name) == 3 << 20
            assert objects.size(handmade.write("blob", b"")) == 0

    @pytest.mark.parametrize("name", ["a" * 40, "HEAD", "main:a", ""])
    def test_of_what_is_not_there_they_are_not(self, handmade: Handmade, name: str) -> None:
        handmade.commit(handmade.tree(("100644", "a", handmade.write("blob", b"x"))))
        with Objects(handmade.folder, VARIABLES) as objects, pytest.raises(MachineError):
            objects.size(name)

    def test_both_processes_end(self, handmade: Handmade) -> None:
        with Objects(handmade.folder, VARIABLES) as objects:
            objects.size(handmade.write("blob", b"x"))
            sizes = objects._sizes
        assert sizes is not None
        assert sizes.process.returncode is not None
