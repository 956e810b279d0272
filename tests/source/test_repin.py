"""Renewing pins: which, to what, and that nothing else in the files changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.errors import MachineError, RecipeError
from builder.source import Fetcher
from builder.source.repin import PinEdit, apply, repin
from tests.source.server import Server, status

OLD_DEB = "pool/main/o/old/libold_1.0-1_amd64.deb"
NEW_DEB = "pool/main/o/old/libold_2.0-1+deb12u2_amd64.deb"
OLD_TARBALL = "pool/main/o/old/old_2.4.orig.tar.gz"
NEW_TARBALL = "pool/main/o/old/old_2.5.orig.tar.xz"
SHA256 = "0" * 64


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipes" / "old" / "recipe.yaml"
    path.parent.mkdir(parents=True)
    return path


def written(recipe: Path, *addresses: str, sha256: str = SHA256) -> Path:
    items = "".join(f"  - url: debian:{address}  # kept\n    sha256: {sha256}\n" for address in addresses)
    recipe.write_text(f"# größe\ncontext:\n  version: '2.4'\n\nsource:\n{items}\nbuild:\n  number: 0\n")
    return recipe


def plan(fetcher: Fetcher, *paths: Path) -> tuple[PinEdit, ...]:
    return asyncio.run(repin(paths, fetcher))


def changed(recipe: Path, fetcher: Fetcher) -> list[tuple[str, str]]:
    """Lines of the recipe before and after, where they differ."""
    before = recipe.read_text().splitlines()
    apply(plan(fetcher, recipe))
    return [pair for pair in zip(before, recipe.read_text().splitlines(), strict=True) if pair[0] != pair[1]]


@pytest.fixture(autouse=True)
def _archive(archive: str) -> None:
    """Every test here has the archive."""


class TestDebs:
    def test_an_old_one_gets_the_suites_version(self, recipe: Path, fetcher: Fetcher) -> None:
        assert changed(written(recipe, OLD_DEB), fetcher) == [
            (f"  - url: debian:{OLD_DEB}  # kept", f"  - url: debian:{NEW_DEB}  # kept"),
            (f"    sha256: {SHA256}", f"    sha256: {'1' * 64}"),
        ]

    def test_also_while_the_old_file_is_still_there(self, recipe: Path, fetcher: Fetcher, server: Server) -> None:
        server.serve(f"/debian/{OLD_DEB}", b"")
        assert len(plan(fetcher, written(recipe, OLD_DEB))) == 2

    def test_a_fresh_one_stays(self, recipe: Path, fetcher: Fetcher) -> None:
        assert plan(fetcher, written(recipe, NEW_DEB, sha256="1" * 64)) == ()

    def test_the_same_file_with_another_hash_is_an_alarm_and_no_edit(self, recipe: Path, fetcher: Fetcher) -> None:
        with pytest.raises(RecipeError, match="1" * 64):
            plan(fetcher, written(recipe, NEW_DEB))

    def test_one_from_a_newer_suite_stays_while_it_is_there(
        self, recipe: Path, fetcher: Fetcher, server: Server
    ) -> None:
        newer = "pool/main/o/old/libold_3.0-1_amd64.deb"
        server.serve("/debian/" + newer, b"")
        assert plan(fetcher, written(recipe, newer)) == ()

    def test_and_goes_back_when_it_is_gone(self, recipe: Path, fetcher: Fetcher) -> None:
        newer = "pool/main/o/old/libold_3.0-1_amd64.deb"
        assert changed(written(recipe, newer), fetcher)[0][1].endswith(f"{NEW_DEB}  # kept")

    @pytest.mark.parametrize("version", ["1.0-1+deb11u11", "1.0-1~deb9u2"])
    def test_one_of_an_older_release_was_chosen_for_its_age(self, recipe: Path, fetcher: Fetcher, version: str) -> None:
        assert plan(fetcher, written(recipe, f"pool/main/o/old/libold_{version}_amd64.deb")) == ()

    def test_one_that_nothing_replaces_is_an_error_with_its_place(self, recipe: Path, fetcher: Fetcher) -> None:
        written(recipe, OLD_DEB, "pool/main/a/absent/absent_1_amd64.deb", "pool/main/a/a/a_1_arm64.deb")
        with pytest.raises(RecipeError) as caught:
            plan(fetcher, recipe)
        places = [problem.place for problem in caught.value.problems]
        assert [place.line for place in places if place] == [8, 10]
        assert recipe.read_text().count(SHA256) == 3

    def test_a_server_in_trouble_decides_nothing(self, recipe: Path, fetcher: Fetcher, server: Server) -> None:
        newer = "pool/main/o/old/libold_3.0-1_amd64.deb"
        server.say("/debian/" + newer, status(500))
        with pytest.raises(MachineError):
            plan(fetcher, written(recipe, newer))


class TestTarballs:
    def test_one_that_is_there_stays_however_old(self, recipe: Path, fetcher: Fetcher, server: Server) -> None:
        server.serve(f"/debian/{OLD_TARBALL}", b"")
        assert plan(fetcher, written(recipe, OLD_TARBALL)) == ()

    def test_one_that_is_gone_is_replaced_and_the_version_must_follow(self, recipe: Path, fetcher: Fetcher) -> None:
        edits = plan(fetcher, written(recipe, OLD_TARBALL))
        assert [(edit.old, edit.new) for edit in edits] == [(OLD_TARBALL, NEW_TARBALL), (SHA256, "8" * 64)]
        assert "trixie has old 2.5, not 2.4" in edits[0].why
        assert "the recipe's version must follow" in edits[0].why

    def test_one_with_another_address_that_answers_stays(self, recipe: Path, fetcher: Fetcher, server: Server) -> None:
        other = server.serve("/elsewhere", b"")
        recipe.write_text(f"source:\n  url:\n    - debian:{OLD_TARBALL}\n    - {other}\n  sha256: {SHA256}\n")
        assert plan(fetcher, recipe) == ()
        server.say("/elsewhere", status(503))
        assert len(plan(fetcher, recipe)) == 2
        server.say("/elsewhere", status(404))
        assert len(plan(fetcher, recipe)) == 2


class TestContext:
    def write(self, recipe: Path, address: str) -> Path:
        recipe.write_text(
            f'context:\n  version: "2.4"\n  epoch: 2.4\npackage:\n  version: ${{{{ version }}}}\n'
            f"source:\n  url: debian:{address}\n  sha256: {SHA256}\n"
        )
        return recipe

    def test_the_value_is_edited_that_the_address_is_made_of(self, recipe: Path, fetcher: Fetcher) -> None:
        self.write(recipe, "pool/main/n/new/new_${{ version }}.orig.tar.gz")
        assert changed(recipe, fetcher) == [
            ('  version: "2.4"', '  version: "1.2.2"'),
            (f"  sha256: {SHA256}", f"  sha256: {'9' * 64}"),
        ]

    def test_a_value_shared_by_two_addresses_is_edited_once(self, recipe: Path, fetcher: Fetcher) -> None:
        address = "pool/main/n/new/new_${{ version }}.orig.tar.gz"
        self.write(recipe, address)
        recipe.write_text(recipe.read_text() + f"tests:\n  - url: debian:{address}\n    sha256: {SHA256}\n")
        edits = plan(fetcher, recipe)
        assert [edit.line for edit in edits] == [2, 8, 11]
        apply(edits)
        assert recipe.read_text().count("9" * 64) == 2

    @pytest.mark.parametrize(
        ("address", "words"),
        [
            ("pool/main/o/old/old_${{ version }}.orig.tar.gz", "no context values"),
            ("pool/main/n/new/new_${{ version | lower }}.orig.tar.gz", "more than names"),
        ],
    )
    def test_what_cannot_be_edited_is_an_error(self, recipe: Path, fetcher: Fetcher, address: str, words: str) -> None:
        with pytest.raises(RecipeError, match=words) as caught:
            plan(fetcher, self.write(recipe, address))
        assert caught.value.problems[0].place is not None
        assert caught.value.problems[0].place.line == 7

    def test_a_pin_without_sha256_says_which_to_write(self, recipe: Path, fetcher: Fetcher) -> None:
        recipe.write_text(f"source:\n  url: debian:{OLD_DEB}\n")
        with pytest.raises(RecipeError) as caught:
            plan(fetcher, recipe)
        assert "1" * 64 in (caught.value.problems[0].remedy or "")


class TestFiles:
    def test_folders_are_searched_and_files_taken(self, recipe: Path, fetcher: Fetcher, tmp_path: Path) -> None:
        written(recipe, OLD_DEB)
        other = tmp_path / "recipes" / "other" / "recipe.yaml"
        other.parent.mkdir()
        written(other, OLD_DEB)
        (recipe.parent / "notes.yaml").write_text(recipe.read_text())
        assert {edit.file for edit in plan(fetcher, tmp_path / "recipes")} == {recipe, other}
        assert {edit.file for edit in plan(fetcher, recipe.parent / "notes.yaml")} == {recipe.parent / "notes.yaml"}

    def test_the_rootfs_list_is_renewed_line_by_line(self, fetcher: Fetcher, tmp_path: Path) -> None:
        lock = tmp_path / "rootfs.lock"
        fresh = f"fonts-old 2.0-1 pool/main/o/old/fonts-old_2.0-1_all.deb {'2' * 64} 99\n"
        lock.write_text(f"# the list\nlibold 1:1.0-1 {OLD_DEB} {SHA256} 5\n{fresh}")
        [edit] = plan(fetcher, lock)
        assert edit.line == 2
        assert apply([edit]) == (lock,)
        assert lock.read_text() == f"# the list\nlibold 1:2.0-1+deb12u2 {NEW_DEB} {'1' * 64} 1234\n{fresh}"

    def test_planning_changes_nothing(self, recipe: Path, fetcher: Fetcher) -> None:
        before = written(recipe, OLD_DEB).read_bytes()
        assert plan(fetcher, recipe)
        assert recipe.read_bytes() == before

    def test_applying_twice_is_refused_and_a_second_plan_is_empty(self, recipe: Path, fetcher: Fetcher) -> None:
        edits = plan(fetcher, written(recipe, OLD_DEB))
        apply(edits)
        after = recipe.read_bytes()
        with pytest.raises(RecipeError, match="no longer in this line"):
            apply(edits)
        assert recipe.read_bytes() == after
        assert plan(fetcher, recipe) == ()

    def test_a_file_that_changed_since_spoils_no_other(self, recipe: Path, fetcher: Fetcher, tmp_path: Path) -> None:
        other = tmp_path / "recipes" / "other.yaml"
        edits = plan(fetcher, written(recipe, OLD_DEB), written(other, OLD_DEB))
        other.write_text("gone\n")
        before = recipe.read_bytes()
        with pytest.raises(RecipeError):
            apply(edits)
        assert recipe.read_bytes() == before

    def test_line_ends_and_modes_are_kept(self, recipe: Path, fetcher: Fetcher) -> None:
        written(recipe, OLD_DEB)
        recipe.write_bytes(recipe.read_bytes().replace(b"\n", b"\r\n"))
        recipe.chmod(0o640)
        apply(plan(fetcher, recipe))
        assert recipe.read_bytes().count(b"\r\n") == recipe.read_bytes().count(b"\n")
        assert recipe.stat().st_mode & 0o777 == 0o640
        assert "größe" in recipe.read_text()

    def test_what_cannot_be_read_is_an_error_with_its_place(self, recipe: Path, fetcher: Fetcher) -> None:
        for path, make in (
            (recipe, lambda: recipe.write_bytes(b"\xff\xfe")),
            (recipe.with_name("absent"), lambda: None),
        ):
            make()
            with pytest.raises(RecipeError) as caught:
                plan(fetcher, path)
            assert caught.value.problems[0].place is not None
            assert caught.value.problems[0].place.file == str(path)

    def test_no_pins_ask_nobody(self, recipe: Path, fetcher: Fetcher, server: Server) -> None:
        recipe.write_text("package:\n  name: x\n")
        assert plan(fetcher, recipe) == ()
        assert server.seen == []
