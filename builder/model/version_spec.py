"""Version specs: which versions a spec such as ``>=1.2,<2|3.*`` admits (CEP 29).

Like every solver of today, and unlike the letter of the CEP, ``!=1.2`` excludes one version and not all that start with
it (write ``!=1.2.*``), and regular expressions and inner globs (``1.*.2``) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

from builder.model.frozen import frozen
from builder.model.version import Version, shortened

MAX_LENGTH = 1024
MAX_DEPTH = 16

_CLAUSE = re.compile(r"(==|!=|<=|>=|~=|=|<|>)?([0-9A-Za-z_.!+-]*?)((?:\.?\*)*)")
_SPACE = re.compile(r"\s*([,|()])\s*|([<>=!~])\s+")
_TOKEN = re.compile(r"[,|()]|[^,|()]+")


class Operator(StrEnum):
    """How a clause compares; the values are how rattler writes them, before the version."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    COMPATIBLE = "~="
    STARTS = "="
    NOT_STARTS = "!=…*"


@frozen(kw_only=False)
class Clause:
    """One comparison with one version."""

    operator: Operator
    version: Version

    def matches(self, version: Version) -> bool:  # noqa: PLR0911 - one line for each operator
        """Whether ``version`` satisfies the comparison."""
        match self.operator:
            case Operator.EQUAL:
                return version == self.version
            case Operator.NOT_EQUAL:
                return version != self.version
            case Operator.LESS:
                return version < self.version
            case Operator.AT_MOST:
                return version <= self.version
            case Operator.GREATER:
                return version > self.version
            case Operator.AT_LEAST:
                return version >= self.version
            case Operator.COMPATIBLE:
                return version.compatible_with(self.version)
            case Operator.STARTS:
                return version.starts_with(self.version)
            case Operator.NOT_STARTS:
                return not version.starts_with(self.version)
            case _ as never:
                assert_never(never)

    def __str__(self) -> str:
        match self.operator:
            case Operator.STARTS:
                return f"{self.version}.*"
            case Operator.NOT_STARTS:
                return f"!={self.version}.*"
            case _:
                return f"{self.operator}{self.version}"


@frozen(kw_only=False)
class Anything:
    """``*``: any version."""

    def matches(self, version: Version) -> bool:
        """Whether ``version`` is a version: always."""
        return True

    def __str__(self) -> str:
        return "*"


@frozen(kw_only=False)
class Group:
    """Two or more nodes of which all (``,``) or one (``|``) must match."""

    joiner: Literal[",", "|"]
    members: tuple[Node, ...]

    def matches(self, version: Version) -> bool:
        """Whether ``version`` satisfies all, or one, of the members."""
        met = (member.matches(version) for member in self.members)
        return all(met) if self.joiner == "," else any(met)

    def __str__(self) -> str:
        return self.joiner.join(
            f"({member})" if self.joiner == "," and isinstance(member, Group) else str(member)
            for member in self.members
        )


Node = Clause | Anything | Group


@frozen(kw_only=False)
class VersionSpec:
    """A set of versions; ``str()`` is the form that rattler-build writes into ``index.json``."""

    root: Node

    @classmethod
    def parse(cls, text: str, *, strict: bool = False) -> VersionSpec:
        """Read a spec; ValueError says what is wrong.

        ``strict`` is what rattler-build asks of a recipe: a bare ``1.2`` is refused as ambiguous, and a glob goes with
        no operator but ``!=``.
        """
        if len(text) > MAX_LENGTH:
            raise ValueError(f"{shortened(text)!r} has more than {MAX_LENGTH} characters")
        tokens = _TOKEN.findall(_SPACE.sub(r"\1\2", text.strip()))
        stream = _Tokens(tokens, text, strict)
        root = _alternatives(stream, 0)
        if stream.peek() is not None:
            raise stream.error()
        return cls(root)

    @property
    def exact(self) -> Version | None:
        """The version of ``==version``, None for every other spec."""
        return self.root.version if isinstance(self.root, Clause) and self.root.operator is Operator.EQUAL else None

    @property
    def start(self) -> Version | None:
        """The version of ``version.*``, None for every other spec."""
        return self.root.version if isinstance(self.root, Clause) and self.root.operator is Operator.STARTS else None

    def matches(self, version: Version) -> bool:
        """Whether ``version`` is in the set."""
        return self.root.matches(version)

    def __str__(self) -> str:
        return str(self.root)


@dataclass(slots=True)
class _Tokens:
    """The tokens that are still to be read, with what an error must say."""

    tokens: list[str]
    text: str
    strict: bool
    at: int = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str | None:
        token = self.peek()
        self.at += 1
        return token

    def error(self, why: str = "it does not read as clauses joined by ',' and '|'") -> ValueError:
        return ValueError(f"{shortened(self.text)!r} is not a version spec: {why}")


def _alternatives(tokens: _Tokens, depth: int) -> Node:
    return _joined("|", _members("|", tokens, depth))


def _members(joiner: Literal[",", "|"], tokens: _Tokens, depth: int) -> Iterator[Node]:
    read = _requirements if joiner == "|" else _term
    yield read(tokens, depth)
    while tokens.peek() == joiner:
        tokens.take()
        yield read(tokens, depth)


def _requirements(tokens: _Tokens, depth: int) -> Node:
    return _joined(",", _members(",", tokens, depth))


def _joined(joiner: Literal[",", "|"], members: Iterator[Node]) -> Node:
    flat = list[Node]()
    for member in members:
        flat.extend(member.members if isinstance(member, Group) and member.joiner == joiner else [member])
    return flat[0] if len(flat) == 1 else Group(joiner, tuple(flat))


def _term(tokens: _Tokens, depth: int) -> Node:
    piece = tokens.take()
    if piece == "(":
        if depth >= MAX_DEPTH:
            raise tokens.error("its parentheses are too deep")
        inside = _alternatives(tokens, depth + 1)
        if tokens.take() != ")":
            raise tokens.error("a parenthesis is not closed")
        return inside
    if piece is None or piece in {")", ",", "|"}:
        raise tokens.error("a version is missing" if tokens.text.strip() else "it is empty")
    return _clause(piece, tokens)


def _clause(token: str, tokens: _Tokens) -> Node:
    found = _CLAUSE.fullmatch(token)
    if found is None:
        raise tokens.error(_strangeness(token))
    sign, literal, stars = found.groups()
    if not literal and not stars:
        raise tokens.error(f"a version is missing after {sign!r}")
    if not literal and stars.startswith("."):
        raise tokens.error("a version is missing before '.*'")
    if tokens.strict:
        _check_strict(sign, literal, stars, tokens)
    if not literal:
        return _star(sign, tokens)
    try:
        version = Version.parse(literal)
    except ValueError as error:
        raise tokens.error(str(error)) from None
    return Clause(_operator(sign, starred=bool(stars)), version)


def _star(sign: str | None, tokens: _Tokens) -> Node:
    if sign in {"!=", "<", ">"}:
        raise tokens.error(f"nothing can be {sign!r} '*'")
    return Anything()


def _operator(sign: str | None, *, starred: bool) -> Operator:
    """Return what a sign means; a star turns equality into "starts with", and says nothing beside an order."""
    match sign:
        case None | "==" | "=":
            return Operator.STARTS if starred or sign == "=" else Operator.EQUAL
        case "!=":
            return Operator.NOT_STARTS if starred else Operator.NOT_EQUAL
        case ">":
            return Operator.AT_LEAST if starred else Operator.GREATER
        case _:
            return Operator(sign)


def _check_strict(sign: str | None, literal: str, stars: str, tokens: _Tokens) -> None:
    if literal and not sign and not stars:
        raise tokens.error(f"'{literal}' alone is ambiguous; did you mean '=={literal}' or '{literal}.*'?")
    if sign and stars and sign != "!=":
        raise tokens.error(f"'*' does not go with {sign!r}")
    if stars.count("*") > 1 and literal:
        raise tokens.error("one '*' is enough")


def _strangeness(token: str) -> str:
    if token.startswith("^") or token.endswith("$"):
        return "regular expressions are not supported for versions"
    if "*" in token:
        return "a '*' may only stand at the end"
    return f"{shortened(token)!r} is not a comparison"
