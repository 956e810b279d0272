"""CEP 26's rules, each with texts that keep and break it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model import name
from builder.model.version import Version
from tests.model.literals import unhurried, versions

CEP_26_NAME = re.compile(r"^(([a-z0-9])|([a-z0-9_](?!_)))[._-]?([a-z0-9]+(\.|-|_|$))*$")
CEP_26_VIRTUAL = re.compile(r"^__[a-z0-9][._-]?([a-z0-9]+(\.|-|_|$))*$")


@unhurried
@given(st.text(alphabet="ab0._-A", min_size=1, max_size=8))
def test_names_are_the_standards(text: str) -> None:
    """The standard's expression admits two separators after one character, which its own text forbids."""
    legal = CEP_26_NAME.fullmatch(text) is not None and not re.search(r"[._-]{2}", text) and text.strip("_") != ""
    assert accepted(name.check_package_name, text) is legal


@unhurried
@given(st.text(alphabet="ab0._-A", min_size=1, max_size=8))
def test_virtual_names_are_the_standards(text: str) -> None:
    legal = CEP_26_VIRTUAL.fullmatch(f"__{text}") is not None and not re.search(r"[._-]{2}", text)
    assert accepted(name.check_virtual_name, f"__{text}") is legal


def accepted(check: Callable[[str], str], text: str) -> bool:
    try:
        return check(text) == text
    except ValueError:
        return False


@pytest.mark.parametrize(
    "text",
    ["zlib", "_libgcc_mutex", "libstdcxx-devel_linux-64", "r-base", "7zip", "a", "py.test", "x-", "_x", "a" * 64],
)
def test_good_names(text: str) -> None:
    assert name.check_package_name(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "may not be empty"), ("Zlib", "write 'zlib'"), ("a b", "may not hold ' '"), ("zlib++", "may not hold '+'"), ("__x", "virtual"),
        ("a--b", "side by side"), ("-a", "starts with"), (".a", "starts with"), ("a" * 65, "at most 64"), ("é", "may not hold"),
        ("../x", "may not hold '/'"), ("a\n", "may not hold"), ("_", "side by side"),
    ],
)  # fmt: skip
def test_bad_names(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        name.check_package_name(text)


@pytest.mark.parametrize("text", ["1", "1.2.3", "2.0.dev1", "1!2.3+4_5", "2147483647", "1_", "2024a"])
def test_good_versions(text: str) -> None:
    assert name.check_version(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "may not be empty"), ("1.0A", "other signs"), ("1-2", "other signs"), ("1 2", "other signs"), ("2147483648", "above 2147483647"),
        ("1.99999999999", "above"), ("1..2", "is empty"), ("1" + ".1" * 32, "at most 64"), ("1*", "other signs"), (".1", "segment is empty"),
    ],
)  # fmt: skip
def test_bad_versions(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        name.check_version(text)


@unhurried
@given(versions())
def test_a_checked_version_reads(text: str) -> None:
    if accepted(name.check_version, text):
        assert Version.parse(text).text == text
        assert name.split_file_name(f"x-{text}-h_0.conda")[1] == text


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("h1_0", True),
        ("py312h1.0+a_1", True),
        ("A", True),
        ("", False),
        ("a-b", False),
        ("a b", False),
        ("é", False),
        ("a" * 64, True),
        ("a" * 65, False),
    ],
)
def test_build_strings(text: str, good: bool) -> None:
    assert accepted(name.check_build_string, text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("noarch", True),
        ("linux-64", True),
        ("plan-9", True),
        ("linux", False),
        ("Linux-64", False),
        ("a-b-c", False),
        ("", False),
        ("a" * 31 + "-1", False),
    ],
)
def test_subdirs(text: str, good: bool) -> None:
    assert accepted(name.check_subdir, text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("main", True),
        ("_x", True),
        ("a.b-c", True),
        (".x", False),
        ("-x", False),
        ("A", False),
        ("a/b", False),
        ("", False),
        ("a" * 129, False),
    ],
)
def test_channel_parts(text: str, good: bool) -> None:
    assert accepted(name.check_channel_part, text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("conda-forge", True),
        ("conda-forge/label/rust_dev", True),
        ("Mixed_1.0", True),
        ("./conda-forge", False),
        ("a/b", False),
        ("a/label/b/c", False),
        ("a b", False),
        ("ä", False),
        ("a\n", False),
        ("-c", False),
        ("", False),
    ],
)
def test_names_of_channels(text: str, good: bool) -> None:
    assert name.is_channel_name(text) is good


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a-b-1.0-h_0.conda", ("a-b", "1.0", "h_0")),
        ("x-1-0.tar.bz2", ("x", "1", "0")),
        ("_m-0.1-main.conda", ("_m", "0.1", "main")),
    ],
)
def test_file_names(text: str, parts: tuple[str, str, str]) -> None:
    assert name.split_file_name(text) == parts
    assert name.check_file_name(text) == text


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("a-1-h0_0.conda", "a-1-h0_0"),
        ("linux-64/a-1-h0_0.tar.bz2", "linux-64/a-1-h0_0"),
        ("a-1-h0_0", "a-1-h0_0"),
        ("a-1.tar.bz2-h0_0.conda", "a-1.tar.bz2-h0_0"),
    ],
)
def test_stems(file: str, stem: str) -> None:
    assert name.stem_of(file) == stem


@pytest.mark.parametrize(
    "text",
    ["", "x", "x-1.conda", "x-1-0", "x-1-0.zip", "x-1-0.conda/", "../x-1-0.conda", "X-1-0.conda", "x-1-a b.conda", ".conda",
     "a" * 64 + "-" + "1" * 64 + "-" + "h" * 80 + ".conda"],
)  # fmt: skip
def test_bad_file_names(text: str) -> None:
    with pytest.raises(ValueError, match=r"file name|cannot|too long"):
        name.check_file_name(text)


@pytest.mark.parametrize(
    "check", [name.check_package_name, name.check_version, name.check_build_string, name.check_file_name]
)
def test_hostile_lengths_cost_nothing(check: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="too long") as caught:
        check("a" * 50_000_000)
    assert len(str(caught.value)) < 300
