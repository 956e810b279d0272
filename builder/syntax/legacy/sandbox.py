"""Jinja's sandbox for templates of strangers: no code, no clock, no chance, no files, and no more work than is allowed.

The compiler is given a tree in which loops and macros count their steps, and in which whatever joins texts goes through
the meter, as operators, filters and methods do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.filters import FILTERS
from jinja2.lexer import Token, TokenStream
from jinja2.loaders import FunctionLoader
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import pass_context

from builder.syntax.legacy.bounds import MAX_VALUE, Meter, formatted, written
from builder.syntax.legacy.sizes import BINARY, METHODS, filtered

MAX_TOKENS = 20_000
"""Words and signs of a template's code; those of ctng-compilers have some 1,600."""

_CLOCK = frozenset({"now", "utcnow", "today", "fromtimestamp"})
_LEFT_OUT = frozenset({"random", "urlize", "xmlattr"})
"""Filters that go by chance, or that make HTML out of little."""

_REFUSED_METHODS = frozenset({"encode", "expandtabs", "format_map", "maketrans", "to_bytes", "translate"})
_STEP, _WEIGHED, _JOINED = "a step", "a weight", "a text"
"""Names of our own filters, which no template can spell."""


_OF_JINJA = frozenset({"_loop_vars", "_block_vars"})
"""What Jinja itself gives to every call inside a loop or a block, and takes away again."""

_REPEATED = (nodes.For, nodes.Macro, nodes.CallBlock)
"""What is gone through more than once."""


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which everything is counted by a meter."""

    intercepted_binops = frozenset(BINARY)

    def __init__(self, meter: Meter, undefined: type[Undefined]) -> None:
        """Count with ``meter``, which whoever renders starts again."""
        super().__init__(undefined=undefined, finalize=meter.shown, loader=FunctionLoader(_no_file))
        self.meter = meter
        self.concat = meter.joined  # type: ignore[assignment] # what blocks and macros come to
        own = {_STEP: _stepping(meter), _WEIGHED: _weighing(meter), _JOINED: _joining(meter)}
        kept = {name: one for name, one in FILTERS.items() if name not in _LEFT_OUT}
        self.filters = {**own, **_all_bounded(kept, meter)}  # a template spells none of our own
        self.tests = _all_bounded(TESTS, meter)  # type: ignore[assignment]
        del self.globals["lipsum"]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Keep templates from the clock, which dates lead to, and from methods that make much of little."""
        return attr not in _CLOCK and attr not in _REFUSED_METHODS and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what would be enormous before it is made."""
        self.meter.allow(operator, BINARY[operator](left, right))
        return self.meter.made(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - Jinja's
        """Call a function or method; what it would make is known before."""
        method = getattr(__obj, "__wrapped__", __obj)  # `format` is one that Jinja has put another around
        name, owner = getattr(method, "__name__", ""), getattr(method, "__self__", None)
        given = {key: value for key, value in kwargs.items() if key not in _OF_JINJA}
        __self.meter.weigh(*args, *given.values())
        if name in METHODS and isinstance(owner, str):
            args = tuple(map(_held, args)) if name == "join" else args
            __self.meter.allow(name, METHODS[name](owner, *args, **given))
        elif name == "strftime":
            __self.meter.allow(name, formatted(*args, **given))
        return __self.meter.made(super().call(__context, __obj, *args, **kwargs))

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        stream = super()._tokenize(source, name, filename, state)
        return TokenStream(_counted(stream), name, filename)

    def _generate(self, source: nodes.Template, *arguments: Any, **named: Any) -> str:
        _metered(source)
        return super()._generate(source, *arguments, **named)


def _no_file(name: str) -> None:
    raise SecurityError(f"templates of recipes load no other files: {name}")


def _metered(tree: nodes.Template) -> None:
    """Make a template's loops, macros and comparisons count."""
    loops: list[nodes.For | nodes.Macro | nodes.CallBlock] = list(tree.find_all(_REPEATED))
    for loop in loops:
        loop.body.insert(0, nodes.ExprStmt(_step(loop.body, loop.lineno), lineno=loop.lineno))
        if isinstance(loop, nodes.For) and loop.test is not None:
            loop.test = nodes.And(_step([loop.test], loop.lineno), loop.test, lineno=loop.lineno)
    for compared in list(tree.find_all(nodes.Operand)):
        compared.expr = _filter(compared.expr, _WEIGHED)
    _join_in(tree)


def _join_in(node: nodes.Node) -> None:
    """Replace what ``~`` joins below ``node``."""
    for name, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = [_joined_node(one) for one in value]
        elif isinstance(value, nodes.Node):
            setattr(node, name, _joined_node(value))
    for child in node.iter_child_nodes():
        _join_in(child)


def _joined_node(node: Any) -> Any:
    return _filter(nodes.List(node.nodes, lineno=node.lineno), _JOINED) if isinstance(node, nodes.Concat) else node


def _step(body: list[nodes.Node], line: int) -> nodes.Filter:
    """Return an expression that is true and counts the parts of ``body``."""
    return _filter(nodes.Const(1, lineno=line), _STEP, nodes.Const(1 + _weight(body), lineno=line))


def _filter(node: nodes.Expr, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)


def _weight(body: Iterable[nodes.Node]) -> int:
    """Return how many parts a body has, without those of loops and macros in it, which count themselves."""
    found = 0
    for node in body:
        found += 1
        if not isinstance(node, _REPEATED):
            found += _weight(node.iter_child_nodes())
    return found


def _stepping(meter: Meter) -> Callable[..., Any]:
    @pass_context  # or else the compiler would take it for a constant
    def step(_: Context, value: Any, count: int) -> Any:
        meter.step(count)
        return value

    return step


def _weighing(meter: Meter) -> Callable[..., Any]:
    @pass_context
    def weighed(_: Context, value: Any) -> Any:
        meter.weigh(value)
        return value

    return weighed


def _joining(meter: Meter) -> Callable[..., Any]:
    @pass_context
    def join(_: Context, values: list[Any]) -> Any:
        meter.allow("~", written(values) - 2 * len(values))
        return meter.made("".join(map(str, values)))

    return join


def _counted(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens of a template, of which there may be so many: what is compiled takes its time."""
    left = MAX_TOKENS
    for token in tokens:
        left -= token.type != "data"
        if left < 0:
            raise TemplateSyntaxError(f"it has more than {MAX_TOKENS:,} words and signs between braces", token.lineno)
        yield token


def _all_bounded(functions: Mapping[str, Any], meter: Meter) -> dict[str, Callable[..., Any]]:
    return {name: _bounded(name, function, meter) for name, function in functions.items()}


def _bounded(name: str, function: Any, meter: Meter) -> Callable[..., Any]:
    """Return a filter or test that says how large its result is before it makes it."""
    how = getattr(function, "jinja_pass_arg", None)
    first = 0 if how is None else 1

    def call(*arguments: Any, **named: Any) -> Any:
        if name == "join":
            arguments = (*arguments[:first], _held(arguments[first]), *arguments[first + 1 :])
        meter.weigh(*arguments[first:], *named.values())
        meter.allow(name, filtered(name, arguments[first:], named))
        return meter.made(function(*arguments, **named))

    if how is not None:
        call.jinja_pass_arg = how  # type: ignore[attr-defined]
    return call


def _held(values: Any) -> Any:
    """Return what comes one by one as a list, so that it can be measured."""
    if isinstance(values, Iterable) and not isinstance(values, str | list | tuple | dict | Undefined):
        found = list(islice(values, MAX_VALUE + 1))
        if len(found) > MAX_VALUE:
            raise SecurityError("the result of `join` would be too large")
        return found
    return values
