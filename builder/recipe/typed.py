"""Evaluated plain data to the types of `builder.model.recipe`; it has been checked, this only gives it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from builder.model.later import later
from builder.model.pin import Pin
from builder.model.recipe import (
    About,
    Build,
    DynamicLinking,
    GlobList,
    IgnoreRunExports,
    Inherit,
    Json,
    PinCompatible,
    PinSubpackage,
    PostProcess,
    PrefixDetection,
    PythonBuild,
    Requirement,
    Requirements,
    RunExports,
    Script,
    VariantKeys,
)
from builder.recipe.kind import Plain, is_script_file

Data = Mapping[str, Plain]
_T = TypeVar("_T", str, int, bool)


def section(data: Data, key: str) -> Data:
    """Return the mapping under ``key``, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def texts(data: Data, key: str) -> tuple[str, ...]:
    """Return the texts of a list, or of a single text, under ``key``."""
    value = data.get(key)
    items = value if isinstance(value, tuple) else () if value is None else (value,)
    return tuple(str(item) for item in items)


def text(data: Data, key: str) -> str | None:
    """Return the text under ``key``."""
    value = data.get(key)
    return None if value is None else str(value)


def typed(data: Data, key: str, default: _T) -> _T:
    """Return what is under ``key`` if it is of the default's type, otherwise the default."""
    value = data.get(key)
    return value if isinstance(value, type(default)) else default


def globs(value: Plain) -> GlobList:
    """Return a list of globs, or a mapping of ``include`` and ``exclude``."""
    if isinstance(value, dict):
        return GlobList(include=texts(value, "include"), exclude=texts(value, "exclude"))
    return GlobList(include=texts({"globs": value}, "globs"))


def build_of(data: Data, *, several: bool) -> Build:
    """Return the build section, read field by field when it is looked at.

    A recipe of ``several`` outputs has no default script.
    """
    return later(Build, lambda name: build_field(name, data, several=several), {})


def build_field(name: str, data: Data, *, several: bool) -> object:
    """Return the field ``name`` of the build section; those that only a meta.yaml can say are as if it said nothing."""
    if name == "script":
        return plan_of(data, default=() if several else None)
    return _BUILD[name](data) if name in _BUILD else getattr(_UNSAID, name)


def plan_of(data: Data, *, default: tuple[str, ...] | None) -> Script:
    """Return what a build section runs: its steps or, if it has none, its script."""
    steps = data.get("steps")
    if not isinstance(steps, tuple):
        return script_of(data.get("script"), default=default)
    run = ({**step, "content": step["run"]} for step in steps if isinstance(step, dict))
    return Script(content=(), steps=tuple(script_of(step) for step in run))


def script_of(value: Plain, *, default: tuple[str, ...] | None = None) -> Script:
    """Return a script: text, lines, or a mapping; ``default`` is the content of one that is not given.

    A text that is one word with the suffix of a shell script names a file (CEP 14).
    """
    match value:
        case str():
            return Script(file=value.strip()) if is_script_file(value) else Script(content=(value,))
        case tuple():
            return Script(content=tuple(str(line) for line in value))
        case dict():
            content = texts(value, "content") if "content" in value else None
            return Script(
                content=default if content is None and "file" not in value else content,
                file=text(value, "file"),
                interpreter=text(value, "interpreter"),
                env=tuple((key, str(item)) for key, item in section(value, "env").items()),
                secrets=texts(value, "secrets"),
                cwd=text(value, "cwd"),
            )
        case _:
            return Script(content=default)


def requirements_of(data: Data) -> Requirements:
    """Return the requirements section."""
    exports, ignored = data.get("run_exports"), section(data, "ignore_run_exports")
    by_kind: Data = exports if isinstance(exports, dict) else {"weak": exports}
    return Requirements(
        build=specs(data.get("build")),
        host=specs(data.get("host")),
        run=specs(data.get("run")),
        run_constraints=specs(data.get("run_constraints")),
        run_exports=RunExports(
            weak=specs(by_kind.get("weak")),
            strong=specs(by_kind.get("strong")),
            weak_constraints=specs(by_kind.get("weak_constraints")),
            strong_constraints=specs(by_kind.get("strong_constraints")),
            noarch=specs(by_kind.get("noarch")),
        ),
        ignore_run_exports=IgnoreRunExports(
            by_name=texts(ignored, "by_name"), from_package=texts(ignored, "from_package")
        ),
        extras=tuple((group, specs(value)) for group, value in section(data, "extras").items()),
    )


def specs(value: Plain) -> tuple[Requirement, ...]:
    """Return a list of specs and pins."""
    return tuple(_requirement(item) for item in value) if isinstance(value, tuple) else ()


def about_of(data: Data) -> About:
    """Return the about section."""
    return About(
        homepage=text(data, "homepage"),
        repository=text(data, "repository"),
        documentation=text(data, "documentation"),
        license=text(data, "license"),
        license_file=texts(data, "license_file"),
        license_family=text(data, "license_family"),
        summary=text(data, "summary"),
        description=text(data, "description"),
    )


def inherit_of(value: Plain) -> Inherit | None:
    """Return where an output takes its files from."""
    if isinstance(value, dict):
        return Inherit(staging=str(value.get("from")), run_exports=typed(value, "run_exports", default=True))
    return None if value is None else Inherit(staging=str(value))


def frozen(value: Plain) -> Json:
    """Return plain data without anything mutable in it: a mapping becomes pairs."""
    if isinstance(value, dict):
        return tuple((key, frozen(item)) for key, item in value.items())
    if isinstance(value, tuple):
        return tuple(frozen(item) for item in value)
    return value


def _requirement(value: Plain) -> Requirement:
    if not isinstance(value, dict):
        return str(value)
    ((function, arguments),) = value.items()
    given = arguments if isinstance(arguments, dict) else {}
    pin = Pin(
        lower_bound=text(given, "lower_bound"),
        upper_bound=text(given, "upper_bound"),
        exact=typed(given, "exact", default=False),
        build=text(given, "build"),
    )
    name = str(given.get("name"))
    return PinSubpackage(name=name, pin=pin) if function == "pin_subpackage" else PinCompatible(name=name, pin=pin)


def _noarch(value: Plain) -> Literal["generic", "python"] | None:
    match value:
        case "generic" | "python":
            return value
        case _:
            return None


def _behavior(value: Plain) -> Literal["ignore", "error"] | None:
    match value:
        case "ignore" | "error":
            return value
        case _:
            return None


def _all_or_globs(value: Plain, *, default: bool) -> bool | GlobList:
    if isinstance(value, tuple):
        return globs(value)
    return value if isinstance(value, bool) else default


def _prefix_detection(data: Data) -> PrefixDetection:
    forced = section(data, "force_file_type")
    return PrefixDetection(
        ignore=_all_or_globs(data.get("ignore"), default=False),
        ignore_binary_files=typed(data, "ignore_binary_files", default=False),
        force_text=globs(forced.get("text")),
        force_binary=globs(forced.get("binary")),
    )


def _dynamic_linking(data: Data) -> DynamicLinking:
    return DynamicLinking(
        rpaths=texts(data, "rpaths") if data.get("rpaths") else DynamicLinking().rpaths,
        binary_relocation=_all_or_globs(data.get("binary_relocation"), default=True),
        missing_dso_allowlist=globs(data.get("missing_dso_allowlist")),
        rpath_allowlist=globs(data.get("rpath_allowlist")),
        overdepending_behavior=_behavior(data.get("overdepending_behavior")),
        overlinking_behavior=_behavior(data.get("overlinking_behavior")) or "error",
    )


def _post_process(value: Plain) -> tuple[PostProcess, ...]:
    entries = [item for item in value if isinstance(item, dict)] if isinstance(value, tuple) else []
    return tuple(
        PostProcess(
            files=globs(item.get("files")), regex=str(item.get("regex")), replacement=str(item.get("replacement", ""))
        )
        for item in entries
    )


def variant_keys(data: Data) -> VariantKeys:
    """Return ``build.variant``."""
    return VariantKeys(
        use_keys=texts(data, "use_keys"),
        ignore_keys=texts(data, "ignore_keys"),
        down_prioritize_variant=typed(data, "down_prioritize_variant", 0),
    )


def _python(data: Data) -> PythonBuild:
    return PythonBuild(
        entry_points=texts(data, "entry_points"),
        skip_pyc_compilation=texts(data, "skip_pyc_compilation"),
        use_python_app_entrypoint=typed(data, "use_python_app_entrypoint", default=False),
        version_independent=typed(data, "version_independent", default=False),
        site_packages_path=text(data, "site_packages_path"),
    )


_BUILD: Mapping[str, Callable[[Data], object]] = {
    "number": lambda data: typed(data, "number", 0),
    "string": lambda data: text(data, "string"),
    "noarch": lambda data: _noarch(data.get("noarch")),
    "files": lambda data: globs(data.get("files")),
    "always_include_files": lambda data: globs(data.get("always_include_files")),
    "always_copy_files": lambda data: globs(data.get("always_copy_files")),
    "merge_build_and_host_envs": lambda data: typed(data, "merge_build_and_host_envs", default=False),
    "variant": lambda data: variant_keys(section(data, "variant")),
    "python": lambda data: _python(section(data, "python")),
    "prefix_detection": lambda data: _prefix_detection(section(data, "prefix_detection")),
    "dynamic_linking": lambda data: _dynamic_linking(section(data, "dynamic_linking")),
    "post_process": lambda data: _post_process(data.get("post_process")),
    "flags": lambda data: texts(data, "flags"),
}

_UNSAID = Build()
