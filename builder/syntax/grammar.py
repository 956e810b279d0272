"""Expression text to evaluators: jinja2 reads the text, its tree is turned into functions of a frame.

Only this module imports jinja2's parser. What the tree may hold is the table at the end; anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser

from builder.syntax import operator
from builder.syntax.expression import KEYWORDS, Call, Evaluator, Expression, Frame, suggestion
from builder.syntax.filter import FILTERS
from builder.syntax.predicate import PREDICATES
from builder.syntax.simple import called
from builder.syntax.value import (
    SILENT,
    Arguments,
    ExpressionError,
    Namespace,
    Undefined,
    Value,
    capped,
    kind_of,
    text_of,
    truth,
    weighed,
    whole,
)

_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - parses only, renders nothing
MAX_NESTING = 64
_NO_METHODS = "text has filters instead of methods: text | lower, text | split('.')"
_Named = TypeVar("_Named")


def parse(source: str) -> Expression:
    """Compile ``source``; raise `ExpressionError` with what is wrong with it."""
    tree = _tree(source)
    parts = _parts(tree)
    calls = [part for part in parts if isinstance(part, nodes.Call) and isinstance(part.node, nodes.Name)]
    called = {id(call.node) for call in calls}
    names = frozenset(part.name for part in parts if isinstance(part, nodes.Name) and id(part) not in called)
    return Expression(source, names, tuple(_described(call) for call in calls), _build(tree))


def _parts(tree: nodes.Expr) -> list[nodes.Node]:
    """Return the tree's nodes, each before those below it; jinja2's own walk takes the square of the depth."""
    found: list[nodes.Node] = []
    left: list[nodes.Node] = [tree]
    while left:
        found.append(left.pop())
        left.extend(reversed(list(found[-1].iter_child_nodes())))
    return found


def _described(call: nodes.Call) -> Call:
    first = call.args[0] if call.args else None
    text = first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None
    assert isinstance(call.node, nodes.Name)
    return Call(call.node.name, text)


def _tree(source: str) -> nodes.Expr:
    depth = deepest = 0
    for char in source:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise ExpressionError(f"brackets are nested deeper than {MAX_NESTING} levels", code="recipe.too-much")
    try:
        parser = Parser(_ENVIRONMENT, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise ExpressionError(
                f"{parser.stream.current.value!r} is not expected here", code="recipe.expression-syntax"
            )
    except ValueError as error:  # more than 4300 digits
        raise ExpressionError("a number has too many digits", code="recipe.too-much") from error
    except TemplateSyntaxError as error:
        raise ExpressionError(error.message or "this is no expression", code="recipe.expression-syntax") from error
    return tree


def _build(node: nodes.Node) -> Evaluator:
    build = _BUILDERS.get(type(node))
    if build is None:
        raise ExpressionError(f"{type(node).__name__} cannot be used in an expression", code="recipe.expression-syntax")
    return build(node)


def _known(table: Mapping[str, _Named], name: str, what: str, owner: str = "") -> _Named:
    if name not in table:
        remedy = suggestion(name, table) or f"there are {', '.join(sorted(key for key in table if key[0].isalpha()))}"
        raise ExpressionError(f"there is no {what} {owner}{name}", remedy=remedy, code=f"recipe.unknown-{what}")
    return table[name]


def _constant(node: nodes.Const) -> Evaluator:
    value: Value = node.value
    if isinstance(value, str):
        whole(capped(value))
    elif isinstance(value, int):
        operator.add(value, 0)
    return lambda _: value


def _name(node: nodes.Name) -> Evaluator:
    name = node.name
    if name in KEYWORDS:
        raise ExpressionError(f"{name!r} is not expected here", code="recipe.expression-syntax")
    return lambda frame: frame.lookup(name)


def _list(node: nodes.List | nodes.Tuple) -> Evaluator:
    items = [_build(item) for item in node.items]
    return lambda frame: frame.made(weighed(tuple([item(frame) for item in items])))


def _dict(node: nodes.Dict) -> Evaluator:
    pairs = [(_build(pair.key), _build(pair.value)) for pair in node.items]

    def evaluate(frame: Frame) -> Value:
        made = {_key(key(frame)): value(frame) for key, value in pairs}
        return frame.made(weighed({key: made[key] for key in sorted(made)}))

    return evaluate


def _key(value: Value) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"the key of a mapping must be text, this is {kind_of(value)}")
    return value


def _choice(node: nodes.CondExpr) -> Evaluator:
    test, taken = _build(node.test), _build(node.expr1)
    other: Evaluator = _build(node.expr2) if node.expr2 is not None else lambda _: SILENT
    return lambda frame: taken(frame) if truth(test(frame)) else other(frame)


def _and(node: nodes.And) -> Evaluator:
    left, right = _build(node.left), _build(node.right)

    def evaluate(frame: Frame) -> Value:
        value = left(frame)
        return right(frame) if truth(value) else value

    return evaluate


def _or(node: nodes.Or) -> Evaluator:
    left, right = _build(node.left), _build(node.right)

    def evaluate(frame: Frame) -> Value:
        value = left(frame)
        return value if truth(value) else right(frame)

    return evaluate


def _not(node: nodes.Not) -> Evaluator:
    inner = _build(node.node)
    return lambda frame: not truth(inner(frame))


def _negative(node: nodes.Neg) -> Evaluator:
    inner = _build(node.node)
    return lambda frame: operator.negate(inner(frame))


def _binary(operation: Callable[[Value, Value], Value]) -> Callable[[nodes.BinExpr], Evaluator]:
    def build(node: nodes.BinExpr) -> Evaluator:
        left, right = _build(node.left), _build(node.right)
        return lambda frame: frame.made(operation(left(frame), right(frame)))

    return build


def _concat(node: nodes.Concat) -> Evaluator:
    parts = [_build(part) for part in node.nodes]
    return lambda frame: frame.made(operator.concatenate([part(frame) for part in parts]))


def _compare(node: nodes.Compare) -> Evaluator:
    first = _build(node.expr)
    steps = [(_COMPARISONS[operand.op], _build(operand.expr)) for operand in node.ops]

    def evaluate(frame: Frame) -> Value:
        left = first(frame)
        for holds, operand in steps:
            right = operand(frame)
            if not holds(left, right):
                return False
            left = right
        return True

    return evaluate


def _attribute(node: nodes.Getattr) -> Evaluator:
    inner, name = _build(node.node), node.attr
    return lambda frame: _part(inner(frame), name)


def _item(node: nodes.Getitem) -> Evaluator:
    inner = _build(node.node)
    if isinstance(node.arg, nodes.Slice):
        return _slice(inner, node.arg)
    index = _build(node.arg)
    return lambda frame: _part(inner(frame), index(frame))


def _part(value: Value, index: Value) -> Value:
    """Return an item of a list or text, or what a mapping holds: never an attribute of a Python object."""
    if isinstance(value, Undefined):
        raise value.refuse()
    if isinstance(value, Namespace):
        return _known(value.functions, str(index), "function", f"{value.name}.")
    if isinstance(value, str | tuple):
        index = int(index) if isinstance(index, float) and index.is_integer() else index
        if isinstance(index, int) and -len(value) <= index < len(value):
            return value[index]
    elif isinstance(value, Mapping) and isinstance(index, str) and index in value:
        return value[index]
    part = f".{index}" if isinstance(index, str) else f"[{text_of(index)}]"
    return Undefined(f"{part} of {kind_of(value)}", remedy=(lambda: _NO_METHODS) if isinstance(value, str) else None)


def _slice(inner: Evaluator, node: nodes.Slice) -> Evaluator:
    bounds = [_build(part) if part is not None else None for part in (node.start, node.stop, node.step)]

    def evaluate(frame: Frame) -> Value:
        value = inner(frame)
        if isinstance(value, Undefined):
            raise value.refuse()
        numbers = [bound(frame) if bound else None for bound in bounds]
        if value is None:
            return ()
        if not isinstance(value, str | tuple):
            raise ExpressionError(f"only text and lists can be sliced, this is {kind_of(value)}")
        if not all(number is None or isinstance(number, int) for number in numbers) or numbers[2] == 0:
            raise ExpressionError("the bounds of a slice are whole numbers, its step not 0")
        start, stop, step = (number if isinstance(number, int) else None for number in numbers)
        return frame.made(value[start:stop:step])

    return evaluate


def _call(node: nodes.Call) -> Evaluator:
    callee, arguments = _build(node.node), _arguments(node)

    return lambda frame: called(callee(frame), arguments, frame)


def _filter(node: nodes.Filter) -> Evaluator:
    assert node.node is not None
    inner, arguments, name = _build(node.node), _arguments(node), node.name
    apply = _known(FILTERS, name, "filter")

    def evaluate(frame: Frame) -> Value:
        value = inner(frame)
        try:
            return frame.made(apply(value, arguments(frame)))
        except ExpressionError as error:
            message = error.message if error.code == "recipe.undefined" else f"{name}: {error.message}"
            raise ExpressionError(message, remedy=error.remedy, code=error.code) from error

    return evaluate


def _predicate(node: nodes.Test) -> Evaluator:
    inner, arguments = _build(node.node), _arguments(node)
    holds = _known(PREDICATES, node.name, "test")
    return lambda frame: holds(inner(frame), arguments(frame))


def _arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> Callable[[Frame], Arguments]:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise ExpressionError("* and ** arguments cannot be used here", code="recipe.expression-syntax")
    positional = [_build(argument) for argument in node.args]
    named = [(pair.key, _build(pair.value)) for pair in node.kwargs if isinstance(pair, nodes.Keyword)]

    def evaluate(frame: Frame) -> Arguments:
        return Arguments(tuple([value(frame) for value in positional]), {key: value(frame) for key, value in named})

    return evaluate


_COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "eq": operator.equal,
    "ne": lambda left, right: not operator.equal(left, right),
    "lt": operator.less,
    "lteq": lambda left, right: not operator.less(right, left),
    "gt": lambda left, right: operator.less(right, left),
    "gteq": lambda left, right: not operator.less(left, right),
    "in": lambda left, right: operator.contains(right, left),
    "notin": lambda left, right: not operator.contains(right, left),
}

_BUILDERS: Mapping[type[nodes.Node], Callable[..., Evaluator]] = {
    nodes.Add: _binary(operator.add),
    nodes.And: _and,
    nodes.Call: _call,
    nodes.Compare: _compare,
    nodes.Concat: _concat,
    nodes.CondExpr: _choice,
    nodes.Const: _constant,
    nodes.Dict: _dict,
    nodes.Div: _binary(operator.divide),
    nodes.Filter: _filter,
    nodes.FloorDiv: _binary(operator.floor_divide),
    nodes.Getattr: _attribute,
    nodes.Getitem: _item,
    nodes.List: _list,
    nodes.Mod: _binary(operator.remainder),
    nodes.Mul: _binary(operator.multiply),
    nodes.Name: _name,
    nodes.Neg: _negative,
    nodes.Not: _not,
    nodes.Or: _or,
    nodes.Pow: _binary(operator.power),
    nodes.Sub: _binary(operator.subtract),
    nodes.Test: _predicate,
    nodes.Tuple: _list,
}
