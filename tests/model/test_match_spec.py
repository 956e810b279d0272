"""Match specs against the standard's examples, against rattler, and against what rattler-build writes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import rattler
from hypothesis import given
from hypothesis import strategies as st
from rattler.package.build_string import BuildString

from builder.model.match_spec import MAX_LENGTH, MatchSpec, text_matches
from builder.model.version import Version
from builder.model.version_spec import VersionSpec
from tests.model.literals import unhurried, version_specs, versions

FUZZY = [
    "pkg=1.8", "pkg =1.8", "pkg 1.8.*", "pkg 1.8.* *", "pkg=1.8.*", "pkg=1.8.*=*", "pkg =1.8.* *", "pkg ==1.8.* *",
    "pkg[version=1.8.*]", 'pkg[version="1.8.*"]', "pkg =1.8 *",
]  # fmt: skip
EXACT = [
    "pkg 1.8", "pkg 1.8 *", "pkg==1.8", "pkg=1.8=*", "pkg==1.8=*", "pkg ==1.8 *", "pkg[version=1.8]", 'pkg[version="1.8"]',
    "pkg ==1.8", "pkg == 1.8",
]  # fmt: skip


def matched(spec: str, *versions: str, build: str = "h1_0", number: int = 0) -> list[str]:
    parsed = MatchSpec.parse(spec)
    return [text for text in versions if parsed.matches("pkg", Version.parse(text), build, number)]


@pytest.mark.parametrize("spec", FUZZY)
def test_fuzzy_specs_of_the_standard(spec: str) -> None:
    assert matched(spec, "1.8", "1.8.0", "1.8.5", "1.80", "1.7") == ["1.8", "1.8.0", "1.8.5"]


@pytest.mark.parametrize("spec", EXACT)
def test_exact_specs_of_the_standard(spec: str) -> None:
    assert matched(spec, "1.8", "1.8.0", "1.8.5", "1.80", "1.7") == ["1.8", "1.8.0"]


@pytest.mark.parametrize(
    ("spec", "canonical"),
    [
        ("foo 1.0 py27_0", "foo==1.0=py27_0"),
        ("foo=1.0=py27_0", "foo==1.0=py27_0"),
        ("conda-forge::foo[version=1.0.*]", "conda-forge::foo=1.0"),
        ("conda-forge/linux-64::foo>=1.0", "conda-forge/linux-64::foo[version='>=1.0']"),
        ("*/linux-64::foo>=1.0", "foo[channel='*',subdir='linux-64',version='>=1.0']"),
        ("foo 1.0 *_Py27", "foo==1.0[build='*_py27']"),
        ("Foo", "foo"),
        ("foo 1.*", "foo=1"),
        ("ns:foo >1[md5=" + "A" * 32 + "]", "foo[md5='" + "a" * 32 + "',version='>1']"),
    ],
)
def test_canonical_forms(spec: str, canonical: str) -> None:
    """Values stand in quotes as the rules say; the standard's own example leaves them out for a subdir."""
    assert MatchSpec.parse(spec).canonical() == canonical
    assert MatchSpec.parse(canonical).canonical() == canonical


WRITTEN = [
    ("zlib", "zlib"), ("ZLib", "zlib"), ("zlib 1.2.*", "zlib 1.2.*"), ("zlib =1.2", "zlib 1.2.*"), ("zlib=1.2", "zlib 1.2.*"),
    ("zlib ==1.2", "zlib ==1.2"), ("zlib>=1.2, <2", "zlib >=1.2,<2"), ("zlib >= 1.2", "zlib >=1.2"), ("zlib *", "zlib *"),
    ("zlib 1.2.* h123_0", "zlib 1.2.* h123_0"), ("zlib ==1.2 h123_0", "zlib ==1.2 h123_0"), ("zlib * *_mpi", "zlib * *_mpi"),
    ("zlib >=1.01", "zlib >=1.1"), ("zlib >=1|<0.5,>=3", "zlib >=1|<0.5,>=3"), ("zlib (>=1,<2)|3.*", "zlib >=1,<2|3.*"),
    ("conda-forge::zlib >=1.2", "conda-forge::zlib >=1.2"), ('zlib[version=">=1.2"]', "zlib >=1.2"),
    ('zlib[build_number=">1"]', 'zlib[build_number=">1"]'), ('zlib >=1.2[build="h1*"]', "zlib >=1.2 h1*"),
    ("__glibc >=2.17,<3.0.a0", "__glibc >=2.17,<3.0.a0"),
    ("conda-forge/linux-64::zlib", "conda-forge/linux-64::zlib"), ("conda-forge:ns:zlib >=1", "conda-forge:ns:zlib >=1"),
    ("zlib[channel=conda-forge,subdir=linux-64]", "conda-forge/linux-64::zlib"), ("zlib[subdir=linux-64]", 'zlib[subdir="linux-64"]'),
    ("zlib[build_number=3]", 'zlib[build_number="==3"]'), ("zlib[fn=foo.conda]", 'zlib[fn="foo.conda"]'),
    ("zlib[license=MIT]", 'zlib[license="MIT"]'), ("zlib[extras=[a,b]]", "zlib[extras=[a, b]]"),
    ("zlib[flags=[cuda,'blas:*']]", "zlib[flags=[cuda, blas:*]]"), ('numpy>=2[when="python>=3.10"]', 'numpy >=2[when="python>=3.10"]'),
    ("zlib[track_features='a b']", 'zlib[track_features="a b"]'), ("zlib # why", "zlib"), ("zlib[]", "zlib"),
    ("zlib[version='>=1,<2', build='^h.*$']", "zlib >=1,<2 ^h.*$"),
    ("zlib[namespace=x]", 'zlib[namespace="x"]'), ("zlib[md5=" + "a" * 32 + "]", 'zlib[md5="' + "a" * 32 + '"]'),
    ("zlib >=1.2,<3 h*", "zlib >=1.2,<3 h*"), ("  zlib   1.2.*   h1  ", "zlib 1.2.* h1"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "written"), WRITTEN)
def test_the_text_form_is_rattlers(spec: str, written: str) -> None:
    assert str(MatchSpec.parse(spec, strict=True)) == str(rattler.MatchSpec(spec, strict=True)) == written
    assert str(MatchSpec.parse(written, strict=True)) == written


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("zlib[build=h1]", "zlib * h1"), ("zlib [build=h*]", "zlib * h*"), ("c::zlib[build=h1]", "c::zlib * h1"),
        ('zlib[build=h1, build_number=">1"]', 'zlib * h1[build_number=">1"]'), ('zlib[build="^h.*$"]', "zlib * ^h.*$"),
    ],
)  # fmt: skip
def test_a_build_without_a_version_has_a_star_before_it(spec: str, written: str) -> None:
    """So does rattler-build 0.73; rattler of today writes brackets, which older readers do not know."""
    assert str(MatchSpec.parse(spec, strict=True)) == written
    assert MatchSpec.parse(written) == replace(MatchSpec.parse(spec), version=VersionSpec.parse("*"))


@unhurried
@given(
    name=st.sampled_from(["zlib", "lib-a", "_x", "__glibc", "py.test"]),
    versions=version_specs(),
    build=st.sampled_from(["", " h1_0", " *_mpi", " py3*_0"]),
)
def test_rattler_writes_the_same(name: str, versions: str, build: str) -> None:
    text = str(MatchSpec.parse(f"{name}[version='{versions}']")) + build
    assert str(MatchSpec.parse(text, strict=True)) == str(rattler.MatchSpec(text, strict=True)) == text


@unhurried
@given(
    spec=version_specs(), version=versions(), build=st.sampled_from(["", "h1*", "*_0", "h1_0", "H1_0", "^h.*_0$", "x"])
)
def test_rattler_matches_the_same_packages(spec: str, version: str, build: str) -> None:
    text = f"{MatchSpec.parse(f'pkg[version={chr(39)}{spec}{chr(39)}]')}{f' {build}' if build else ''}"
    record = rattler.PackageRecord(
        name="pkg", version=version, build=BuildString("h1_0"), build_number=0, subdir="linux-64"
    )
    assert MatchSpec.parse(text).matches("pkg", Version.parse(version), "h1_0") == rattler.MatchSpec(text).matches(
        record
    )


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("", "a package name is missing"), ("   ", "a package name is missing"), (">=1", "a package name is missing"), ("*", "name is missing"),
        ("^py.*$", "name is missing"), ("zl!b", "'!b' is not a version"), ("zlib,1", "',' does not belong in a package name"), ("zlib/1", "'/' does not"),
        ("zlib >1.2 <3", "join two version clauses with ','"), ("zlib >=1 <2 h", "is too much"), ("zlib 1.2 h x", "is too much"),
        ("zlib >=1.2 =h", "'=h' is not a build"), ("zlib *_mpi", "any version with such a build is '* *_mpi'"), ("zlib >=", "a version is missing after '>='"), ("zlib 1.*.2", "only stand at the end"),
        ("zlib;if python", "[when="), ("zlib[version=1][build=2]", "not a list of key=value"), ("zlib[version]", "not a list of key=value"),
        ("zlib[foo=1]", "'foo' is not a field"), ("zlib[version=1", "does not end with ']'"), ("zlib[version=1,version=2]", "given twice"),
        ("zlib[md5=abc]", "is not the md5 of anything"), ("zlib[sha256=" + "g" * 64 + "]", "is not the sha256"), ("zlib[build_number=x]", "not a build number"),
        ("zlib[build_number='>=1,<2']", "not a build number"), ("zlib[build='a b']", "not a build string"), ("zlib 1.2 h(1)", "not a build string"),
        ("zlib 1.2 ^h**$", "not a regular expression"), ("zlib 1.2 ^.*.*.*.*$", "repeats too much"),
        ("zlib 1.2 ^(a+)+$", "not a build string"), ("https://example.org/linux-64/a-1-0.conda", "it is an address"),
        ("zlib " + "1|" * MAX_LENGTH, "too long"),
    ],
)  # fmt: skip
def test_what_is_no_spec(spec: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        MatchSpec.parse(spec)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("zlib 1.2", "did you mean '==1.2' or '1.2.*'?"),
        ("zlib 1.2 h1", "ambiguous"),
        ("zlib==1.2=h1", "put a space, not '='"),
    ],
)
def test_strictness(spec: str, why: str) -> None:
    assert MatchSpec.parse(spec).version is not None
    with pytest.raises(ValueError, match=re.escape(why)):
        MatchSpec.parse(spec, strict=True)


def test_all_places() -> None:
    spec = MatchSpec.parse("https://example.org/chan/linux-64:ns:zlib >=1 h*[build_number='>2', when=\"python >=3\"]")
    assert (spec.channel, spec.subdir, spec.namespace, spec.name) == (
        "https://example.org/chan",
        "linux-64",
        "ns",
        "zlib",
    )
    assert (str(spec.version), spec.build, spec.build_number, spec.when) == (">=1", "h*", ">2", "python>=3")
    assert str(spec) == (
        'zlib >=1 h*[build_number=">2", channel="https://example.org/chan", subdir="linux-64", namespace="ns", when="python>=3"]'
    )
    assert MatchSpec.parse(str(spec)) == spec


def test_only_a_known_subdir_is_one() -> None:
    assert MatchSpec.parse("me/dev::zlib").channel == "me/dev"
    assert MatchSpec.parse("me/noarch::zlib").subdir == "noarch"
    assert MatchSpec.parse("ns:zlib") == MatchSpec(name="zlib", namespace="ns")


def test_brackets_win_except_for_the_name() -> None:
    assert MatchSpec.parse("zlib 1 a[version=2.*,build=b,name=other]") == MatchSpec.parse("zlib 2.* b")
    assert MatchSpec.parse("a::zlib[channel=b]").channel == "b"


def test_quotes() -> None:
    assert MatchSpec.parse("""zlib[license='a "b" c']""").license == 'a "b" c'
    assert str(MatchSpec(name="zlib", license='a "b"')) == """zlib[license='a "b"']"""
    both = MatchSpec(name="zlib", license="""a "b" 'c' \\""")
    assert MatchSpec.parse(str(both)) == both


@pytest.mark.parametrize(
    ("spec", "bare"), [("zlib", True), ("zlib *", False), ("c::zlib", False), ("zlib[build=h]", False), ("Zlib ", True)]
)
def test_bare(spec: str, bare: bool) -> None:
    assert MatchSpec.parse(spec).bare is bare


def test_matching_asks_every_field_it_can() -> None:
    assert matched("pkg", "1", "2") == ["1", "2"]
    assert matched("other", "1") == []
    assert matched("pkg * h1_0", "1") == ["1"]
    assert matched("pkg * h2*", "1") == []
    assert matched("pkg[build_number='>=1']", "1", number=0) == []
    assert matched("pkg[build_number='>=1']", "1", number=1) == ["1"]
    assert matched("pkg[build_number=10]", "1", number=1) == []


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("abc", "ABC", True), ("abc", "abcd", False), ("a*", "a", True), ("a*c", "abbc", True), ("a*c", "ac", True), ("a*c", "ab", False),
        ("*", "", True), ("**", "x", True), ("a*a", "a", False), ("*b*", "abc", True), ("a*b*c", "a_b_b_c", True), ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False), ("^a.c$", "abc", True), ("^a.c$", "ABC", True), ("^b$", "abc", False), ("a.c", "abc", False), ("a+", "a+", True),
        ("^", "^", True), ("*_Mpi", "h_mpi", True),
    ],
)  # fmt: skip
def test_text_matches(pattern: str, text: str, fits: bool) -> None:
    assert text_matches(pattern, text) is fits


@unhurried
@given(pattern=st.text("ab*", max_size=8), text=st.text("ab", max_size=10))
def test_globs_match_like_the_standards_translation(pattern: str, text: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*")
    assert text_matches(pattern, text) is (re.fullmatch(expression, text) is not None)


def test_hostile_globs_are_quick() -> None:
    assert not text_matches("*a" * 500 + "b", "a" * 5000)


@pytest.mark.parametrize(
    "text", ["foo[version=" + " " * 4000 + '"]', "foo " + " " * 2000 + "1" + " " * 2000, "foo[" + " " * 4000 + "]"]
)
def test_much_space_is_looked_at_once(text: str) -> None:
    """Trying every way to share it out would take hours."""
    try:
        assert MatchSpec.parse(text).name == "foo"
    except ValueError as error:
        assert "foo" in str(error)  # noqa: PT017 - the one or the other, at once
