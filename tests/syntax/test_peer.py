"""Expressions asked of rattler-build itself: the same text comes out, or both refuse."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.syntax.expression import Compiler
from builder.syntax.value import ExpressionError, text_of
from tests.syntax.given import Names

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rattler_build import RattlerBuildError, Stage0Recipe

EXPRESSIONS = [
    "1", "1.0", "1e30", "1e16", "1e15", "0.1 + 0.2", "true", "none", "'a'", "[1, 'a', none, true, 1.0, 1e20]", "{'b': 1, 'a': [none]}", "()", "(1,)",
    "true ~ none ~ 1.0", "1 + 2 * 3", "7 / 2", "6 / 2", "7 // 2", "-7 // 2", "-7 % 3", "7 % 3", "7.5 // 2", "1 / 0", "1 // 0", "1 % 0", "2 ** 3", "2 ** 64",
    "2 ** -1", "10 ** 40", "1.5 + 1", "true + 1", "'a' + 1", "1 + '1'", "'a' + 'b'", "[1] + [2]", "'a' * 3", "3 * 'a'", "'a' * -1", "[1] * 2", "-'a'", "-5 | abs",
    "1 < 2", "1 < '2'", "'1' == 1", "1 == 1.0", "true == 1", "'a' < 'b'", "1 < 2 < 3", "(1, 2) == [1, 2]", "{'a': 1} == {'a': 1}", "'a' in 'abc'", "1 in [1]",
    "'a' in {'a': 1}", "'a' not in 'b'", "not not 1", "0 or 'x'", "'' or 'x'", "'a' if true else 'b'", "'a' if false", "('a' if false) ~ 'b'",
    "('a' if false) | default('d')", "('a' if false) or 'z'", "not ('a' if false)", "u", "u == 1", "u ~ 'x'", "u | default('x')", "u | default", "u.x", "u | lower",
    "u is defined", "u is undefined", "u is none", "none | default('x')", "'' | default('x', true)", "'1.2.3' | split('.')", "'1.2.3' | split('.', 1)",
    "'a  b' | split", "'' | split('.')", "'1.2.3' | split('.') | first", "['a'] | join", "[1, 2] | join('-')", "'abc' | join('-')", "['b', 'a', 'C'] | sort",
    "['b', 'a', 'C'] | sort(case_sensitive=true)", "['a', 'b'] | sort(reverse=true)", "[3, 1.5, 2] | sort", "[1, 'a'] | sort", "'cab' | sort", "[1, 1, 2] | unique",
    "['a', 'A'] | unique", "[1, 2] | reverse", "'abc' | reverse", "'abc' | list", "{'b': 1, 'a': 2} | list", "5 | list", "'5' | int", "'5.7' | int", "'x' | int",
    "5.9 | int", "true | int", "none | int", "' 5 ' | int", "'a' | abs", "-1.5 | abs", "'a' | bool", "[] | bool", "'abc' | first", "[] | first", "'abc' | last",
    "'aé' | length", "5 | length", "[3, 1, 2] | min", "[] | min", "'abc' | max", "' a ' | trim", "'xxaxx' | trim('x')", "5 | trim", "5 | lower", "true | upper",
    "5 | replace('5', '6')", "'aaa' | replace('a', 'b', 1)", "'3.11.* *_cpython' | version_to_buildstring", "3 | version_to_buildstring", "'abc'[5]", "'abc'[-1]",
    "'abc'[1:]", "[1, 2, 3][:-1]", "'abc'[::2]", "'abc'[none:2]", "[1][0]", "[1]['a']", "'a'.b", "{'a': 1}.a", "{'a': 1}.b", "[1, 2].0", "'a'.upper()", "1 is odd",
    "'a' is string", "1.0 is integer", "1 is eq(1)", "1 is true", "5 is in [5]", "'a' is startingwith('a')", "1 is divisibleby(3)", "foo()", "range(3)", "1 | title",
    "true > 0", "true >= 1", "true < 1", "1 > true", "none < 1", "[1, true, 0, false] | sort", "[true, 1] | max", "[true, 1, '1'] | unique", "-true", "true | abs",
    "'a' * 2.0", "[1] * 2.5", "2.0 is even", "1.5 is odd", "'3' is odd", "true is odd", "none is even", "u is odd", "1e30 is even", "1 is safe", "u is escaped", "none | join",
    "none | list", "none | sort", "none | unique", "none | reverse", "none | min", "none | first", "{'a': 1} | last", "{'a': 1} | first", "5 | join", "'ab'[1.0]", "[1, 2][1.5]", "none[1:]", "5[1:]", "-7.5 % 2",
    "7.5 % -2", "-7.5 // 2", "1.5 % 0", "1 % 0.0", "1.5 // 0", "5 // 0.0", "['x' if false]", "{'a': ('x' if false)}", "'abc' | split('')", "5 | split", "none | split('.')",
    "[1] | split", "u | split", "1e20 | int", "1e39 | int", "-1e39 | int", "'nan' | int", "'inf' | int", "'1.5e20' | int", "'1e' | int", "(1e308 * 10) | int",
    "'\\u00e9'", "'\\x41'", "1_000", "0x10", ".5", "'a' 'b'", "1 if 2 else", "(", "'%s' % 1", "[1, [2, 'x']] | join(',')", "1 | foo", "''.__class__",
]  # fmt: skip


def theirs(expression: str) -> str | None:
    summary = json.dumps("|${{ " + expression + " }}|")
    text = f"package: {{name: a, version: '1'}}\nabout:\n  summary: {summary}\n"
    try:
        rendered = Stage0Recipe.from_yaml(text).render()[0]
    except RattlerBuildError:
        return None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a Rust panic, which no module exports
            raise
        return None
    found: str = rendered.recipe.to_dict()["about"]["summary"]
    return found[1:-1]


def ours(expression: str) -> str | None:
    try:
        return text_of(Compiler().expression(expression).evaluate(Names()))
    except ExpressionError:
        return None


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_peer_agrees(expression: str) -> None:
    assert ours(expression) == theirs(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "[1, 2, 3] | slice(2)",
        "[1, 2, 3] | batch(2)",
    ],
)
def test_what_only_cep_39_has(expression: str) -> None:
    assert theirs(expression) is None
    assert ours(expression) is not None


ATOMS = st.sampled_from([
    "1", "0", "-1", "2", "10", "1.5", "0.0", "1e3", "true", "false", "none", "'a'", "''", "'abc'", "'1.2.3'", "'A b'", "'10'", "'x,y'", "[]", "[1, 2, 3]",
    "['b', 'a']", "[1, 'a', none]", "(1,)", "{'a': 1}", "[[1], [2]]", "'\u00e9'", "[true, false]", "0x1f", "u",
])  # fmt: skip
FILTERS = st.sampled_from([
    "abs", "bool", "default('d')", "default('d', true)", "first", "int", "last", "length", "list", "lower", "max", "min", "replace('a', 'z')", "sort",
    "sort(reverse=true)", "split", "split('.')", "split(',', 1)", "trim", "unique", "upper", "version_to_buildstring", "int | abs", "trim('a')",
])  # fmt: skip
TESTS = st.sampled_from([
    "defined", "undefined", "none", "odd", "even", "number", "integer", "float", "string", "sequence", "boolean", "true", "false", "in [1, 'a']", "eq(1)",
    "startingwith('a')", "endingwith('c')", "lt(2)", "ge(1)", "== 1", "ne('a')", "not defined", "not in [1]",
])  # fmt: skip
SIGNS = st.sampled_from(["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in"])
PARTS = st.sampled_from(["[0]", "[-1]", "[5]", "[1:]", "[:-1]", "[::2]", "[1:3]", ".a", "[1.0]"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, SIGNS, inner),
        st.builds("(({}) | {})".format, inner, FILTERS),
        st.builds("(({}) is {})".format, inner, TESTS),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({}){}".format, inner, PARTS),
        st.builds("(not {})".format, inner),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(ATOMS, larger, max_leaves=3))
def test_the_peer_agrees_on_any_expression(expression: str) -> None:
    """What is undefined is always an error for us (CEP 39); the peer prints it in lists, joins and compares it."""
    try:
        found: str | None = text_of(Compiler().expression(expression).evaluate(Names()))
    except ExpressionError as error:
        if error.code == "recipe.undefined":
            return
        found = None
    assert found == theirs(expression)
