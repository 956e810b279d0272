"""What a CI says of its run, read from the variables that it sets."""

from __future__ import annotations

import pytest

from builder.cli.provenance import ci_texts
from builder.errors import UsageError

GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1658821493", "GITHUB_SERVER_URL": "https://example.org",
    "GITHUB_REPOSITORY": "team/oven-feedstock", "GITHUB_SHA": "50a4e2d4203f05082fcbb93e14541180de3aa8ac",
}  # fmt: skip
GITLAB = {
    "GITLAB_CI": "true", "CI_PIPELINE_ID": "77", "CI_PROJECT_URL": "https://example.org/team/oven", "CI_COMMIT_SHA": "0a",
}  # fmt: skip
AZURE = {
    "TF_BUILD": "True", "BUILD_BUILDNUMBER": "20250217.3", "SYSTEM_JOBATTEMPT": "1", "BUILD_SOURCEVERSION": "0b",
    "BUILD_REPOSITORY_URI": "https://team@example.org/team/oven",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "run", "address", "sha"),
    [
        (GITHUB, "github_1658821493", "https://example.org/team/oven-feedstock", "50a4e2d4203f05082fcbb93e14541180de3aa8ac"),
        (GITLAB, "gitlab_77", "https://example.org/team/oven", "0a"),
        (AZURE, "azure_20250217.3.1", "https://example.org/team/oven", "0b"),
    ],
    ids=["github", "gitlab", "azure"],
)  # fmt: skip
def test_each_service_has_its_variables(environment: dict[str, str], run: str, address: str, sha: str) -> None:
    """The forms of the runs are those in CEP 31's examples."""
    expected = (f"flow_run_id={run}", f"remote_url={address}", f"sha={sha}")
    assert ci_texts({**environment, "CI": "true", "sha": "of something else"}) == expected


def test_the_fields_themselves_win() -> None:
    """conda-smithy's scripts export them."""
    own = {"flow_run_id": "circle_1", "remote_url": "https://example.org/x", "sha": ""}
    assert ci_texts({**GITHUB, **own}) == ("flow_run_id=circle_1", "remote_url=https://example.org/x", "sha=")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://user:secret@example.org:8443/a/b?c=d", "https://example.org:8443/a/b?c=d"),
        ("http://a@b@example.org/x", "http://example.org/x"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("git@example.org:team/oven", "git@example.org:team/oven"),
        ("ssh://git@example.org/team/oven", "ssh://git@example.org/team/oven"),
        ("https://[", "https://["),
        ("", ""),
    ],
)
def test_no_password_gets_into_a_package(address: str, kept: str) -> None:
    assert f"remote_url={kept}" in ci_texts({**GITLAB, "CI_PROJECT_URL": address})


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "this is no CI that bakehouse knows"),
        ({"CI": "true"}, "this is no CI that bakehouse knows"),
        ({**GITHUB, "GITHUB_ACTIONS": "false"}, "this is no CI that bakehouse knows"),
        ({key: value for key, value in GITHUB.items() if key != "GITHUB_SHA"}, "GITHUB_ACTIONS is set, but GITHUB_SHA is not"),
        ({"TF_BUILD": "True"}, "TF_BUILD is set, but BUILD_BUILDNUMBER is not"),
    ],
)  # fmt: skip
def test_elsewhere_it_is_refused(environment: dict[str, str], why: str) -> None:
    """A package that was to say where it comes from never keeps silent about it."""
    with pytest.raises(UsageError) as caught:
        ci_texts(environment)
    [problem] = caught.value.problems
    assert problem.message == f"--ci-meta: {why}"
    assert problem.remedy == "leave it out, or set the variables flow_run_id, remote_url, sha"


def test_a_variable_is_a_text_and_no_template() -> None:
    assert "sha={CI_JOB_TOKEN}" in ci_texts({**GITLAB, "CI_COMMIT_SHA": "{CI_JOB_TOKEN}", "CI_JOB_TOKEN": "secret"})
