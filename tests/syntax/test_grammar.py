"""What an expression may be: operators and their strength, items, slices, calls, and what is refused (ids A9 to A11, A16)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.syntax.expression import Compiler
from builder.syntax.value import Arguments, ExpressionError, Function, Namespace, Undefined, Value, text_of
from tests.syntax.given import Names, value_of


def shout(arguments: Arguments) -> Value:
    return str(arguments.take("text", required=1)["text"]).upper()


OFFERED: dict[str, Value] = {
    "shout": Function("shout", shout),
    "env": Namespace("env", {"get": Function("env.get", lambda arguments: "value")}),
    "table": {"a": 1, "b": {"c": "d"}},
    "items": ("x", "y", ("z",)),
    "word": "abc",
    "number": 5,
}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ** 3", 8), ("-2 + 3", 1), ("7 // 2", 3), ("7 % 4", 3), ("1 - 2 - 3", -4), ("8 / 2 / 2", 2.0),
        ("'a' ~ 1 ~ 'b'", "a1b"), ("1 < 2 < 3", True), ("1 < 3 < 2", False), ("1 == 1.0", True), ("1 != 2", True), ("2 >= 2", True),
        ("1 <= 0", False), ("'a' in 'abc'", True), ("'d' not in 'abc'", True), ("not 1 == 2", True), ("not true or true", True),
        ("true or false and false", True), ("1 if true else 2", 1), ("1 if false else 2", 2), ("1 if false else 2 if false else 3", 3),
        ("'a' 'b'", "ab"), ("'\\u00e9\\x41\\n'", "éA\n"), ('"it\'s"', "it's"), ("1_000", 1000), ("0x10", 16), ("0o17", 15), ("0b11", 3),
        ("1e3", 1000.0), ("1.5", 1.5), ("[1, 'a', [2]]", (1, "a", (2,))), ("(1, 2)", (1, 2)), ("(1,)", (1,)), ("()", ()), ("[]", ()),
        ("{}", {}), ("{'b': 1, 'a': 2}", {"a": 2, "b": 1}), ("true and 'x'", "x"), ("0 or 'x'", "x"), ("'' or 0", 0), ("None is none", True),
        ("-5 | abs", 5), ("'b,a' | split(',') | sort | join('+')", "a+b"),
    ],
)  # fmt: skip
def test_operators(source: str, result: Value) -> None:
    found = value_of(source)
    assert found == result
    assert type(found) is type(result)


def test_mappings_are_in_the_order_of_their_keys() -> None:
    found = value_of("{'b': 1, 'a': {'d': 1, 'c': 2}}")
    assert isinstance(found, dict)
    assert list(found) == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("table.a", 1), ("table['a']", 1), ("table.b.c", "d"), ("table[word[0]]", 1), ("items[0]", "x"), ("items[-1][0]", "z"), ("items.1", "y"),
        ("word[1]", "b"), ("word[-1]", "c"), ("word[1:]", "bc"), ("word[:-1]", "ab"), ("word[::-1]", "cba"), ("word[::2]", "ac"),
        ("word[none:2]", "ab"), ("items[:2]", ("x", "y")), ("items[5:]", ()), ("shout('hi')", "HI"), ("shout(text='hi')", "HI"),
        ("env.get('HOME')", "value"), ("env['get']('HOME')", "value"), ("shout(word) ~ '!'", "ABC!"),
    ],
)  # fmt: skip
def test_parts_and_calls(source: str, result: Value) -> None:
    assert value_of(source, **OFFERED) == result


@pytest.mark.parametrize(
    "source",
    [
        "table.z",
        "table['z']",
        "items[9]",
        "items['a']",
        "word[9]",
        "word.upper",
        "number.real",
        "table[0]",
        "none.x",
        "items[-4]",
    ],
)
def test_what_is_not_there_is_undefined(source: str) -> None:
    assert isinstance(value_of(source, **OFFERED), Undefined)


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("x.y", "recipe.undefined", "x is undefined"),
        ("x[0]", "recipe.undefined", "x is undefined"),
        ("x[1:]", "recipe.undefined", "x is undefined"),
        ("table.z.y", "recipe.undefined", ".z of a mapping is undefined"),
        ("shoot('a')", "recipe.unknown-function", "there is no function shoot"),
        ("word('a')", "recipe.unknown-function", "text cannot be called"),
        ("word.upper()", "recipe.unknown-function", "there is no function .upper of text"),
        ("env.put('a')", "recipe.unknown-function", "there is no function env.put"),
        ("word | uper", "recipe.unknown-filter", "there is no filter uper"),
        ("word is oddd", "recipe.unknown-test", "there is no test oddd"),
        ("shout()", "recipe.expression", "shout: the argument text is missing"),
        ("shout('a', 'b')", "recipe.expression", "shout: takes at most 1 arguments"),
        ("number[1:]", "recipe.expression", "only text and lists can be sliced"),
        ("word['a':]", "recipe.expression", "bounds of a slice"),
        ("word[::0]", "recipe.expression", "its step not 0"),
        ("{1: 2}", "recipe.expression", "the key of a mapping must be text"),
    ],
)
def test_refusals_while_evaluating(source: str, code: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message.replace("(", r"\(")) as caught:
        value_of(source, **OFFERED)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("shoot('a')", "did you mean shout?"),
        ("word | uper", "did you mean upper?"),
        ("word is strin", "did you mean string?"),
        ("word.lower()", "text has filters instead of methods: text | lower, text | split('.')"),
        ("env.gett('a')", "did you mean get?"),
        ("nmber", "did you mean number?"),
    ],
)
def test_refusals_have_a_remedy(source: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        text_of(value_of(source, **OFFERED))
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    "source",
    ["", "1 +", "a b", "(1", "1)", "[1", "{'a' 1}", "a if", "'a", "a..b", "a[", "f(", "a ?? b", "asd;asd", "% if x %", "x = 1", "1 2", ".5",
     "f(**a)", "f(*a)", "a as b", "lambda: 1"],
)  # fmt: skip
def test_broken_expressions_are_syntax_errors(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Compiler().expression(source)
    assert caught.value.code == "recipe.expression-syntax"
    assert caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        "''.__class__.__mro__", "''['__class__']", "[].__class__", "{}.__class__", "cycler.__init__.__globals__", "lipsum.__globals__",
        "x|attr('format')", "'{}'.format(1)", "'{0.__class__}'.format_map({})", "env.__init__", "shout.__call__", "shout.call", "env.functions",
        "table.__class__", "table.keys()", "items.count('x')", "number.__class__", "self", "loop", "joiner", "namespace()", "dict()", "range(3)",
        "''|map('upper')", "word|pprint", "(1).__class__", "true.__class__", "none.__class__",
    ],
)  # fmt: skip
def test_a9_there_are_no_python_attributes(source: str) -> None:
    try:
        found = value_of(source, **OFFERED)
    except ExpressionError:
        return
    assert isinstance(found, Undefined)


@pytest.mark.parametrize("source", ["shout.call('a')", "env.functions", "env.name", "shout.name", "env.get.call('a')"])
def test_a10_what_the_caller_offers_is_called_by_name_only(source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        text_of(value_of(source, **OFFERED))
    assert caught.value.code in {"recipe.unknown-function", "recipe.undefined"}


@pytest.mark.parametrize(
    "source", ["items.append('a')", "table.update({})", "table.clear()", "items.pop()", "table.a.b()", "env.update({})"]
)
def test_a11_nothing_can_be_changed(source: str) -> None:
    before = repr(OFFERED)
    with pytest.raises(ExpressionError):
        value_of(source, **OFFERED)
    assert repr(OFFERED) == before


@pytest.mark.parametrize(
    "source", ["{% include '/etc/passwd' %}", "{% set x = 1 %}", "import 'x'", "include 'x'", "x; y"]
)
def test_a16_there_are_no_statements(source: str) -> None:
    with pytest.raises(ExpressionError):
        Compiler().expression(source)


PIECES = ["a", "b", "1", "'s'", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "~", "+", "-", "*", "**", "/", "if", "else", "not", "and", "is", "in",
          "lower", "join", "defined", "==", "<", " "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
@settings(max_examples=600, deadline=None)
def test_whatever_is_written_there_is_a_value_or_an_expression_error(source: str) -> None:
    names = Names({"a": "text", "b": (1, 2)})
    try:
        value = Compiler().expression(source).evaluate(names)
    except ExpressionError as error:
        assert error.code.startswith("recipe.")  # noqa: PT017 - both ways are right
    else:
        assert value is None or isinstance(value, bool | int | float | str | tuple | dict | Undefined)
    assert set(names.asked) <= {"a", "b", "lower", "join", "defined"}


@pytest.mark.parametrize("source", [r"'\x00'", r"'a' ~ '\ud800'", r"['\udfff']", r"{'\x00': 1}"])
def test_what_no_file_can_hold_is_no_constant(source: str) -> None:
    with pytest.raises(ExpressionError, match="which no file can hold"):
        Compiler().expression(source)


@pytest.mark.parametrize("answer", ["a\0", "\udce9"])
def test_what_no_file_can_hold_is_no_answer(answer: str) -> None:
    names = Names({"ask": Function("ask", lambda _: answer)})
    with pytest.raises(ExpressionError, match="ask: this text holds NUL or half a character"):
        Compiler().expression("ask()").evaluate(names)
