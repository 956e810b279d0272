"""The forms of an index: of one generation, told from what another hand has changed, and from what a kill left."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from rattler.index.index import index_fs

from builder.channel import Channel, forms, shards
from builder.errors import WorkError
from builder.model import generation
from builder.model.package import Package
from tests.channel.judging import generation_of, problems_of
from tests.channel.making import make_package


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    made = Channel(tmp_path / "channel")
    for name in ("alpha", "beta", "gamma"):
        made.publish(make_package(tmp_path / "made", name))
    return made


@pytest.fixture
def delta(tmp_path: Path) -> Package:
    return make_package(tmp_path / "made", "delta")


def folder_of(channel: Channel) -> Path:
    return channel.root / "linux-64"


def tree(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.name != "lock"}


def refused(channel: Channel, package: Package, because: str) -> None:
    """Neither publishing nor making sure changes anything; the file and the remedy are named."""
    before = tree(channel.root)
    for attempt in (lambda: channel.publish(package), lambda: channel.ensure("osx-arm64")):
        with pytest.raises(WorkError, match=because) as caught:
            attempt()
        (problem,) = caught.value.problems
        assert problem.code == "channel.disagree"
        assert f"bakehouse index {channel.root}" in str(problem.remedy)
        assert problem.place is not None
        assert Path(problem.place.file).parent == folder_of(channel)
        assert tree(channel.root) == before


def repaired(channel: Channel, package: Package) -> None:
    """The remedy is one: afterwards everything is as it should be, and is published to."""
    channel.reindex()
    assert problems_of(channel.root, leftovers=True) == []
    assert channel.publish(package).outcome == "new"
    assert problems_of(channel.root, leftovers=True) == []


class TestGenerations:
    def test_every_change_is_one_and_nothing_else_is(self, channel: Channel, delta: Package) -> None:
        assert generation_of(folder_of(channel)) == 3
        channel.ensure()
        channel.reindex()
        assert generation_of(folder_of(channel)) == 3
        channel.publish(delta)
        assert generation_of(folder_of(channel)) == 4
        assert channel.publish(delta).outcome == "same"
        assert generation_of(folder_of(channel)) == 4
        (folder_of(channel) / "alpha-1.0-h0_0.conda").unlink()
        channel.ensure()
        assert generation_of(folder_of(channel)) == 5
        assert generation_of(channel.root / "noarch") == 1

    def test_every_form_says_it_itself(self, channel: Channel) -> None:
        for name in ("repodata.json", "run_exports.json"):
            assert json.loads((folder_of(channel) / name).read_bytes())["info"]["generation"] == 3

    def test_the_last_one_is_remembered_for_readers_who_come_in_between(self, channel: Channel, delta: Package) -> None:
        before = (folder_of(channel) / "repodata.json").read_bytes()
        channel.publish(delta)
        said = generation.from_json((folder_of(channel) / generation.FILE_NAME).read_bytes())
        assert said is not None
        forms_then = forms.Forms(folder=folder_of(channel), files={"repodata.json": before}, said=None).digests
        assert said.of("repodata.json", forms_then["repodata.json"]) == 3
        assert [one.number for one in said.before] == [3]

    def test_it_goes_on_where_its_story_is_lost(self, channel: Channel, delta: Package) -> None:
        (folder_of(channel) / generation.FILE_NAME).unlink()
        channel.publish(delta)
        assert generation_of(folder_of(channel)) > 3
        assert problems_of(channel.root, leftovers=True) == []


class TestAnotherHand:
    @pytest.mark.parametrize("name", forms.NAMES)
    @pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe\x00", None])
    def test_a_form_that_is_not_ours_is_refused(
        self, channel: Channel, delta: Package, tmp_path: Path, name: str, damage: bytes | None
    ) -> None:
        other = Channel(tmp_path / "other")
        other.publish(make_package(tmp_path / "evil", "alpha", content=b"evil"))
        (folder_of(channel) / name).write_bytes((folder_of(other) / name).read_bytes() if damage is None else damage)
        refused(channel, delta, f"{name} is not what")
        repaired(channel, delta)

    def test_a_form_of_long_ago_is_refused(self, channel: Channel, tmp_path: Path, delta: Package) -> None:
        old = {name: (folder_of(channel) / name).read_bytes() for name in forms.NAMES}
        for name in ("one", "two"):
            channel.publish(make_package(tmp_path / "made", name))
        for name, data in old.items():
            (folder_of(channel) / name).write_bytes(data)
        refused(channel, delta, "is not what")
        repaired(channel, delta)
        assert generation_of(folder_of(channel)) == 6, "what it had been is put back as it was"

    @pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"format":1,"generation":9,"files":{},"before":[]}'])
    def test_a_story_that_somebody_wrote_is_refused(self, channel: Channel, delta: Package, text: bytes) -> None:
        (folder_of(channel) / generation.FILE_NAME).write_bytes(text)
        refused(channel, delta, "says nothing|is not what")
        repaired(channel, delta)

    @pytest.mark.parametrize("name", ["repodata.json", "bakehouse_keys.json"])
    def test_nobody_reads_what_somebody_changed(self, channel: Channel, name: str) -> None:
        path = folder_of(channel) / name
        path.write_bytes(path.read_bytes().replace(b"alpha", b"omega"))
        with pytest.raises(WorkError, match="somebody else"):
            channel.records("linux-64") if name == "repodata.json" else channel.keys()


class TestAnotherTool:
    """Channels that were made by a tool which knows nothing of generations."""

    @pytest.fixture
    def foreign(self, channel: Channel) -> Channel:
        for path in channel.root.glob("*/*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.endswith((".conda", ".intoto.json")):
                path.unlink()
        asyncio.run(self.indexed(channel.root))
        shutil.rmtree(channel.root / "noarch")
        assert (folder_of(channel) / shards.FILE_NAME).exists()
        return channel

    async def indexed(self, root: Path) -> None:
        await index_fs(root, write_zst=True, write_shards=True, force=True)
        await asyncio.sleep(0.1)  # py-rattler may crash at exit right after it

    def test_its_channel_is_taken_over(self, foreign: Channel, delta: Package) -> None:
        foreign.publish(delta)
        assert problems_of(foreign.root, leftovers=True) == []
        assert len(foreign.records("linux-64")) == 4

    def test_what_is_taken_over_comes_from_the_packages(self, foreign: Channel, delta: Package) -> None:
        path = folder_of(foreign) / "repodata.json"
        document = json.loads(path.read_bytes())
        document["packages.conda"]["alpha-1.0-h0_0.conda"]["depends"] = ["evil"]
        path.write_text(json.dumps(document))
        for name in ("repodata.json.zst", shards.FILE_NAME):
            (folder_of(foreign) / name).unlink()
        foreign.publish(delta)
        assert json.loads(foreign.records("linux-64")["alpha-1.0-h0_0.conda"])["depends"] == []

    @pytest.mark.parametrize("name", ["repodata.json", "repodata.json.zst", shards.FILE_NAME])
    def test_one_of_its_forms_says_other_than_the_rest(
        self, foreign: Channel, delta: Package, tmp_path: Path, name: str
    ) -> None:
        other = Channel(tmp_path / "other")
        other.publish(make_package(tmp_path / "evil", "evil"))
        shutil.copy(folder_of(other) / name, folder_of(foreign))
        shutil.copytree(folder_of(other) / "shards", folder_of(foreign) / "shards", dirs_exist_ok=True)
        refused(foreign, delta, "says other than|not there")
        repaired(foreign, delta)

    def test_one_of_its_shards_has_other_bytes(self, foreign: Channel, delta: Package) -> None:
        next(iter(sorted((folder_of(foreign) / "shards").iterdir()))).write_bytes(b"other")
        before = tree(foreign.root)
        with pytest.raises(WorkError, match="has other bytes than its name says"):
            foreign.publish(delta)
        assert tree(foreign.root) == before
        repaired(foreign, delta)

    def test_it_lists_what_is_not_there(self, foreign: Channel, delta: Package) -> None:
        (folder_of(foreign) / "beta-1.0-h0_0.conda").unlink()
        (folder_of(foreign) / "beta-1.0-h0_0.conda.intoto.json").unlink()
        refused(foreign, delta, "not there: beta-1.0-h0_0.conda")
        repaired(foreign, delta)

    def test_it_lists_what_has_other_bytes(self, foreign: Channel, delta: Package, tmp_path: Path) -> None:
        evil = make_package(tmp_path / "evil", "beta", content=b"evil")
        shutil.copy(evil.path, folder_of(foreign))
        (folder_of(foreign) / "beta-1.0-h0_0.conda.intoto.json").unlink()
        refused(foreign, delta, "another sha256 than the package has: beta")


class TestKilled:
    def test_what_was_replaced_before_the_kill_is_read_again_by_whoever_comes_next(
        self, channel: Channel, delta: Package, tmp_path: Path
    ) -> None:
        """The index still has the old record, and nobody publishes that package again."""
        new = make_package(tmp_path / "new", "alpha", content=b"new", depends=("other",))
        shutil.copy(new.path, folder_of(channel))
        (channel.root / ".bakehouse" / f"linux-64.{new.file_name}.replaced").touch()
        channel.publish(delta)
        record = json.loads(channel.records("linux-64")[new.file_name])
        assert (record["sha256"], record["depends"]) == (new.sha256, ["other"])
        assert not list((channel.root / ".bakehouse").glob("*.replaced"))

    def test_an_announced_generation_is_finished(self, channel: Channel, delta: Package) -> None:
        before = {name: (folder_of(channel) / name).read_bytes() for name in forms.NAMES}
        channel.publish(delta)
        whole = tree(channel.root)
        for name in forms.NAMES[2:]:
            (folder_of(channel) / name).write_bytes(before[name])
        channel.ensure()
        assert tree(channel.root) == whole

    def test_an_announced_generation_that_became_another_one_is_passed_over(
        self, channel: Channel, delta: Package, tmp_path: Path
    ) -> None:
        before = {name: (folder_of(channel) / name).read_bytes() for name in forms.NAMES}
        channel.publish(delta)
        for name in forms.NAMES[2:]:
            (folder_of(channel) / name).write_bytes(before[name])
        channel.publish(make_package(tmp_path / "made", "epsilon"))
        assert generation_of(folder_of(channel)) == 5
        assert problems_of(channel.root, leftovers=True) == []
