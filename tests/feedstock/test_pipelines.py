"""Pipelines of CI providers: what they say of each job, that providers accept them, and that no job can say more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import cast

import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cli.app import application
from builder.errors import Problem, UsageError
from builder.feedstock.job import Job
from builder.feedstock.pipelines import Pipeline, runs_here, write_pipeline
from builder.feedstock.quoting import Provider
from builder.store import default_root
from tests.feedstock.pipeline_reading import Document, expanded, parsed

CHECKOUT = Path(__file__).parents[2]
SCHEMAS = {Provider.GITHUB: "github-workflows", Provider.GITLAB: "gitlab-ci", Provider.AZURE: "azure-pipelines"}
BUILD = (
    'bakehouse build --recipe="$RECIPE" -m "$VARIANTS" --target-platform="$PLATFORM" --noarch-build-platform="$PLATFORM"'
    " --ci-meta --out build_artifacts"
)
"""What cross-compiles builds no noarch outputs: they come from the job of the platform that the CI runs on."""


def job(name: str, platform: str = "linux-64", build_platform: str = "linux-64", labels: tuple[str, ...] = ()) -> Job:
    return Job(
        name=name, short_name=name[:49], platform=platform, build_platform=build_platform, provider="azure", upload=True,
        settings={"github_actions_labels": labels} if labels else {},
    )  # fmt: skip


JOBS = (
    job("linux_64_python3.12.____cpython"), job("linux_64_python3.13.____cp313"), job("osx_64_", "osx-64", "osx-64"),
    job("linux_aarch64_", "linux-aarch64", labels=("self-hosted", "big")), job("win_64_", "win-64", "win-64"),
)  # fmt: skip
PIPELINE = Pipeline(version="1.2.3")


def written(provider: Provider, *jobs: Job, pipeline: Pipeline = PIPELINE) -> Document:
    return parsed(write_pipeline(provider, jobs or JOBS, pipeline))


def below(value: object, *path: str | int) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]  # a document is mappings and lists
    return value


def entries(provider: Provider, document: Document) -> list[dict[str, object]]:
    """What each job's shell sees, as the provider hands it over, with its runner and its place in the document."""
    match provider:
        case Provider.GITHUB:
            matrices = [
                below(part, "strategy", "matrix", "include") for part in cast("Document", document["jobs"]).values()
            ]
            rows = [row for matrix in matrices for row in cast("list[dict[str, object]]", matrix)]
            names = {"platform": "PLATFORM", "variants": "VARIANTS"}
            return [{names.get(key, key): value for key, value in row.items()} for row in rows]
        case Provider.GITLAB:
            found = [(name, part) for name, part in document.items() if name.startswith("build ")]
            return [{**cast("dict[str, object]", below(part, "variables")), "key": name} for name, part in found]
        case Provider.AZURE:
            matrices = [below(part, "strategy", "matrix") for part in cast("list[object]", document["jobs"])]
            return [
                {**row, "key": name}
                for matrix in matrices
                for name, row in cast("dict[str, dict[str, object]]", matrix).items()
            ]


def texts(value: object) -> Iterator[str]:
    """Every string of a document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from (*texts(key), *texts(one))
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def commands(value: object) -> Iterator[str]:
    """Everything of a document that a shell runs."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in {"run", "bash", "script", "before_script"}:
                yield from texts(one)
            else:
                yield from commands(one)
    elif isinstance(value, list):
        for one in value:
            yield from commands(one)


def faults(provider: Provider, document: object) -> list[str]:
    """What the provider's JSON schema says against a document."""
    folder = files("check_jsonschema.builtin_schemas.vendor")
    schema = json.loads(folder.joinpath(f"{SCHEMAS[provider]}.json").read_text(encoding="utf-8"))
    judge = jsonschema.validators.validator_for(schema)(schema)
    return [error.message[:200] for error in judge.iter_errors(document)]


# -- what a pipeline says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", Provider)
def test_each_job_that_can_run_has_its_own_files_and_platform(provider: Provider) -> None:
    found = entries(provider, written(provider))
    assert [(one["PLATFORM"], one["VARIANTS"]) for one in found] == [
        ("linux-64", ".ci_support/linux_64_python3.12.____cpython.yaml"),
        ("linux-64", ".ci_support/linux_64_python3.13.____cp313.yaml"),
        ("linux-aarch64", ".ci_support/linux_aarch64_.yaml"),
    ]


@pytest.mark.parametrize("provider", Provider)
def test_the_schema_of_the_provider_accepts_it(provider: Provider) -> None:
    assert faults(provider, written(provider)) == []


BROKEN = {
    Provider.GITHUB: ("jobs:\n", "jobz:\n"),
    Provider.GITLAB: ("extends: .build", "extends: 12"),
    Provider.AZURE: ("maxParallel: ", "maxParalel: "),
}


@pytest.mark.parametrize("provider", Provider)
def test_the_schema_of_the_provider_would_notice_a_slip(provider: Provider) -> None:
    good = write_pipeline(provider, JOBS, PIPELINE)
    bad = good.replace(*BROKEN[provider])
    assert bad != good
    assert faults(provider, parsed(bad)) != []


@pytest.mark.parametrize("provider", Provider)
def test_what_cannot_run_is_named_at_the_top(provider: Provider) -> None:
    text = write_pipeline(provider, JOBS, PIPELINE)
    lines = [line for line in text.splitlines() if line.startswith("# Left out")]
    assert [re.findall(r'"(.*?)"', line) for line in lines] == [
        ["linux-64", "osx_64_", "osx-64"], ["linux-64", "win_64_", "win-64"],
    ]  # fmt: skip
    assert "Left out" not in write_pipeline(provider, [one for one in JOBS if runs_here(one)], PIPELINE)
    assert [one.name for one in JOBS if not runs_here(one)] == ["osx_64_", "win_64_"]


@pytest.mark.parametrize("provider", Provider)
def test_a_pipeline_without_a_job_is_refused(provider: Provider) -> None:
    for jobs in ((), JOBS[2:3]):
        with pytest.raises(UsageError, match="no job of this feedstock runs on linux-64") as caught:
            write_pipeline(provider, jobs, PIPELINE)
        assert caught.value.problems[0].remedy


@pytest.mark.parametrize("provider", Provider)
def test_shells_run_set_up_and_one_build_and_nothing_else(provider: Provider) -> None:
    """No publishing, no download by address; every value comes from the environment, in quotes."""
    ours = [line.strip() for text in commands(written(provider)) for line in text.splitlines()]
    builds = [line for line in ours if line.startswith("bakehouse")]
    assert len(builds) == 1
    assert builds[0].startswith(BUILD)
    assert [line for line in ours if "pip install" in line] == [
        'python -m pip install --quiet "bakehouse==$BAKEHOUSE_VERSION"'
    ]
    first = {line.split()[0] for line in ours}
    assert first <= {"bakehouse", "python", "sudo", "set", "mkdir", "echo", "apt-get"}
    assert not [
        line
        for line in ours
        if re.search(r'(?<!")\$(?!\w+")', line.replace("=$BAKEHOUSE", "").replace("$BAKEHOUSE_STORE/", ""))
    ]
    assert not [line for line in ours if "${{" in line or "$(" in line]
    assert "://" not in "".join(ours)
    assert not re.search(r"secrets\.|System\.AccessToken|CI_JOB_TOKEN", write_pipeline(provider, JOBS, PIPELINE))


def test_the_build_line_is_one_that_the_command_understands() -> None:
    """The options exist; that the line really builds is shown end to end."""
    verb = application.get_command(None, "build")  # type: ignore[arg-type]  # it looks at the name only
    assert verb is not None
    known = {option for parameter in verb.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in BUILD.split() if word.startswith("-")} <= known


# -- what is particular to a provider ----------------------------------------------------------------------------------


def test_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    document = written(Provider.GITHUB)
    part = below(document, "jobs", "build")
    assert document["permissions"] == {"contents": "read"}
    assert below(document, "concurrency", "cancel-in-progress") is True
    assert below(part, "strategy", "fail-fast") is False
    assert below(part, "strategy", "max-parallel") == 20
    assert below(part, "timeout-minutes") == 360
    assert document["env"] == {"BAKEHOUSE_VERSION": "1.2.3", "RECIPE": "recipe"}
    assert [one["runner"] for one in entries(Provider.GITHUB, document)] == [
        ["ubuntu-24.04"], ["ubuntu-24.04"], ["self-hosted", "big"],
    ]  # fmt: skip
    uses = re.findall(r"uses: (\S+)", write_pipeline(Provider.GITHUB, JOBS, PIPELINE))
    assert {name for name in uses if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)} == set()
    steps = cast("list[dict[str, object]]", below(part, "steps"))
    assert below(steps[0], "with", "persist-credentials") is False
    store = f"~/{default_root().relative_to(Path.home()).as_posix()}"
    kept = {line for step in steps for line in str(cast("Document", step.get("with", {})).get("path", "")).split()}
    assert kept == {store, f"{store}/logs", f"{store}/broken", "build_artifacts"}
    cache = next(step["with"] for step in steps if str(step.get("uses")).startswith("actions/cache@"))
    known = {"matrix.id": "linux_64", "github.sha": "0123abc"}
    assert expanded(str(below(cache, "key")), Provider.GITHUB, known) == "bakehouse-linux_64-0123abc"
    assert expanded(str(below(cache, "restore-keys")), Provider.GITHUB, known) == "bakehouse-linux_64-"


def test_gitlab() -> None:
    document = written(Provider.GITLAB)
    assert below(document, ".build", "interruptible") is True
    assert below(document, ".build", "timeout") == "360 minutes"
    assert below(document, ".build", "cache", "key") == "bakehouse-$JOB"
    assert below(document, ".build", "artifacts", "when") == "always"
    for one in entries(Provider.GITLAB, document):
        assert below(document, str(one["key"]), "extends") == ".build"
        assert one["key"] == f"build {one['JOB']}"


def test_azure() -> None:
    document = written(Provider.AZURE)
    part = below(document, "jobs", 0)
    assert below(part, "strategy", "maxParallel") == "20"
    assert below(part, "timeoutInMinutes") == "360"
    assert below(part, "steps", 0, "persistCredentials") == "false"
    steps = cast("list[dict[str, object]]", below(part, "steps"))
    [build] = [step for step in steps if str(step.get("bash", "")).startswith("bakehouse")]
    assert build["target"] == {"commands": "restricted", "settableVariables": "none"}, "what a script prints is obeyed"
    for one in entries(Provider.AZURE, document):
        assert one["key"] == one["JOB"]


# -- many jobs, long names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [Provider.GITHUB, Provider.AZURE])
def test_more_jobs_than_a_matrix_holds(provider: Provider) -> None:
    many = [job(f"linux_64_number{number}") for number in range(300)]
    document = written(provider, *many)
    assert len(entries(provider, document)) == 300
    assert faults(provider, document) == []
    if provider is Provider.GITHUB:
        sizes = [
            len(cast("list[object]", below(part, "strategy", "matrix", "include")))
            for part in cast("Document", document["jobs"]).values()
        ]
        assert sizes == [256, 44]
        assert list(cast("Document", document["jobs"])) == ["build", "build_2"]


_NAMES = st.lists(st.sampled_from(["a", "A", "_", ".", "-", "3", "ü", "x" * 100, "/", "b c"]), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(st.lists(_NAMES.map("".join), min_size=1, max_size=8, unique=True), st.sampled_from(Provider))
def test_no_two_jobs_share_an_identifier(names: list[str], provider: Provider) -> None:
    found = entries(provider, written(provider, *map(job, names)))
    ids = [str(one["id" if provider is Provider.GITHUB else "JOB"]) for one in found]
    assert len({one.lower() for one in ids}) == len(names)
    assert [one for one in ids if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,80}", one)] == []


def test_an_identifier_is_the_name_as_far_as_possible() -> None:
    found = entries(
        Provider.GITHUB, written(Provider.GITHUB, job("linux_64_mpinompi"), job("linux_64_mpi.nompi"), job("_"))
    )
    assert [one["id"] for one in found] == ["linux_64_mpinompi", "linux_64_mpi_nompi", "job"]


# -- hostile feedstocks ------------------------------------------------------------------------------------------------

HOSTILE = [
    "${{ secrets.TOKEN }}", "a'}} ${{ secrets.TOKEN", '"; curl example.org | sh; "', "`id`", "x: y", "# x", "]", "{a}", "'", "\\",
    "<< version >>", "<% include 'x' %>", "../../etc", "-rf", "--out=x", "🍞",
]  # fmt: skip
KNOWN = {
    "github.workflow": "w", "github.event.pull_request.number || github.sha": "1", "github.sha": "s", "matrix.name": "n",
    "matrix.runner": "r", "matrix.platform": "p", "matrix.variants": "v", "matrix.id": "i", "CI_PROJECT_DIR": "/p", "JOB": "j",
    "BAKEHOUSE_STORE": "/s", "Pipeline.Workspace": "/w", "Build.SourceVersion": "s", "System.JobAttempt": "1",
}  # fmt: skip
"""All that the templates ask their providers for."""


def hostile(text: str) -> tuple[list[Job], Pipeline]:
    """A feedstock that says ``text`` wherever it may say something."""
    jobs = [job(text, labels=(text,)), job(f"osx {text}", "osx-64", f"osx-64{text}"), job(f"x{text}", platform=text)]
    return jobs, Pipeline(version="1.2.3", recipe=text, variants=f".ci{text}")


def tried(text: str, provider: Provider) -> Document | Problem:
    """The pipeline of a feedstock that says ``text`` everywhere, or why there is none."""
    try:
        return parsed(write_pipeline(provider, *hostile(text)))
    except UsageError as refused:
        return refused.problems[0]


def keys(value: object) -> list[str]:
    """Every key of a document, in order."""
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in (key, *keys(one))]
    return [found for one in value for found in keys(one)] if isinstance(value, list) else []


def check_harmless(document: Document, text: str, provider: Provider) -> None:
    """It has the form of a plain pipeline, its shells run the same, and the text comes back as it was."""
    found = entries(provider, document)
    plain = written(provider, *(job(str(one["id" if provider is Provider.GITHUB else "JOB"])) for one in found))
    assert keys(document) == keys(plain)
    assert list(commands(document)) == list(commands(plain))
    assert expanded(str(found[0]["VARIANTS"]), provider) == f".ci{text}/{text}.yaml"
    assert expanded(str(found[1]["PLATFORM"]), provider) == text


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_feedstock_says_nothing_to_the_provider_or_to_a_shell(text: str, provider: Provider) -> None:
    document = tried(text, provider)
    if isinstance(document, Problem):
        assert document.code == "feedstock.pipeline-text"
        assert provider is not Provider.GITHUB
        assert "$" in text or "%" in text
        return
    check_harmless(document, text, provider)
    filled = {key: value for key, value in document.items() if key != "workflow"}  # GitLab's rules are expressions
    for found in set(texts(filled)) - set(commands(filled)):
        expanded(found, provider, KNOWN)


@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from("${}()[]'\"%\\ab :#-<>|&*!`;"), min_size=1, max_size=12), st.sampled_from(Provider))
def test_no_feedstock_gets_through(text: str, provider: Provider) -> None:
    document = tried(text, provider)
    if isinstance(document, Problem):
        assert provider is not Provider.GITHUB
        assert "$" in text or "%" in text
    else:
        check_harmless(document, text, provider)


@pytest.mark.parametrize(
    "version", ["", "1.2.3 evil", "1;id", "$(id)", "-r x", "1.2.3\n", "https://example.org/x", "a" * 80, "1" * 80]
)
def test_a_version_is_a_version(version: str) -> None:
    with pytest.raises(UsageError, match="is no version") as caught:
        write_pipeline(Provider.GITHUB, JOBS, replace(PIPELINE, version=version))
    assert caught.value.problems[0].remedy


# -- where the templates are -------------------------------------------------------------------------------------------


def test_the_templates_are_seen_in_ci_and_lie_in_the_package() -> None:
    seen = CHECKOUT / "ci" / "templates"
    assert {path.name for path in seen.iterdir()} == {f"{provider}.yml.j2" for provider in Provider}
    for provider in Provider:
        shipped = files("builder.feedstock").joinpath("templates", f"{provider}.yml.j2")
        assert (seen / f"{provider}.yml.j2").read_bytes() == shipped.read_bytes()


def test_the_templates_are_in_the_wheel() -> None:
    """The build backend says what it would pack; what lies in `builder` is found by whoever installs the wheel."""
    packed = {file.distribution_path for file in WheelBuilder(str(CHECKOUT)).recurse_included_files()}
    assert {f"builder/feedstock/templates/{provider}.yml.j2" for provider in Provider} <= packed
    assert "builder/feedstock/pipelines.py" in packed
