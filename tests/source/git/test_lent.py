"""Repositories of this machine as git is shown them: all that they hold, and none of their settings."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from builder.source.git.command import GitError, git_variables, run_git
from builder.source.git.lent import lend
from tests.source.git.making import Upstream, upstream

VARIABLES = git_variables({"PATH": os.environ["PATH"]})
HERE = git_variables({"PATH": os.environ["PATH"]}, "file")


def lent(folder: Path, room: Path, *, above: bool = False) -> Path:
    return asyncio.run(lend(folder, room / "lent", VARIABLES, above=above))


def ask(repository: Path, *arguments: str) -> str:
    return asyncio.run(run_git(VARIABLES, repository, *arguments)).decode().strip()


@pytest.fixture
def up(tmp_path: Path) -> Upstream:
    made = upstream(tmp_path / "up", {"a": "1"})
    made.git("tag", "one")
    made.commit({"a": "2", "deep/er/b": "3"})
    return made


class TestWhatIsThere:
    @pytest.mark.parametrize("packed", [False, True])
    def test_history_tags_and_branches(self, up: Upstream, tmp_path: Path, packed: bool) -> None:
        if packed:
            up.git("gc", "--quiet")
        found = lent(up.folder, tmp_path)
        assert ask(found, "rev-parse", "HEAD") == up.git("rev-parse", "HEAD")
        assert ask(found, "describe", "--tags", "--long") == up.git("describe", "--tags", "--long")
        assert ask(found, "for-each-ref") == up.git("for-each-ref")

    @pytest.mark.parametrize("form", ["sha1", "sha256"])
    def test_both_kinds_of_ids(self, tmp_path: Path, form: str) -> None:
        made = upstream(tmp_path / "other", form=form)
        assert ask(lent(made.folder, tmp_path), "rev-parse", "HEAD") == made.git("rev-parse", "HEAD")

    def test_a_detached_head(self, up: Upstream, tmp_path: Path) -> None:
        up.git("checkout", "--quiet", "--detach", "one")
        assert ask(lent(up.folder, tmp_path), "rev-parse", "HEAD") == up.git("rev-parse", "one")

    def test_a_shallow_one(self, up: Upstream, tmp_path: Path) -> None:
        up.git("clone", "--quiet", "--depth=1", up.address, str(tmp_path / "shallow"))
        found = lent(tmp_path / "shallow", tmp_path)
        assert ask(found, "rev-list", "--count", "HEAD") == "1"

    def test_one_that_borrows_its_objects(self, up: Upstream, tmp_path: Path) -> None:
        up.git("clone", "--quiet", "--shared", str(up.folder), str(tmp_path / "shared"))
        found = lent(tmp_path / "shared", tmp_path)
        assert ask(found, "cat-file", "-t", up.git("rev-parse", "HEAD")) == "commit"

    def test_it_can_be_fetched_from_also_what_no_branch_is_at(self, up: Upstream, tmp_path: Path) -> None:
        commit = up.commit({"a": "lost"})
        up.git("reset", "--quiet", "--hard", "HEAD~1")
        found = lent(up.folder, tmp_path)
        asyncio.run(run_git(VARIABLES, None, "init", "--quiet", "--bare", str(tmp_path / "new")))
        asyncio.run(run_git(HERE, tmp_path / "new", "fetch", "--quiet", "--", found.as_uri(), f"{commit}:refs/heads/x"))
        assert ask(tmp_path / "new", "rev-parse", "x") == commit


class TestWhereItIs:
    def test_around_a_folder(self, up: Upstream, tmp_path: Path) -> None:
        inner = up.folder / "deep" / "er"
        assert ask(lent(inner, tmp_path, above=True), "rev-parse", "HEAD") == up.git("rev-parse", "HEAD")
        with pytest.raises(GitError, match=r"is not a git repository$"):
            lent(inner, tmp_path / "other")

    def test_bare_with_its_ending_or_without(self, up: Upstream, tmp_path: Path) -> None:
        up.git("clone", "--quiet", "--bare", str(up.folder), str(tmp_path / "bare.git"))
        for number, name in enumerate(("bare", "bare.git")):
            (tmp_path / str(number)).mkdir()
            assert ask(lent(tmp_path / name, tmp_path / str(number)), "rev-parse", "one")

    def test_in_another_work_tree(self, up: Upstream, tmp_path: Path) -> None:
        up.git("worktree", "add", "--quiet", str(tmp_path / "second"), "one")
        assert (tmp_path / "second" / ".git").is_file()
        found = lent(tmp_path / "second", tmp_path)
        assert ask(found, "rev-parse", "HEAD") == up.git("rev-parse", "one")
        assert ask(found, "rev-parse", "main") == up.git("rev-parse", "main")

    def test_in_a_submodule(self, up: Upstream, tmp_path: Path) -> None:
        outer = upstream(tmp_path / "outer")
        outer.git("submodule", "--quiet", "add", up.address, "sub")
        found = lent(outer.folder / "sub", tmp_path)
        assert ask(found, "rev-parse", "HEAD") == up.git("rev-parse", "HEAD")

    @pytest.mark.parametrize("what", ["nowhere", "empty", "file", "pipe", "long", "odd", "half"])
    def test_nothing_is_told(self, tmp_path: Path, what: str) -> None:
        folder = tmp_path / what
        if what != "nowhere":
            (folder / "objects").mkdir(parents=True)
        match what:
            case "file":
                (folder / ".git").write_text("no repository")
            case "pipe":
                os.mkfifo(folder / ".git")
                os.mkfifo(folder / "HEAD")
            case "long":
                (folder / ".git").write_text(f"gitdir: {'../long/' * 1000}\n")
            case "odd":
                (folder / "refs").mkdir()
                (folder / "HEAD").write_text("ref: refs/heads/a\n[core]\nfsmonitor = x\n")
            case "half":
                (folder / "HEAD").write_text("ref: refs/heads/a\n")
            case _:
                pass
        for above in (False, True):
            with pytest.raises(GitError, match="is not a git repository"):
                lent(folder, tmp_path, above=above)
        assert not (tmp_path / "lent").exists()


class TestWaiting:
    """A pipe among a repository's files would make git wait for ever."""

    PLACES = ("refs/heads/x", "refs/tags/deep/x", "objects/pack/pack-1.idx", "objects/aa/bb", "packed-refs", "shallow")

    @pytest.mark.parametrize("place", PLACES)
    def test_a_pipe_is_told(self, up: Upstream, tmp_path: Path, place: str) -> None:
        where = up.folder / ".git" / place
        where.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(where)
        with pytest.raises(GitError, match=f"{place}' is neither a file nor a folder"):
            lent(up.folder, tmp_path)

    def test_behind_a_link_too(self, up: Upstream, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (up.folder / ".git" / "refs" / "heads" / "x").symlink_to(tmp_path / "pipe")
        with pytest.raises(GitError, match="neither a file nor a folder"):
            lent(up.folder, tmp_path)

    def test_and_in_what_is_borrowed(self, up: Upstream, tmp_path: Path) -> None:
        up.git("clone", "--quiet", "--shared", str(up.folder), str(tmp_path / "shared"))
        (up.folder / ".git" / "objects" / "aa").mkdir(exist_ok=True)
        os.mkfifo(up.folder / ".git" / "objects" / "aa" / "bb")
        with pytest.raises(GitError, match="aa/bb' is neither"):
            lent(tmp_path / "shared", tmp_path)

    def test_lenders_in_a_circle_end(self, up: Upstream, tmp_path: Path) -> None:
        objects = up.folder / ".git" / "objects"
        (objects / "info" / "alternates").write_text(f"{objects}\n# words\n\n../objects\n")
        assert ask(lent(up.folder, tmp_path), "rev-parse", "HEAD") == up.git("rev-parse", "HEAD")

    def test_what_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        (tmp_path / "long").mkdir()
        with pytest.raises(GitError):
            lent(tmp_path / "loop", tmp_path)
        with pytest.raises(GitError, match="File name too long"):
            lent(tmp_path / ("x" * 300) / "y", tmp_path, above=True)


class TestSettings:
    def test_none_is_shown(self, up: Upstream, tmp_path: Path) -> None:
        (tmp_path / "more").write_text("[x]\n\ty = z\n")
        settings = {
            "core.fsmonitor": "touch x", "core.hooksPath": "/x", "filter.x.smudge": "x", "include.path": str(tmp_path / "more"),
            "remote.origin.promisor": "true", "extensions.partialClone": "origin", "core.worktree": "/",
        }  # fmt: skip
        for key, value in settings.items():
            up.git("config", key, value)
        (up.folder / ".git" / "info" / "attributes").write_text("* filter=x\n")
        found = lent(up.folder, tmp_path)
        listing = ask(found, "config", "--file", str(found / "config"), "--list")
        assert set(listing.split("\n")) == {
            "core.repositoryformatversion=1", "core.bare=true", "uploadpack.allowanysha1inwant=true"
        }  # fmt: skip
        assert {path.name for path in found.iterdir()} <= {"HEAD", "config", "objects", "refs", "packed-refs"}
        assert not (found / "HEAD").is_symlink()

    def test_a_setting_cannot_be_smuggled_in_by_a_format(self, up: Upstream, tmp_path: Path) -> None:
        with (up.folder / ".git" / "config").open("a") as config:
            config.write('[extensions]\n\tobjectformat = "sha1\\n[core]\\nfsmonitor = touch x"\n')
        found = lent(up.folder, tmp_path)
        assert "fsmonitor" not in (found / "config").read_text()

    def test_one_that_cannot_be_read_is_told(self, up: Upstream, tmp_path: Path) -> None:
        (up.folder / ".git" / "config").write_text("[core")
        with pytest.raises(GitError, match="bad config"):
            lent(up.folder, tmp_path)

    def test_a_pipe_is_none(self, up: Upstream, tmp_path: Path) -> None:
        (up.folder / ".git" / "config").unlink()
        os.mkfifo(up.folder / ".git" / "config")
        assert ask(lent(up.folder, tmp_path), "rev-parse", "HEAD")
        assert stat.S_ISFIFO((up.folder / ".git" / "config").stat().st_mode)

    def test_the_owner_does_not_matter(self, up: Upstream, tmp_path: Path) -> None:
        """git refuses repositories of other users for what their settings may do."""
        for path in (up.folder, up.folder / ".git"):
            os.chown(path, 12345, 12345)
        assert ask(lent(up.folder, tmp_path), "rev-parse", "HEAD")
