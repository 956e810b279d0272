"""What a scalar of a recipe must be: each kind has its check, so that a mistake is told where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.name import MAX_VERSION, check_build_string, check_package_name
from builder.model.pin import Pin
from builder.model.switch import Switch
from builder.model.version import Version, shortened
from builder.recipe.license import check_license
from builder.syntax.scalar import as_bool, as_int

Plain = str | int | float | bool | None | tuple["Plain", ...] | dict[str, "Plain"]
"""Evaluated recipe data: what YAML and JSON can hold; ``None`` under a key means that the key is not there."""

FOLDERS = frozenset({"SRC_DIR", "RECIPE_DIR", "BUILD_DIR"})
PREFIXES = FOLDERS | {"PREFIX", "BUILD_PREFIX"}

Late = Callable[[str], bool]
"""Whether a name has its value only in the build's session; a text keeps it as ``${{ NAME }}`` until then."""


def _nothing(_: str) -> bool:
    return False


def _environment(name: str) -> bool:
    """Names in capitals are environment variables: activation scripts may set any, so only the session can tell."""
    return _CAPITALS.fullmatch(name) is not None


_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*")
_DIGEST = re.compile(r"[0-9a-fA-F]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f]+")
_PAGE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x1f]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENTRY_POINT = re.compile(
    r"(?!\.[.\s=])([A-Za-z0-9_.+-]+)\s*=\s*([A-Za-z_]\w*(?:\.\w+)*)\s*:\s*([A-Za-z_]\w*(?:\.\w+)*)"
)
_DRIVE = re.compile(r"[A-Za-z]:")
_LATE = re.compile(r"\$\{\{ ([A-Z_]+) \}\}")
_FLAG = re.compile(r"[a-z0-9_]+(:[a-z0-9_]+)?")
_GROUP = re.compile(r"[a-z0-9_.+-]{1,64}")
_PUBLISHER = re.compile(r"(github|gitlab):([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)(?:@([^\s@]+))?")
_VERSION = re.compile(r"[0-9A-Za-z._+!]{1,64}")


@frozen(kw_only=False)
class Kind:
    """``convert`` returns the value that a text stands for or raises ValueError with the reason why it is none.

    ``late`` tells the names of the build's session that the text may mention; ``words`` complete "expected …".
    """

    words: str
    convert: Callable[[str], Plain]
    late: Late = _nothing


class SwitchError(ValueError):
    """A value that may stand there only with a switch."""

    def __init__(self, switch: Switch, message: str) -> None:
        super().__init__(f"{message}; it needs {switch}")
        self.remedy = f"give {switch}, or remove it"


def inside(text: str) -> str:
    """Check that a path stays below the folder that it is relative to."""
    folder = _LATE.match(text)
    rest = text[folder.end() :].lstrip("/") if folder else text
    parts = PurePosixPath(rest.replace("\\", "/")).parts
    if not folder and (rest.startswith(("/", "\\", "~")) or _DRIVE.match(rest)):
        raise ValueError(f"{text!r} is an absolute path; it must be relative and stay inside")
    if ".." in parts or "\0" in text:
        raise ValueError(f"{text!r} leads out of its folder")
    return text


def _file_name(text: str) -> str:
    if text in {".", ".."} or "/" in text or "\\" in text or "\0" in text:
        raise ValueError(f"{text!r} is not the name of a file: it has a folder in it")
    return text


def _version(text: str) -> str:
    """Check a version; capitals pass although CEP 26 forbids them, for there are recipes that have them."""
    if not _VERSION.fullmatch(text):
        trouble = (
            "has a '-', write '_' in its place" if "-" in text else "has other signs than letters, digits and . _ + !"
        )
        raise ValueError(f"{text!r} cannot be a version: it {trouble if len(text) <= MAX_VERSION else 'is too long'}")
    Version.parse(text)
    return text


def _natural(text: str) -> int:
    number = as_int(text.strip())
    if number is None or number < 0:
        raise ValueError(f"{text!r} is not a whole number of 0 or more")
    return number


def _integer(text: str) -> int:
    number = as_int(text.strip())
    if number is None:
        raise ValueError(f"{text!r} is not a whole number")
    return number


def _boolean(text: str) -> bool:
    truth = as_bool(text)
    if truth is None:
        raise ValueError(f"{text!r} is neither true nor false")
    return truth


def _noarch(text: str) -> str | None:
    if text.strip() in {"", "~", "null", "none", "None"}:
        return None
    return _one_of("python", "generic")(text.strip())


def _one_of(*words: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return convert


def _digest(length: int) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if len(text) != length or not _DIGEST.fullmatch(text):
            raise ValueError(f"{text!r} is not {length} hexadecimal digits")
        return text.lower()

    return convert


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError(f"{text!r} is not a URL{': write ${{, not {{' if '{{' in text else ''}")
    return text


def _entry_point(text: str) -> str:
    found = _ENTRY_POINT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an entry point; one reads: command = module:function")
    command, module, function = found.groups()
    return f"{command} = {module}:{function}"


def _git_address(text: str) -> str:
    if not text or text.startswith("-") or "\0" in text or "::" in text:
        raise ValueError(f"{text!r} is not the address of a git repository")
    return text


def _git_reference(text: str) -> str:
    if not text or text.startswith("-") or any(sign in text for sign in " \t\n\0~^:?*[\\"):
        raise ValueError(f"{text!r} is not the name of a revision")
    return text


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return convert


@lru_cache(maxsize=1 << 12)  # the same few are in recipe after recipe
def _spec(text: str) -> Plain:
    """Return a spec in rattler-build's form, or a pin as the mapping that the pin functions write as JSON."""
    if text.lstrip().startswith("{"):
        return _pin(text)
    return str(MatchSpec.parse(text, strict=True))


def _plain_spec(text: str) -> Plain:
    """Return a spec that every installer can read."""
    if "[" in text and not text.lstrip().startswith("{") and MatchSpec.parse(text, strict=True).needs_v3:
        raise SwitchError(Switch.V3, f"{text!r} asks for extras, flags or a condition, which older installers ignore")
    return _spec(text)


def _pin(text: str) -> dict[str, Plain]:
    try:
        ((function, arguments),) = json.loads(text).items()
        given = dict(arguments)
        name = MatchSpec.parse(given.pop("name")).name
        Pin(**{"lower_bound": None, "upper_bound": None, **given})
    except (AttributeError, KeyError, RecursionError, TypeError):
        function = ""
    except ValueError as error:
        raise ValueError(f"{text!r} is neither a spec nor a pin: {error}") from None
    if function not in {"pin_subpackage", "pin_compatible"}:
        raise ValueError(f"{text!r} is neither a spec nor a pin")
    return {function: {"name": name, **given}}


def _named(text: str) -> str:
    """Return the package name of a spec: ignoring run exports goes by name, and ``compiler()`` gives a whole spec."""
    return MatchSpec.parse(text).name


def _publisher(text: str) -> Plain:
    found = _PUBLISHER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a publisher; one reads: github:owner/repository")
    provider, owner, repository, reference = found.groups()
    return {"provider": provider, "owner": owner, "repo": repository, "ref_constraint": reference}


def _regex(text: str) -> str:
    """Check an expression of RE2's language, which has nothing that takes more than linear time to match."""
    import re2  # hardly a recipe has one

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode()
        raise ValueError(f"{shortened(text)!r} is not a regular expression: {shortened(reason)}") from None
    return text


def is_script_file(text: str) -> bool:
    """Whether the text of a script names a file: one word with the suffix of a shell script (CEP 14)."""
    return len(text.split()) == 1 and text.strip().endswith((".sh", ".bat"))


def _script_text(text: str) -> str:
    if is_script_file(text):
        inside(text.strip())
    return text


def _python_version(text: str) -> str:
    MatchSpec.parse(f"python {text}")
    return text


TEXT = Kind("text", str)
LINE = Kind("text", lambda text: text.strip() or None)
NAME = Kind("a package name", check_package_name)
VERSION = Kind("a version", _version)
NATURAL = Kind("a whole number", _natural)
INTEGER = Kind("a whole number", _integer)
BOOLEAN = Kind("true or false", _boolean)
NOARCH = Kind("python or generic", _noarch)
BEHAVIOR = Kind("ignore or error", _one_of("ignore", "error"))
BUILD_STRING = Kind("a build string", check_build_string)
SPEC = Kind("a package spec", _spec)
PLAIN_SPEC = Kind("a package spec", _plain_spec)
PACKAGE = Kind("a package name", _named)
FLAG = Kind("a flag", _matching(_FLAG, "a flag: a-z, 0-9 and _, with one ':' at most (CEP 45)"))
GROUP = Kind("the name of a group", _matching(_GROUP, "the name of a group of extras: a-z 0-9 _ . + - (CEP 44)"))
PUBLISHER = Kind("a publisher", _publisher)
SHA256 = Kind("a sha256 digest", _digest(64))
MD5 = Kind("an md5 digest", _digest(32))
URL = Kind("a URL", _url)
PAGE = Kind("a URL", _matching(_PAGE, "a URL"))
PATH = Kind("a path inside", inside)
FILE_NAME = Kind("a file name", _file_name)
SOURCE_PATH = Kind("a path", TEXT.convert)
PATCH = Kind("a path of a patch", inside, FOLDERS.__contains__)
LICENSE_FILE = Kind("a path or glob of a license", inside, PREFIXES.__contains__)
GLOB = Kind("a glob", str)
INNER_GLOB = Kind("a glob inside", inside)
LICENSE = Kind("an SPDX license expression", check_license)
ENTRY_POINT = Kind("an entry point", _entry_point)
VARIABLE = Kind("the name of an environment variable", _matching(_VARIABLE, "the name of an environment variable"))
GIT = Kind("the address of a git repository", _git_address)
REFERENCE = Kind("a revision", _git_reference)
REGEX = Kind("a regular expression", _regex)
PYTHON_VERSION = Kind("a Python version", _python_version)
COMMAND = Kind("a command", str, _environment)
SCRIPT_TEXT = Kind("text of a script", _script_text, _environment)
