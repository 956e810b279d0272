"""Where the pipeline of a feedstock goes, and what is told beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from builder import __version__
from builder.cli.pipelines import PipelineChoice, check, made, pipeline_choice
from builder.cli.pipelines import write as write_made
from builder.errors import MachineError, UsageError
from builder.feedstock.job import Job
from tests.cli.conftest import Command
from tests.feedstock.pipeline_reading import parsed


def job(name: str, build_platform: str = "linux-64") -> Job:
    return Job(
        name=name, short_name=name, platform=build_platform, build_platform=build_platform, provider="azure", upload=False,
        settings={},
    )  # fmt: skip


JOBS = (job("linux_64_"), job("osx_64_", "osx-64"))


@click.command()
@pipeline_choice
def asking(pipeline: PipelineChoice) -> PipelineChoice:
    return pipeline


def choice(*words: str) -> PipelineChoice:
    found = asking.main(list(words), standalone_mode=False)
    assert isinstance(found, PipelineChoice)
    return found


def write(jobs: Sequence[Job], path: Path, choice: PipelineChoice) -> None:
    found = made(jobs, path, choice)
    if found is not None:
        write_made(found)


@pytest.fixture
def feedstock(tmp_path: Path) -> Path:
    (tmp_path / "oven-feedstock" / ".ci_support").mkdir(parents=True)
    (tmp_path / "oven-feedstock" / "conda-forge.yml").write_text(
        "recipe_dir: dough\ngithub_actions: {timeout_minutes: 90, max_parallel: 3}\nazure: {max_parallel: 7}\n"
    )
    (tmp_path / "oven-feedstock" / "dough").mkdir()
    return tmp_path / "oven-feedstock"


def test_nothing_is_asked() -> None:
    assert choice() == PipelineChoice(provider=None, place=None, in_place=False, version=__version__)
    assert not choice().printed
    check(choice(), json=True)


def test_nothing_is_written_unasked(feedstock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(JOBS, feedstock / "gone", choice())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "json", "message"),
    [
        (("--out", "x"), False, "--out and --in-place are for a pipeline"),
        (("--in-place",), True, "--out and --in-place are for a pipeline"),
        (("--ci", "github", "--in-place", "--out", "x"), False, "--out and --in-place are two places for one file"),
        (("--ci", "github"), True, "--json and --ci both print"),
    ],
)
def test_what_contradicts_itself_is_refused(words: tuple[str, ...], json: bool, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(choice(*words), json=json)
    [problem] = caught.value.problems
    assert problem.message == message
    assert problem.remedy
    check(choice("--ci", "github", "--out", "x"), json=True)


@pytest.mark.parametrize("provider", ["github", "gitlab", "azure"])
def test_it_is_printed_and_nothing_else_is(provider: str, feedstock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (feedstock / ".ci_support" / "linux_64_.yaml").write_text("{}\n")
    write(JOBS, feedstock, choice("--ci", provider, "--pin", "9.8"))
    said = capsys.readouterr()
    assert "9.8" in said.out
    assert "linux_64_" in str(parsed(said.out))
    assert said.err == "left out, for bakehouse runs on linux-64 only: osx_64_\n"
    assert not [path for path in feedstock.rglob("*.yml") if path.name != "conda-forge.yml"]


@pytest.mark.parametrize(
    ("provider", "file"),
    [("github", ".github/workflows/bakehouse.yml"), ("gitlab", ".gitlab-ci.yml"), ("azure", "azure-pipelines.yml")],
)
def test_in_place_is_where_the_provider_looks(
    provider: str, file: str, feedstock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(JOBS[:1], feedstock, choice("--ci", provider, "--in-place"))
    said = capsys.readouterr()
    assert said.out == ""
    folder = feedstock / ".ci_support"
    assert said.err == f"files that the pipeline reads and {folder} lacks: 1; --ci-support {folder} writes them\n"
    first = (feedstock / file).read_bytes()
    write(JOBS[:1], feedstock, choice("--ci", provider, "--out", str(feedstock / "new" / "x.yml")))
    assert (feedstock / "new" / "x.yml").read_bytes() == first
    assert sorted(path.name for path in (feedstock / file).parent.iterdir() if path.name.startswith(".tmp")) == []


def test_conda_forge_yml_says_how_long_and_how_many(feedstock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(JOBS[:1], feedstock, choice("--ci", "github"))
    text = capsys.readouterr().out
    assert 'RECIPE: "dough"\n' in text
    assert "timeout-minutes: 90\n" in text
    assert "max-parallel: 3\n" in text
    write(JOBS[:1], feedstock, choice("--ci", "azure"))
    assert 'maxParallel: "7"\n' in capsys.readouterr().out
    (feedstock / "conda-forge.yml").write_text("github_actions: {max_parallel: null}\n")
    (feedstock / "recipe").mkdir()
    write(JOBS[:1], feedstock, choice("--ci", "github"))
    assert "max-parallel" not in capsys.readouterr().out


def test_what_cannot_be_written_leaves_what_was_there(feedstock: Path) -> None:
    (feedstock / ".gitlab-ci.yml").write_text("old\n")
    with pytest.raises(UsageError, match="would be expanded by GitLab"):
        write([job("linux_$CI_JOB_TOKEN")], feedstock, choice("--ci", "gitlab", "--in-place"))
    assert (feedstock / ".gitlab-ci.yml").read_text() == "old\n"


def test_a_recipe_alone_is_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipes" / "oven").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    write(JOBS[:1], Path("recipes/oven"), choice("--ci", "gitlab", "--in-place"))
    assert 'RECIPE: "recipes/oven"\n' in (tmp_path / ".gitlab-ci.yml").read_text()
    monkeypatch.chdir(tmp_path / "recipes" / "oven")
    write(JOBS[:1], Path(), choice("--ci", "gitlab"))
    assert 'RECIPE: "."\n' in capsys.readouterr().out
    for elsewhere in (Path(".."), Path("../../recipes"), tmp_path):
        with pytest.raises(UsageError, match="is not below the current folder"):
            write(JOBS[:1], elsewhere, choice("--ci", "gitlab"))


def test_a_feedstock_needs_no_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "recipe.yaml").write_text("package: {name: oven, version: '1'}\n")
    write(JOBS[:1], tmp_path, choice("--ci", "github"))
    assert 'RECIPE: "recipe"\n' in capsys.readouterr().out


def test_what_is_refused_is_refused_before_anything_is_written(command: Command, tmp_path: Path) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "recipe.yaml").write_text(
        "package: {name: oven, version: '1'}\nbuild: {script: 'echo ${{ crust }}'}\n"
    )
    (tmp_path / "pinning.yaml").write_text("crust:\n  - $CI_JOB_TOKEN\n  - thin\n")
    asked = ("matrix", tmp_path, "-m", tmp_path / "pinning.yaml", "--ci-support", tmp_path / "jobs", "--ci")
    said = command(*asked, "gitlab", "--in-place")
    assert (said.code, said.out) == (2, "")
    assert "would be expanded by GitLab" in said.err
    assert not (tmp_path / "jobs").exists()
    assert command(*asked, "github", "--in-place").code == 0
    assert (tmp_path / ".github" / "workflows" / "bakehouse.yml").is_file()
    assert "linux_64_crustthin.yaml" in {path.name for path in (tmp_path / "jobs").iterdir()}


def test_a_printed_pipeline_is_all_that_is_printed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "recipe.yaml").write_text("package: {name: oven, version: '1'}\nbuild: {noarch: generic}\n")
    (tmp_path / "pinning.yaml").write_text("crust:\n  - thin\n")
    said = command("matrix", tmp_path, "-m", tmp_path / "pinning.yaml", "--ci", "azure")
    assert said.code == 0
    assert set(parsed(said.out)) == {"trigger", "pr", "variables", "jobs"}


def test_a_place_that_cannot_be_written_is_told(feedstock: Path) -> None:
    (feedstock / "file").write_text("mine")
    for place in (feedstock / "file" / "deep.yml", feedstock):
        with pytest.raises(MachineError, match="the pipeline cannot be written") as caught:
            write(JOBS[:1], feedstock, choice("--ci", "github", "--out", str(place)))
        [problem] = caught.value.problems
        assert problem.place is not None
        assert problem.place.file == str(place)
        assert problem.remedy
    assert (feedstock / "file").read_text() == "mine"
    assert sorted(path.name for path in feedstock.parent.iterdir()) == [feedstock.name]
