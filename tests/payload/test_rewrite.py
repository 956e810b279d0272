"""Rewriting text by regular expressions: the replacement language, the files, and the script's own files untouched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.model.finding import Finding, Severity
from builder.model.recipe import GlobList, PostProcess
from builder.payload.rewrite import expand, rewrite_text
from tests.payload.prefix import Link, Tree, installed


def step(regex: str, replacement: str, *files: str) -> PostProcess:
    return PostProcess(files=GlobList(include=files or ("**/*.txt",)), regex=regex, replacement=replacement)


def rewritten(tmp_path: Path, tree: Tree, *steps: PostProcess) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    left = installed(tmp_path / "prefix", tree)
    entries, findings = rewrite_text(left.entries, steps, tmp_path / "scratch")
    assert [entry.path for entry in entries] == [entry.path for entry in left.entries]
    for entry in entries:
        assert entry.content is None or entry.size == entry.content.stat().st_size
    return {entry.path: entry.content.read_bytes() for entry in entries if entry.content is not None}, findings


@pytest.mark.parametrize(
    ("regex", "replacement", "text", "expected"),
    [
        ("a", "b", "banana", "bbnbnb"),
        (r"v(\d+)\.(\d+)", "$2.$1", "v1.2", "2.1"),
        (r"(?P<name>\w+)=", "${name}:", "key=1", "key:1"),
        (r"(\w+)", "${1}s", "cat", "cats"),
        (r"(\w+)", "$1s", "cat", ""),
        ("x", "$$1", "x", "$1"),
        ("x", "$0$0", "x", "xx"),
        ("(a)|(b)", "[$1$2]", "ab", "[a][b]"),
        ("x", "$9", "x", ""),
        ("x", r"\1\n", "x", r"\1\n"),
        ("x", "100%", "x", "100%"),
        ("x", "$", "x", "$"),
        ("(?i)PATH", "p", "Path", "p"),
        ("(?m)^b", "c", "a\nb", "a\nc"),
        (r"/opt/old(/|$)", "/new$1", "/opt/old/lib", "/new/lib"),
        ("(?<name>ü)(.)", "$2${name}", "xüäy", "xäüy"),
    ],
)
def test_the_replacement_language_of_the_peer(
    tmp_path: Path, regex: str, replacement: str, text: str, expected: str
) -> None:
    contents, findings = rewritten(tmp_path, {"a.txt": text}, step(regex, replacement))
    assert findings == ()
    assert contents["a.txt"].decode() == expected


def test_only_matching_files_change_and_the_scripts_own_never(tmp_path: Path) -> None:
    tree: Tree = {"share/a.txt": "one", "share/b.md": "one", "share/l.txt": Link("a.txt"), "share/c.txt": "nil"}
    contents, findings = rewritten(tmp_path, tree, step("one", "two"))
    assert findings == ()
    assert contents == {"share/a.txt": b"two", "share/b.md": b"one", "share/c.txt": b"nil"}
    assert (tmp_path / "prefix/share/a.txt").read_text() == "one"
    assert [path.name for path in (tmp_path / "scratch").rglob("*.txt")] == ["a.txt"], "unchanged files are not copied"


def test_steps_follow_each_other(tmp_path: Path) -> None:
    contents, _ = rewritten(tmp_path, {"a.txt": "a"}, step("a", "b"), step("b", "c"), step("a", "x"))
    assert contents["a.txt"] == b"c"


def test_programs_stay_executable_and_line_ends_stay(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"bin/run": "#!/bin/sh\r\necho old\r\n"})
    entries, _ = rewrite_text(left.entries, [step("old", "new", "bin/*")], tmp_path / "scratch")
    run = next(entry for entry in entries if entry.path == "bin/run")
    assert run.executable
    assert run.content is not None
    assert run.content.read_bytes() == b"#!/bin/sh\r\necho new\r\n"


def test_what_is_no_text_is_left_alone_with_a_warning(tmp_path: Path) -> None:
    contents, findings = rewritten(tmp_path, {"a.txt": b"\xff\xfeold", "b.txt": "old"}, step("old", "new"))
    assert contents == {"a.txt": b"\xff\xfeold", "b.txt": b"new"}
    assert [(found.severity, found.path) for found in findings] == [(Severity.WARNING, "a.txt")]


@pytest.mark.parametrize("regex", ["(", "[", "*a", "(?P<n>x", "a{1001}", "((a{100}){100}){100}", "\\"])
def test_a_wrong_expression_is_an_error_and_rewrites_nothing(tmp_path: Path, regex: str) -> None:
    contents, findings = rewritten(tmp_path, {"a.txt": "old"}, step(regex, "x"), step("old", "new"))
    assert contents["a.txt"] == b"new", "the other steps go on, so that all is reported at once"
    assert [found.severity for found in findings] == [Severity.ERROR]
    assert repr(regex) in findings[0].message


def test_a14_no_expression_takes_longer_than_its_text(tmp_path: Path) -> None:
    text = "a" * 100_000 + "!"
    for regex in ("(a+)+$", "(a|a)+$", "(a*)*b", "a*a*a*a*a*b", "(.*)*x"):
        contents, findings = rewritten(tmp_path / regex.replace("/", ""), {"a.txt": text}, step(regex, "x"))
        assert findings == ()
        assert contents["a.txt"].decode() == text


@pytest.mark.parametrize("regex", ["(?=a)", "(?<!a)b", r"(a)\1"])
def test_a14_what_cannot_be_matched_in_linear_time_is_no_expression(tmp_path: Path, regex: str) -> None:
    _, findings = rewritten(tmp_path, {"a.txt": "aa"}, step(regex, "x"))
    assert [found.severity for found in findings] == [Severity.ERROR]


@pytest.mark.parametrize(
    ("regex", "text", "expected"),
    [
        ("$", "a!", "a!x"),
        ("b*", "abc", "xaxcx"),
        ("x*", "ü", "xüx"),
        (r"\b", "ab cd", "xabx xcdx"),
        ("(?m)^", "a\nb", "xa\nxb"),
    ],
)
def test_empty_matches_are_those_of_the_peers_engine(tmp_path: Path, regex: str, text: str, expected: str) -> None:
    contents, _ = rewritten(tmp_path, {"a.txt": text}, step(regex, "x"))
    assert contents["a.txt"].decode() == expected


def test_a_file_grows_to_a_largest_size(tmp_path: Path) -> None:
    contents, findings = rewritten(tmp_path, {"a.txt": "a" * 3000}, step("a", "b" * 100_000))
    assert contents["a.txt"] == b"a" * 3000
    assert [(found.severity, found.path) for found in findings] == [(Severity.ERROR, "a.txt")]


def test_without_steps_nothing_is_read(tmp_path: Path) -> None:
    left = installed(tmp_path / "prefix", {"a.txt": "a"})
    (tmp_path / "prefix/a.txt").unlink()
    assert rewrite_text(left.entries, [], tmp_path / "scratch") == (left.entries, ())


def test_expand_takes_the_longest_name() -> None:
    match = re.match(r"(?P<a>x)(?P<ab>y)", "xy")
    assert match is not None
    assert expand("$ab-${a}b-$a_", match) == "y-xb-"
