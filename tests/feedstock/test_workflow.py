"""Settings of jobs that depend on service and platform, against conda-smithy's, and values that are none."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from builder.feedstock.form import Findings, Form
from builder.feedstock.workflow import Conditional, Workflow, read_workflow
from builder.syntax.reader import read_text
from tests.feedstock.facts import rows

FACTS = rows("settings")
USUAL = FACTS[0]


def workflow(text: str, findings: Findings | None = None) -> Workflow:
    node = read_text(text, "conda-forge.yml") if text.strip() and not text.startswith("#") else None
    whole = Form(node, "", findings or Findings())
    return read_workflow(whole.section("workflow_settings"), whole.section("azure"), whole.section("github_actions"))


@pytest.mark.parametrize("fact", FACTS, ids=[fact["name"] for fact in FACTS])
def test_what_jobs_are_told_is_what_conda_smithy_tells_them(fact: dict[str, Any]) -> None:
    found = workflow(fact["text"])
    for place, expected in (USUAL["workflow"] | fact["workflow"]).items():
        provider, platform = place.split()
        assert asdict(found.settings(provider, platform, "D:")) == expected


@pytest.mark.parametrize(
    ("conditions", "provider", "platform", "fits"),
    [
        ({}, "azure", "linux_64", True),
        ({"systems": ("linux",)}, "azure", "linux_64", True),
        ({"systems": ("linux", "win")}, "azure", "osx_64", False),
        ({"platforms": ("osx_64",)}, "azure", "osx_arm64", False),
        ({"providers": ("azure",)}, "azure", "osx_arm64", True),
        ({"providers": ("azure",), "systems": ("win",)}, "azure", "osx_arm64", False),
        ({"providers": ("github_actions",), "systems": ("osx",)}, "azure", "osx_arm64", False),
    ],
)
def test_conditions(conditions: dict[str, tuple[str, ...]], provider: str, platform: str, fits: bool) -> None:
    assert Conditional(key="pagefile_size", value=1, **conditions).fits(provider, platform) is fits


def test_of_the_values_that_fit_the_last_counts() -> None:
    found = workflow("workflow_settings:\n  pagefile_size:\n  - value: 1\n  - {os: linux, value: 2}\n  - value: 3\n")
    assert found.settings("azure", "linux_64").pagefile_size == 3


def test_folders_on_windows_go_by_the_drive() -> None:
    usual = workflow("").settings("github_actions", "win_64", "D:")
    assert (usual.tools_install_dir, usual.build_workspace_dir) == (r"D:\Miniforge", r"D:\\bld\\")
    chosen = workflow("workflow_settings:\n  tools_install_dir: E:\\tools\n").settings("github_actions", "win_64")
    assert (chosen.tools_install_dir, chosen.build_workspace_dir) == (r"E:\tools", r"E:\\bld\\")
    nowhere = workflow("workflow_settings:\n  tools_install_dir: tools\n").settings("github_actions", "win_64")
    assert nowhere.build_workspace_dir == r"\\bld\\"


@pytest.mark.parametrize(("word", "size"), [("true", 16), ("'True'", 16), ("false", 0), ("'False'", 0), ("8", 16)])
def test_an_old_page_file(word: str, size: int) -> None:
    found = workflow(f"azure:\n  settings_win:\n    variables:\n      SET_PAGEFILE: {word}\n")
    assert found.settings("azure", "win_64").pagefile_size == size
    assert found.settings("azure", "linux_64").pagefile_size == 0
    assert found.settings("github_actions", "win_64").pagefile_size == 0


def test_a_swap_file_of_an_odd_size_is_a_warning() -> None:
    findings = Findings()
    found = workflow("azure:\n  settings_linux:\n    swapfile_size: 8GB\n", findings)
    assert found.settings("azure", "linux_64").pagefile_size == 0
    assert [str(one) for one in findings.warnings] == ["conda-forge.yml:3:20: the swap file's size '8GB' is not read"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("true", "quick"), ("false", "skip"), ("[]", "skip"), ("[apt]", "quick"), ("[cache, docker]", "max")],
)
def test_room_on_the_disk_as_it_was_asked_for_once(written: str, expected: str) -> None:
    found = workflow(f"github_actions:\n  free_disk_space: {written}\n")
    assert found.settings("github_actions", "linux_64").free_disk_space == expected
    assert found.settings("azure", "linux_64").free_disk_space == "skip"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pagefile_size: much", "workflow_settings.pagefile_size has to be a whole number"),
        ("store_build_artifacts: 7", "workflow_settings.store_build_artifacts has to be true or false"),
        ("free_disk_space: all", "workflow_settings.free_disk_space is 'all'"),
        ("tools_install_dir: {a: b}", "workflow_settings.tools_install_dir has to be text"),
        ("pagefile_size: [{os: linux}]", "workflow_settings.pagefile_size has an entry without a value"),
        ("pagefile_size: [5]", "workflow_settings.pagefile_size has to be a mapping"),
        ("pagefile_size: [{value: x}]", "workflow_settings.pagefile_size.value has to be a whole number"),
        ("pagefile_size: [{value: 1, os: {a: 1}}]", "workflow_settings.pagefile_size.os has to be text"),
    ],
)
def test_values_that_are_none(text: str, message: str) -> None:
    findings = Findings()
    workflow(f"workflow_settings:\n  {text}\n", findings)
    assert message in str(findings.errors[0])
    assert str(findings.errors[0].place).startswith("conda-forge.yml:2:")


def test_a_condition_that_nobody_knows_is_a_warning() -> None:
    findings = Findings()
    workflow("workflow_settings:\n  pagefile_size:\n  - {value: 1, arch: x}\n  room: 1\n", findings)
    assert [str(one).partition("key ")[2] for one in findings.warnings] == [
        "workflow_settings.pagefile_size.arch",
        "workflow_settings.room",
    ]
