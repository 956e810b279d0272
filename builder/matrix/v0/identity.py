"""Build hash and build string of an output of a ``meta.yaml``: conda-build's rules, digit for digit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from builder.matrix.identity import HASH_LENGTH
from builder.matrix.v0.usage import Subject
from builder.recipe.v0.scope import Fixed

_IN_THE_STRING = ("python", "r_base", "perl", "lua")
_LANGUAGES = (
    ("np", 2, ("numpy",)),
    ("py", 2, ("python",)),
    ("pl", 3, ("perl",)),
    ("lua", 2, ("lua",)),
    ("r", 2, ("r", "r-base")),
    ("mro", 3, ("mro-base",)),
    ("mro", 3, ("mro-base_impl",)),
)
_HASH = re.compile(rf"h[0-9a-f]{{{HASH_LENGTH}}}")
_ASKS_FOR_HASH = re.compile(r"h\{\{\s*PKG_HASH\s*\}\}")
NUMPY_XX = re.compile(r"(numpy\s*x\.x)|pin_compatible\([\'\"]numpy.*max_pin=[\'\"]x\.x[\'\"]")
"""Requirements that pin numpy to what a package was made with."""

_NUMPY_PIN = re.compile(r"pin_\w+\([\'\"]numpy[\'\"]")
_NUMPY_PIN_TO = re.compile(r"pin_\w+\([\'\"]numpy[\'\"].*((?<=x_pin=[\'\"])[x\.]*(?=[\'\"]))")
_NAME = re.compile(r"(?:.*::)?\s*([^\s=<>!~\[]+)")


def hashed(subject: Subject, used: frozenset[str]) -> Mapping[str, Fixed]:
    """Return what enters the build hash: used keys with their values, and virtual packages among the requirements.

    Keys that the build string shows do not count, nor do those of ``ignore_version``, unless their value names a build
    (``3.12.* *_cpython``). A platform alone makes no hash.
    """
    variant = subject.scope.variant
    left_out = [*_IN_THE_STRING, *subject.scope.texts("ignore_version")]
    if "numpy" in used and _numpy_is_shown(subject):
        left_out.append("numpy")
    excluded = re.compile("|".join(rf"{name}[\s$]?.*" for name in left_out))
    kept = [key for key in used if key in variant and (not excluded.match(key) or " " in variant[key])]
    found: dict[str, Fixed] = {} if kept == ["target_platform"] else {key: variant[key] for key in kept}
    virtual = [spec for spec in subject.metadata.requirements("run") if spec.startswith("__")]
    return found | {spec.split(" ")[0]: spec for spec in virtual}


def digest(contents: Mapping[str, Fixed]) -> str:
    """Return the build hash of what `hashed` gives, empty when there is nothing to hash."""
    if not contents:
        return ""
    text = json.dumps(dict(contents), sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:HASH_LENGTH]


def build_string(subject: Subject, build_hash: str) -> str:
    """Return the build string: the recipe's own, with the hash where it asks for it, or the usual one."""
    metadata = subject.metadata
    own = metadata.text("build", "string")
    text = subject.package_and_build()
    if own and not ("string:" in text and _ASKS_FOR_HASH.search(text)):
        return own
    usual = own or _usual(subject)
    mark = f"h{build_hash}" if build_hash else ""
    if _HASH.search(usual):
        return _HASH.sub(mark, usual)
    first, line, last = usual.rpartition("_")
    if not line:
        return f"{mark}_{last}" if mark else last
    return f"{first}{mark}_{last}"


def _usual(subject: Subject) -> str:
    parts = list(_shown(subject))
    features = subject.metadata.texts("build", "features")
    shown = "".join(parts) + ("_" if parts else "")
    return shown + ("_".join(features) + "_" if features else "") + str(subject.metadata.number)


def _shown(subject: Subject) -> Iterator[str]:
    """Yield what the build string shows of languages that the package runs with and was made with."""
    metadata = subject.metadata
    kind = "host" if metadata.requirements("host") or "host" in metadata.section("requirements") else "build"
    made_with = [_name(spec) for spec in metadata.requirements(kind)]
    told: set[str] = set()
    for prefix, parts, names in _LANGUAGES:
        for spec in dict.fromkeys(metadata.requirements("run")):
            name = _name(spec)
            if name not in names or name not in made_with or (name == "numpy" and not _numpy_xx(subject)):
                continue
            is_old_noarch = metadata.noarch_python and name == "python"
            if metadata.noarch == name or is_old_noarch:
                yield prefix
                continue
            entry = prefix + "".join(_version(subject, names, kind).split(".")[:parts])
            if entry not in told:
                told.add(entry)
                yield entry


def _version(subject: Subject, names: tuple[str, ...], kind: str) -> str:
    """Return the version that a requirement asks for, or else that of the variant."""
    for name in (*names, *(name.replace("-", "_") for name in names if "-" in name)):
        asked = [spec.split() for spec in subject.metadata.requirements(kind)]
        found = [words[1] for words in asked if words[0] == name and len(words) > 1]
        version = found[-1] if found else subject.scope.text(name.replace("-", "_"))
        if version:
            return version
    return ""


def _name(spec: str) -> str:
    match = _NAME.match(spec)
    return match[1].lower() if match else ""


def _numpy_xx(subject: Subject) -> bool:
    return NUMPY_XX.search(subject.requirements()) is not None


def _numpy_is_shown(subject: Subject) -> bool:
    """Return whether the build string shows numpy's version, or a pin makes it no matter."""
    text = subject.requirements()
    if NUMPY_XX.search(text):
        return True
    to = _NUMPY_PIN_TO.search(text)
    return bool(_NUMPY_PIN.search(text) and to and to[1].count("x") == 2)
