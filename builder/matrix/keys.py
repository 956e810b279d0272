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
    "PATH", "PATHEXT", "COMSPEC", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "CDPATH", "PROMPT_COMMAND",
    "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "LD_DEBUG", "LD_DEBUG_OUTPUT", "LD_PROFILE", "GCONV_PATH",
    "GLIBC_TUNABLES", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE",
    "PYTHONEXECUTABLE", "PYTHONBREAKPOINT", "PYTHONWARNINGS", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PERL5LIB",
    "PERLLIB", "PERL5OPT", "PERL5DB", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "LUA_INIT",
    "OPENSSL_CONF", "OPENSSL_MODULES", "CONFIG_SITE", "MAKEFILES", "MAKEFLAGS", "GCC_EXEC_PREFIX", "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_EXEC_PATH", "GIT_ASKPASS",
    "GIT_EDITOR", "GIT_PAGER", "GIT_PROXY_COMMAND", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "SSH_ASKPASS", "PAGER",
    "VISUAL",
})  # fmt: skip
"""Environment variables that decide what a script executes; scripts see a variant key as the variable of its name."""

_IN_ANY_CASE = frozenset({"PATH", "PATHEXT", "COMSPEC"})
"""Those that Windows reads however they are written."""

KEY_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$"
"""What a name may be made of, for editors too."""

_NAME = re.compile(KEY_PATTERN)


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
    if variant_key(name) in FORBIDDEN or variant_key(name).upper() in _IN_ANY_CASE:
        return (
            f"{name} cannot be a variant key: scripts would see it as the environment variable that decides what runs"
        )
    return None
