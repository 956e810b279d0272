"""The settings of a feedstock: its ``conda-forge.yml`` over conda-smithy's defaults, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.feedstock.document import document_mapping, document_text
from builder.feedstock.form import Findings, Form
from builder.feedstock.providers import PLATFORMS, Placement, PlatformJob, read_build_platforms, read_providers
from builder.feedstock.sections import (
    Azure,
    CondaBuild,
    Docker,
    GitHub,
    GithubActions,
    read_azure,
    read_conda_build,
    read_docker,
    read_github,
    read_github_actions,
)
from builder.feedstock.workflow import Workflow, read_workflow
from builder.model.frozen import frozen

FILE = "conda-forge.yml"
RATTLER_BUILD = "rattler-build"
_TOOLS = ("conda-build", "conda-build+classic", "conda-build+conda-libmamba-solver", "mambabuild", RATTLER_BUILD)
_SECRETS = ("BINSTAR_TOKEN",)
_VALIDATION_SECRETS = ("FEEDSTOCK_TOKEN", "STAGING_BINSTAR_TOKEN")
_ELSEWHERE = (
    "appveyor", "bot", "circle", "drone", "exclusive_config_file", "linter", "local_ci_setup", "matrix", "package",
    "travis", "upload_on_branch", "woodpecker",
)  # fmt: skip
"""Keys that other programs read, or that conda-smithy sets itself."""


@frozen
class Settings:
    """All that a feedstock says about its jobs.

    ``package`` is the name of its folder; ``recipe`` the folder of its recipe, inside the feedstock;
    ``variables`` what selectors may read on every platform; ``warnings`` what is odd and does no harm.
    """

    folder: Path
    package: str
    recipe: Path
    placement: Placement
    config_version: str
    conda_build_tool: str
    conda_install_tool: str
    conda_solver: str
    channel_priority: str
    choco: tuple[str, ...]
    clone_depth: int | None
    conda_build: CondaBuild
    docker: Docker
    github: GitHub
    github_actions: GithubActions
    azure: Azure
    workflow: Workflow
    idle_timeout_minutes: int | None
    output_validation: bool
    private_upload: bool
    upload_on_branch: str | None
    remote_ci_setup: tuple[str, ...]
    secrets: tuple[str, ...]
    shellcheck: bool
    skip_render: tuple[str, ...]
    templates: Mapping[str, str]
    test: str
    variables: Mapping[str, str]
    warnings: tuple[Problem, ...]

    @property
    def is_v1(self) -> bool:
        """Whether jobs build a ``recipe.yaml``, not a ``meta.yaml``."""
        return self.conda_build_tool == RATTLER_BUILD

    @property
    def recipe_file(self) -> Path:
        """The recipe."""
        return self.recipe / ("recipe.yaml" if self.is_v1 else "meta.yaml")

    def platforms(self) -> tuple[PlatformJob, ...]:
        """Return the platforms that CI services build for, in the order in which conda-smithy renders them."""
        return self.placement.jobs()


def read_settings(feedstock: Path) -> Settings:
    """Return the settings of a feedstock. Raises `RecipeError` with everything that is wrong, each at its place."""
    findings = Findings()
    what, remedy = (
        "a feedstock's settings file",
        f"give the folder that has {FILE} and recipe/ in it; an empty {FILE} will do",
    )
    file = feedstock / FILE
    form = Form(document_mapping(document_text(file, what, remedy), file, what), "", findings)
    package = feedstock.absolute().name
    found = _settings(form, feedstock, package)
    form.finish(_ELSEWHERE)
    if findings.errors:
        raise RecipeError.of([*dict.fromkeys(findings.errors)][:MAX_PROBLEMS])  # some sections are read twice
    return replace(found, warnings=tuple(dict.fromkeys(findings.warnings)))


def usual_settings(feedstock: Path) -> Settings:
    """Return the settings of a feedstock that says nothing."""
    return _settings(Form(None, "", Findings()), feedstock, feedstock.absolute().name)


def _settings(form: Form, feedstock: Path, package: str) -> Settings:
    azure, actions = form.section("azure"), form.section("github_actions")
    github = read_github(form.section("github"), package)
    workflow = read_workflow(form.section("workflow_settings"), azure, actions)
    docker = read_docker(form.section("docker"), azure)
    azure_settings = read_azure(azure, github.user_or_org)
    actions_settings = read_github_actions(actions)
    validation = form.flag("conda_forge_output_validation", default=False)
    recipe = _recipe(form, feedstock)
    return Settings(
        folder=feedstock,
        package=package,
        recipe=recipe,
        placement=_placement(form, azure_settings, actions_settings),
        config_version=form.text("config_version", "2"),
        conda_build_tool=_build_tool(form, recipe),
        conda_install_tool=form.choice("conda_install_tool", ("conda", "mamba", "micromamba", "pixi"), "micromamba"),
        conda_solver=form.choice("conda_solver", ("libmamba", "classic"), "libmamba"),
        channel_priority=form.choice("channel_priority", ("strict", "flexible", "disabled"), "strict"),
        choco=form.texts("choco"),
        clone_depth=form.optional_number("clone_depth"),
        conda_build=read_conda_build(form.section("conda_build")),
        docker=docker,
        github=github,
        github_actions=actions_settings,
        azure=azure_settings,
        workflow=workflow,
        idle_timeout_minutes=form.optional_number("idle_timeout_minutes"),
        output_validation=validation,
        private_upload=form.flag("private_upload", default=False),
        upload_on_branch=form.optional_text("upload_on_branch"),
        remote_ci_setup=form.texts("remote_ci_setup", ("conda-forge-ci-setup=4", "conda-build>=26.3")),
        secrets=_secrets(form, validation),
        shellcheck=form.section("shellcheck").flag("enabled", default=False),
        skip_render=form.texts("skip_render"),
        templates=form.table("templates"),
        test=_test(form),
        variables=_variables(form),
        warnings=(),
    )


def _placement(form: Form, azure: Azure, actions: GithubActions) -> Placement:
    versions, providers = form.section("os_version"), form.section("provider")
    builds = form.section("build_platform")
    silent = [name for name in ("circle", "travis", "appveyor", "drone", "woodpecker") if not _uploads(form, name)]
    silent += [name for name, on in (("azure", azure), ("github_actions", actions)) if not on.upload_packages]
    found = Placement(
        providers=read_providers(providers),
        build_platforms=read_build_platforms(builds),
        os_versions={name: text for name in PLATFORMS if (text := versions.optional_text(name)) is not None},
        noarch_platforms=form.texts("noarch_platforms", ("linux_64",)),
        azure_force=azure.force,
        no_upload=frozenset(silent),
    )
    for section in (versions, providers, builds):
        section.finish()
    return found


def _uploads(form: Form, provider: str) -> bool:
    return form.section(provider).flag("upload_packages", default=True)


def _build_tool(form: Form, recipe: Path) -> str:
    """Return the tool; where none is written, the one for the recipe that is there."""
    usual = "mambabuild" if form.flag("build_with_mambabuild", default=False) else "conda-build"
    if usual == "conda-build" and (recipe / "recipe.yaml").is_file() and not (recipe / "meta.yaml").exists():
        usual = RATTLER_BUILD
    if form.node("conda_build_tool_deps") is not None:
        form.findings.error(
            "conda_build_tool_deps follows from conda_build_tool",
            form.place("conda_build_tool_deps"),
            "remove it, and write conda_build_tool",
        )
    return form.choice("conda_build_tool", _TOOLS, usual)


def _recipe(form: Form, feedstock: Path) -> Path:
    """Return the folder of the recipe, which has to lie in the feedstock, links followed."""
    folder = feedstock / form.text("recipe_dir", "recipe")
    root, found = feedstock.resolve(), folder.resolve()
    if not found.is_relative_to(root):
        form.findings.error(
            f"the recipe's folder {folder} leads out of the feedstock",
            form.place("recipe_dir") or Place(file=str(folder)),
            "write a folder below the feedstock",
        )
    if form.node("matrix") is not None and not (folder / "conda_build_config.yaml").exists():
        form.findings.error(
            "the key matrix counts no more", form.place("matrix"), "write its keys in recipe/conda_build_config.yaml"
        )
    return folder


def _secrets(form: Form, validation: bool) -> tuple[str, ...]:
    given = form.texts("secrets")
    return tuple(sorted({*given, *_SECRETS, *(_VALIDATION_SECRETS if validation else ())}))


def _test(form: Form) -> str:
    found = form.choice("test", ("all", "native", "native_and_emulated"), "all")
    return "native_and_emulated" if form.flag("test_on_native_only", default=False) else found


def _variables(form: Form) -> dict[str, str]:
    return {
        "CF_COMPILER_STACK": form.text("compiler_stack", "comp7"),
        "CF_MIN_PY_VER": form.text("min_py_ver", "27"),
        "CF_MAX_PY_VER": form.text("max_py_ver", "37"),
        "CF_MIN_R_VER": form.text("min_r_ver", "34"),
        "CF_MAX_R_VER": form.text("max_r_ver", "34"),
        "CONFIG_VERSION": form.text("config_version", "2"),
    }
