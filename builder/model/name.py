"""Which names, versions, build strings, subdirs and file names a package may have (CEP 26, 33).

Each function returns its text unchanged or raises ValueError with the rule that it breaks; lengths are looked at
before patterns, so that hostile input costs nothing.
"""

from __future__ import annotations

import re

from builder.model.target import NOARCH
from builder.model.version import Version, shortened

MAX_NAME = MAX_VERSION = MAX_BUILD = 64
MAX_SUBDIR = 32
MAX_FILE_NAME = 211
MAX_NUMBER = 2**31 - 1

EXTENSIONS = (".conda", ".tar.bz2")

_NAME = re.compile(r"_?[a-z0-9]+(?:[._-][a-z0-9]+)*[._-]?")
_VIRTUAL = re.compile(r"__[a-z0-9]+(?:[._-][a-z0-9]+)*[._-]?")
_BUILD = re.compile(r"[a-zA-Z0-9_.+]+")
_VERSION_SIGNS = re.compile(r"[0-9a-z._+!]+")
_SUBDIR = re.compile(r"[a-z0-9]+-[a-z0-9]+")
_CHANNEL_PART = re.compile(r"[a-z0-9_][a-z0-9_.-]*")
_CHANNEL_NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?:/label/[a-z0-9_][a-z0-9_.-]*)?", re.IGNORECASE | re.ASCII)
_DIGITS = re.compile(r"[0-9]+")


def check_package_name(text: str) -> str:
    """Check the name of a package that has a file."""
    _check_length("package name", text, MAX_NAME)
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} cannot name a package: {_name_trouble(text)}")
    return text


def check_virtual_name(text: str) -> str:
    """Check the name of a virtual package, ``__glibc``."""
    _check_length("package name", text, MAX_NAME)
    if not _VIRTUAL.fullmatch(text):
        raise ValueError(f"{text!r} cannot name a virtual package: it is '__' and then an ordinary name")
    return text


def check_version(text: str) -> str:
    """Check the version of a package."""
    _check_length("version", text, MAX_VERSION)
    if not _VERSION_SIGNS.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a package's version: it has other signs than digits, a-z and '._+!'")
    Version.parse(text)
    if any(int(number) > MAX_NUMBER for number in _DIGITS.findall(text)):
        raise ValueError(f"{text!r} cannot be a package's version: a number in it is above {MAX_NUMBER}")
    return text


def check_foreign_version(text: str) -> str:
    """Check the version of a package that others made: capitals and numbers of any size were allowed once."""
    _check_length("version", text, MAX_VERSION)
    if not _VERSION_SIGNS.fullmatch(text.lower()):
        raise ValueError(f"{text!r} cannot be a package's version: it has other signs than digits, letters and '._+!'")
    Version.parse(text)
    return text


def check_build_string(text: str) -> str:
    """Check a build string."""
    _check_length("build string", text, MAX_BUILD)
    if not _BUILD.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a build string: it has other signs than letters, digits and '_.+'")
    return text


def check_subdir(text: str) -> str:
    """Check the name of a channel's folder; it need not be a platform that we know."""
    _check_length("subdir", text, MAX_SUBDIR)
    if text != NOARCH and not _SUBDIR.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a subdir: it is 'noarch', or a system and a machine as in 'linux-64'")
    return text


def check_channel_part(text: str) -> str:
    """Check one component of a channel's path."""
    _check_length("channel path component", text, 128)
    if not _CHANNEL_PART.fullmatch(text):
        raise ValueError(f"{text!r} cannot be part of a channel's path: it has other signs than a-z, digits and '_.-'")
    return text


def is_channel_name(text: str) -> bool:
    """Whether a channel of conda's own server may be called so: ``conda-forge``, or a label of one."""
    return _CHANNEL_NAME.fullmatch(text) is not None


def check_file_name(text: str) -> str:
    """Check a package's file name, ``name-version-build.conda``."""
    split_file_name(text)
    return text


def stem_of(file_name: str) -> str:
    """Return a package's file name, or a path to it, without its extension: ``name-version-build``."""
    return next((file_name.removesuffix(end) for end in EXTENSIONS if file_name.endswith(end)), file_name)


def split_file_name(text: str) -> tuple[str, str, str]:
    """Return name, version and build string of a package's file name, each checked."""
    _check_length("file name", text, MAX_FILE_NAME)
    for extension in EXTENSIONS:
        if text.endswith(extension):
            parts = text.removesuffix(extension).rsplit("-", 2)
            if len(parts) == 3:
                name, version, build = parts
                return check_package_name(name), check_version(version), check_build_string(build)
    raise ValueError(f"{shortened(text)!r} is not a package's file name: it is name-version-build.conda")


def _check_length(what: str, text: str, most: int) -> None:
    if not text:
        raise ValueError(f"a {what} may not be empty")
    if len(text) > most:
        raise ValueError(f"{shortened(text)!r} is too long: a {what} has at most {most} characters")


def _name_trouble(text: str) -> str:
    if text != text.lower():
        return f"it has capital letters, write {text.lower()!r}"
    strange = sorted({sign for sign in text if not (sign.isascii() and (sign.isalnum() or sign in "._-"))})
    if strange:
        return f"it may not hold {' '.join(repr(sign) for sign in strange[:5])}"
    if text.startswith("__"):
        return "two underscores begin a virtual package's name"
    return "it starts with '.' or '-', or two of '._-' stand side by side"
