"""What a `package_contents` test asks for, as rattler-build reads it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.recipe import PackageContentsTest
from builder.model.target import target
from builder.testing.contents import missing_contents

LINUX = target("linux-64")
PATHS = (
    "bin/zstd", "include/zstd.h", "include/zstd/errors.h", "lib/libzstd.a", "lib/libzstd.so", "lib/libzstd.so.1",
    "lib/libzstd.so.1.5.7", "lib/pkgconfig/libzstd.pc", "lib/python3.12/site-packages/zstd/__init__.py",
    "lib/python3.12/site-packages/zstd/sub/one.py", "lib/python3.12/site-packages/single.py", "share/doc/a.txt",
)  # fmt: skip


def wrong(on: str = "linux-64", paths: Sequence[str] = PATHS, /, **test: object) -> tuple[str, ...]:
    return missing_contents(PackageContentsTest(**test), paths, target(on))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "test",
    [
        {"bin": ("zstd",)},
        {"bin": ("zst*",)},
        {"include": ("zstd.h",)},
        {"include": ("zstd/*.h",)},
        {"lib": ("zstd",)},
        {"lib": ("libzstd",)},
        {"lib": ("libzstd.so.1",)},
        {"lib": ("libzstd.a",)},
        {"lib": ("libzstd.so",)},
        {"site_packages": ("zstd",)},
        {"site_packages": ("single",)},
        {"site_packages": ("zstd.sub.one",)},
        {"site_packages": ("zstd/sub/*.py",)},
        {"files": ("share/doc/a.txt", "**/*.pc")},
        {"files": ("lib/*.pc",)},
        {"files": ("share/{doc,man}/*",)},
        {"not_files": ("share/man/*", "include")},
        {"not_bin": ("unzstd",), "not_lib": ("lz4",), "not_include": ("zstd",), "not_site_packages": ("zstd.one",)},
        {},
    ],
    ids=str,
)
def test_it_is_there(test: dict[str, tuple[str, ...]]) -> None:
    assert wrong(**test) == ()


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"bin": ("unzstd",)}, "bin: nothing matches 'unzstd' (looked for bin/unzstd)"),
        ({"include": ("zstd",)}, "include: nothing matches 'zstd'"),
        ({"lib": ("lz4",)}, "lib: nothing matches 'lz4'"),
        ({"lib": ("libzstd.so.2",)}, "looked for lib/libzstd.so.2"),
        ({"lib": ("libzst",)}, "lib: nothing"),
        ({"site_packages": ("zstd.sub.two",)}, "site-packages/zstd/sub/two.py"),
        ({"files": ("share/doc",)}, "files: nothing matches 'share/doc'"),
        ({"files": ("share/doc/A.txt",)}, "A.txt"),
        ({"not_files": ("**/*.a",)}, "files: lib/libzstd.a must not be there ('**/*.a')"),
        ({"not_bin": ("zstd",)}, "bin: bin/zstd must not be there ('zstd')"),
        ({"not_lib": ("libzstd.a",)}, "lib: lib/libzstd.a must not be there ('libzstd.a')"),
        ({"not_lib": ("zstd",)}, "lib: lib/libzstd.so, lib/libzstd.so.1, lib/libzstd.so.1.5.7 must not be there"),
        ({"not_include": ("zstd/*",)}, "include: include/zstd/errors.h must not be there"),
        ({"not_site_packages": ("single",)}, "site_packages: lib/python3.12/site-packages/single.py must not be"),
    ],
    ids=str,
)
def test_it_is_missing(test: dict[str, tuple[str, ...]], words: str) -> None:
    found = wrong(**test)
    assert len(found) == 1
    assert words in found[0]


def test_every_line_is_judged() -> None:
    found = wrong(bin=("a", "zstd", "b"), lib=("c",), files=("d",))
    assert [line.split(":")[0] for line in found] == ["bin", "bin", "lib", "files"]


def test_strict_allows_nothing_that_nobody_asked_for() -> None:
    everything = {"bin": ("zstd",), "include": ("**",), "lib": ("zstd", "libzstd.a"), "strict": True}
    (found,) = wrong(**everything)
    site = "lib/python3.12/site-packages"
    rest = ["lib/pkgconfig/libzstd.pc", f"{site}/single.py", f"{site}/zstd/__init__.py", f"{site}/zstd/sub/one.py"]
    assert found == f"strict: nothing asks for {', '.join(rest)}, share/doc/a.txt"
    assert wrong(**everything, files=("lib/p*", "share/**")) == ()


def test_a_long_rest_is_cut() -> None:
    names = [f"share/{number:02}" for number in range(35)]
    assert wrong("linux-64", names, strict=True) == (f"strict: nothing asks for {', '.join(names[:20])} and 15 more",)
    assert wrong("linux-64", names[:20], strict=True) == (f"strict: nothing asks for {', '.join(names[:20])}",)


def test_what_must_not_be_there_asks_for_nothing() -> None:
    assert len(wrong("linux-64", ["a"], not_files=("b",), strict=True)) == 1


@pytest.mark.parametrize(
    ("platform", "path", "test"),
    [
        ("osx-arm64", "lib/libz.dylib", {"lib": ("z",)}),
        ("osx-arm64", "lib/libz.1.2.dylib", {"lib": ("libz",)}),
        ("osx-arm64", "lib/libz.1.dylib", {"lib": ("libz.1.dylib",)}),
        ("win-64", "Library/bin/z.exe", {"bin": ("z",)}),
        ("win-64", "Scripts/z.bat", {"bin": ("z",)}),
        ("win-64", "z.exe", {"bin": ("z",)}),
        ("win-64", "Library/include/z.h", {"include": ("z.h",)}),
        ("win-64", "Library/bin/z.dll", {"lib": ("z.dll",)}),
        ("win-64", "Library/lib/z.lib", {"lib": ("z.lib",)}),
        ("win-64", "Lib/site-packages/z.py", {"site_packages": ("z",)}),
    ],
)
def test_other_systems_have_other_places(platform: str, path: str, test: dict[str, tuple[str, ...]]) -> None:
    assert wrong(platform, [path], **test) == ()
    assert wrong(platform, [f"x/{path}"], **test)


def test_a_library_on_windows_is_two_files() -> None:
    assert wrong("win-64", ["Library/bin/z.dll", "Library/lib/z.lib"], lib=("z",)) == ()
    assert len(wrong("win-64", ["Library/bin/z.dll"], lib=("z",))) == 1


def test_a_noarch_python_package_has_its_modules_at_the_top() -> None:
    test = PackageContentsTest(site_packages=("pkg.mod",))
    assert missing_contents(test, ["site-packages/pkg/mod.py"], LINUX, noarch_python=True) == ()
    assert missing_contents(test, ["lib/python3.12/site-packages/pkg/mod.py"], LINUX, noarch_python=True)


@given(st.lists(st.text(alphabet="ab/.", min_size=1, max_size=6).filter(lambda path: not path.startswith("./"))))
def test_every_path_matches_itself_and_strict_is_content(paths: list[str]) -> None:
    assert missing_contents(PackageContentsTest(files=tuple(paths), strict=True), paths, LINUX) == ()


def test_a_pattern_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[a"):
        wrong(files=("x[a",))


def test_what_must_not_be_there_is_not_asked_for() -> None:
    found = wrong("linux-64", ["bin/a", "bin/b"], bin=("a",), not_bin=("b",), strict=True)
    assert found == ("bin: bin/b must not be there ('b')", "strict: nothing asks for bin/b")


def test_programs_of_emscripten_are_scripts_or_modules() -> None:
    assert wrong("emscripten-wasm32", ["bin/a.js", "bin/b.wasm"], bin=("a", "b")) == ()
    (found,) = wrong("emscripten-wasm32", ["bin/a"], bin=("a",))
    assert "looked for bin/a.js, bin/a.wasm" in found


def test_both_files_of_a_windows_library_are_unwanted() -> None:
    found = wrong("win-64", ["Library/lib/z.lib"], not_lib=("z",))
    assert found == ("lib: Library/lib/z.lib must not be there ('z')",)
