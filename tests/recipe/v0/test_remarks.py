"""Remarks on a ``meta.yaml``: where they say that something stands."""

from __future__ import annotations

from builder.errors import MAX_PROBLEMS, Place
from builder.recipe.v0 import Remarks

TEXT = """\
package:
  name: it
build:
  number: 1
outputs:
  - name: it
    no_link: x  # [linux]
  - name: other
"""


def test_a_key_that_stands_once_is_shown_with_its_line() -> None:
    remarks = Remarks(file="meta.yaml", text=TEXT)
    remarks.ignored("outputs[0].build.no_link", "links are kept")
    (warning,) = remarks.warnings
    assert warning.place == Place(file="meta.yaml", line=7, column=5, frame="    no_link: x  # [linux]")
    assert str(warning) == "meta.yaml:7:5: outputs[0].build.no_link has no effect here: links are kept"
    assert not remarks.problems


def test_a_key_that_stands_twice_or_nowhere_is_shown_with_the_file() -> None:
    remarks = Remarks(file="meta.yaml", text=TEXT)
    for path in ("outputs[1].name", "source.url"):
        assert remarks.place(path) == Place(file="meta.yaml")


def test_of_keys_with_one_name_that_in_its_section_is_meant() -> None:
    place = Remarks(file="meta.yaml", text=TEXT).place("package.name")
    assert place == Place(file="meta.yaml", line=2, column=3, frame="  name: it")


def test_the_first_key_of_a_list_item_is_found_behind_its_dash() -> None:
    assert Remarks(file="m", text="x:\n  - only: 1\n").place("x[0].only") == Place(
        file="m", line=2, column=5, frame="  - only: 1"
    )


def test_remarks_are_made_once_and_not_without_end() -> None:
    remarks = Remarks(file="meta.yaml")
    for number in range(200):
        remarks.problem("recipe.shape", f"problem {number // 2}", "build.number")
    assert len(remarks.problems) == MAX_PROBLEMS
    assert len(set(remarks.problems)) == MAX_PROBLEMS
