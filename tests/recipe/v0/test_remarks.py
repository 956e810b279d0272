"""Remarks on a ``meta.yaml``: where they say that something stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MAX_PROBLEMS, Place
from builder.recipe.v0 import Remarks

TEXT = """\
{% set version = "1" %}
package:
  name: it
build:
  number: 1
  # a comment
  script: make  # [unix]
  script: nmake  # [win]

requirements:
  run:
    - zlib
  host:
  - a
  - b
outputs:
  - name: it
    no_link: x  # [linux]
    build:
      noarch: perl
  - type: conda
    name: other
  - name: "libit"   # why
    build:
      noarch: ruby
    requirements:
      run: [x]
about:
  home: example
"""


def test_a_remark_shows_the_line() -> None:
    remarks = Remarks(file="meta.yaml", text=TEXT)
    remarks.ignored("outputs[it].no_link", "links are kept")
    (warning,) = remarks.warnings
    assert warning.place == Place(file="meta.yaml", line=18, column=5, frame="    no_link: x  # [linux]")
    assert str(warning) == "meta.yaml:18:5: outputs[it].no_link has no effect here: links are kept"
    assert not remarks.problems


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("package.name", 3),
        ("build.number", 5),
        ("build.script", 4),  # there are two of them
        ("build.nothing", 4),
        ("requirements.run", 11),
        ("requirements.host", 13),
        ("outputs[it].build.noarch", 20),
        ("outputs[libit].build.noarch", 25),
        ("outputs[libit].requirements.run", 27),
        ("outputs[libit]", 23),
        ("outputs[other].build", 16),
        ("outputs[nobody].build", 16),
        ("outputs[it].name", 17),
        ("about.home", 29),
        ("source.url", None),
        ("source[0].url", None),
    ],
)
def test_a_key_is_found_in_its_section(path: str, line: int | None) -> None:
    assert Remarks(file="m", text=TEXT).place(path).line == line


def test_the_first_key_of_a_list_item_is_found_behind_its_dash() -> None:
    text = "source:\n  - url: 1\n    sha1: x\n"
    assert Remarks(file="m", text=text).place("source[0].url") == Place(file="m", line=2, column=5, frame="  - url: 1")
    assert Remarks(file="m", text=text).place("source[0].sha1").line == 3


def test_remarks_are_made_once_and_not_without_end() -> None:
    remarks = Remarks(file="meta.yaml")
    for number in range(200):
        remarks.problem("recipe.shape", f"problem {number // 2}", "build.number")
    assert len(remarks.problems) == MAX_PROBLEMS
    assert len(set(remarks.problems)) == MAX_PROBLEMS


@given(st.text("ab:- \n#'[]{%", max_size=60), st.text("ab.[]", max_size=12))
def test_any_text_has_a_place_for_any_path(text: str, path: str) -> None:
    place = Remarks(file="m", text=text).place(path)
    assert place.line is None or 1 <= place.line <= len(text.splitlines())
