"""What templates of a ``meta.yaml`` may call and read, before anything is solved (conda-build's ``jinja_context.py``).

Nothing here runs code of the recipe, reads a clock, or looks outside the recipe's folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builder.recipe.v0.asked import AskedSources
from builder.recipe.v0.clock import clock_names
from builder.recipe.v0.files import Function, ReadFile, file_functions
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.pins import Pins
from builder.recipe.v0.scope import DEFAULTS, Scope
from builder.recipe.v0.windows import marked

_COMPILERS: Mapping[str, Mapping[str, str]] = {
    "linux": {"c": "gcc", "cxx": "gxx", "fortran": "gfortran"},
    "osx": {"c": "clang", "cxx": "clangxx", "fortran": "gfortran"},
    "win": {"c": "vs2017", "cxx": "vs2017", "fortran": "gfortran"},
}
"""System → language → the compiler that conda-build takes where no variant names one."""

_NEEDS_STAR = re.compile(r"([\w\d.\-_]+)\s+((?<![><=])[\w\d.\-_]+?(?!\*))(\s+[\w\d._]+)?$")
_OF_THE_BUILD = ("PREFIX", "BUILD_PREFIX", "SRC_DIR", "SP_DIR", "STDLIB_DIR", "CPU_COUNT", "R", "PERL", "LUA")
_OF_WINDOWS = ("SCRIPTS", "LIBRARY_PREFIX", "LIBRARY_BIN", "LIBRARY_INC", "LIBRARY_LIB", "CYGWIN_PREFIX")
_SUFFIXES = {"osx": ".dylib", "win": ".dll"}
_LANGUAGES = ("PERL", "LUA", "R", "NUMPY", "PYTHON")
"""Variant keys, in capitals, that are no variables: their versions have names of their own, such as ``PY_VER``."""


def template_names(
    scope: Scope,
    before: Metadata,
    read_file: ReadFile,
    sources: AskedSources,
    *,
    lenient: bool,
    pins: Pins | None = None,
) -> dict[str, Any]:
    """Return all names of a template: ``before`` is what the recipe came to last time, empty the first time.

    ``pins`` issues what the template pins; without it, pins are bare names.
    """
    found = {**_variables(scope, before), **sources.variables()}
    chosen = dict(scope.plain)
    for name in (*found, *_LANGUAGES):
        chosen.pop(name.lower(), None)
    variables = {**scope.environment, **chosen, **found}
    process = {**scope.environment, "CONDA_BUILD_STATE": "RENDER"}
    return {
        **scope.own_names,
        **found,
        "environ": variables,
        "os": {"environ": process, "getenv": process.get, "sep": "/", "pathsep": ":"},
        **clock_names(scope.environment, lenient=lenient),
        **scope.plain,
        **_requirement_functions(scope, pins),
        **file_functions(read_file, sources, lenient=lenient),
    }


def with_star(spec: str) -> str:
    """Return a spec with ``.*`` after a plain version: ``zlib 1.2`` asks for ``zlib 1.2.*``."""
    match = _NEEDS_STAR.match(spec)
    if match is None or match[3] or "*" in spec or (match[1] in {"python", "numpy"} and match[2] == "x.x"):
        return spec
    return f"{match[1]} {match[2]}.*"


def _variables(scope: Scope, before: Metadata) -> dict[str, str]:
    """Return the variables of conda-build's environment; what only a build knows stands as the shell writes it."""
    system, _, architecture = scope.platforms.host.partition("-")
    shell = marked("{}") if system == "win" else "${}"
    python = ".".join(scope.text("python", DEFAULTS["python"]).split(" ")[0].split(".")[:2])
    numpy = ".".join(scope.text("numpy", DEFAULTS["numpy"]).split(".")[:2])
    found = {name: shell.format(name) for name in (*_OF_THE_BUILD, *(_OF_WINDOWS if system == "win" else ()))}
    found |= {
        "PKG_NAME": before.name,
        "PKG_VERSION": before.version,
        "PKG_BUILDNUM": str(before.number),
        "PKG_BUILD_STRING": "placeholder",
        "PKG_HASH": "1234567",
        "RECIPE_DIR": shell.format("RECIPE_DIR"),
        "CONDA_BUILD": "1",
        "CONDA_BUILD_STATE": "RENDER",
        "SUBDIR": scope.platforms.host,
        "ARCH": architecture,
        "build_platform": scope.platforms.build,
        "SHLIB_EXT": _SUFFIXES.get(system, ".so"),
        "PY_VER": python,
        "CONDA_PY": python.replace(".", ""),
        "PY3K": str(int(not python.startswith("2"))),
        "NPY_VER": numpy,
        "CONDA_NPY": numpy.replace(".", ""),
        "PERL_VER": scope.text("perl", DEFAULTS["perl"]),
        "LUA_VER": scope.text("lua", DEFAULTS["lua"]),
        "R_VER": scope.text("r_base", DEFAULTS["r_base"]),
        "HTTP_PROXY": "",
        "HTTPS_PROXY": "",
    }
    if system == "osx":
        found["OSX_ARCH"] = "x86_64" if architecture == "64" else architecture
        found["MACOSX_DEPLOYMENT_TARGET"] = "11.0" if architecture == "arm64" else "10.9"
    kind = "host" if "host" in before.section("requirements") else "build"
    if "python" in {spec.split()[0] for spec in before.requirements(kind)} or before.name == "python":
        found["PYTHON"] = shell.format("PYTHON")
    return found


def _requirement_functions(scope: Scope, pins: Pins | None) -> dict[str, Function]:
    system, _, architecture = scope.platforms.host.partition("-")

    def tool(language: str, kind: str, default: str) -> str:
        name = scope.text(f"{language}_{kind}", default)
        version = scope.text(f"{language}_{kind}_version")
        package = f"{name}_{scope.target_platform}"
        return with_star(f"{package} {version}") if version else package

    def compiler(language: str) -> str:
        return tool(language, "compiler", _COMPILERS.get(system, {}).get(language, language))

    def stdlib(language: str) -> str:
        return tool(language, "stdlib", language)

    def cdt(package: str) -> str:
        old = architecture in {"32", "64"}
        name = scope.text("cdt_name", "cos6" if old else "cos7")
        arch = scope.text("cdt_arch", {"64": "x86_64", "32": "i686"}.get(architecture, architecture))
        first, *version = package.split(" ")
        return " ".join([f"{first}-{name}-{arch}", *version])

    def pinned(package: str, *_: object, **__: object) -> str:
        return package

    return {
        "compiler": compiler,
        "stdlib": stdlib,
        "cdt": cdt,
        "pin_compatible": pins.pin_compatible if pins else pinned,
        "pin_subpackage": pins.pin_subpackage if pins else pinned,
        "ccache": lambda *_, **__: "ccache",
        "resolved_packages": lambda *_, **__: [],
    }
