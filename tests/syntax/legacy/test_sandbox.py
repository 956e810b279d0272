"""Jinja as recipes see it: the same values as without bounds, and an end to all work."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from jinja2.runtime import StrictUndefined

from builder.syntax.legacy.bounds import MAX_VALUE, Meter
from builder.syntax.legacy.sandbox import MAX_TOKENS, Sandbox

NAMES: dict[str, Any] = {
    "s": "a-b c", "n": 3, "many": ["x", "y", "z"], "map": {"k": "v"}, "big": "a" * MAX_VALUE, "day": datetime(2024, 5, 6, tzinfo=UTC),
}  # fmt: skip


def rendered(text: str) -> str:
    return Sandbox(Meter(), StrictUndefined).from_string(text).render(NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "{{ s ~ n ~ many ~ none }}",
        "{{ (s ~ '!') | upper ~ n }}",
        "{% for x in many %}{{ loop.index }}/{{ loop.length }}{{ x ~ n }}{{ ',' if not loop.last }}{% else %}none{% endfor %}",
        "{% for x in many if x != 'y' %}{{ x }}{% endfor %}",
        "{% for x in [] %}{{ x }}{% else %}none{% endfor %}",
        "{% for x in many recursive %}{{ x }}{{ loop(['q']) if loop.depth0 < 1 }}{% endfor %}",
        "{% for k, v in map.items() %}{{ k }}={{ v }}{% endfor %}",
        "{% macro m(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{% macro w() %}({{ caller() }}){% endmacro %}{% call w() %}c{% endcall %}",
        "{% set x %}{{ s }}!{% endset %}{{ x }}{% set y = namespace(v=0) %}{% for i in range(4) %}{% set y.v = y.v + i %}{% endfor %}{{ y.v }}",
        "{% filter upper %}{{ s }}{% endfilter %}",
        "{% if 'a' in s and n == 3 and n not in [1, 2] and 1 < n <= 3 %}yes{% endif %}",
        "{{ s.replace('-', '_').split('_')[0] }} {{ '.'.join(many) }} {{ '{:>4}|{x}'.format(n, x=s) }} {{ '%03d' % n }}",
        "{{ s | replace('a', 'b') | title }} {{ many | join('+') }} {{ many | map('upper') | list }} {{ '%s' | format(n) }}",
        "{{ many | select('in', ['x', 'z']) | join }} {{ n is odd }} {{ s is string }} {{ many | batch(2) | list }}",
        "{{ day.strftime('%Y.%m.%d') }} {{ 2 ** 10 }} {{ 'ab' * 2 }} {{ [1] + [2] }} {{ 7 // 2 }} {{ s[:2] }}",
        "{{ many | sort(reverse=true) | first }} {{ [1, 2] | sum }} {{ s | indent }} {{ map | tojson }} {{ n | round(1) }}",
        "{{ dict(a=1) }} {{ cycler(1, 2).next() }} {% set j = joiner('|') %}{{ j() }}{{ j() }} {{ missing | default('d') }}",
        "{% set d = 'x' %}{% for a in ['b/c', 'd'] %}{{ '-'.join(a.split('/')) ~ d.replace('x', a) }}{% endfor %}",
        "{% block b %}{{ '{:>3}'.format(n) }}{{ 'a'.ljust(3) }}{% endblock %}",
    ],
)  # fmt: skip
def test_what_recipes_do_comes_to_the_same_as_in_plain_jinja(text: str) -> None:
    assert rendered(text) == Environment(undefined=StrictUndefined).from_string(text).render(NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in big %}{% for b in big if false %}{% endfor %}{% endfor %}",
        "{% for a in [1] recursive %}{% for b in big %}{% for c in big %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}",
        "{% for a in big %}{{ 'b' in big }}{% endfor %}",
        "{% for a in big %}{{ big == big ~ '' }}{% endfor %}",
        "{% for a in big %}{% set x = big | upper %}{% endfor %}",
        "{% for a in big %}{% set x = big.split('a') %}{% endfor %}",
        "{% for a in big %}{{ big is in([big]) }}{% endfor %}",
        "{% set x = namespace(v='a') %}{% for a in big %}{% set x.v %}{{ x.v }}{{ x.v }}{% endset %}{% endfor %}",
        "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set x = namespace(v='a') %}{% for a in big %}{% set x.v = m(x.v) %}{% endfor %}",
        "{% set x = namespace(v='a') %}{% for a in big %}{% set x.v = x.v ~ x.v %}{% endfor %}",
        "{% set x = namespace(v=[1]) %}{% for a in big %}{% set x.v = x.v + x.v %}{% endfor %}",
        "{{ [big] * 1000 }}",
        "{{ ([big] * 1000) | string }}",
        "{{ ([big] * 1000) ~ '' }}",
        "{{ '%s' % ([big] * 1000) }}",
        "{{ '{}'.format([big] * 1000) }}",
        "{{ many | map('center', 10**9) | list }}",
        "{{ many | map('replace', 'x', big) | map('replace', 'a', big) | list }}",
        "{{ (range(99999) | map('string')) | join(big) }}",
        "{{ '{0:>1000000000}'.format(1) }}",
        "{{ big.expandtabs(1000) }}",
        "{{ big.translate({97: big}) }}",
        "{{ n.to_bytes(1000000000, 'big') }}",
        "{{ big.encode() }}",
        "{{ day.strftime('%1000000000d') }}",
        "{{ day.now() }}",
        "{{ 10 ** 99999 }}",
        "{{ big.join(big) }}",
        "{{ big.replace('', big) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{% from '../x' import y %}",
        "{% extends 'x' %}",
        "{{ [] .append(1) }}",
        "{{ map.update({}) }}",
        "{{ ''.__class__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
    ],
)  # fmt: skip
def test_everything_ends(text: str) -> None:
    with pytest.raises(SecurityError):
        rendered(text)


@pytest.mark.parametrize(
    "text", ["{{ many | random }}", "{{ lipsum() }}", "{{ s | urlize }}", "{% do x %}", "{{ map | xmlattr }}"]
)
def test_chance_and_html_are_left_out(text: str) -> None:
    with pytest.raises(TemplateError):
        rendered(text)


def test_a_template_has_so_many_words() -> None:
    fine = "{{ n }}" * (MAX_TOKENS // 10)
    assert rendered(fine) == "3" * (MAX_TOKENS // 10)
    with pytest.raises(TemplateSyntaxError, match="more than 20,000 words and signs") as caught:
        rendered("{{ n }}\n" * MAX_TOKENS)
    assert caught.value.lineno == 1 + MAX_TOKENS // 3


def test_names_of_our_own_cannot_be_spelled() -> None:
    for name in ("a step", "a weight", "a text"):
        with pytest.raises(TemplateError):
            rendered(f"{{{{ 1 | {name} }}}}")


@given(st.text(st.sampled_from("{}%| abn().,'~+*[]=<1:_"), max_size=30))
def test_any_text_is_rendered_as_by_plain_jinja_or_refused(text: str) -> None:
    errors = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, SyntaxError)
    ours = theirs = None
    with contextlib.suppress(*errors):
        ours = rendered(text)
    with contextlib.suppress(*errors):
        theirs = Environment(undefined=StrictUndefined).from_string(text).render(NAMES)
    assert ours is None or ours == theirs
