"""Jobs of whole feedstocks: the files of conda-smithy, and what stands beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builder.cli.jobs import JobQuestion, jobs_of
from builder.errors import RecipeError, UsageError
from builder.feedstock.ci_support import file_text
from builder.feedstock.jobs import feedstock_jobs
from builder.feedstock.seen import Seen, Sight
from builder.feedstock.settings import read_settings
from builder.feedstock.spec import JobSpec
from builder.matrix.v0.space import space_of
from tests.feedstock.recorded import MATRICES, NAMES, PINNING, jobs, question, recorded


@pytest.mark.parametrize("name", NAMES)
def test_files_are_those_of_conda_smithy_to_the_byte(name: str) -> None:
    assert {job.file_name: file_text(job) for job in jobs(name).values()} == recorded(name)


def test_the_feedstocks_have_what_the_test_is_about() -> None:
    """The facts above say nothing if a feedstock has lost what it stands for."""
    names = {name: "\n".join(recorded(name)) for name in NAMES}
    texts = {name: "\n".join(recorded(name).values()) for name in NAMES}
    assert "_h" in names["kettle"]
    assert max(map(len, names["kettle"].splitlines())) > 180
    assert "MACOSX_DEPLOYMENT_TARGET:\n- '12.3'" in texts["kettle"]
    assert "example.org/samovar:cuda\n" in texts["kettle"]
    assert "samovar:x86" not in texts["kettle"]
    assert "3.14.* *_cp314" in texts["tea"]
    assert "leaf:\n- '2.0'" in texts["tea"]
    assert "fat:\n- 2\n- 10\n" in texts["milk"]
    assert "skimmed:\n- true\n" in texts["milk"]
    assert set(recorded("honey")) == {"linux_64_.yaml", "win_64_.yaml"}
    assert set(recorded("sugar")) == {"linux_64_.yaml"}


def test_a_job_knows_where_it_runs() -> None:
    tea = jobs("tea")
    assert {(job.platform, job.build_platform, job.provider) for job in tea.values()} == {
        ("linux-64", "linux-64", "github_actions"),
        ("linux-aarch64", "linux-64", "github_actions"),
        ("osx-64", "osx-64", "azure"),
        ("osx-arm64", "osx-64", "azure"),
        ("win-64", "win-64", "github_actions"),
    }
    assert tea["osx_64_"].docker_image is None
    assert all(job.upload for job in tea.values())
    assert {job.upload for job in jobs("kettle").values() if job.provider == "github_actions"} == {False}
    assert jobs("kettle")["osx_64_decoration_of_the_lidnonempinompi"].upload
    assert {job.labels for job in jobs("kettle").values()} == {(), ("kitchen-large",)}


def test_a_job_knows_its_packages() -> None:
    linux = jobs("tea")["linux_64_"].outputs
    names = [stem.rsplit("-", 2)[0] for stem in linux]
    assert sorted(set(names)) == ["libtea", "tea", "tea-docs"]
    assert names.count("tea") == 4  # one for each Python, the migrated one too
    assert not [stem for stem in jobs("tea")["osx_64_"].outputs if stem.startswith("tea-docs")]
    assert len([stem for stem in jobs("tea")["win_64_"].outputs if stem.startswith("tea-1.4-py")]) == 3
    (mpich,) = (job for job in jobs("lemon").values() if job.name.endswith("13.____cp313") and "aarch64" in job.name
                and "None" in job.name)  # fmt: skip
    assert [stem[:13] for stem in mpich.outputs] == ["lemon-1-cpu_h"]
    milk = jobs("milk")["osx_64_mpimpich"].outputs
    assert {stem.partition("-3.1")[0] for stem in milk} == {"libmilk", "milk"}
    assert all("mpich_h" in stem for stem in milk if stem.startswith("libmilk"))


def test_where_every_output_is_skipped_is_a_job_that_builds_nothing() -> None:
    """conda-smithy's rule for a recipe.yaml whose outputs say so, and not the recipe."""
    assert jobs("spoon")["win_64_"].outputs == ()
    assert len(jobs("spoon")["linux_64_"].outputs) == 2
    assert len(jobs("spoon")["linux_aarch64_"].outputs) == 1


def test_every_package_is_built_by_a_job_and_by_one_only_unless_it_differs_in_nothing() -> None:
    stems = [stem for job in jobs("kettle").values() for stem in job.outputs]
    assert len(stems) == len(set(stems)) == len(jobs("kettle"))


def test_only_the_platforms_that_are_wanted_are_looked_at(tmp_path: Path) -> None:
    some = jobs_of(question("tea", "osx-arm64", "linux-64"))
    assert [job.name for job in some] == ["linux_64_", "osx_arm64_"]
    assert jobs_of(question("tea", "linux-riscv64")) == ()
    asked: list[str] = []
    settings = read_settings(MATRICES / "tea-feedstock")

    def look(spec: JobSpec) -> Sight:
        asked.append(spec.job.subdir)
        return Sight(outputs=(), space=space_of(spec.config()), text="")

    assert feedstock_jobs(settings, PINNING, look, ("win-64",)) == ()
    assert asked == ["win-64"]


def test_of_two_services_that_build_the_same_the_later_one_stays(tmp_path: Path) -> None:
    feedstock = tmp_path / "tea-feedstock"
    shutil.copytree(MATRICES / "sugar-feedstock", feedstock)
    (feedstock / "conda-forge.yml").write_text("provider: {linux_64: [github_actions, azure]}\n")
    (job,) = jobs_of(JobQuestion(path=feedstock, variant_files=(PINNING,), platforms=(), max_variants=10))
    assert job.provider == "github_actions"


def test_the_job_says_the_platform_of_its_variant() -> None:
    settings = read_settings(MATRICES / "honey-feedstock")

    def look(spec: JobSpec) -> Sight:
        space = space_of(spec.config())
        seen = Seen(
            stem="a-1-0", feedstock="a", is_noarch=False, used=frozenset({"target_platform"}),
            used_at_top=frozenset({"target_platform"}), variant=space.first(), space=space,
        )  # fmt: skip
        return Sight(outputs=(seen,), space=space, text="")

    assert [(job.name, job.platform) for job in feedstock_jobs(settings, PINNING, look)] == [
        ("linux_64_", "linux-64"), ("osx_64_", "osx-64"), ("win_64_", "win-64"),
    ]  # fmt: skip


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    feedstock = tmp_path / "sugar-feedstock"
    shutil.copytree(MATRICES / "sugar-feedstock", feedstock)
    asked = JobQuestion(path=feedstock, variant_files=(tmp_path / "none.yaml",), platforms=(), max_variants=10)
    with pytest.raises(UsageError, match="there is no variant file") as missing:
        jobs_of(asked)
    assert str(missing.value.problems[0].place) == str(tmp_path / "none.yaml")
    migrations = feedstock / ".ci_support" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "odd.yaml").write_text(
        "migrator_ts: 1\n__migrator:\n  operation: turn\n  use_local: true\npython:\n- 4\n"
    )
    with pytest.raises(RecipeError) as broken:
        jobs_of(JobQuestion(path=feedstock, variant_files=(PINNING,), platforms=(), max_variants=10))
    assert "odd.yaml:3" in str(broken.value.problems[0].place)


def test_too_many_variants_are_refused() -> None:
    few = JobQuestion(path=MATRICES / "kettle-feedstock", variant_files=(PINNING,), platforms=(), max_variants=2)
    with pytest.raises(UsageError, match="more than the 2 that are allowed"):
        jobs_of(few)
