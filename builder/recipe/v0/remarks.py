"""What is to be said about a ``meta.yaml`` that is to be built: what is wrong with it, and what has no effect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from builder.errors import MAX_PROBLEMS, Place, Problem
from builder.syntax.node import MAX_FRAME

_INDEX = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Remarks:
    """Collects remarks on one recipe: ``problems`` keep it from being built, ``warnings`` do not.

    ``text`` is the recipe as it was written: values have no places after their template was rendered, so that a key is
    looked for there, and only the line that must be meant is shown.
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
        """Return where ``path`` stands: its line too, if only one can be meant in the section or in all of the text."""
        section, _, inner = _INDEX.sub("", path).partition(".")
        key, lines = inner.rpartition(".")[2] or section, list(enumerate(self.text.splitlines(), 1))
        written = re.compile(rf"\s*(?:-\s+)?{re.escape(key)}\s*:")
        for some in (_of_section(lines, section), lines) if inner else (lines,):
            found = [(number, line) for number, line in some if written.match(line)]
            if len(found) == 1:
                number, line = found[0]
                column = len(line) - len(line.lstrip(" -")) + 1
                return Place(file=self.file, line=number, column=column, frame=line[:MAX_FRAME])
        return Place(file=self.file)

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
