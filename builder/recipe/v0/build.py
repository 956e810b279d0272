"""``build`` of a ``meta.yaml``, but for what it says of scripts and of run exports."""

from __future__ import annotations

from collections.abc import Iterator

from builder.model.frozen import frozen
from builder.model.recipe import (
    Build,
    DynamicLinking,
    GlobList,
    Noarch,
    PrefixDetection,
    PythonBuild,
    Script,
    VariantKeys,
)
from builder.recipe.kind import ENTRY_POINT
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.text import MetaText

TAKEN_ELSEWHERE = (
    "number", "string", "skip", "noarch", "script", "script_env", "run_exports", "ignore_run_exports",
    "ignore_run_exports_from",
)  # fmt: skip
"""Keys that identity, scripts and requirements read."""

WITHOUT_EFFECT = {
    "preserve_egg_dir": "folders of eggs always stay as they were installed",
    "pin_depends": "info/recipe has both environments with all builds",
    "rpaths_patcher": "run paths are written in place, or by patchelf",
    "overlinking_ignore_patterns": "name the libraries in missing_dso_allowlist",
    "activate_in_script": "scripts start in activated environments",
    "preferred_env": "no installer reads it any more",
    "preferred_env_executable_paths": "no installer reads it any more",
    "requires_features": "no installer reads it any more",
    "provides_features": "no installer reads it any more",
}
"""Keys that conda-build knows and that change nothing here → why."""

WITHOUT_NEED = ("disable_pip", "msvc_compiler")
"""Keys that ask for what is so anyway (Python comes without pip), or for what no platform of ours has."""

_ANY_FOLDER = frozenset({"*", "**", "$RPATH"})
_LINK_SCRIPTS = ("pre-link", "post-link", "pre-unlink")
_TAKEN = (
    "entry_points", "osx_is_app", "features", "track_features", "no_link", "binary_relocation", "noarch_python",
    "python_version_independent", "has_prefix_files", "binary_has_prefix_files", "ignore_prefix_files",
    "detect_binary_files_with_prefix", "skip_compile_pyc", "rpaths", "always_include_files", "include_recipe",
    "force_use_keys", "force_ignore_keys", "merge_build_host", "missing_dso_whitelist", "missing_dso_allowlist",
    "runpath_whitelist", "runpath_allowlist", "error_overdepending", "error_overlinking", "python_site_packages_path",
    *_LINK_SCRIPTS,
)  # fmt: skip
KNOWN = frozenset((*TAKEN_ELSEWHERE, *WITHOUT_EFFECT, *WITHOUT_NEED, *_TAKEN))


@frozen
class Work:
    """Whose ``build`` it is: ``metadata`` is an output of ``text``, the recipe's own unless it has a ``parent``."""

    metadata: Metadata
    text: MetaText
    parent: str | None
    system: str

    @property
    def is_windows(self) -> bool:
        """Whether scripts are those of cmd."""
        return self.system == "win"


def build_of(keys: Keys, work: Work, script: Script) -> Build:
    """Return how an output is built and packed; ``script`` is what it runs."""
    metadata = work.metadata
    keys.unknown(KNOWN)
    for key, why in WITHOUT_EFFECT.items():
        if key in keys:
            keys.remarks.ignored(keys.at(key), why)
    return Build(
        number=metadata.number,
        noarch=_noarch(keys, metadata),
        script=script,
        always_include_files=keys.globs("always_include_files", by_folder=True),
        always_copy_files=keys.globs("no_link"),
        merge_build_and_host_envs=keys.truth("merge_build_host"),
        variant=VariantKeys(use_keys=keys.texts("force_use_keys"), ignore_keys=keys.texts("force_ignore_keys")),
        python=_python(keys),
        prefix_detection=_prefix_detection(keys),
        dynamic_linking=_dynamic_linking(keys),
        features=keys.texts("features"),
        track_features=keys.texts("track_features"),
        link_scripts=tuple(_link_scripts(keys, work)),
        recipe_included=keys.truth("include_recipe", default=True),
    )


def _noarch(keys: Keys, metadata: Metadata) -> Noarch | None:
    match metadata.noarch:
        case None:
            return "python" if metadata.noarch_python else None
        case "python" | "generic" as noarch:
            return noarch
        case other:
            message = f"{keys.at('noarch')} is {other!r}, expected python or generic"
            keys.remarks.problem("recipe.value", message, keys.at("noarch"), "write python or generic")
            return None


def _python(keys: Keys) -> PythonBuild:
    return PythonBuild(
        entry_points=tuple(_entry_points(keys)),
        skip_pyc_compilation=keys.texts("skip_compile_pyc"),
        use_python_app_entrypoint=keys.truth("osx_is_app"),
        version_independent=keys.truth("python_version_independent"),
        site_packages_path=keys.text("python_site_packages_path"),
    )


def _entry_points(keys: Keys) -> Iterator[str]:
    for text in keys.texts("entry_points"):
        try:
            yield str(ENTRY_POINT.convert(text))
        except ValueError as error:
            path = keys.at("entry_points")
            keys.remarks.problem("recipe.value", f"{path}: {error}", path, "write command = module:function")


def _prefix_detection(keys: Keys) -> PrefixDetection:
    """Return how files are searched for the prefix: binaries are unless the recipe says no."""
    return PrefixDetection(
        ignore=keys.all_or_globs("ignore_prefix_files", default=False, by_folder=True),
        ignore_binary_files=not keys.truth("detect_binary_files_with_prefix", default=True),
        force_text=keys.globs("has_prefix_files", by_folder=True),
        force_binary=keys.globs("binary_has_prefix_files", by_folder=True),
    )


def _dynamic_linking(keys: Keys) -> DynamicLinking:
    """Return what is done and checked of linking: what a recipe does not make an error is a note (conda-build)."""
    return DynamicLinking(
        rpaths=keys.texts("rpaths") or DynamicLinking().rpaths,
        binary_relocation=keys.all_or_globs("binary_relocation", default=True, by_folder=True),
        missing_dso_allowlist=_libraries(_both(keys, "missing_dso_allowlist", "missing_dso_whitelist")),
        rpath_allowlist=_both(keys, "runpath_allowlist", "runpath_whitelist"),
        overlinking_behavior="error" if keys.truth("error_overlinking") else "ignore",
        overdepending_behavior="error" if keys.truth("error_overdepending") else None,
    )


def _both(keys: Keys, name: str, old: str) -> GlobList:
    return GlobList(include=(*keys.texts(name), *keys.texts(old)))


def _libraries(globs: GlobList) -> GlobList:
    """Return globs of libraries, which may be written with a folder, so that they match bare names too."""
    found: list[str] = []
    for pattern in globs.include:
        folder, _, name = pattern.rpartition("/")
        found += [pattern, name] if "." in name or folder in _ANY_FOLDER else [pattern]
    return GlobList(include=tuple(dict.fromkeys(found)))


def _link_scripts(keys: Keys, work: Work) -> Iterator[tuple[str, str]]:
    """Yield the scripts beside the recipe that run at installation; an output's have its name in theirs."""
    name = work.metadata.name
    folder, suffix = ("Scripts", ".bat") if work.is_windows else ("bin", ".sh")
    for kind in _LINK_SCRIPTS:
        named = kind if work.parent is None else keys.text(kind) or f"{name}-{kind}"
        if work.text.script(f"{named}{suffix}") is not None:
            yield f"{named}{suffix}", f"{folder}/.{name}-{kind}{suffix}"
