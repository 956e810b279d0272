"""Evaluates the line selectors of ``conda_build_config.yaml``, such as ``# [linux and not aarch64]``, without Python.

The language: names, text, numbers, ``and or not``, comparisons, ``in``, tuples and `METHODS`. A selector that uses a
name nobody knows does not hold (rattler-build's rule). Anything else raises `SelectorError`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import field

from builder.model.frozen import frozen

MAX_LENGTH = 500
"""Characters; the longest selector of conda-forge's pinning file has 118."""

Value = str | int | float | bool | None | tuple["Value", ...]

_COMPARE: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: lambda one, other: one < other,  # type: ignore[operator]
    ast.LtE: lambda one, other: one <= other,  # type: ignore[operator]
    ast.Gt: lambda one, other: one > other,  # type: ignore[operator]
    ast.GtE: lambda one, other: one >= other,  # type: ignore[operator]
    ast.In: lambda one, many: one in many,  # type: ignore[operator]
    ast.NotIn: lambda one, many: one not in many,  # type: ignore[operator]
}

METHODS = ("os.environ.get(NAME, DEFAULT)", "os.environ[NAME]", ".startswith(TEXT)", ".endswith(TEXT)")
"""What may be called, for the reference."""


class SelectorError(ValueError):
    """A selector that is not of the language above; the text says why."""


class _UnknownNameError(LookupError):
    """The selector needs a name that nobody defines."""


@frozen(kw_only=False)
class Selectors:
    """What selectors see: ``names`` (platforms as truth values, ``target_platform`` as text) and ``environment``.

    ``asked`` collects the environment variables that selectors asked for, set or not.
    """

    names: Mapping[str, str | bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def holds(self, text: str) -> bool:
        """Return whether the selector ``text`` (without its brackets) keeps its line; an empty one does."""
        if not text.strip():
            return True
        if len(text) > MAX_LENGTH:
            raise SelectorError(f"a selector may have {MAX_LENGTH} characters, this one has {len(text)}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Python thinks of ``1if linux`` is for nobody to read
                tree = ast.parse(text.strip(), mode="eval")
            return bool(self._value(tree.body))
        except _UnknownNameError:
            return False
        except TypeError as error:
            raise SelectorError(f"it compares things that do not compare: {error}") from error
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            if isinstance(error, SelectorError):
                raise
            raise SelectorError("it is not an expression") from error

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.BoolOp(op=kind, values=parts):
                return self._logic(kind, parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return not self._value(part)
            case ast.Compare():
                return self._compare(node)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return tuple(self._value(part) for part in parts)
            case ast.Subscript(value=where, slice=key) if _is_environment(where):
                return self._variable(self._value(key), None)
            case ast.Call(func=ast.Attribute(value=where, attr=method), args=arguments, keywords=[]):
                return self._call(where, method, [self._value(argument) for argument in arguments])
        raise SelectorError(f"`{ast.unparse(node)}` is not allowed in a selector")

    def _name(self, name: str) -> Value:
        if name not in self.names:
            raise _UnknownNameError(name)
        return self.names[name]

    def _logic(self, kind: ast.boolop, parts: list[ast.expr]) -> bool:
        values = (bool(self._value(part)) for part in parts)
        return all(values) if isinstance(kind, ast.And) else any(values)

    def _compare(self, node: ast.Compare) -> bool:
        left = self._value(node.left)
        for kind, part in zip(node.ops, node.comparators, strict=True):
            right = self._value(part)
            test = _COMPARE.get(type(kind))
            if test is None:
                raise SelectorError(f"`{ast.unparse(node)}` is not allowed in a selector")
            if not test(left, right):
                return False
            left = right
        return True

    def _call(self, where: ast.expr, method: str, arguments: list[Value]) -> Value:
        if method == "get" and _is_environment(where) and len(arguments) in {1, 2}:
            return self._variable(arguments[0], arguments[1] if len(arguments) == 2 else "")
        if method in {"startswith", "endswith"} and len(arguments) == 1:
            text, part = self._value(where), arguments[0]
            if isinstance(text, str) and isinstance(part, str):
                return text.startswith(part) if method == "startswith" else text.endswith(part)
        raise SelectorError(f"`.{method}(…)` is not allowed like this in a selector")

    def _variable(self, name: Value, default: Value) -> Value:
        if not isinstance(name, str):
            raise SelectorError("the name of an environment variable is text")
        self.asked.add(name)
        value = self.environment.get(name)
        if value is None and default is None:
            raise _UnknownNameError(name)
        return default if value is None else value


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in {"os.environ", "environ"}
