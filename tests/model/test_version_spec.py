"""Version specs against rattler, and where the standard asks for something else."""

from __future__ import annotations

import re

import pytest
import rattler
from hypothesis import assume, example, given
from hypothesis import strategies as st
from rattler.exceptions import InvalidVersionSpecError

from builder.model.version import Version
from builder.model.version_spec import MAX_DEPTH, MAX_LENGTH, Anything, Clause, Group, Operator, VersionSpec
from tests.model.literals import noise, unhurried, version_specs, versions


def theirs(text: str, *, strict: bool) -> rattler.VersionSpec | None:
    try:
        return rattler.VersionSpec(text, strict)
    except InvalidVersionSpecError:
        return None


def ours(text: str, *, strict: bool) -> VersionSpec | None:
    try:
        return VersionSpec.parse(text, strict=strict)
    except ValueError:
        return None


def apart(text: str) -> bool:
    """Whether we differ on purpose: stars beside ``==``, odd underscores, spaces elsewhere than beside a comma or bar."""
    return bool(
        re.search(r"==[^,|()]*\*|[_-]\s*([+.*,|()]|$)|[0-9]{19}", text)
        or re.search(r"[^,|(\s]\s+[^,|)\s]|^\s|\s$|\(\s|\s\)", text)
    )


@unhurried
@given(text=st.one_of(version_specs(), noise), strict=st.booleans())
@example(text=">=1,<2|3.*", strict=True)
@example(text="(1.2.*|1.3.*),!=1.2.5", strict=True)
@example(text=">=*", strict=False)
@example(text="*.*", strict=False)
@example(text=">=1,*", strict=True)
def test_rattler_reads_the_same_specs(text: str, strict: bool) -> None:
    assume(not apart(text))
    one, other = ours(text, strict=strict), theirs(text, strict=strict)
    assert (one is None) == (other is None), (str(one), str(other))
    if one is not None:
        assert str(rattler.MatchSpec(f"x {one}")) == str(rattler.MatchSpec(f"x[version='{text}']"))


@unhurried
@given(text=version_specs(), version=versions())
def test_rattler_matches_the_same_versions(text: str, version: str) -> None:
    assume(not apart(text))
    assert VersionSpec.parse(text).matches(Version.parse(version)) == rattler.VersionSpec(text).matches(
        rattler.Version(version)
    )


@unhurried
@given(version_specs())
def test_the_text_form_reads_back(text: str) -> None:
    spec = VersionSpec.parse(text)
    assert str(VersionSpec.parse(str(spec), strict=True)) == str(spec)
    assert VersionSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1.2", "==1.2"), ("=1.2", "1.2.*"), ("1.2*", "1.2.*"), ("1.2.*", "1.2.*"), ("==1.2", "==1.2"), (">= 1.2", ">=1.2"),
        (">=1.2 , <2", ">=1.2,<2"), ("1.2|1.3", "==1.2|==1.3"), ("(>=1,<2)|3.*", ">=1,<2|3.*"), ("(1|2),<3", "(==1|==2),<3"),
        ("((>=1))", ">=1"), ("!=1.2.*", "!=1.2.*"), ("!=1.2", "!=1.2"), ("~=1.2", "~=1.2"), ("*", "*"), (">=*", "*"), ("=*", "*"),
        (">=1.01", ">=1.1"), ("1.2.*.*", "1.2.*"), (">1.2.*", ">=1.2"), ("<1.2.*", "<1.2"), ("==1.8.*", "1.8.*"), ("=1.8.*", "1.8.*"),
        ("1,(2,3)", "==1,==2,==3"), ("1|(2|3)", "==1|==2|==3"), ("(1|2),(3|4)", "(==1|==2),(==3|==4)"),
    ],
)  # fmt: skip
def test_text_forms(text: str, written: str) -> None:
    assert str(VersionSpec.parse(text)) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"), (".*", "missing before '.*'"), ("=.*", "missing before"), ("  ", "it is empty"), (">=", "missing after '>='"), ("1,", "a version is missing"), (",1", "missing"),
        ("1||2", "missing"), ("(1", "not closed"), ("1)", "clauses joined"), ("()", "missing"), ("1 2", "not a comparison"),
        ("=>1", "not a comparison"), ("===1", "not a comparison"), ("^1.*$", "regular expressions"), ("1.*.2", "only stand at the end"),
        (">=1..2", "segment is empty"), ("!=*", "nothing can be '!='"), ("<*", "nothing can be '<'"), (">=1 <2", "not a comparison"),
        ("1;2", "not a comparison"), ("a b", "not a comparison"),
    ],
)  # fmt: skip
def test_what_is_no_spec(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        VersionSpec.parse(text)
    assert "is not a version spec" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.2", "did you mean '==1.2' or '1.2.*'?"), (">=1,2", "'2' alone is ambiguous"), (">=1.2.*", "'*' does not go with '>='"),
        ("==1.2.*", "'*' does not go with '=='"), ("=1.2.*", "'*' does not go with '='"), ("1.2.*.*", "one '*' is enough"),
        (">=*", "'*' does not go with '>='"),
    ],
)  # fmt: skip
def test_strictness(text: str, why: str) -> None:
    assert str(VersionSpec.parse(text))
    with pytest.raises(ValueError, match=re.escape(why)):
        VersionSpec.parse(text, strict=True)


def test_hostile_specs() -> None:
    with pytest.raises(ValueError, match="too deep"):
        VersionSpec.parse("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1))
    assert str(VersionSpec.parse("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH)) == "==1"
    with pytest.raises(ValueError, match="more than 1024"):
        VersionSpec.parse("1|" * MAX_LENGTH + "1")
    with pytest.raises(ValueError, match="not a version spec"):
        VersionSpec.parse("1" * 200 + " " * 700 + "!")


@pytest.mark.parametrize(
    ("spec", "inside", "outside"),
    [
        ("==1.8", ["1.8", "1.8.0"], ["1.8.1", "1.80"]),
        ("1.8.*", ["1.8", "1.8.1", "1.8a", "1.8.dev1"], ["1.80", "1.9", "1.7"]),
        ("=1.8", ["1.8", "1.8.1"], ["1.80"]),
        (">=1.8,<2.0a0", ["1.8", "1.9.9", "2.0dev1"], ["2.0.dev1", "2.0a1", "2.0", "1.7.9", "1.8.dev0"]),
        ("~=1.8.2", ["1.8.2", "1.8.9"], ["1.9", "1.8.1"]),
        ("!=1.8.*", ["1.9", "1.80"], ["1.8", "1.8.3"]),
        ("!=1.8", ["1.8.1"], ["1.8", "1.8.0"]),
        ("<1|>=3,<4|5.*", ["0.9", "3.5", "5.0"], ["1", "2", "4", "6"]),
        ("*", ["0", "1!2", "1+a"], []),
        ("1!2.*", ["1!2.3"], ["2.3"]),
        ("2.*,!=2.5|3", ["2.4", "3"], ["2.5", "3.1"]),
        (">1.8", ["1.8.1", "1.8.post1"], ["1.8", "1.8a"]),
        ("<=1.8", ["1.8", "1.8rc1"], ["1.8.post1"]),
    ],
)
def test_matching(spec: str, inside: list[str], outside: list[str]) -> None:
    parsed = VersionSpec.parse(spec)
    assert [text for text in [*inside, *outside] if parsed.matches(Version.parse(text))] == inside


def test_exact_and_start() -> None:
    assert VersionSpec.parse("==1.2").exact == Version.parse("1.2")
    assert VersionSpec.parse("1.2.*").exact is None
    assert VersionSpec.parse("1.2.*").start == Version.parse("1.2")
    assert VersionSpec.parse("==1.2").start is None
    assert VersionSpec.parse("==1.2,==1.2").exact is None


def test_the_tree() -> None:
    one, two = Clause(Operator.AT_LEAST, Version.parse("1")), Clause(Operator.LESS, Version.parse("2"))
    assert VersionSpec.parse(">=1,<2").root == Group(",", (one, two))
    assert VersionSpec.parse("*").root == Anything()
    assert VersionSpec.parse(">=1.0,<2.0") == VersionSpec.parse(">=1,<2")
    assert hash(VersionSpec.parse(">=1.0")) == hash(VersionSpec.parse(">=1"))


@pytest.mark.parametrize("text", ["==1.8.*", "!=1.8"])
def test_where_solvers_and_the_standard_part(text: str) -> None:
    """The standard reads ``==1.8.*`` as fuzzy, as we do; ``!=1.8`` as "does not start with", which no solver does."""
    version = Version.parse("1.8.1")
    assert VersionSpec.parse(text).matches(version)
    assert rattler.VersionSpec(text).matches(rattler.Version("1.8.1")) is (text == "!=1.8")
