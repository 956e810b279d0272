"""What is to be said about a ``meta.yaml`` that is to be built: what is wrong with it, and what has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from builder.errors import MAX_PROBLEMS, Place, Problem
from builder.model.frozen import frozen
from builder.syntax.node import MAX_FRAME

_KEY = re.compile(r"([ ]*)((?:-[ ]+)*)([\w.-]+)[ ]*:(?:[ ]|$)")


@frozen
class Block:
    """The lines below a key, from ``start`` up to ``end``, counted from 0; the key itself is ``indent`` deep."""

    lines: Sequence[str]
    start: int
    end: int
    indent: int

    def below(self, key: str) -> Block | None:
        """Return the block of ``key`` in this one, None where it stands nowhere, or more than once."""
        found = [(depth, number) for number, depth, name, _ in self._keys() if name == key and depth > self.indent]
        nearest = [number for depth, number in found if depth == min(found)[0]]
        return self._block(nearest[0], min(found)[0]) if len(nearest) == 1 else None

    def entry(self, name: str) -> Block:
        """Return the entry of a list with that ``name``, or this whole block where there is no such entry."""
        named = re.compile(rf"\s*(?:-\s+)?name\s*:\s*['\"]?{re.escape(name)}['\"]?\s*(?:#.*)?$")
        for number, depth, _, is_item in self._keys():
            if is_item and named.match(self.lines[number]):
                return self._block(number, depth - 1)
        return self

    def _keys(self) -> Iterator[tuple[int, int, str, bool]]:
        """Yield the lines with a key: number, depth of the key, name, whether an item of a list begins with it."""
        for number in range(self.start, self.end):
            found = _KEY.match(self.lines[number])
            if found is not None:
                yield number, len(found[1]) + len(found[2]), found[3], bool(found[2])

    def _block(self, number: int, depth: int) -> Block:
        """Return what stands below line ``number``, whose key is ``depth`` deep."""
        end = number + 1
        while end < self.end and not self._ends(self.lines[end], depth):
            end += 1
        return Block(lines=self.lines, start=number + 1, end=end, indent=depth)

    def _ends(self, line: str, depth: int) -> bool:
        text = line.lstrip(" ")
        is_blank = not text or text.startswith(("#", "{%"))
        indent = len(line) - len(text)
        return not is_blank and (indent < depth or (indent == depth and not text.startswith("-")))


@dataclass(slots=True)
class Remarks:
    """Collects remarks on one recipe: ``problems`` keep it from being built, ``warnings`` do not.

    ``text`` is the recipe as it was written: values have no places after their template was rendered, so that a key is
    looked for there, and only a line that must be meant is shown.
    """

    file: str
    text: str = ""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, code: str, message: str, path: str, remedy: str | None = None) -> None:
        """Note what keeps the recipe from being built; ``path`` is that of the key, ``outputs[1].build.number``."""
        self._note(self.problems, Problem(code=code, message=message, place=self.place(path), remedy=remedy))

    def warn(self, code: str, message: str, path: str, remedy: str | None = None) -> None:
        """Note what the recipe says and probably does not mean."""
        self._note(self.warnings, Problem(code=code, message=message, place=self.place(path), remedy=remedy))

    def ignored(self, path: str, why: str) -> None:
        """Note a key that conda-build knows and that has no effect here."""
        self.warn("recipe.ignored", f"{path} has no effect here: {why}", path)

    def place(self, path: str) -> Place:
        """Return the line where ``path`` stands, or the section around it where several lines could be meant.

        An entry of ``outputs`` is told by its name, ``outputs[libit].build``.
        """
        lines = self.text.splitlines()
        block = Block(lines=lines, start=0, end=len(lines), indent=-1)
        for part in path.split("."):
            key, _, which = part.rstrip("]").partition("[")
            inner = block.below(key)
            if inner is None:
                break
            block = inner.entry(which) if which else inner
        if block.start == 0:
            return Place(file=self.file)
        line = lines[block.start - 1]
        column = len(line) - len(line.lstrip(" -")) + 1
        return Place(file=self.file, line=block.start, column=column, frame=line[:MAX_FRAME])

    def _note(self, noted: list[Problem], problem: Problem) -> None:
        if problem not in noted and len(noted) < MAX_PROBLEMS:
            noted.append(problem)


def _of_section(lines: list[tuple[int, str]], name: str) -> list[tuple[int, str]]:
    """Return the numbered lines below a key that stands at a line's start."""
    starts = [place for place, (_, line) in enumerate(lines) if line.startswith(f"{name}:")]
    if len(starts) != 1:
        return []
    below = lines[starts[0] + 1 :]
    end = next((place for place, (_, line) in enumerate(below) if line[:1].isalpha()), len(below))
    return below[:end]
