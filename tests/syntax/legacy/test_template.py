"""Templates of whole recipes: lenient, strict, and held back."""

from __future__ import annotations

import pytest

from builder.errors import RecipeError
from builder.syntax.legacy.template import MAX_RENDERED, Templates

RECIPE = """{% set name = "six" %}
{% set version = "1.16" %}
package:
  name: {{ name|lower }}
  version: {{ version }}
{% for python in pythons %}
  - {{ python }}
{% endfor %}
"""


def test_a_recipe_is_rendered() -> None:
    rendered = Templates("meta.yaml").render(RECIPE, {"pythons": ["3.12", "3.13"]}, lenient=False)
    assert "name: six\n  version: 1.16\n" in rendered.text
    assert rendered.text.count("- 3.1") == 2
    assert rendered.undefined == frozenset()


@pytest.mark.parametrize(
    ("template", "text", "missing"),
    [
        ("{{ a }}", "", {"a"}),
        ("{{ a[:2] }}", "", {"a"}),
        ("{{ a['b'] + 'c' }}", "", {"a"}),
        ("{{ a(1)(2) * 3 }}", "", {"a"}),
        ("{{ a|int }}", "0", {"a"}),
        ("{{ a|float }}", "0.0", {"a"}),
        ("{{ a.b }}", "None", {"a"}),
        ("{{ a < 1 }}", "", {"a"}),
        ("{% if a %}x{% else %}y{% endif %}", "y", set()),
        ("{% for b in a %}x{% endfor %}", "", set()),
        ("{{ a is defined }}", "False", set()),
        ("{{ a or 'b' }}", "b", set()),
        ("{{ a|default('b') }}", "b", set()),
    ],
)
def test_a_missing_name_is_nothing_at_first(template: str, text: str, missing: set[str]) -> None:
    rendered = Templates("meta.yaml").render(template, {}, lenient=True)
    assert (rendered.text, set(rendered.undefined)) == (text, missing)


def test_missing_names_are_those_of_one_rendering() -> None:
    templates = Templates("meta.yaml")
    first = templates.render("{{ a }}", {}, lenient=True)
    second = templates.render("{{ a }}{{ b }}", {"a": "1"}, lenient=True)
    assert (set(first.undefined), set(second.undefined)) == ({"a"}, {"b"})


def test_in_the_end_a_missing_name_is_an_error_at_its_line() -> None:
    with pytest.raises(RecipeError, match="'b' is undefined") as caught:
        Templates("meta.yaml").render("a:\n  - {{ b }}\n", {}, lenient=False)
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert (problem.place.line, problem.place.frame) == (2, "  - {{ b }}")
    assert problem.remedy


def test_lines_have_the_numbers_of_the_file() -> None:
    with pytest.raises(RecipeError) as caught:
        Templates("meta.yaml").render("a:\n  - {{ b }}\n", {}, lenient=False, numbers=(3, 7))
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.line, place.frame) == (7, "  - {{ b }}")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum.__globals__ }}",
        "{{ 'a'|attr('__class__') }}",
        "{{ names.append('x') }}",
        "{{ function.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**(10**7) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ [1] * 10**9 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{% for a in range(10**9) %}{% endfor %}",
        "{% endif %}",
        "{{ 1 / 0 }}",
        "{{ names['x'] + 1 }}",
        "{{ function() }}",
    ],
)
def test_what_a_template_may_not_do_is_an_error(template: str) -> None:
    def function() -> None:
        raise ValueError("it cannot")

    with pytest.raises(RecipeError):
        Templates("meta.yaml").render(template, {"names": ["a"], "function": function}, lenient=False)


def test_a_template_does_not_write_without_end() -> None:
    template = "{% for a in range(99999) %}{% for b in range(99999) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}"
    with pytest.raises(RecipeError, match=f"{MAX_RENDERED:,}"):
        Templates("meta.yaml").render(template, {}, lenient=False)
