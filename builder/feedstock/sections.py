"""The sections of a ``conda-forge.yml``: values, and how each is read; defaults are conda-smithy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.feedstock.form import Form
from builder.model.frozen import frozen

_MINUTES = 360
_PARALLEL = 50


@frozen
class GitHub:
    """The repository: its owner, its name, its branch, and the branch of the tools that CI jobs fetch."""

    user_or_org: str
    repo_name: str
    branch_name: str
    tooling_branch_name: str


@frozen
class GithubActions:
    """How jobs run on GitHub Actions; ``max_parallel`` is None without a limit."""

    self_hosted: bool
    max_parallel: int | None
    timeout_minutes: int
    triggers: tuple[str, ...]
    cancel_in_progress: bool
    artifact_retention_days: int
    upload_packages: bool


@frozen
class AzureSystem:
    """How Azure builds for one system; ``pool`` and ``variables`` go into the pipeline as they are."""

    pool: Mapping[str, str]
    timeout_minutes: int
    variables: Mapping[str, str]
    install_atl: bool


@frozen
class Azure:
    """How jobs run on Azure; ``systems`` has ``linux``, ``osx`` and ``win``."""

    force: bool
    max_parallel: int
    project_id: str
    project_name: str
    build_id: int | None
    user_or_org: str
    upload_packages: bool
    systems: Mapping[str, AzureSystem]


@frozen
class Docker:
    """The container of Linux jobs; ``fallback_image`` is taken where no variant file says ``docker_image``."""

    executable: str
    command: str
    fallback_image: str
    run_args: str
    interactive: bool | None


@frozen
class CondaBuild:
    """Settings that jobs give to conda-build."""

    error_overlinking: bool
    pkg_format: str
    zstd_compression_level: int


def read_github(form: Form, package: str) -> GitHub:
    """Return the section ``github``; the repository is named after the folder of the feedstock."""
    name = package if package.endswith("-feedstock") else f"{package}-feedstock"
    found = GitHub(
        user_or_org=form.text("user_or_org", "conda-forge"),
        repo_name=form.text("repo_name") or name,
        branch_name=form.text("branch_name", "main"),
        tooling_branch_name=form.text("tooling_branch_name", "main"),
    )
    form.finish()
    return found


def read_github_actions(form: Form) -> GithubActions:
    """Return the section ``github_actions``."""
    self_hosted = form.flag("self_hosted", default=False)
    unlimited = form.has("max_parallel") and form.node("max_parallel") is None
    found = GithubActions(
        self_hosted=self_hosted,
        max_parallel=None if unlimited else form.number("max_parallel", _PARALLEL),
        timeout_minutes=form.number("timeout_minutes", _MINUTES),
        triggers=form.texts("triggers") or (("push",) if self_hosted else ("push", "pull_request")),
        cancel_in_progress=form.flag("cancel_in_progress", default=True),
        artifact_retention_days=form.number("artifact_retention_days", 14),
        upload_packages=form.flag("upload_packages", default=True),
    )
    form.finish(("store_build_artifacts", "free_disk_space", "resize_win_partitions"))
    return found


def read_azure(form: Form, owner: str) -> Azure:
    """Return the section ``azure``; ``owner`` is the repository's."""
    minutes = form.optional_number("timeout_minutes")
    systems = {system: _read_azure_system(form.section(f"settings_{system}"), system, minutes) for system in _POOLS}
    found = Azure(
        force=form.flag("force", default=False),
        max_parallel=form.number("max_parallel", _PARALLEL),
        project_id=form.text("project_id", "84710dde-1620-425b-80d0-4cf5baca359d"),
        project_name=form.text("project_name", "feedstock-builds"),
        build_id=form.optional_number("build_id"),
        user_or_org=form.text("user_or_org", owner),
        upload_packages=form.flag("upload_packages", default=True),
        systems=systems,
    )
    form.finish(("store_build_artifacts", "free_disk_space"))
    return found


_POOLS: Mapping[str, str] = {"linux": "ubuntu-latest", "osx": "$(VMIMAGE)", "win": "windows-2022"}
_MOVED = ("CONDA_FORGE_DOCKER_RUN_ARGS", "MINIFORGE_HOME", "CONDA_BLD_PATH")
"""Old variables of Azure that are settings of their own now (`builder.feedstock.workflow`)."""


def _read_azure_system(form: Form, system: str, minutes: int | None) -> AzureSystem:
    pool = {"vmImage": _POOLS[system], **form.table("pool")}
    if "name" in pool:
        del pool["vmImage"]
    usual = {"UPLOAD_TEMP": r"D:\\tmp"} if system == "win" else {}
    variables = {**usual, **form.table("variables")}
    own = form.number("timeoutInMinutes", _MINUTES)
    found = AzureSystem(
        pool=pool,
        timeout_minutes=own if minutes is None else minutes,
        variables={name: text for name, text in variables.items() if name not in _MOVED},
        install_atl=form.flag("install_atl", default=False),
    )
    form.finish(("swapfile_size", "strategy", "workspace", "displayName"))
    return found


def read_docker(form: Form, azure: Form) -> Docker:
    """Return the section ``docker``; its arguments may still stand among the variables of Azure."""
    if form.node("image") is not None:
        form.findings.error(
            f"{form.label('image')} counts no more",
            form.place("image"),
            "write the key docker_image in recipe/conda_build_config.yaml",
        )
    old = azure.section("settings_linux").section("variables").text("CONDA_FORGE_DOCKER_RUN_ARGS")
    interactive = form.flag("interactive", default=False) if form.node("interactive") is not None else None
    found = Docker(
        executable=form.text("executable", "docker"),
        command=form.text("command", "bash"),
        fallback_image=form.text("fallback_image", "quay.io/condaforge/linux-anvil-comp7"),
        run_args=form.text("run_args", "") if form.has("run_args") else old,
        interactive=interactive,
    )
    form.finish()
    return found


def read_conda_build(form: Form) -> CondaBuild:
    """Return the section ``conda_build``."""
    return CondaBuild(
        error_overlinking=form.flag("error_overlinking", default=False),
        pkg_format=form.choice("pkg_format", _FORMATS, "2"),
        zstd_compression_level=form.number("zstd_compression_level", 16),
    )


_FORMATS: Sequence[str] = ("tar", "1", "2")
