"""What a CI says of its run, for ``--ci-meta``: the three fields of CEP 31, read from the service's own variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit, urlunsplit

from builder.errors import UsageError

FIELDS = ("flow_run_id", "remote_url", "sha")

_SERVICES: Mapping[str, Mapping[str, str]] = {
    "GITHUB_ACTIONS": {
        "flow_run_id": "github_{GITHUB_RUN_ID}",
        "remote_url": "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",
        "sha": "{GITHUB_SHA}",
    },
    "GITLAB_CI": {"flow_run_id": "gitlab_{CI_PIPELINE_ID}", "remote_url": "{CI_PROJECT_URL}", "sha": "{CI_COMMIT_SHA}"},
    "TF_BUILD": {  # Azure Pipelines
        "flow_run_id": "azure_{BUILD_BUILDNUMBER}.{SYSTEM_JOBATTEMPT}",
        "remote_url": "{BUILD_REPOSITORY_URI}",
        "sha": "{BUILD_SOURCEVERSION}",
    },
}
"""The variable that is ``true`` on a service → each field, made of the service's variables as CEP 31 shows it."""


def ci_texts(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return ``KEY=VALUE`` for each field; `UsageError` where no service is known or one leaves a variable out.

    The variables ``flow_run_id``, ``remote_url`` and ``sha`` win, if all are set: conda-smithy's scripts set them, and
    so may any other service. An address never keeps the name and password that it may hold.
    """
    if all(name in environment for name in FIELDS):
        found = {name: environment[name] for name in FIELDS}
    else:
        found = dict(_of_service(environment))
    found["remote_url"] = _without_user(found["remote_url"])
    return tuple(f"{name}={found[name]}" for name in FIELDS)


def _of_service(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for mark, fields in _SERVICES.items():
        if environment.get(mark, "").lower() == "true":
            for name, text in fields.items():
                try:
                    yield name, text.format_map(environment)
                except KeyError as missing:
                    raise _refused(f"{mark} is set, but {missing.args[0]} is not") from None
            return
    raise _refused("this is no CI that bakehouse knows")


def _refused(why: str) -> UsageError:
    remedy = f"leave it out, or set the variables {', '.join(FIELDS)}"
    return UsageError(f"--ci-meta: {why}", code="cli.ci-meta", remedy=remedy)


def _without_user(address: str) -> str:
    """Return an address without the user and the password that Azure and some set-ups of GitLab put into it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if parts.scheme not in {"http", "https"} or "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
