"""Evaluates line selectors, such as ``# [linux and py >= 39]``, without Python's ``eval``.

The language is a part of Python: names, text, numbers, truth values, tuples, lists, mappings, ``and or not``,
comparisons, ``in``, ``is``, ``+ - / %``, subscripts, choices, a few functions and methods of text and mappings. How
much of it there is, and what becomes of a name that nobody knows, is said by a `Language`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

from builder.model.frozen import frozen
from builder.syntax.legacy.language import MAPPING_METHODS, OF_RECIPES, TEXT_METHODS, Language

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
_SEPARATORS = {"sep": "/", "pathsep": ":"}


class SelectorError(ValueError):
    """A selector that has no value; the text says why."""


class _UnknownNameError(LookupError):
    """The selector needs a name that nobody defines."""


@frozen(kw_only=False)
class Selectors:
    """What selectors see: ``names`` and the ``environment``, in a ``language``.

    ``asked`` collects the variables of the environment that they asked for, set or not.
    """

    names: Mapping[str, Value]
    environment: Mapping[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    language: Language = OF_RECIPES

    def holds(self, text: str) -> bool:
        """Return whether the selector ``text``, without its brackets, keeps its line. Raises `SelectorError`."""
        if self.language.empty_holds and not text.strip():
            return True
        while True:
            if len(text) > (most := self.language.max_length):
                raise SelectorError(f"a selector may have {most:,} characters, this one has {len(text):,}")
            try:
                return bool(self._value(_parsed(text)))
            except _UnknownNameError as error:
                if not self.language.missing_is_false:
                    return False
                text = _without(str(error.args[0]), text)
            except SelectorError:
                raise
            except (TypeError, ValueError, ArithmeticError, LookupError, MemoryError, RecursionError) as error:
                raise SelectorError(f"{type(error).__name__}: {error}") from error

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Subscript(value=where, slice=key) if _is_environment(where):
                return self._variable(self._value(key))
            case _ if type(node) not in self.language.nodes:
                raise _refused(node)
            case ast.Constant(value=str() | int() | float() | None as value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                found = [self._value(part) for part in parts]
                return tuple(found) if isinstance(node, ast.Tuple) else found
            case ast.Dict(keys=keys, values=values):
                return {self._value(key): self._value(value) for key, value in zip(keys, values, strict=True) if key}
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in _SEPARATORS:
                return _SEPARATORS[name]
            case ast.Call(keywords=[]):
                return self._call(node)
        return self._computed(node)

    def _computed(self, node: ast.expr) -> Value:
        match node:
            case ast.BoolOp(op=kind, values=parts):
                return self._logic(kind, parts)
            case ast.UnaryOp(op=kind, operand=part) if type(kind) in self.language.nodes:
                return not self._value(part) if isinstance(kind, ast.Not) else _negative(self._value(part))
            case ast.Compare():
                return self._compare(node)
            case ast.BinOp(op=kind) if type(kind) in self.language.nodes:
                return self._operate(node)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self._value(body if self._value(test) else other)
            case ast.Subscript(value=where, slice=key):
                return _item(self._value(where), self._value(key))
        raise _refused(node)

    def _name(self, name: str) -> Value:
        if name in self.names:
            return self.names[name]
        if self.language.bare_variables:
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
            if type(kind) not in self.language.nodes:
                raise _refused(node)
            if not _COMPARE[type(kind)](left, right):
                return False
            left = right
        return True

    def _operate(self, node: ast.BinOp) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            raise _refused(node)
        return _small(_OPERATE[type(node.op)](left, right))

    def _call(self, node: ast.Call) -> Value:
        arguments = [self._value(argument) for argument in node.args]
        match node.func:
            case ast.Name(id=name) if name in self.language.functions:
                return _small(_FUNCTIONS[name](*arguments))
            case ast.Attribute(value=where, attr="get") if _is_environment(where):
                return self._variable_or(self.language.unset, *arguments)
            case ast.Attribute(value=ast.Name(id="os"), attr="getenv") if "getenv" in self.language.methods:
                return self._variable_or(None, *arguments)
            case ast.Attribute(value=where, attr=method) if method in self.language.methods:
                return _method(self._value(where), method, arguments, node)
        raise _refused(node)

    def _variable(self, name: Value) -> Value:
        """Return what ``environ[name]`` is."""
        found = self._variable_or(None, name)
        if found is None and not self.language.missing_is_false:
            raise _UnknownNameError(name)
        if found is None:
            raise SelectorError(f"the environment has no variable {name}, or it is none that recipes may read")
        return found

    def _variable_or(self, unset: Value, name: Value, *default: Value) -> Value:
        if not isinstance(name, str) or len(default) > 1:
            raise SelectorError(
                "what is read of the environment is a name, which is text, and perhaps what stands for it"
            )
        self.asked.add(name)
        return self.environment.get(name, default[0] if default else unset)


def _is_environment(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="environ") | ast.Attribute(value=ast.Name(id="os"), attr="environ"):
            return True
    return False


def _item(value: Any, key: Value) -> Value:
    found: Value = value[key]
    return found


def _method(value: Value, method: str, arguments: Sequence[Value], node: ast.Call) -> Value:
    allowed = TEXT_METHODS if isinstance(value, str) else MAPPING_METHODS if isinstance(value, dict) else ()
    if method not in allowed:
        raise _refused(node)
    if method in {"join", "replace"} and _length(str(value), method, arguments) > MAX_TEXT:
        raise SelectorError(f"a text may have {MAX_TEXT:,} characters")
    found = getattr(value, method)(*arguments)
    return _small(found if isinstance(found, str | int | float | bool | list | tuple | None) else list(found))


def _length(value: str, method: str, arguments: Sequence[Any]) -> int:
    """Return how long the result of ``replace`` or ``join`` is, at most, before it is made."""
    if method == "replace":
        old, new, *_ = arguments
        return len(value) + value.count(old) * len(new)
    (parts,) = arguments
    return sum(len(part) + len(value) for part in parts)


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.expr:
    """Return the tree of a selector, which nobody changes; variants ask for the same ones again and again."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of ``1if linux`` is for nobody to read
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise SelectorError("it is not an expression") from error


def _without(name: str, text: str) -> str:
    """Return ``text`` with ``False`` written over ``name``, as conda-build does."""
    if name not in text:  # Python knows names by another spelling of their letters than people do
        raise SelectorError(f"nothing is named {name}")
    return text.replace(name, "False")


def _negative(value: Any) -> Value:
    negative: Value = -value
    return negative


def _small(value: Value) -> Value:
    if isinstance(value, str | tuple | list) and len(value) > MAX_TEXT:
        raise SelectorError(f"a value may have {MAX_TEXT:,} characters or items")
    return value


def _refused(node: ast.expr) -> SelectorError:
    return SelectorError(f"`{ast.unparse(node)}` is not allowed in a selector")
