"""Match specs: the query language that names packages in requirements (CEP 29, and 43 to 45 for ``when extras flags``).

Positional parts and brackets are read as the CEP says; ``str()`` writes the form that rattler-build puts into
``index.json``, `MatchSpec.canonical` the CEP's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from builder.model.condition import normal_condition
from builder.model.frozen import frozen
from builder.model.target import is_subdir
from builder.model.version import Version, shortened
from builder.model.version_spec import VersionSpec

MAX_LENGTH = 4096

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_BUILD = re.compile(r"[A-Za-z0-9_.+*-]+|\^[^\s()\[\]{}]*\$")
_STARRED_BUILD = re.compile(r"\*+[A-Za-z0-9_][A-Za-z0-9_*]*")
_BUILD_NUMBER = re.compile(r"\s*(==|!=|<=|>=|=|<|>)?\s*([0-9]{1,18})\s*")
_SPACE = re.compile(r"\s*([,|])\s*|([<>=!~(])\s+|\s+(\))")
_BUILD_SIGN = re.compile(r"(?<=[0-9A-Za-z_.*+)-])=")
_PAIR = re.compile(
    r"""\s*([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|[^,\[\]"'=]+?)\s*(?:,|$)"""
)
_SIGNS = re.compile(r"""(["\\])""")
_ESCAPED = re.compile(r"""\\(["'\\])""")
_HEX = {"md5": re.compile(r"[0-9a-fA-F]{32}"), "sha256": re.compile(r"[0-9a-fA-F]{64}")}
_UNSAFE = re.compile(r"[\s:#;\[\],|]")
_QUANTIFIERS = frozenset("*+?")
_LISTED = {
    "extras": (re.compile(r"[a-z0-9_.+-]{1,64}"), "the name of a group of extras (CEP 44): a-z 0-9 _ . + -"),
    "flags": (re.compile(r"[a-z0-9_*]+(:[a-z0-9_*]+)?"), "a flag or a pattern of flags (CEP 45): a-z 0-9 _ *, one ':'"),
}

_FIELDS = {
    "version": "version", "build": "build", "build_number": "build_number", "channel": "channel", "subdir": "subdir",
    "namespace": "namespace", "md5": "md5", "sha256": "sha256", "fn": "file_name", "url": "url", "license": "license",
    "license_family": "license_family", "track_features": "track_features", "extras": "extras", "flags": "flags",
    "when": "when",
}  # fmt: skip
"""Bracket keys and the attributes that hold them."""


@frozen
class MatchSpec:
    """A query for packages; absent fields admit everything.

    ``name`` is in lower case. ``build`` is a text, a glob, or ``^a regular expression$``; ``build_number`` a comparison
    such as ``>=3``. ``extras``, ``flags`` and ``when`` are kept as text, the last in the form of `normal_condition`:
    they ask more of the solution than a record can answer.
    """

    name: str
    version: VersionSpec | None = None
    build: str | None = None
    build_number: str | None = None
    channel: str | None = None
    subdir: str | None = None
    namespace: str | None = None
    md5: str | None = None
    sha256: str | None = None
    file_name: str | None = None
    url: str | None = None
    license: str | None = None
    license_family: str | None = None
    track_features: str | None = None
    extras: str | None = None
    flags: str | None = None
    when: str | None = None

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> MatchSpec:
        """Read a spec; ValueError says what is wrong.

        ``strict`` is what rattler-build asks of a v1 recipe: no ambiguous version (`VersionSpec.parse`), no ``=``
        before a build.
        """
        if len(text) > MAX_LENGTH:
            raise ValueError(f"{shortened(text)!r} is too long for a spec")
        head, bracket = _parted(" ".join(text.split()))
        channel, subdir, namespace, rest = _place(head)
        found = _NAME.match(rest)
        if found is None:
            raise _error(text, "it is an address" if "://" in text else "a package name is missing")
        name, rest = found.group(), rest[found.end() :]
        if rest and not (rest[0].isspace() or rest[0] in "<>=!~"):
            raise _error(text, f"{rest[0]!r} does not belong in a package name")
        try:
            version, build = _version_and_build(rest.strip(), strict=strict)
            spec = cls(
                name=name.lower(), version=version, build=build, channel=channel, subdir=subdir, namespace=namespace
            )
            return _with_bracket(spec, bracket, strict=strict) if bracket is not None else spec
        except ValueError as error:
            raise _error(text, str(error)) from None

    @property
    def bare(self) -> bool:
        """Whether the spec says nothing but a name."""
        return self == MatchSpec(name=self.name)

    @property
    def needs_v3(self) -> bool:
        """Whether installers of before repodata revision 3 cannot read the spec (CEPs 43 to 45)."""
        return not (self.extras is None and self.flags is None and self.when is None)

    def matches(self, name: str, version: Version, build: str, build_number: int = 0) -> bool:
        """Whether a package of this name, version and build fits; other fields are not asked for."""
        return (
            name == self.name
            and (self.version is None or self.version.matches(version))
            and (self.build is None or text_matches(self.build, build))
            and (self.build_number is None or _number_matches(self.build_number, build_number))
        )

    def __str__(self) -> str:
        parts = [self._named()]
        placed = {"namespace"} if self.channel and _is_plain(self.channel) else set()
        placed |= {"channel", "subdir"} if placed else set()
        placed_build = self.build is not None and not _UNSAFE.search(self.build)
        if self.version is not None or placed_build:
            parts.append(str(self.version or "*"))
            placed.add("version")
        if self.build is not None and placed_build:
            parts.append(self.build)
            placed.add("build")
        pairs = ", ".join(f"{key}={value}" for key, value in self._pairs() if key not in placed)
        return " ".join(parts) + (f"[{pairs}]" if pairs else "")

    def _named(self) -> str:
        if not self.channel or not _is_plain(self.channel):
            return self.name
        return f"{self.channel}{f'/{self.subdir}' if self.subdir else ''}:{self.namespace or ''}:{self.name}"

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for key in _ORDER:
            value = getattr(self, _FIELDS[key])
            if value is not None:
                yield key, _written(key, str(value))

    def bracketed(self) -> str:
        """Return the form of records of repodata revision 3: a bare name, or ``name[version="1.2.*",…]`` (CEP 48)."""
        pairs = ",".join(f"{key}={value}" for key, value in self._pairs())
        return f"{self.name}[{pairs}]" if pairs else self.name

    def in_condition(self) -> str:
        """Return the form in which ``when`` holds a spec: ``python>=3.10`` if that says all, otherwise with brackets.

        ValueError for a spec that asks for extras, flags or a condition itself (CEP 43).
        """
        if self.needs_v3:
            raise ValueError(f"'{self}' does not belong in a condition: it may ask for no extras, flags or condition")
        version = str(self.version or "")
        if self == MatchSpec(name=self.name, version=self.version) and version[:1] in {"", "<", ">", "=", "!", "~"}:
            return self.name + version
        return f"{self.name}[{', '.join(f'{key}={value}' for key, value in self._pairs())}]"

    def canonical(self) -> str:
        """Return the form of CEP 29's appendix A: ``channel/subdir::name==1.8=build[key='value']``, keys in order."""
        text, placed = self.name, set[str]({"namespace"})
        if self.channel and "*" not in self.channel:
            with_subdir = bool(self.subdir) and "*" not in (self.subdir or "")
            text = f"{self.channel}{f'/{self.subdir}' if with_subdir else ''}::{text}"
            placed |= {"channel", "subdir"} if with_subdir else {"channel"}
        if self.version is not None and self.version.exact is not None:
            text += f"=={self.version.exact}"
            placed.add("version")
            if self.build and "*" not in self.build:
                text += f"={self.build.lower()}"
                placed.add("build")
        elif self.version is not None and self.version.start is not None:
            text += f"={self.version.start}"
            placed.add("version")
        values = {key: getattr(self, attribute) for key, attribute in _FIELDS.items()}
        pairs = [f"{key}={_quoted(str(values[key]).lower(), chr(39))}" for key in sorted(values)
                 if key not in placed and values[key] is not None]  # fmt: skip
        return text + (f"[{','.join(pairs)}]" if pairs else "")


_ORDER = (
    "extras", "flags", "md5", "sha256", "build_number", "version", "build", "fn", "url", "license", "license_family",
    "track_features", "channel", "subdir", "namespace", "when",
)  # fmt: skip
"""The order in which rattler writes bracket fields."""


def text_matches(pattern: str, text: str) -> bool:
    """Whether ``text`` fits a CEP 29 pattern, whatever the case: equal, a glob, or ``^a regular expression$``."""
    if pattern.startswith("^") and pattern.endswith("$"):
        return re.search(pattern, text, re.IGNORECASE) is not None
    pattern, text = pattern.lower(), text.lower()
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == text
    last = middle.pop()
    at, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last) or end < at:
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _error(text: str, why: str) -> ValueError:
    return ValueError(f"{shortened(text)!r} is not a package spec: {why}")


def _parted(text: str) -> tuple[str, str | None]:
    """Return what stands before the brackets, without a comment, and what stands in them."""
    head, opened, rest = text.partition("[")
    if "#" in head:
        return head.partition("#")[0].strip(), None
    if ";" in head:
        raise _error(text, "';' does not belong in a spec: write a condition as [when=\"…\"]")
    if not opened:
        return head, None
    if not rest.endswith("]"):
        raise _error(text, "it does not end with ']'")
    return head.strip(), rest[:-1]


def _place(head: str) -> tuple[str | None, str | None, str | None, str]:
    """Split ``channel/subdir:namespace:rest``."""
    *before, rest = head.rsplit(":", 2)
    if not before:
        return None, None, None, rest.strip()
    namespace = before.pop().strip() or None
    channel = before[0].strip().rstrip("/") if before else ""
    start, slash, last = channel.rpartition("/")
    if slash and is_subdir(last):
        return start or None, last, namespace, rest.strip()
    return channel or None, None, namespace, rest.strip()


def _version_and_build(text: str, *, strict: bool) -> tuple[VersionSpec | None, str | None]:
    if not text:
        return None, None
    version, *builds = _SPACE.sub(r"\1\2\3", text).split()
    if len(builds) > 1:
        raise ValueError(f"{' '.join(builds)!r} is too much: only a version and a build follow a name")
    sign = None if builds else _BUILD_SIGN.search(version)
    if sign is not None:
        version, build = version[: sign.start()], version[sign.end() :]
        if strict:
            raise ValueError(f"put a space, not '=', before the build {build!r}")
        if version.startswith("=") and not version.startswith("=="):
            version = version[1:]
        builds = [build]
    if not builds and _STARRED_BUILD.fullmatch(version):
        raise ValueError(f"{version!r} is no version; any version with such a build is '* {version}'")
    parsed = VersionSpec.parse(version, strict=strict)
    return parsed, _checked_build(builds[0]) if builds else None


def _checked_build(build: str) -> str:
    if build[:1] in {"<", ">", "=", "!", "~"}:
        raise ValueError(f"{build!r} is not a build: join two version clauses with ','")
    if not _BUILD.fullmatch(build):
        raise ValueError(f"{shortened(build)!r} is not a build string or a pattern of one")
    if build.startswith("^"):
        if sum(sign in _QUANTIFIERS for sign in build) > 3:
            raise ValueError(f"{shortened(build)!r} repeats too much for a pattern of a build string")
        try:
            re.compile(build)
        except re.error as error:
            raise ValueError(f"{shortened(build)!r} is not a regular expression: {error}") from None
    return build


def _with_bracket(spec: MatchSpec, bracket: str, *, strict: bool) -> MatchSpec:
    fields = dict[str, str]()
    at = 0
    while at < len(bracket.rstrip()):
        found = _PAIR.match(bracket, at)
        if found is None:
            raise ValueError(f"{shortened(bracket[at:])!r} is not a list of key=value")
        key, value = found.group(1), _unquoted(found.group(2))
        if key == "name":
            pass
        elif key not in _FIELDS:
            raise ValueError(f"{key!r} is not a field that a spec can ask for")
        elif key in fields:
            raise ValueError(f"{key!r} is given twice")
        else:
            fields[key] = value
        at = found.end()
    return _overridden(spec, fields, strict=strict)


def _overridden(spec: MatchSpec, fields: dict[str, str], *, strict: bool) -> MatchSpec:
    plain = {_FIELDS[key]: value for key, value in fields.items() if key not in {"version", "build", "build_number"}}
    for key, pattern in _HEX.items():
        if key in fields and not pattern.fullmatch(fields[key]):
            raise ValueError(f"{fields[key]!r} is not the {key} of anything")
    for key, (pattern, words) in _LISTED.items():
        wrong = [part for part in plain.get(key, "a").split(", ") if not pattern.fullmatch(part)]
        if wrong:
            raise ValueError(f"{shortened(wrong[0])!r} is not {words}")
    if "when" in plain:
        plain["when"] = normal_condition(
            plain["when"], lambda text: MatchSpec.parse(text, strict=strict).in_condition()
        )
    if "channel" in plain:
        channel, subdir, _, _ = _place(f"{plain['channel']}::x")
        plain |= {"channel": channel or ""} | ({"subdir": subdir} if subdir and "subdir" not in plain else {})
    version = VersionSpec.parse(fields["version"], strict=strict) if "version" in fields else spec.version
    build = _checked_build(fields["build"]) if "build" in fields else spec.build
    number = _checked_number(fields["build_number"]) if "build_number" in fields else None
    return replace(spec, version=version, build=build, build_number=number, **plain)


def _checked_number(text: str) -> str:
    found = _BUILD_NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{shortened(text)!r} is not a build number or a comparison with one")
    sign, number = found.groups()
    return f"{'==' if sign in {None, '='} else sign}{int(number)}"


def _number_matches(wanted: str, number: int) -> bool:
    return VersionSpec.parse(wanted).matches(Version.parse(str(number)))


def _unquoted(value: str) -> str:
    if value[0] in "\"'":
        return _ESCAPED.sub(r"\1", value[1:-1])
    if value[0] == "[":
        return ", ".join(part.strip().strip("\"'") for part in value[1:-1].split(",") if part.strip())
    return value


def _quoted(value: str, quote: str) -> str:
    other = "'" if quote == '"' else '"'
    if quote not in value and "\\" not in value:
        return f"{quote}{value}{quote}"
    if other not in value and "\\" not in value:
        return f"{other}{value}{other}"
    return quote + re.sub(r"""(["'\\])""", r"\\\1", value) + quote


def _written(key: str, value: str) -> str:
    """Return the value of a bracket field as rattler writes it."""
    if key in _LISTED:
        return f"[{value}]"
    return '"' + _SIGNS.sub(r"\\\1", value) + '"' if key == "when" else _quoted(value, '"')


def _is_plain(channel: str) -> bool:
    return not re.search(r"[\s:#;\[\]\"'\\()=<>!~,]", channel) and not channel.startswith((".", "/"))
