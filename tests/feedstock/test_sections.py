"""Sections of a ``conda-forge.yml`` where the recorded facts of `test_settings` end."""

from __future__ import annotations

import pytest

from builder.feedstock.form import Findings, Form
from builder.feedstock.sections import read_azure, read_conda_build, read_docker, read_github, read_github_actions
from builder.syntax.reader import read_text


def form(text: str) -> Form:
    return Form(read_text(text or "{}", "conda-forge.yml"), "", Findings())


def test_a_pool_with_a_name_has_no_image() -> None:
    found = read_azure(form("settings_win: {pool: {name: big}}\n"), "me")
    assert found.systems["win"].pool == {"name": "big"}
    assert found.systems["linux"].pool == {"vmImage": "ubuntu-latest"}


def test_a_pool_may_have_more_beside_its_image() -> None:
    found = read_azure(form("settings_osx: {pool: {demands: x}}\n"), "me")
    assert found.systems["osx"].pool == {"vmImage": "$(VMIMAGE)", "demands": "x"}


def test_one_time_limit_for_all_systems_counts_more_than_their_own() -> None:
    text = "settings_linux: {timeoutInMinutes: 5}\nsettings_win: {timeoutInMinutes: 6}\n"
    apart = read_azure(form(text), "me").systems
    assert {name: one.timeout_minutes for name, one in apart.items()} == {"linux": 5, "osx": 360, "win": 6}
    together = read_azure(form(f"{text}timeout_minutes: 7\n"), "me").systems
    assert {one.timeout_minutes for one in together.values()} == {7}


def test_variables_that_are_settings_now_are_taken_out() -> None:
    text = "settings_win:\n  variables: {MINIFORGE_HOME: 'D:', CONDA_BLD_PATH: x, MINE: 1}\n"
    asked = form(text)
    assert read_azure(asked, "me").systems["win"].variables == {"UPLOAD_TEMP": r"D:\\tmp", "MINE": "1"}
    assert asked.findings.errors == asked.findings.warnings == []


def test_azure_belongs_to_the_owner_of_the_repository() -> None:
    assert read_azure(form(""), "me").user_or_org == "me"
    assert read_azure(form("user_or_org: you\n"), "me").user_or_org == "you"


@pytest.mark.parametrize(
    ("text", "triggers"),
    [
        ("", ("push", "pull_request")),
        ("self_hosted: true\n", ("push",)),
        ("triggers: []\n", ("push", "pull_request")),
        ("triggers: schedule\n", ("schedule",)),
        ("self_hosted: true\ntriggers: [pull_request]\n", ("pull_request",)),
    ],
)
def test_what_starts_jobs(text: str, triggers: tuple[str, ...]) -> None:
    assert read_github_actions(form(text)).triggers == triggers


@pytest.mark.parametrize(("text", "limit"), [("", 50), ("max_parallel: 4\n", 4), ("max_parallel: null\n", None)])
def test_how_many_jobs_run_at_once(text: str, limit: int | None) -> None:
    assert read_github_actions(form(text)).max_parallel == limit


def test_old_keys_that_are_read_elsewhere_are_no_warning() -> None:
    asked = form("store_build_artifacts: true\nfree_disk_space: true\nresize_win_partitions: true\n")
    read_github_actions(asked)
    assert asked.findings.warnings == []


def test_arguments_of_docker_may_stand_at_azure() -> None:
    azure = form("settings_linux: {variables: {CONDA_FORGE_DOCKER_RUN_ARGS: --old}}\n")
    assert read_docker(form(""), azure).run_args == "--old"
    assert read_docker(form("run_args: --new\n"), azure).run_args == "--new"
    assert read_docker(form("run_args: ''\n"), azure).run_args == ""
    assert read_docker(form(""), form("")).run_args == ""


@pytest.mark.parametrize(("text", "expected"), [("", None), ("interactive: no\n", False), ("interactive: on\n", True)])
def test_whether_docker_is_interactive(text: str, expected: bool | None) -> None:
    assert read_docker(form(text), form("")).interactive is expected


def test_the_repository_is_named_after_the_folder() -> None:
    assert read_github(form(""), "rye").repo_name == "rye-feedstock"
    assert read_github(form("repo_name: ''\n"), "rye-feedstock").repo_name == "rye-feedstock"
    assert read_github(form("repo_name: other\n"), "rye").repo_name == "other"


@pytest.mark.parametrize(("text", "expected"), [("", "2"), ("pkg_format: 1\n", "1"), ("pkg_format: tar\n", "tar")])
def test_the_format_of_packages(text: str, expected: str) -> None:
    assert read_conda_build(form(text)).pkg_format == expected
