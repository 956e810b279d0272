"""Names of variant keys: their one spelling, those that always count, and those that no variant may set."""

from __future__ import annotations

import re

from builder.matrix.special import COUNTED

NAME_LENGTH = 128
"""More than any real variant key has; longer names are refused before they are matched."""

ALWAYS_USED = tuple(key.name for key in COUNTED)
"""Keys that enter every build hash when they have a value, read or not (rattler-build's rule)."""

_EVERYWHERE = frozenset({
    "BUILD", "CPU_COUNT", "EDITOR", "HOME", "LANG", "LC_ALL", "SHELL", "SHLIB_EXT", "TERM", "USER",
})  # fmt: skip
_UNIX = _EVERYWHERE | {"CMAKE_GENERATOR", "PKG_CONFIG_PATH", "SSL_CERT_FILE"}
_BY_FAMILY = {
    "linux": _UNIX | {"DEJAGNU", "DISPLAY", "LD_RUN_PATH", "QEMU_LD_PREFIX", "QEMU_UNAME"},
    "osx": _UNIX | {"MACOSX_DEPLOYMENT_TARGET", "OSX_ARCH"},
    "win": _EVERYWHERE
    | {
        "CYGWIN_PREFIX", "INCLUDE", "LIB", "LIBRARY_BIN", "LIBRARY_INC", "LIBRARY_LIB", "LIBRARY_PREFIX", "SCRIPTS",
    },
}  # fmt: skip

FORBIDDEN = frozenset({
    "PATH", "Path", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "LD_PRELOAD", "LD_AUDIT",
    "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME",
    "PYTHONINSPECT", "PERL5LIB", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "GCONV_PATH", "PROMPT_COMMAND",
    "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF",
})  # fmt: skip
"""Environment variables that decide what a script executes; scripts see a variant key as the variable of its name."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


def variant_key(name: str) -> str:
    """Return ``name`` in the one spelling of variant keys: ``-`` and ``.`` are ``_``, case stays."""
    return name.replace("-", "_").replace(".", "_")


def environment_keys(subdir: str) -> frozenset[str]:
    """Return the variant keys that count as used for ``subdir`` whenever they have a value.

    rattler-build hashes each of them because it sets the environment variable of that name in every build.
    """
    return _BY_FAMILY.get(subdir.partition("-")[0], _EVERYWHERE)


def check_key(name: str) -> str | None:
    """Return what is wrong with ``name`` as a variant key, None if nothing is."""
    if len(name) > NAME_LENGTH:
        return f"a variant key may have {NAME_LENGTH} characters, this one has {len(name)}"
    if not _NAME.fullmatch(name):
        return f"{name!r} is no variant key: letters, digits and `_ . -` are allowed"
    if name in FORBIDDEN:
        return (
            f"{name} cannot be a variant key: scripts would see it as the environment variable that decides what runs"
        )
    return None
