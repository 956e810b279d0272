"""Publishing: what readers find afterwards, what is refused, what is repaired."""

from __future__ import annotations

import json
import os
import resource
import shutil
from pathlib import Path

import pytest
from backports import zstd

from builder.channel import Channel, forms
from builder.errors import MachineError, UsageError, WorkError
from builder.model import generation
from builder.model.package import Package
from builder.model.recipe import GlobList, PathSource
from builder.source.folder import items_of
from tests.channel.judging import problems_of
from tests.channel.making import build_key, make_package, recipe_key


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return Channel(tmp_path / "channel")


@pytest.fixture
def alpha(tmp_path: Path) -> Package:
    return make_package(tmp_path / "made", "alpha")


def snapshot(root: Path) -> dict[str, bytes]:
    """Every visible file of a channel, but those that tell how it became what it is."""
    found = (path for path in root.rglob("*") if path.is_file() and ".bakehouse" not in path.parts)
    found = (path for path in found if path.name != generation.FILE_NAME)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def without(package: Package, **changes: str) -> Package:
    fields = {name: getattr(package, name) for name in Package.__dataclass_fields__}
    return Package(**{**fields, **changes})


class TestPublish:
    def test_a_package_lies_there_with_its_record(self, channel: Channel, alpha: Package) -> None:
        published = channel.publish(alpha)
        assert published.outcome == "new"
        assert published.path == channel.root / "linux-64" / "alpha-1.0-h0_0.conda"
        assert published.path.read_bytes() == alpha.path.read_bytes()
        document = json.loads((channel.root / "linux-64" / "repodata.json").read_bytes())
        assert document["packages.conda"] == {alpha.file_name: json.loads(alpha.record)}
        record = document["packages.conda"][alpha.file_name]
        assert (record["sha256"], record["md5"], record["size"]) == (alpha.sha256, alpha.md5, alpha.size)

    def test_noarch_is_there_from_the_beginning(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        assert json.loads((channel.root / "noarch" / "repodata.json").read_bytes())["packages.conda"] == {}

    def test_a_channel_is_no_part_of_the_sources_that_it_lies_in(self, tmp_path: Path, alpha: Package) -> None:
        (tmp_path / "a.txt").touch()
        Channel(tmp_path / "out").publish(alpha)
        source = PathSource(path=".", filter=GlobList(include=("*.txt", "out/**")))
        assert [item.path for item in items_of(source, tmp_path)] == ["a.txt"]

    def test_a_folder_that_was_there_stays_what_it_is(self, tmp_path: Path, alpha: Package) -> None:
        (tmp_path / "a.txt").touch()
        Channel(tmp_path).publish(alpha)
        assert "a.txt" in [item.path for item in items_of(PathSource(path="."), tmp_path)]

    def test_a_noarch_package_goes_to_noarch_only(self, channel: Channel, tmp_path: Path) -> None:
        package = make_package(tmp_path / "made", "data", extra={"subdir": "noarch", "noarch": "generic"})
        assert channel.publish(package).path.parent.name == "noarch"
        assert list(channel.records("noarch")) == [package.file_name]
        assert not (channel.root / "linux-64").exists()

    def test_a_tar_bz2_package_stands_in_its_own_section(self, channel: Channel, tmp_path: Path) -> None:
        package = make_package(tmp_path / "made", "old", extra={"suffix": ".tar.bz2"})
        channel.publish(package)
        document = json.loads((channel.root / "linux-64" / "repodata.json").read_bytes())
        assert list(document["packages"]) == ["old-1.0-h0_0.tar.bz2"]
        assert document["packages.conda"] == {}

    def test_run_exports_are_in_the_record(self, channel: Channel, tmp_path: Path) -> None:
        exports = {"weak": ["libx >=1,<2.0a0"]}
        package = make_package(tmp_path / "made", "libx", extra={"run_exports": exports})
        channel.publish(package)
        assert json.loads(channel.records("linux-64")[package.file_name])["run_exports"] == exports

    def test_the_compressed_index_is_the_index(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        folder = channel.root / "linux-64"
        assert zstd.decompress((folder / "repodata.json.zst").read_bytes()) == (folder / "repodata.json").read_bytes()

    def test_the_same_bytes_twice_change_nothing(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        before = snapshot(channel.root)
        assert channel.publish(alpha).outcome == "same"
        assert snapshot(channel.root) == before

    def test_an_unchanged_index_is_not_written_again(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        paths = [path for path in channel.root.glob("*/*") if path.suffix != ".conda"]
        before = {path: path.stat().st_ino for path in paths}
        channel.publish(alpha)
        channel.ensure("linux-64")
        assert {path: path.stat().st_ino for path in paths} == before

    def test_other_bytes_under_the_same_name_are_refused(
        self, channel: Channel, alpha: Package, tmp_path: Path
    ) -> None:
        channel.publish(alpha)
        before = snapshot(channel.root)
        other = make_package(tmp_path / "other", "alpha", content=b"other\n")
        with pytest.raises(WorkError) as caught:
            channel.publish(other)
        [problem] = caught.value.problems
        assert problem.code == "channel.conflict"
        assert recipe_key("alpha") in problem.message
        assert build_key("alpha", b"content\n") in problem.message
        assert build_key("alpha", b"other\n") in problem.message
        assert "build.number" in (problem.remedy or "")
        assert snapshot(channel.root) == before

    def test_whose_own_channel_it_is_may_replace_a_package(
        self, channel: Channel, alpha: Package, tmp_path: Path
    ) -> None:
        channel.publish(alpha)
        other = make_package(tmp_path / "other", "alpha", content=b"other\n")
        assert channel.publish(other, replace=True).outcome == "new"
        assert json.loads(channel.records("linux-64")[alpha.file_name])["sha256"] == other.sha256
        assert channel.keys() == {other.recipe_key: alpha.file_name}
        assert channel.build_keys() == {other.build_key: alpha.file_name}
        before = snapshot(channel.root)
        channel.reindex()
        assert snapshot(channel.root) == before

    def test_a_conflict_with_something_unreadable_is_still_a_conflict(self, channel: Channel, alpha: Package) -> None:
        channel.ensure("linux-64")
        (channel.root / "linux-64" / alpha.file_name).write_bytes(b"half a pack")
        with pytest.raises(WorkError, match="recipe key none"):
            channel.publish(alpha)
        assert (channel.root / "linux-64" / alpha.file_name).read_bytes() == b"half a pack"

    def test_a_package_that_changed_since_it_was_packed_is_refused(self, channel: Channel, alpha: Package) -> None:
        alpha.path.write_bytes(alpha.path.read_bytes() + b"x")
        with pytest.raises(WorkError, match=alpha.sha256) as caught:
            channel.publish(alpha)
        assert caught.value.problems[0].code == "channel.changed"
        assert channel.records("linux-64") == {}
        assert not list(channel.root.rglob("*.conda"))

    @pytest.mark.parametrize("subdir", ["../x", "linux-64/..", "", ".", "LINUX-64", "linux 64"])
    def test_a_subdir_that_is_none_is_refused(self, channel: Channel, alpha: Package, subdir: str) -> None:
        with pytest.raises(UsageError):
            channel.publish(without(alpha, subdir=subdir))
        assert not channel.root.exists()

    @pytest.mark.parametrize("name", ["../a-1-0.conda", "a.conda", "a-1-0.zip", "A-1-0.conda", "a-1-0.conda/..", ""])
    def test_a_file_name_that_is_none_is_refused(self, channel: Channel, alpha: Package, name: str) -> None:
        with pytest.raises(UsageError):
            channel.publish(without(alpha, file_name=name))
        assert not channel.root.exists()

    @pytest.mark.parametrize("umask", [0o000, 0o027, 0o077])
    def test_everybody_may_read_whatever_the_umask(self, channel: Channel, alpha: Package, umask: int) -> None:
        before = os.umask(umask)
        try:
            channel.publish(alpha)
        finally:
            os.umask(before)
        for path in (channel.root, *channel.root.glob("[!.]*"), *channel.root.glob("[!.]*/*")):
            assert path.stat().st_mode & 0o7777 == (0o755 if path.is_dir() else 0o644), path

    def test_the_published_file_is_no_link_to_the_packed_one(self, channel: Channel, alpha: Package) -> None:
        published = channel.publish(alpha).path
        alpha.path.write_bytes(b"later")
        assert published.read_bytes() != b"later"

    def test_a_relative_root_means_the_folder_of_then(
        self, alpha: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        channel = Channel(Path("here"))
        monkeypatch.chdir("/")
        assert channel.publish(alpha).path.is_relative_to(tmp_path / "here")

    def test_a_full_disk_is_the_machines_fault_and_leaves_nothing(self, channel: Channel, alpha: Package) -> None:
        channel.ensure("linux-64")
        before = snapshot(channel.root)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(MachineError):
                channel.publish(alpha)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert snapshot(channel.root) == before
        assert channel.publish(alpha).outcome == "new"

    def test_a_root_that_is_a_file_is_refused(self, alpha: Package) -> None:
        with pytest.raises(UsageError):
            Channel(alpha.path).publish(alpha)


class TestIndex:
    def test_records_are_sorted_by_file_name_in_whatever_order_they_came(
        self, channel: Channel, tmp_path: Path
    ) -> None:
        for name in ("m", "b", "z", "a"):
            channel.publish(make_package(tmp_path / "made", name))
        assert [name[0] for name in channel.records("linux-64")] == ["a", "b", "m", "z"]

    def test_two_orders_give_the_same_bytes(self, tmp_path: Path) -> None:
        packages = [make_package(tmp_path / "made", name) for name in ("one", "two", "three", "four")]
        channels = [Channel(tmp_path / "forth"), Channel(tmp_path / "back")]
        for channel, order in zip(channels, (packages, packages[::-1]), strict=True):
            for package in order:
                channel.publish(package)
        assert snapshot(channels[0].root) == snapshot(channels[1].root)

    def test_reindexing_from_scratch_gives_the_appended_bytes(self, channel: Channel, tmp_path: Path) -> None:
        for number in range(6):
            extra: dict[str, object] = {"subdir": ("noarch", "linux-64")[number % 2], "keys": number != 3}
            if number == 4:
                extra["run_exports"] = {"strong": ["größe >=1"]}
            channel.publish(make_package(tmp_path / "made", f"p{number}", depends=("x", "y >=2"), extra=extra))
        appended = snapshot(channel.root)
        for path in channel.root.glob("*/*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.endswith((".conda", ".intoto.json", generation.FILE_NAME)):
                path.unlink()
        channel.reindex()
        assert snapshot(channel.root) == appended

    def test_reindexing_an_empty_folder_makes_an_empty_channel(self, channel: Channel) -> None:
        channel.reindex()
        assert channel.records("noarch") == {}
        assert (channel.root / "noarch" / "repodata.json").is_file()

    def test_reindexing_corrects_what_somebody_wrote(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        before = snapshot(channel.root)
        index = channel.root / "linux-64" / "repodata.json"
        index.write_bytes(index.read_bytes().replace(alpha.md5.encode(), b"0" * 32))
        with pytest.raises(WorkError, match="somebody else"):
            channel.ensure("linux-64")
        channel.reindex()
        assert snapshot(channel.root) == before

    def test_reindexing_leaves_folders_that_are_no_subdirs_alone(self, channel: Channel) -> None:
        (channel.root / "docs").mkdir(parents=True)
        channel.reindex()
        assert list((channel.root / "docs").iterdir()) == []

    def test_records_of_a_channel_that_is_not_there(self, channel: Channel) -> None:
        assert channel.records("linux-64") == {}
        assert channel.keys() == {}
        assert channel.build_keys() == {}
        assert not channel.root.exists()

    def test_ensure_makes_the_subdirs(self, channel: Channel) -> None:
        channel.ensure("linux-64", "osx-arm64", "linux-64")
        assert sorted(path.name for path in channel.root.glob("[!.]*")) == ["linux-64", "noarch", "osx-arm64"]
        assert problems_of(channel.root, leftovers=True) == []
        with pytest.raises(UsageError):
            channel.ensure("not a subdir")


class TestRecovery:
    def test_a_package_without_record_is_taken_in(self, channel: Channel, alpha: Package, tmp_path: Path) -> None:
        beta = make_package(tmp_path / "made", "beta")
        channel.publish(alpha)
        channel.publish(beta)
        whole = snapshot(channel.root)
        again = Channel(tmp_path / "again")
        again.publish(alpha)
        for path in (channel.root / "linux-64").glob("beta*"):
            shutil.copy(path, again.root / "linux-64")
        again.ensure("linux-64")
        assert snapshot(again.root) == whole

    def test_a_writer_that_was_killed_between_the_indexes_is_made_good_for_every_subdir(
        self, channel: Channel, alpha: Package, tmp_path: Path
    ) -> None:
        """It is known by its keys, which are written first, and yet most solvers would not find it."""
        channel.publish(alpha)
        before = (channel.root / "linux-64" / "repodata.json").read_bytes()
        channel.publish(make_package(tmp_path / "made", "beta"))
        whole = snapshot(channel.root)
        (channel.root / "linux-64" / "repodata.json").write_bytes(before)
        assert recipe_key("beta") in set(channel.keys())
        channel.ensure()
        assert snapshot(channel.root) == whole

    def test_it_is_taken_in_by_the_next_publication_too(self, channel: Channel, alpha: Package, tmp_path: Path) -> None:
        channel.ensure("linux-64")
        shutil.copy(make_package(tmp_path / "made", "beta").path, channel.root / "linux-64")
        channel.publish(alpha)
        assert [name.partition("-")[0] for name in channel.records("linux-64")] == ["alpha", "beta"]

    def test_a_record_without_file_is_dropped(self, channel: Channel, alpha: Package, tmp_path: Path) -> None:
        channel.publish(alpha)
        published = channel.publish(make_package(tmp_path / "made", "beta")).path
        published.unlink()
        channel.ensure("linux-64")
        assert list(channel.records("linux-64")) == [alpha.file_name]
        known = channel.keys()
        assert recipe_key("beta") not in known

    @pytest.mark.parametrize("name", forms.NAMES)
    def test_a_missing_index_file_is_made_anew(self, channel: Channel, alpha: Package, name: str) -> None:
        channel.publish(alpha)
        before = snapshot(channel.root)
        (channel.root / "linux-64" / name).unlink()
        channel.ensure("linux-64")
        assert snapshot(channel.root) == before

    @pytest.mark.parametrize("name", forms.NAMES)
    def test_a_stale_index_file_is_made_anew(self, channel: Channel, alpha: Package, tmp_path: Path, name: str) -> None:
        channel.publish(alpha)
        path = channel.root / "linux-64" / name
        stale = path.read_bytes()
        channel.publish(make_package(tmp_path / "made", "beta"))
        whole = snapshot(channel.root)
        path.write_bytes(stale)
        channel.publish(alpha)
        assert snapshot(channel.root) == whole

    def test_what_is_no_package_stays_out_and_is_reported(self, tmp_path: Path, alpha: Package) -> None:
        told: list[str] = []
        channel = Channel(tmp_path / "channel", report=told.append)
        channel.ensure("linux-64")
        (channel.root / "linux-64" / "half-1.0-h0_0.conda").write_bytes(alpha.path.read_bytes()[:300])
        shutil.copy(alpha.path, channel.root / "linux-64" / "renamed-1.0-h0_0.conda")
        channel.publish(alpha)
        assert list(channel.records("linux-64")) == [alpha.file_name]
        assert sorted(line.split()[0] for line in told) == [
            "linux-64/half-1.0-h0_0.conda",
            "linux-64/renamed-1.0-h0_0.conda",
        ]

    def test_folders_hidden_files_and_other_files_are_no_packages(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        folder = channel.root / "linux-64"
        (folder / "dir-1.0-h0_0.conda").mkdir()
        shutil.copy(alpha.path, folder / ".alpha-1.0-h0_0.conda")
        (folder / "README.txt").touch()
        channel.ensure("linux-64")
        assert list(channel.records("linux-64")) == [alpha.file_name]


class TestKeys:
    def test_keys_lead_to_files(self, channel: Channel, tmp_path: Path) -> None:
        for name, subdir in (("alpha", "linux-64"), ("data", "noarch")):
            channel.publish(make_package(tmp_path / "made", name, extra={"subdir": subdir}))
        files = {"alpha": "alpha-1.0-h0_0.conda", "data": "data-1.0-h0_0.conda"}
        assert channel.keys() == {recipe_key(name): file for name, file in files.items()}
        assert channel.build_keys() == {build_key(name, b"content\n"): file for name, file in files.items()}

    def test_packages_of_others_have_none(self, channel: Channel, tmp_path: Path) -> None:
        channel.ensure("linux-64")
        foreign = make_package(tmp_path / "made", "foreign", extra={"keys": False})
        shutil.copy(foreign.path, channel.root / "linux-64")
        channel.ensure("linux-64")
        assert channel.keys() == {}
        assert len(channel.records("linux-64")) == 1

    def test_of_two_packages_with_one_key_the_first_by_name_counts(self, channel: Channel, tmp_path: Path) -> None:
        for name in ("b", "a", "c"):
            channel.publish(without(make_package(tmp_path / "made", name), recipe_key="1" * 64))
        assert channel.keys() == {"1" * 64: "a-1.0-h0_0.conda"}

    def test_a_package_that_somebody_deleted_is_not_offered(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha).path.unlink()
        assert channel.keys() == {}

    def test_keys_survive_the_loss_of_their_file(self, channel: Channel, alpha: Package) -> None:
        channel.publish(alpha)
        (channel.root / "linux-64" / "bakehouse_keys.json").unlink()
        channel.ensure("linux-64")
        assert channel.keys() == {alpha.recipe_key: alpha.file_name}
