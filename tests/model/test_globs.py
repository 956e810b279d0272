"""Globs against rattler-build's own selection of files, and on hostile patterns."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import rattler_build
from hypothesis import given
from hypothesis import strategies as st

from builder.model.globs import MAX_EXPANSIONS, MAX_LENGTH, Globs
from builder.model.recipe import GlobList
from tests.model.literals import unhurried

FILES = [
    "a.txt", "b.dat", "d/a.txt", "d/e/a.txt", "d/e/b.dat", "lib/libfoo.so", "lib/libfoo.so.1", "lib/sub/libbar.so", "libexec/x",
    "share/{x}", "share/[y]", "share/z*", "d.txt", "dd", "d/e f", "foo/bar/baz/q", "foo/q", "foo/bar/q", "q", "x/foo/q", ".hidden",
    "d/.hid", "a", "b", "ab", "abc", "a-b", "a]b", "d/d/d",
]  # fmt: skip

Ask = Callable[[GlobList], list[str] | None]


def selected(patterns: GlobList) -> list[str] | None:
    try:
        globs = Globs(patterns)
    except ValueError:
        return None
    return [path for path in sorted(FILES) if globs.matches(path)]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask rattler-build which of `FILES` it packs for a list of patterns; None when it refuses them."""
    script = [f'mkdir -p "$PREFIX/{Path(path).parent}"; echo 1 > "$PREFIX/{path}"' for path in FILES]

    def ask(patterns: GlobList) -> list[str] | None:
        folder = tmp_path_factory.mktemp("globs")
        files = {"include": patterns.include, "exclude": patterns.exclude} if patterns.exclude else patterns.include
        build = {"noarch": "generic", "script": script, "files": files}
        recipe = json.dumps({"package": {"name": "x", "version": "1"}, "build": build})
        try:
            (rendered,) = rattler_build.Stage0Recipe.from_yaml(recipe, recipe_dir=folder).render()
        except rattler_build.RattlerBuildError:
            return None
        result = rendered.run_build(output_dir=folder / "out", channels=[])
        packed = rattler_build.Package.from_file(result.packages[0]).files
        return sorted(path for path in packed if not path.startswith("info/"))

    return ask


@pytest.mark.parametrize(
    "patterns",
    [
        ("*.txt", "lib/*.so", "[!a]"), ("d", "libexec/"), ("d/*",), ("**/a.txt", "foo/**/q"), ("d/**",), ("**/foo/q", "li?/*"),
        ("{a,b}", "a{,b,bc}", "{**/b.dat,q}"), (r"share/\{x\}", r"share/\[y\]", r"share/z\*"), (".",), ("./d/",), ("a[]-]b", "[d]/**/a.txt"),
        ("foo/**/",), ("d/**/e", "/d", "d//e"), ("*/d", "D"), ("foo/**q", "**a"), ("[a",), ("{a",), ("a}",), ("a\\",), ("[b-a]",),
    ],
)  # fmt: skip
def test_rattler_build_selects_the_same_files(patterns: tuple[str, ...], theirs: Ask) -> None:
    wanted = GlobList(include=patterns)
    assert selected(wanted) == theirs(wanted)


@pytest.mark.parametrize(
    ("include", "exclude"), [(("d",), ("*.txt",)), (("**",), ("d", "foo/bar")), ((), ("*.txt", "lib*"))]
)
def test_rattler_build_excludes_the_same_files(include: tuple[str, ...], exclude: tuple[str, ...], theirs: Ask) -> None:
    wanted = GlobList(include=include, exclude=exclude)
    assert selected(wanted) == theirs(wanted)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("lib", ["lib", "lib/x", "lib/x/y"], ["lib2", "xlib", "a/lib"]),
        ("lib/", ["lib/x"], ["lib", "lib2/x"]),
        ("*.py", ["a.py", "a/b.py", ".py"], ["a.pyc", "py"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], ["ab", "a/xb"]),
        ("**/b", ["b", "a/b", "a/c/b", "b/x"], ["ab", "a/cb"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a?c", ["abc", "a/c"], ["ac", "abbc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
        ("[!a-c]x", ["dx"], ["ax"]),
        ("{x,y/{z,w}}.so", ["x.so", "y/z.so", "y/w.so"], ["z.so", "y.so"]),
        ("a b", ["a b"], ["ab"]),
        ("a.c", ["a.c"], ["abc"]),
        ("*a*b*", ["ab", "xaxbx", "a/b"], ["ba"]),
        ("a\nb", ["a\nb"], ["ab"]),
        ("**/", ["x", "a/b"], []),
    ],
)
def test_patterns(pattern: str, inside: list[str], outside: list[str]) -> None:
    globs = Globs(GlobList(include=(pattern,)))
    assert [path for path in [*inside, *outside] if globs.matches(path)] == inside


def test_no_pattern_selects_nothing() -> None:
    assert not Globs(GlobList())
    assert not Globs(GlobList()).matches("a")
    assert Globs(GlobList(exclude=("b",))).matches("a")
    assert bool(Globs(GlobList(exclude=("b",))))


def test_unmatched_patterns_are_named() -> None:
    globs = Globs(GlobList(include=("lib", "inclde", "*.so", "nothing/**"), exclude=("lib/x",)))
    assert globs.unmatched(["lib/x", "lib/y.so", "include/a.h"]) == ("inclde", "nothing/**")
    assert globs.unmatched([]) == ("lib", "inclde", "*.so", "nothing/**")
    assert Globs(GlobList()).unmatched(["a"]) == ()


def test_globs_are_values() -> None:
    patterns = GlobList(include=("*.so",))
    assert Globs(patterns) == Globs(patterns)
    assert pickle.loads(pickle.dumps(Globs(patterns))).matches("a.so")
    assert "*.so" in repr(Globs(patterns))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("[a", "'[' is not closed"), ("{a", "'{' is not closed"), ("a}", "'}' closes nothing"), ("a\\", "at its end"), ("[b-a]", "not a range"),
        ("[]", "not a range"), ("{a,{b}", "not closed"), ("{" * 9 + "}" * 9, "too deep"), ("{a,b}" * 10, "too many"), ("x" * (MAX_LENGTH + 1), "more than"),
    ],
)  # fmt: skip
def test_what_is_no_glob(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match="glob") as caught:
        Globs(GlobList(include=("ok", pattern)))
    assert why in str(caught.value)
    assert len(str(caught.value)) < 200


def test_hostile_patterns_are_quick() -> None:
    path = "a" * 4000
    assert not Globs(GlobList(include=("*a" * 1000 + "b",))).matches(path)
    assert not Globs(GlobList(include=("**/a" * 4 + "/b",))).matches("a/" * 2000)
    assert not Globs(GlobList(include=("?*" * 500 + "b",))).matches(path)
    assert not Globs(GlobList(include=("{a,aa,aaa}" * 5 + "b",))).matches(path)
    assert MAX_EXPANSIONS >= 3**5 * 2


@unhurried
@given(st.text(alphabet="ab*?/", max_size=8), st.text(alphabet="ab/", max_size=10))
def test_stars_and_question_marks_do_what_they_say(pattern: str, path: str) -> None:
    """Without ``**`` a pattern is the obvious expression, and what is below what it names."""
    if "**" in pattern or pattern.startswith("./") or not pattern.strip("./"):
        return
    assert Globs(GlobList(include=(pattern,))).matches(path) is obvious(pattern, path)


def obvious(pattern: str, path: str) -> bool:
    if pattern.endswith("/"):
        return any(fits(pattern, path[:cut]) for cut in range(len(path) + 1))
    return fits(pattern, path) or any(fits(pattern, path[:cut]) for cut in range(len(path)) if path[cut] == "/")


def fits(pattern: str, path: str) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "*":
        return any(fits(pattern[1:], path[cut:]) for cut in range(len(path) + 1))
    return bool(path) and pattern[0] in {"?", path[0]} and fits(pattern[1:], path[1:])
