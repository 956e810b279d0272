"""`bakehouse matrix`: the list of jobs, their files, errors with their place."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command
from tests.feedstock.recorded import MATRICES, PINNING, recorded

TEA = MATRICES / "tea-feedstock"


def test_the_table_has_a_line_for_each_job(command: Command) -> None:
    said = command("matrix", TEA, "-m", PINNING)
    assert said.code == 0
    assert said.out.splitlines() == [
        "job             runs on   at              packages",
        "linux_64_       linux-64  github_actions         6",
        "linux_aarch64_  linux-64  github_actions         5",
        "osx_64_         osx-64    azure                  5",
        "osx_arm64_      osx-64    azure                  5",
        "win_64_         win-64    github_actions         4",
    ]


def test_the_document_has_the_fields_of_the_contract(command: Command) -> None:
    jobs = command("matrix", MATRICES / "kettle-feedstock", "-m", PINNING, "--json", "--platform", "osx-64").document
    assert isinstance(jobs, list)
    assert len(jobs) == 4
    assert {key for job in jobs for key in job} == {
        "name", "variant", "outputs", "short_name", "file", "platform", "build_platform", "provider", "docker_image",
        "labels", "upload", "settings",
    }  # fmt: skip
    (job,) = (one for one in jobs if one["name"] == "osx_64_decoration_of_the_lidnonempimpich")
    assert job["variant"] == {"decoration_of_the_lid": "none", "mpi": "mpich", "target_platform": "osx-64"}
    assert job["file"] == "osx_64_decoration_of_the_lidnonempimpich.yaml"
    assert (job["build_platform"], job["provider"], job["docker_image"]) == ("osx-64", "azure", None)
    assert job["settings"]["MACOSX_SDK_VERSION"] == ["12.3"]
    assert len(job["outputs"]) == 1


def test_files_are_written_where_one_asks(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "ci"
    said = command("matrix", TEA, "-m", PINNING, "--ci-support", folder)
    assert said.code == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == recorded("tea")
    assert len(said.out.splitlines()) == 6


def test_nothing_is_written_when_something_is_wrong(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "ci"
    command("matrix", TEA, "-m", PINNING, "--ci-support", folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    broken = tmp_path / "broken.yaml"
    broken.write_text("python: [3.12\n")
    assert command("matrix", TEA, "-m", broken, "--ci-support", folder).code == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_errors_are_a_document_too(command: Command) -> None:
    said = command("matrix", TEA, "--json")
    assert said.code == 2
    (error,) = said.errors
    assert error["code"] == "cli.pinning"
    assert error["file"] == str(TEA)


def test_platforms_that_are_none(command: Command) -> None:
    said = command("matrix", TEA, "-m", PINNING, "--platform", "linux-46")
    assert said.code == 2
    assert "did you mean 'linux-64'?" in said.err


def test_a_platform_without_jobs(command: Command) -> None:
    said = command("matrix", TEA, "-m", PINNING, "--platform", "linux-ppc64le")
    assert (said.code, said.out) == (0, "no jobs: every output is skipped on every platform\n")


def test_the_help_has_an_example(command: Command) -> None:
    said = command("matrix", "--help")
    assert said.code == 0
    assert "bakehouse matrix . -m conda_build_config.yaml --ci-support .ci_support" in said.out
