"""Text with ``${{ … }}`` in it, and bare conditions, tied to the YAML scalar that they stand in.

Errors become `RecipeError` here, with the expression's own line and column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from builder.errors import RecipeError
from builder.syntax.expression import Compiler, Expression, Meter, Scope
from builder.syntax.node import Scalar
from builder.syntax.value import ExpressionError, Value, capped_length, text_of, truth

_OPEN = "${{"
_CLOSE = "}}"
_SHOWN = 80
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|[{}\[\]()'"]""", re.DOTALL)
_SPACE = re.compile(r"\s*+")


_REMEDIES = {
    "recipe.expression-syntax": "an expression reads as ${{ name | lower }} or ${{ a if linux else b }}",
    "recipe.outside": "name what lies beside the recipe",
    "recipe.too-much": "make it smaller, or leave the work to the build script",
    "recipe.undefined": "define it in context or in a variant file, or give it a default: name | default('')",
}


def is_template(text: str) -> bool:
    """Whether ``text`` has an expression in it."""
    return _OPEN in text and _CLOSE in text


@dataclass(frozen=True, slots=True)
class Template:
    """Pieces of plain text and expressions, in order; ``where`` is the scalar that they are the text of.

    ``starts`` says for each expression at which character of that text it begins.
    """

    pieces: tuple[str | Expression, ...]
    where: Scalar = field(repr=False)
    starts: tuple[int, ...] = field(default=(), repr=False)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Expression))

    @property
    def only(self) -> Expression | None:
        """The expression, if there is nothing else than one (and white space around it)."""
        alone = [piece for piece in self.pieces if isinstance(piece, Expression) or piece.strip()]
        return alone[0] if len(alone) == 1 and isinstance(alone[0], Expression) else None

    def text(self, scope: Scope, meter: Meter | None = None) -> str:
        """Return the text with every expression's value in it; raise `RecipeError` at the one that has none."""
        meter, length, parts, starts = meter or Meter(), 0, [], iter(self.starts)
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            start = next(starts)
            try:
                part = text_of(piece.evaluate(scope, meter))
                length += len(part)
                meter.spend(len(part))
                capped_length(length)
            except ExpressionError as error:
                raise _located(error, piece.source, self.where, start) from error
            parts.append(part)
        return "".join(parts)

    def value(self, scope: Scope, meter: Meter | None = None) -> Value:
        """Return the value with its type if there is one expression alone, otherwise the text."""
        if self.only is None:
            return self.text(scope, meter)
        try:
            return self.only.evaluate(scope, meter)
        except ExpressionError as error:
            raise _located(error, self.only.source, self.where, self.starts[0]) from error


@dataclass(frozen=True, slots=True)
class Condition:
    """A bare expression that is true or false."""

    expression: Expression
    where: Scalar = field(repr=False)

    @property
    def start(self) -> int:
        """At which character of the scalar's text the expression begins."""
        return _indentation(self.where.text)

    def holds(self, scope: Scope, meter: Meter | None = None) -> bool:
        """Return whether it is true; raise `RecipeError` if it cannot be told."""
        try:
            return truth(self.expression.evaluate(scope, meter))
        except ExpressionError as error:
            raise _located(error, self.expression.source, self.where, self.start) from error


def compile_template(scalar: Scalar, compiler: Compiler) -> Template:
    """Compile the expressions in a scalar's text; raise `RecipeError` with the place of a broken one."""
    pieces: list[str | Expression] = []
    starts: list[int] = []
    text, position = scalar.text, 0
    while (start := text.find(_OPEN, position)) >= 0:
        end = _end(text, start + len(_OPEN))
        if end is None:
            fragment = text[start : start + 40].splitlines()[0]
            unclosed = ExpressionError("${{ is never closed by }}", code="recipe.expression-syntax")
            raise _located(unclosed, fragment, scalar, start)
        plain, source = text[position:start], text[start + len(_OPEN) : end]
        if source.startswith("-"):
            plain, source = plain.rstrip(), source[1:]
        begin, position = end - len(source.lstrip()), end + len(_CLOSE)
        if source.endswith("-"):
            source = source[:-1]
            space = _SPACE.match(text, position)
            position = space.end() if space else position
        pieces += [plain] if plain else []
        pieces.append(_expression(source, scalar, begin, compiler))
        starts.append(begin)
    pieces += [text[position:]] if position < len(text) else []
    return Template(tuple(pieces), scalar, tuple(starts))


def compile_condition(scalar: Scalar, compiler: Compiler) -> Condition:
    """Compile a scalar that is an expression as a whole, without ``${{ }}``."""
    return Condition(_expression(scalar.text, scalar, _indentation(scalar.text), compiler), scalar)


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


def _expression(source: str, scalar: Scalar, start: int, compiler: Compiler) -> Expression:
    try:
        return compiler.expression(source)
    except ExpressionError as error:
        raise _located(error, source.strip(), scalar, start) from error


def _end(text: str, start: int) -> int | None:
    """Return where the ``}}`` stands that closes the expression from ``start``: outside of quotes and brackets.

    Every character is looked at once, however the text is made. A quote that nothing closes ends the search at the
    next ``}}``, so that the expression's own error is told.
    """
    depth, close = 0, text.find(_CLOSE, start)
    for token in _TOKEN.finditer(text, start):
        if close < 0 or (token.start() >= close and depth <= 0):
            break
        if token[0] in "'\"":
            return close if close > token.start() else None
        depth += (token[0] in "([{") - (token[0] in ")]}")
        if close < token.end():
            close = text.find(_CLOSE, token.end())
    return close if close >= 0 else None


def usual_remedy(code: str) -> str:
    """Return what helps against most mistakes of a kind, for errors that know nothing better."""
    return _REMEDIES.get(code, "the reference of recipes tells what expressions may do")


def _located(error: ExpressionError, fragment: str, where: Scalar, start: int) -> RecipeError:
    """Make the problem of the ``fragment`` that begins at the character ``start`` of a scalar's text."""
    remedy = error.remedy or usual_remedy(error.code)
    short = fragment if len(fragment) <= _SHOWN else f"{fragment[:_SHOWN]}…"
    shown = f" in {short}" if short and short not in error.message else ""
    return RecipeError(f"{error.message}{shown}", code=error.code, place=where.place_at(start), remedy=remedy)
