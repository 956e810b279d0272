"""The environment variables that scripts rely on: conda's set, the used variant, nothing of the machine.

The names are those of conda-build's and rattler-build's scripts; what they do not tell (a Python that is not there, an
outdated triplet) is left out or right here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from builder.model.frozen import frozen
from builder.model.inside import InsidePaths
from builder.model.python import Python
from builder.model.rendering import Rendering
from builder.model.target import target
from builder.model.variant import VariantValue
from builder.script import listing

_USER = "builder"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DENIED = re.compile(
    r"PATH|HOME|USER|SHELL|IFS|ENV|BASH.*|LD_.*|DYLD_.*|PYTHON(PATH|STARTUP|HOME)|PERL5?(LIB|OPT|DB)|RUBY(LIB|OPT)|"
    r"GCONV_PATH|NODE_OPTIONS|PROMPT_COMMAND|PS[0-4]|SHELLOPTS|TMPDIR|LC_.*|LANG|TZ|SRC_DIR|PREFIX|.*_PREFIX|RECIPE_DIR"
)
"""Variant keys that would change how programs start, or what the script is told, if they became variables."""

_MACHINE = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_NO_VARIANT: Mapping[str, VariantValue] = MappingProxyType({})

_TRIPLETS = {
    "linux-64": "x86_64-conda-linux-gnu",
    "linux-aarch64": "aarch64-conda-linux-gnu",
    "linux-ppc64le": "powerpc64le-conda-linux-gnu",
    "osx-64": "x86_64-apple-darwin13.4.0",
    "osx-arm64": "arm64-apple-darwin20.0.0",
    "win-64": "x86_64-w64-mingw32",
}
"""The names that conda-forge's compilers carry."""


@frozen
class Stage:
    """Where and how a script runs: ``epoch`` in seconds since 1970, ``cores`` how many processes it may run at once."""

    inside: InsidePaths
    epoch: int
    cores: int


def build_variables(rendering: Rendering, stage: Stage, *, python: Python | None = None) -> dict[str, str]:
    """Return the whole environment of a build script, before activation; ``python`` is that of the host environment."""
    inside = stage.inside
    merged = rendering.output.build.merge_build_and_host_envs
    prefix, tools = str(inside.prefix), str(inside.prefix if merged else inside.build_prefix)
    return {
        **_variant(dict(rendering.variables)),
        **_variant(rendering.variant),
        **_common(stage),
        **_platforms(rendering),
        **_package(rendering),
        **_python(inside.prefix, python, rendering.variant),
        "BUILD_PREFIX": tools,
        "CMAKE_GENERATOR": "Unix Makefiles",
        "CONDA_BUILD": "1",
        "CONDA_BUILD_STATE": "BUILD",
        "CONDA_DEFAULT_ENV": tools,
        "CONDA_PREFIX": tools,
        "LD_RUN_PATH": f"{prefix}/lib",
        "PATH": ":".join(dict.fromkeys((f"{tools}/bin", f"{prefix}/bin", *_MACHINE))),
        "PIP_CACHE_DIR": f"{inside.home}/.cache/pip",
        "PIP_IGNORE_INSTALLED": "True",
        "PIP_NO_BUILD_ISOLATION": "False",  # pip reads a variable "no-…" the other way round: no isolation
        "PIP_NO_DEPENDENCIES": "True",
        "PIP_NO_INDEX": "True",
        "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig",
        "PREFIX": prefix,
        "PYTHONHASHSEED": "0",
        listing.VARIABLE: str(inside.listing / listing.FILE),
        "RECIPE_DIR": str(inside.recipe),
        "SRC_DIR": str(inside.work),
    }


def language_variables(prefix: PurePosixPath, packages: Collection[str]) -> dict[str, str]:
    """Return where the interpreters of a host environment with these packages are, as conda-build names them."""
    found = {}
    if "perl" in packages:
        found["PERL"] = f"{prefix}/bin/perl"
    if "r-base" in packages:
        found |= {"R": f"{prefix}/bin/R", "R_USER": f"{prefix}/Libs/R"}
    if "lua" in packages:
        found |= {"LUA": f"{prefix}/bin/lua", "LUA_INCLUDE_DIR": f"{prefix}/include"}
    return found


def test_variables(
    stage: Stage,
    package: Mapping[str, str],
    *,
    subdir: str,
    variant: Mapping[str, VariantValue] = _NO_VARIANT,  # noqa: PT028 - no test itself
    python: Python | None = None,  # noqa: PT028
) -> dict[str, str]:
    """Return the whole environment of a test script, before activation.

    ``package`` are the package's ``PKG_*`` variables, ``variant`` is what it was built for, ``python`` the test
    environment's Python, if it has one.
    """
    prefix = str(stage.inside.test_prefix)
    return {
        **_variant(variant),
        **_common(stage),
        **package,
        **_python(stage.inside.test_prefix, python, variant),
        "CONDA_BUILD": "1",
        "CONDA_BUILD_STATE": "TEST",
        "CONDA_DEFAULT_ENV": prefix,
        "CONDA_PREFIX": prefix,
        "PATH": ":".join((f"{prefix}/bin", *_MACHINE)),
        "PREFIX": prefix,
        "SRC_DIR": str(stage.inside.test_work),
        "SHLIB_EXT": target(subdir).family.shared_library_suffix,
        "SUBDIR": subdir,
        "ARCH": subdir.partition("-")[2],
        "CONDA_BUILD_CROSS_COMPILATION": "0",
        "build_platform": subdir,
        "host_platform": subdir,
        "target_platform": subdir,
    }


def path_names(inside: InsidePaths) -> dict[str, str]:
    """Return the variables that name the inside paths, for a `Log`: nobody reads a path of 255 characters."""
    return {
        str(inside.prefix): "$PREFIX",
        str(inside.build_prefix): "$BUILD_PREFIX",
        str(inside.work): "$SRC_DIR",
        str(inside.recipe): "$RECIPE_DIR",
        str(inside.test_prefix): "$PREFIX",
        str(inside.test_work): "$SRC_DIR",
    }


def _common(stage: Stage) -> dict[str, str]:
    return {
        "CPU_COUNT": str(stage.cores),
        "HOME": str(stage.inside.home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LOGNAME": _USER,
        "PYTHONNOUSERSITE": "1",
        "SHELL": "/bin/bash",
        "SOURCE_DATE_EPOCH": str(stage.epoch),
        "TERM": "dumb",
        "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
        "TZ": "UTC",
        "USER": _USER,
    }


def _platforms(rendering: Rendering) -> dict[str, str]:
    platforms = rendering.platforms
    host, build = target(platforms.host), target(platforms.build)
    return {
        "ARCH": platforms.host.partition("-")[2],  # what conda calls it: ``64`` on linux-64
        "BUILD": _TRIPLETS.get(build.subdir, ""),
        "CONDA_BUILD_CROSS_COMPILATION": "0" if platforms.host == platforms.build else "1",
        "HOST": _TRIPLETS.get(host.subdir, ""),
        "SHLIB_EXT": host.family.shared_library_suffix,
        "SUBDIR": platforms.target,
        "build_platform": platforms.build,
        "host_platform": platforms.host,
        "target_platform": platforms.target,
    }


def _package(rendering: Rendering) -> dict[str, str]:
    output = rendering.output
    return {
        "PKG_BUILDNUM": str(output.build.number),
        "PKG_BUILD_STRING": rendering.build_string,
        "PKG_HASH": f"h{rendering.hash}" if rendering.hash else "",
        "PKG_NAME": output.name,
        "PKG_VERSION": output.version,
    }


def _python(
    prefix: PurePosixPath, python: Python | None, variant: Mapping[str, VariantValue]
) -> dict[str, str]:  # fmt: skip
    """Return what scripts read about a Python that is there, and about the numpy that they are built for."""
    if python is None:
        return {}
    numpy = ".".join(str(variant.get("numpy", "")).split(".")[:2])
    built_for = {"CONDA_NPY": numpy.replace(".", ""), "NPY_DISTUTILS_APPEND_FLAGS": "1", "NPY_VER": numpy}
    return {
        "CONDA_PY": python.short.replace(".", ""),
        "PY3K": "0" if python.short.startswith("2.") else "1",
        "PYTHON": f"{prefix}/bin/python",
        "PY_VER": python.short,
        "SP_DIR": f"{prefix}/{python.site_packages}",
        "STDLIB_DIR": f"{prefix}/{python.standard_library}",
        **(built_for if numpy else {}),
    }


def _variant(variant: Mapping[str, VariantValue]) -> dict[str, str]:
    """Return the used variant keys that may be variables, in the recipe's spelling of values."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in variant.items()
        if _NAME.fullmatch(key) and not _DENIED.fullmatch(key)
    }
