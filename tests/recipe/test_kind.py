"""Each kind of scalar: what it takes, what it makes of it, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.recipe import kind
from builder.recipe.kind import Kind, Plain, inside

SHA = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"


@pytest.mark.parametrize(
    ("what", "text", "value"),
    [
        (kind.TEXT, " a ", " a "), (kind.LINE, " a\n", "a"), (kind.LINE, "  ", None), (kind.NAME, "zlib", "zlib"), (kind.NAME, "_x86-64.a", "_x86-64.a"),
        (kind.VERSION, "1.10", "1.10"), (kind.VERSION, "1!2.0a1+g3", "1!2.0a1+g3"), (kind.VERSION, "26R1.0", "26R1.0"), (kind.VERSION, "31c1ad3745", "31c1ad3745"),
        (kind.NATURAL, "0", 0), (kind.NATURAL, " 12 ", 12), (kind.INTEGER, "-4", -4), (kind.BOOLEAN, "true", True), (kind.BOOLEAN, "False", False),
        (kind.NOARCH, "python", "python"), (kind.NOARCH, "generic", "generic"), (kind.NOARCH, "null", None), (kind.NOARCH, "", None), (kind.NOARCH, "None", None),
        (kind.BEHAVIOR, "error", "error"), (kind.BUILD_STRING, "py312_0", "py312_0"), (kind.SHA256, SHA, SHA.lower()), (kind.MD5, SHA[:32], SHA[:32].lower()),
        (kind.URL, "https://example.org/a.tar.gz", "https://example.org/a.tar.gz"), (kind.URL, "pypi:zstd/1/zstd.tar.gz", "pypi:zstd/1/zstd.tar.gz"),
        (kind.URL, "debian:pool/main/z/zlib/a.deb", "debian:pool/main/z/zlib/a.deb"), (kind.PAGE, "https://example.org/ (doc)", "https://example.org/ (doc)"),
        (kind.PATH, "a/b", "a/b"), (kind.PATH, "./a", "./a"), (kind.PATH, "a..b", "a..b"), (kind.FILE_NAME, "a.tar.gz", "a.tar.gz"),
        (kind.PATCH, "${{ SRC_DIR }}/x.patch", "${{ SRC_DIR }}/x.patch"), (kind.LICENSE_FILE, "licenses/*.txt", "licenses/*.txt"),
        (kind.LICENSE, "MIT OR Apache-2.0", "MIT OR Apache-2.0"), (kind.ENTRY_POINT, "a-b=c.d : e.f", "a-b = c.d:e.f"), (kind.VARIABLE, "_A1", "_A1"),
        (kind.GIT, "https://example.org/r.git", "https://example.org/r.git"), (kind.GIT, "../r", "../r"), (kind.REFERENCE, "v1.0", "v1.0"),
        (kind.REFERENCE, "release/1.x", "release/1.x"), (kind.REGEX, "a(b)?", "a(b)?"), (kind.PYTHON_VERSION, "3.8.*", "3.8.*"),
        (kind.PYTHON_VERSION, ">=3.7", ">=3.7"), (kind.PYTHON_VERSION, "3.10.* *_cpython", "3.10.* *_cpython"), (kind.COMMAND, "make", "make"),
        (kind.PACKAGE, "gcc_linux-64 =12", "gcc_linux-64"), (kind.PACKAGE, "Foo", "foo"), (kind.SPEC, "python", "python"), (kind.SPEC, "zlib >=1.2 ", "zlib >=1.2"),
        (kind.SPEC, "Baz>2,<3", "baz >2,<3"), (kind.SPEC, "foo 1.2.* *_cpu", "foo 1.2.* *_cpu"),
        (kind.SPEC, '{"pin_subpackage":{"name":"A","upper_bound":"x"}}', {"pin_subpackage": {"name": "a", "upper_bound": "x"}}),
        (kind.SPEC, '{"pin_compatible":{"name":"a","exact":true}}', {"pin_compatible": {"name": "a", "exact": True}}),
    ],
)  # fmt: skip
def test_what_a_kind_makes_of_a_text(what: Kind, text: str, value: Plain) -> None:
    assert what.convert(text) == value


@pytest.mark.parametrize(
    ("what", "text", "why"),
    [
        (kind.VERSION, "1.42-20260525", "write '_' in its place"), (kind.VERSION, "1 2", "other signs"), (kind.VERSION, "1" * 65, "too long"),
        (kind.VERSION, "", "other signs"), (kind.VERSION, "1..2", "1..2"), (kind.NATURAL, "-1", "0 or more"), (kind.NATURAL, "1.0", "whole number"),
        (kind.NATURAL, "", "whole number"), (kind.INTEGER, "x", "whole number"), (kind.BOOLEAN, "yes", "neither true nor false"), (kind.NOARCH, "perl", "python, generic"),
        (kind.BEHAVIOR, "warn", "ignore, error"), (kind.SHA256, "abc", "64 hexadecimal"), (kind.SHA256, "g" * 64, "64 hexadecimal"), (kind.MD5, SHA, "32 hexadecimal"),
        (kind.URL, "example.org/a", "not a URL"), (kind.URL, "https://a b", "not a URL"), (kind.URL, "https://a\n", "not a URL"), (kind.PAGE, "www.example.org", "not a URL"),
        (kind.ENTRY_POINT, "a", "command = module:function"), (kind.ENTRY_POINT, "a = b", "command = module:function"), (kind.ENTRY_POINT, "a = 1:b", "command ="),
        (kind.VARIABLE, "1a", "environment variable"), (kind.VARIABLE, "a-b", "environment variable"), (kind.REGEX, "a(", "regular expression"),
        (kind.PYTHON_VERSION, ">=3,,<4", "not a package spec"), (kind.SPEC, "", "name is missing"), (kind.SPEC, "foo 1.2", "ambiguous"), (kind.SPEC, "{bad", "neither a spec nor a pin"),
        (kind.SPEC, '{"pin_else":{"name":"a"}}', "neither a spec nor a pin"), (kind.SPEC, '{"pin_subpackage":{}}', "neither"), (kind.SPEC, "[]", "name is missing"),
        (kind.SPEC, '{"pin_subpackage":{"name":"a","upper_bound":"y.z y"}}', "y.z y"),
        (kind.SPEC, '{"pin_subpackage":{"name":"a","foo":"x"}}', "neither"), (kind.SPEC, '{"pin_subpackage":{"name":1}}', "neither"),
        (kind.SPEC, '{"pin_subpackage":{"name":"a","upper_bound":1}}', "neither"), (kind.SPEC, '{"pin_subpackage":{"name":"a/b"}}', "neither|package"),
        (kind.SPEC, '{"a":{"name":"a"},"b":{}}', "neither"), (kind.SPEC, '{"a":' * 5000, "neither"), (kind.SPEC, '{"pin_subpackage":["name"]}', "neither"),
        (kind.LICENSE, "MIT OR", "SPDX"), (kind.LICENSE, "Nothing-Known", "not in the list"),
    ],
)  # fmt: skip
def test_what_a_kind_refuses(what: Kind, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        what.convert(text)


@pytest.mark.parametrize(
    "path",
    [
        "/abs",
        "/",
        "\\abs",
        "~/x",
        "C:/x",
        "c:x",
        "../x",
        "a/../../x",
        "a/..",
        "..",
        "a\\..\\b",
        "x\0y",
        "${{ SRC_DIR }}/../x",
        "${{ PREFIX }}/a/../../b",
    ],
)
def test_a20_a23_a24_paths_that_lead_out_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"leads out|absolute path"):
        inside(path)


@given(st.text(alphabet="./\\~ab:", max_size=12))
def test_a20_an_accepted_path_stays_inside(path: str) -> None:
    try:
        inside(path)
    except ValueError:
        return
    steps = path.replace("\\", "/").split("/")
    assert ".." not in steps
    assert not path.startswith(("/", "\\", "~"))


@pytest.mark.parametrize("name", ["../../x", "a/b", "a\\b", "..", ".", "/x", "a\0b"])
def test_a20_a_file_name_has_no_folder(name: str) -> None:
    with pytest.raises(ValueError, match="has a folder in it"):
        kind.FILE_NAME.convert(name)


@pytest.mark.parametrize("address", ["ext::sh -c id", "--upload-pack=id", "-x", "", "a\0b", "fd::1"])
def test_a19_addresses_that_would_run_something_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        kind.GIT.convert(address)


@pytest.mark.parametrize("reference", ["--upload-pack=x", "-b", "", "a b", "a:b", "a~1", "a^", "@{1}\\", "a\nb", "a*"])
def test_a19_revisions_that_are_options_or_patterns_are_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="not the name of a revision"):
        kind.REFERENCE.convert(reference)


@pytest.mark.parametrize(
    "name", ["../../x", "a..b", "a" * 65, "Zlib", "zlib\u043e", "-a", "a b", "a/b", "", "a--b", "__glibc"]
)
def test_a22_names_that_cep_26_forbids_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"package|empty|name"):
        kind.NAME.convert(name)


@pytest.mark.parametrize("text", ["a/b", "a-b", "é", "a" * 65, "", "../x"])
def test_a22_build_strings_that_cep_26_forbids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="build string"):
        kind.BUILD_STRING.convert(text)


@pytest.mark.parametrize(
    "point", ["../../x = a:main", "../../x:main", "x = ../a:main", "x = a:b; rm", "a/b = c:d", "x = a.b", "= a:b"]
)
def test_a24_entry_points_are_identifiers(point: str) -> None:
    with pytest.raises(ValueError, match="is not an entry point"):
        kind.ENTRY_POINT.convert(point)


def test_names_of_the_session_are_told_from_others() -> None:
    assert kind.COMMAND.late("PREFIX")
    assert kind.COMMAND.late("MY_VAR_2")
    assert not kind.COMMAND.late("prefix")
    assert not kind.COMMAND.late("Prefix")
    assert kind.PATCH.late("SRC_DIR")
    assert not kind.PATCH.late("PREFIX")
    assert kind.LICENSE_FILE.late("PREFIX")
    assert not kind.TEXT.late("PREFIX")


@pytest.mark.parametrize("text", ["a{1001}", "(" * 5000, "((a{100}){100}){100}", "x" * 100_000 + "("])
def test_a14_a_regular_expression_that_cannot_be_read_is_told_shortly(text: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression") as caught:
        kind.REGEX.convert(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["(?=a)", "(?<!a)b", r"(a)\1", "a{1001}"])
def test_a14_what_takes_more_than_linear_time_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a regular expression: (invalid|bad)"):
        kind.REGEX.convert(text)


@pytest.mark.parametrize("point", [". = a:b", ".. = a:b", "... = a:b", "..x = a:b"])
def test_a24_a_command_is_no_folder(point: str) -> None:
    with pytest.raises(ValueError, match="is not an entry point"):
        kind.ENTRY_POINT.convert(point)


def test_a_command_may_have_dots() -> None:
    assert kind.ENTRY_POINT.convert(".a.b..c=x:y") == ".a.b..c = x:y"
