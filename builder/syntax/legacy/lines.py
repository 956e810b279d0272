"""Lines with selectors at their ends, such as ``- cmake  # [unix]``, and which of them a variant has.

What counts as a selector in a ``meta.yaml`` is conda-build's rule (its ``metadata.py``), with its traps: ``- foo
[linux]`` is one without any ``#``, and so is the end of ``- numpy[version='1']`` but for its quote. Parentheses after
the brackets undo it, so that links in Markdown may stand in comments. rattler-build, which knows selectors in variant
files only, takes nothing for one but a comment that is a selector alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.model.frozen import frozen
from builder.syntax.node import MAX_FRAME

MAX_SELECTORS = 1 << 16
"""Characters of all selectors in one file; those of conda-forge's pinning file have some 3,000, of ctng-compilers
4,300."""

_COMMENT = re.compile(r"#\s*\[.*\]\s*$")


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


def select_lines(lines: Sequence[Line], holds: Callable[[str], bool], file: str) -> Selected:
    """Return the lines whose selector holds; the others are gone, as for conda-build.

    Raises `RecipeError` with the lines whose selector cannot be evaluated (``holds`` raises `ValueError`).
    """
    kept = _kept(lines, holds, _in_recipe(file))
    return Selected(text="".join(f"{lines[number - 1].text}\n" for number in kept) or "\n", numbers=tuple(kept))


def select_in_place(text: str, holds: Callable[[str], bool], file: str) -> str:
    """Return the ``text`` of a variant file with nothing in the lines whose selector does not hold.

    The others stay as they are (rattler-build's rule). Raises `RecipeError` as `select_lines` does.
    """
    lines = [_with_comment(line) for line in text.split("\n")]
    kept = set(_kept(lines, holds, _in_variants(file)))
    return "\n".join(line.text if number in kept else "" for number, line in enumerate(lines, 1))


@frozen
class _Telling:
    """How a wrong selector is told; ``place`` returns the column of a line's selector and the line as it is written."""

    code: str
    file: str
    example: str
    place: Callable[[Line], tuple[int, str]]

    def problem(self, number: int, line: Line, message: str, remedy: str = "") -> Problem:
        column, frame = self.place(line)
        place = Place(file=self.file, line=number, column=column, frame=frame[:MAX_FRAME])
        remedy = remedy or f"a selector looks like {self.example}"
        return Problem(code=self.code, message=message, place=place, remedy=remedy)


def _in_recipe(file: str) -> _Telling:
    return _Telling(
        code="recipe.selector",
        file=file,
        example="`# [linux and not aarch64]` or `# [py >= 39]`",
        place=lambda line: (len(line.text) + 1, f"{line.text}  # [{line.selector}]"),
    )


def _in_variants(file: str) -> _Telling:
    return _Telling(
        code="variant.selector",
        file=file,
        example='`# [linux and not aarch64]` or `# [os.environ.get("NAME", "") == "yes"]`',
        place=lambda line: (_comment(line.text) + 1, line.text),
    )


def _kept(lines: Sequence[Line], holds: Callable[[str], bool], telling: _Telling) -> list[int]:
    """Return the numbers of the lines that stay, from 1. Each distinct selector is asked about once."""
    known: dict[str, bool] = {}
    kept: list[int] = []
    problems: list[Problem] = []
    left = MAX_SELECTORS
    for number, line in enumerate(lines, 1):
        selector = line.selector
        if selector is None:
            kept.append(number)
            continue
        left -= len(selector)
        if left < 0:
            message = f"the selectors of this file have more than {MAX_SELECTORS >> 10} KiB"
            problems.append(telling.problem(number, line, message, "split the file"))
            break
        if selector not in known:
            try:
                known[selector] = holds(selector)
            except ValueError as error:
                problems.append(telling.problem(number, line, f"this selector cannot be evaluated: {error}"))
                if len(problems) >= MAX_PROBLEMS:
                    break
                continue
        if known[selector]:
            kept.append(number)
    if problems:
        raise RecipeError.of(problems)
    return kept


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


def _with_comment(line: str) -> Line:
    start = _comment(line) if "[" in line and line.rstrip().endswith("]") else -1
    return Line(line, line[line.index("[", start) + 1 : line.rindex("]")] if start >= 0 else None)


def _comment(line: str) -> int:
    """Return where the first comment starts that is nothing but brackets with something in them, -1 without one."""
    found = _COMMENT.search(line)
    return found.start() if found else -1
