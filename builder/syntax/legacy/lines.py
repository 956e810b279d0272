"""Lines of a ``meta.yaml`` and the selectors at their ends, such as ``- cmake  # [unix]``; lines keep their numbers.

What counts as a selector is conda-build's rule (its ``metadata.py``), with its traps: ``- foo [linux]`` is one without
any ``#``, and so is the end of ``- numpy[version='1']`` but for its quote. Parentheses after the brackets undo it, so
that links in Markdown may stand in comments.
"""

from __future__ import annotations

from collections.abc import Callable

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.model.frozen import frozen
from builder.syntax.node import MAX_FRAME


@frozen(kw_only=False)
class Line:
    """A line without its selector; ``selector`` is None when every variant has the line."""

    text: str
    selector: str | None = None


def split_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of ``text``; comments of whole lines become empty ones, so that no template runs in them."""
    return tuple(_split(line.rstrip()) for line in text.splitlines())


@frozen
class Selected:
    """The lines that were kept, as a text, and the number that each has in the file, from 1."""

    text: str
    numbers: tuple[int, ...]


def select_lines(lines: tuple[Line, ...], holds: Callable[[str], bool], file: str) -> Selected:
    """Return the lines whose selector holds; the others are gone, as for conda-build.

    Each distinct selector is asked about once. Raises `RecipeError` with the lines whose selector cannot be evaluated
    (``holds`` raises `ValueError`).
    """
    known: dict[str, bool] = {}
    kept: list[int] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if line.selector is not None and line.selector not in known:
            try:
                known[line.selector] = holds(line.selector)
            except ValueError as error:
                problems.append(_problem(line, str(error), file, number))
                known[line.selector] = True
                if len(problems) >= MAX_PROBLEMS:
                    break
        if line.selector is None or known[line.selector]:
            kept.append(number)
    if problems:
        raise RecipeError.of(problems)
    return Selected(text="".join(f"{lines[number - 1].text}\n" for number in kept) or "\n", numbers=tuple(kept))


def _split(line: str) -> Line:
    if not line or line.lstrip().startswith("#"):
        return Line("")
    found = _selector(line) if "[" in line and "]" in line else None
    if found is None:
        return Line(line)
    end, selector = found
    quote = line[-1] if line[-1] in "'\"" else ""
    return Line((line[:end] + quote).rstrip(), selector)


def _selector(line: str) -> tuple[int, str] | None:
    """Return where the line's own text ends, and its selector.

    A selector is the last pair of brackets in a comment, with anything but parentheses after it, or brackets at the
    very end without a comment; what begins first counts.
    """
    found = [one for one in (_in_comment(line), _at_end(line)) if one is not None]
    return min(found) if found else None


def _in_comment(line: str) -> tuple[int, str] | None:
    mark = line.find("#", 1)
    if mark < 0:
        return None
    closing = len(line)
    while (closing := line.rfind("]", mark, closing)) >= 0:
        if "(" in line[closing:] or ")" in line[closing:]:
            return None
        opening = _opening(line, mark, closing)
        if opening is not None:
            return _text_end(line, mark), line[opening + 1 : closing]
    return None


def _at_end(line: str) -> tuple[int, str] | None:
    if not line.endswith("]"):
        return None
    opening = _opening(line, 0, len(line) - 1)
    return None if opening is None else (_text_end(line, opening), line[opening + 1 : -1])


def _opening(line: str, start: int, closing: int) -> int | None:
    """Return where the bracket that ``closing`` ends is opened, if there is something and no bracket between."""
    opening = line.rfind("[", max(start, 1), closing)
    if opening < 0 or opening + 1 == closing or "]" in line[opening:closing]:
        return None
    return opening


def _text_end(line: str, mark: int) -> int:
    return max(1, len(line[:mark].rstrip()))


def _problem(line: Line, message: str, file: str, number: int) -> Problem:
    place = Place(
        file=file, line=number, column=len(line.text) + 1, frame=f"{line.text}  # [{line.selector}]"[:MAX_FRAME]
    )
    return Problem(
        code="recipe.selector",
        message=f"this selector cannot be evaluated: {message}",
        place=place,
        remedy="a selector looks like `# [linux and not aarch64]` or `# [py >= 39]`",
    )
