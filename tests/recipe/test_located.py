"""Pieces of a recipe found in its terms: expressions, items of lists, scalars, mentions."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.recipe import Request, evaluate, load
from builder.recipe.located import expression_with, items, mentions, part, scalar_of, written
from builder.recipe.term import Constant, Term
from builder.recipe.text import OutputText, term_of
from builder.recipe.trace import Trace
from builder.syntax.expression import Compiler
from builder.syntax.template import Condition, Template, compile_condition, compile_template
from tests.recipe.given import LINUX
from tests.syntax.given import scalar

HEAD = "package: {name: a, version: '1'}\n"


def traced(folder: Path, text: str, **variant: str) -> tuple[OutputText, Trace]:
    (folder / "recipe.yaml").write_text(HEAD + text)
    (output,) = load(folder).outputs
    trace = Trace()
    evaluate(output, Request(variant=variant, platforms=LINUX, trace=trace))
    return output, trace


def requirements(output: OutputText, section: str) -> Term:
    return part(term_of(output.top.sections, "requirements"), section)


def template(text: str) -> Template:
    return compile_template(scalar(text), Compiler())


def test_the_expression_that_reads_a_name() -> None:
    text = template("x ${{ one }} two ${{ two ~ compiler('c') }}")
    found = expression_with(text, "two")
    assert (found.text, found.place.column) == ("two ~ compiler('c')", text.where.text.index("two ~") + 1)
    assert expression_with(text, "c_compiler").text == found.text
    assert expression_with(text, "unseen").text == "one"


def test_the_expression_of_a_condition() -> None:
    condition = compile_condition(scalar("  a == 1", plain=False), Compiler())
    assert isinstance(condition, Condition)
    assert expression_with(condition, "a").text == "a == 1"


def test_items_are_those_that_were_taken(tmp_path: Path) -> None:
    output, trace = traced(
        tmp_path,
        "requirements:\n  host:\n    - one\n    - if: linux\n      then: [two, '${{ key }}']\n      else: three\n"
        "    - ${{ 'four' if win }}\n  run: [five]\n",
        key="six",
    )
    found = list(items(requirements(output, "host"), trace))
    assert [item.value for item in found] == ["one", "two", "six"]
    assert [item.written.text for item in found] == ["one", "two", "${{ key }}"]
    assert [(item.written.place.line, item.written.place.column) for item in found] == [(4, 7), (6, 14), (6, 19)]
    assert [item.value for item in items(requirements(output, "run"), trace)] == ["five"]
    assert list(items(requirements(output, "build"), trace)) == []


def test_items_of_choices_that_were_never_asked(tmp_path: Path) -> None:
    output, trace = traced(tmp_path, "build:\n  skip: true\nrequirements:\n  host:\n    - if: linux\n      then: a\n")
    assert list(items(requirements(output, "host"), trace)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("build", "number"), "3"),
        (("build", "string"), "x${{ hash }}"),
        (("build", "python", "site_packages_path"), "lib"),
        (("about", "summary"), "long text"),
        (("build",), None),
        (("build", "nothing", "below"), None),
        (("about", "license_file"), None),
    ],
)
def test_a_scalar_below_keys(path: tuple[str, ...], text: str | None, tmp_path: Path) -> None:
    output, _ = traced(
        tmp_path,
        "build:\n  number: 3\n  string: x${{ hash }}\n  python: {site_packages_path: lib}\n"
        "about:\n  summary: >-\n    long\n    text\n  license_file: [a, b]\n",
    )
    found = scalar_of(part(term_of(output.top.sections, path[0]), *path[1:]))
    assert (found.text if found else None) == text


def test_text_of_several_lines_is_shown_in_one() -> None:
    assert written(scalar("a\n  b")).text == "a b"


def test_names_are_found_in_every_branch(tmp_path: Path) -> None:
    output, _ = traced(
        tmp_path,
        "requirements:\n  host:\n    - if: linux\n      then: a\n      else:\n        - if: key == 'x'\n          then: ${{ key }}\n"
        "build:\n  script: make ${{ key }}\n  skip: match(key, '1')\nextra:\n  deep: [{er: '${{ key }}'}]\n",
        key="x",
    )
    found = list(mentions(output.top.sections, "key"))
    assert [mention.what.where.place.line for mention in found] == [7, 8, 10, 11, 13]
    assert [[(choice.condition.where.text, branch) for choice, branch in mention.under] for mention in found] == [
        [("linux", "else")], [("linux", "else"), ("key == 'x'", "then")], [], [], [],
    ]  # fmt: skip
    assert list(mentions(Constant("key"), "key")) == []
    assert list(mentions(output.top.sections, "nothing")) == []
