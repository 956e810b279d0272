"""What may name an output, each with the line and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import Problem
from builder.recipe.v0 import Metadata, OutputMetadata, Remarks
from builder.recipe.v0.naming import wrong_names
from builder.syntax.legacy.data import Plain

TEXT = """\
package:
  name: bread
  version: "1.0"
build:
  number: 0
  string: x_0
"""


def wrong(package: dict[str, Plain], build: dict[str, Plain] | None = None) -> tuple[Problem, ...]:
    sections: dict[str, Plain] = {"package": package, "build": build or {}}
    output = OutputMetadata(metadata=Metadata(sections=sections), entry={})
    return wrong_names(output, Remarks(file="meta.yaml", text=TEXT))


@pytest.mark.parametrize(
    ("package", "build"),
    [
        ({"name": "bread", "version": "1.0"}, {}),
        ({"name": "_r-mutex", "version": "1!2.0+local_3"}, {"number": "12", "string": "py312h0123456_0"}),
        ({"name": "a.b", "version": "1.0RC1"}, {"number": 3}),
        ({"name": "a", "version": "2024a"}, {"number": ""}),
        ({"name": "a", "version": "1"}, {"number": " 7 "}),
    ],
)
def test_good_names(package: dict[str, Plain], build: dict[str, Plain]) -> None:
    assert wrong(package, build) == ()


@pytest.mark.parametrize(
    ("package", "message", "line"),
    [
        ({"name": "", "version": "1"}, "package.name is missing", 2),
        ({"name": "Bread", "version": "1"}, "the name 'Bread' has capitals", 2),
        ({"name": "bread and butter", "version": "1"}, "the name 'bread and butter' has a space", 2),
        ({"name": "bread!", "version": "1"}, "the name 'bread!' has '!'", 2),
        ({"name": "bröt", "version": "1"}, "the name 'bröt' has 'ö'", 2),
        ({"name": "b" * 129, "version": "1"}, f"the name '{'b' * 129}' has more than 128 letters", 2),
        ({"name": "bread", "version": ""}, "package.version is missing", 3),
        ({"name": "bread", "version": "1-0"}, "the version '1-0' has '-'", 3),
        ({"name": "bread", "version": "1 0/2"}, "the version '1 0/2' has a space, '/'", 3),
        ({"name": "bread", "version": ".1"}, "the version '.1' begins with a point", 3),
    ],
)
def test_names_and_versions(package: dict[str, Plain], message: str, line: int) -> None:
    (problem,) = wrong(package)
    assert (problem.code, problem.message) == ("recipe.name", message)
    assert problem.place is not None
    assert (problem.place.line, problem.remedy is not None) == (line, True)


@pytest.mark.parametrize("number", ["one", "-1", "1.0", "0x1", "٣", -1])
def test_a_build_number_is_a_whole_number(number: Plain) -> None:
    (problem,) = wrong({"name": "a", "version": "1"}, {"number": number})
    assert problem.message == f"build.number is {str(number)!r}, which is no whole number from 0 on"
    assert problem.place is not None
    assert problem.place.line == 5


def test_a_build_string() -> None:
    (problem,) = wrong({"name": "a", "version": "1"}, {"string": "py 3-1!"})
    assert problem.message == "the build string 'py 3-1!' has a space, '!', '-'"


def test_all_of_it_is_told_at_once() -> None:
    assert len(wrong({"name": "", "version": ""}, {"number": "x", "string": "/"})) == 4


def test_an_output_is_told_with_its_own_keys() -> None:
    sections: dict[str, Plain] = {"package": {"name": "Crumb", "version": "1-0"}}
    entry: dict[str, Plain] = {"name": "Crumb", "version": "1-0"}
    output = OutputMetadata(metadata=Metadata(sections=sections), entry=entry, parent="bread")
    text = "package:\n  name: bread\noutputs:\n  - name: Crumb\n    version: 1-0\n"
    problems = wrong_names(output, Remarks(file="meta.yaml", text=text))
    assert [problem.place.line for problem in problems if problem.place] == [4, 5]


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_passes_can_be_part_of_a_file_name(name: str, version: str) -> None:
    if not wrong({"name": name, "version": version}):
        stem = f"{name}-{version}-h0_0"
        assert stem.isascii()
        assert stem.isprintable()
        assert not set(stem) & set("/\\:*?<>| \n\0")
        assert version.count("-") == 0
