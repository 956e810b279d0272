"""Evaluates the selectors of a ``meta.yaml`` as conda-build does, without Python's ``eval``.

The language is a part of Python: names, text, numbers, truth values, tuples, lists, mappings, ``and or not``,
comparisons, ``in``, ``is``, ``+ - / %``, subscripts, choices, a few functions and methods of text and mappings.
A name that nobody knows is ``False``: conda-build writes that word over the name, wherever the selector has it, and
begins again.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from builder.model.frozen import frozen

MAX_LENGTH = 2000
"""Characters of one selector; each missing name may make it longer."""

MAX_TEXT = 64 * 1024
"""Characters of any text on the way."""

Value = str | int | float | bool | None | tuple["Value", ...] | list["Value"] | dict["Value", "Value"]

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_OPERATE: dict[type[ast.operator], Callable[[Any, Any], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "int": int, "float": float, "len": len, "str": str, "list": list, "tuple": tuple, "dict": dict,
}  # fmt: skip
_TEXT_METHODS = frozenset({"endswith", "index", "lower", "rsplit", "split", "startswith", "strip", "upper", "join"})
_MAPPING_METHODS = frozenset({"get", "items", "keys", "values"})
_ENVIRONMENT = ("os.environ", "environ")
_GET_VARIABLE = "os.getenv"


class SelectorError(ValueError):
    """A selector that has no value; the text says why."""


class _UnknownNameError(LookupError):
    """The selector needs a name that nobody defines."""


@frozen(kw_only=False)
class Selectors:
    """What selectors see: ``names`` and the ``environment``; ``asked`` collects the variables that they asked for."""

    names: Mapping[str, Value]
    environment: Mapping[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def holds(self, text: str) -> bool:
        """Return whether the selector ``text``, without its brackets, keeps its line. Raises `SelectorError`."""
        while True:
            if len(text) > MAX_LENGTH:
                raise SelectorError(f"a selector may have {MAX_LENGTH:,} characters, this one has {len(text):,}")
            try:
                return bool(self._value(_parsed(text)))
            except _UnknownNameError as error:
                name = str(error.args[0])
                if name not in text:  # Python knows names by another spelling of their letters than people do
                    raise SelectorError(f"nothing is named {name}") from error
                text = text.replace(name, "False")
            except SelectorError:
                raise
            except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
                raise SelectorError(f"{type(error).__name__}: {error}") from error

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                found = [self._value(part) for part in parts]
                return tuple(found) if isinstance(node, ast.Tuple) else found
            case ast.Dict(keys=keys, values=values):
                return {self._value(key): self._value(value) for key, value in zip(keys, values, strict=True) if key}
            case ast.Subscript(value=where, slice=key):
                return self._item(where, key)
            case ast.Attribute():
                return self._constant(node)
            case ast.Call(keywords=[]):
                return self._call(node)
        return self._computed(node)

    def _computed(self, node: ast.expr) -> Value:
        match node:
            case ast.BoolOp(op=kind, values=parts):
                return self._logic(kind, parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return not self._value(part)
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return _negative(self._value(part))
            case ast.Compare():
                return self._compare(node)
            case ast.BinOp():
                return self._operate(node)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self._value(body if self._value(test) else other)
        raise _refused(node)

    def _name(self, name: str) -> Value:
        if name in self.names:
            return self.names[name]
        self.asked.add(name)
        if name in self.environment:
            return self.environment[name]
        raise _UnknownNameError(name)

    def _logic(self, kind: ast.boolop, parts: Sequence[ast.expr]) -> Value:
        value: Value = None
        for part in parts:
            value = self._value(part)
            if bool(value) is isinstance(kind, ast.Or):
                break
        return value

    def _compare(self, node: ast.Compare) -> bool:
        left = self._value(node.left)
        for kind, part in zip(node.ops, node.comparators, strict=True):
            right = self._value(part)
            if not _COMPARE[type(kind)](left, right):
                return False
            left = right
        return True

    def _operate(self, node: ast.BinOp) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        if type(node.op) not in _OPERATE or (isinstance(node.op, ast.Mod) and isinstance(left, str)):
            raise _refused(node)
        return _small(_OPERATE[type(node.op)](left, right))

    def _item(self, where: ast.expr, key: ast.expr) -> Value:
        place = self._value(key)
        if ast.unparse(where) in _ENVIRONMENT:
            self.asked.add(str(place))
            return self.environment[str(place)]
        found: Any = self._value(where)
        value: Value = found[place]
        return value

    def _constant(self, node: ast.Attribute) -> Value:
        known = {"os.sep": "/", "os.pathsep": ":"}
        if (text := ast.unparse(node)) in known:
            return known[text]
        raise _refused(node)

    def _call(self, node: ast.Call) -> Value:
        arguments = [self._value(argument) for argument in node.args]
        match node.func:
            case ast.Name(id=name) if name in _FUNCTIONS:
                return _small(_FUNCTIONS[name](*arguments))
            case ast.Attribute() as function if ast.unparse(function) == _GET_VARIABLE or (
                function.attr == "get" and ast.unparse(function.value) in _ENVIRONMENT
            ):
                return self._variable(*arguments)
            case ast.Attribute(value=where, attr=method):
                return self._method(self._value(where), method, arguments, node)
        raise _refused(node)

    def _variable(self, name: Value, default: Value = None) -> Value:
        self.asked.add(str(name))
        found = self.environment.get(str(name))
        return default if found is None else found

    def _method(self, value: Value, method: str, arguments: Sequence[Value], node: ast.Call) -> Value:
        if isinstance(value, str) and method == "replace":
            old, new = str(arguments[0]), str(arguments[1])
            if len(value) + value.count(old) * len(new) > MAX_TEXT:
                raise SelectorError(f"a text may have {MAX_TEXT:,} characters")
            return value.replace(old, new)
        allowed = _TEXT_METHODS if isinstance(value, str) else _MAPPING_METHODS if isinstance(value, dict) else ()
        if method not in allowed:
            raise _refused(node)
        found = getattr(value, method)(*arguments)
        return _small(found if isinstance(found, str | int | float | bool | list | tuple | None) else list(found))


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of ``1if linux`` is for nobody to read
            return ast.parse(text.lstrip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise SelectorError("it is not an expression") from error


def _negative(value: Any) -> Value:
    negative: Value = -value
    return negative


def _small(value: Value) -> Value:
    if isinstance(value, str | tuple | list) and len(value) > MAX_TEXT:
        raise SelectorError(f"a value may have {MAX_TEXT:,} characters or items")
    return value


def _refused(node: ast.expr) -> SelectorError:
    return SelectorError(f"`{ast.unparse(node)}` is not allowed in a selector")
