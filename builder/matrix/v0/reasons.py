"""Why conda-build's rules find a variant key in an output of a ``meta.yaml``: each line in which they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from builder.errors import Place
from builder.matrix.v0.usage import ALWAYS, Subject
from builder.model.explanation import Reason, Through
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.scope import Scope
from builder.syntax.legacy.lines import select_lines, split_lines
from builder.syntax.legacy.usage import Mentions
from builder.syntax.node import MAX_FRAME

_REQUIREMENT = re.compile(r"\s*-\s+[\w.-]+\s*(?:#.*)?")
_MOST = 8
"""Lines that are told for one key."""


class LegacyReasons:
    """Finds the lines of one output's text, and of its scripts, that bring keys into its used variant."""

    def __init__(self, subject: Subject) -> None:
        """Take an output over one variant."""
        self._subject, self._file = subject, subject.text.file.path
        self._lines = subject.text.text.splitlines()
        self._own = subject.own_lines()
        selected = select_lines(split_lines(subject.text.text), subject.scope.holds, str(self._file))
        lines = zip(selected.numbers, selected.text.splitlines(), strict=False)
        self._selected = [(number, line) for number, line in lines if number in self._own]

    def of(self, key: str) -> tuple[Reason, ...]:
        """Return all ways by which ``key`` is used, those that count without being looked for at the end."""
        found = [*self._in_text(key), *self._in_selectors(key), *self._in_scripts(key)][:_MOST]
        return (*found, *self._said(key))

    def _in_text(self, key: str) -> Iterator[Reason]:
        mentions = Mentions(_brought(key, self._subject.scope))
        for number, line in self._selected:
            if mentions.in_text(line):
                through: Through = "requirement" if _REQUIREMENT.fullmatch(line) else "expression"
                yield self._reason(through, number, line.strip().removeprefix("- "))

    def _in_selectors(self, key: str) -> Iterator[Reason]:
        mentions = Mentions([key])
        for number, line in enumerate(self._lines, 1):
            if number in self._own and mentions.in_selectors(line):
                yield self._reason("selector", number, line[line.rfind("[") :].strip())

    def _in_scripts(self, key: str) -> Iterator[Reason]:
        for name, text in self._subject.scripts():
            lines: Sequence[str] = text.splitlines()
            named = re.compile(rf"\$\{{?\s*{re.escape(key)}\b|%{re.escape(key)}%")
            found = next(((number, line) for number, line in enumerate(lines, 1) if named.search(line)), None)
            if found is not None and key in self._subject.in_script(name):
                number, line = found
                place = Place(file=str(self._file.parent / name), line=number, column=1, frame=line[:MAX_FRAME])
                yield Reason(through="variable", text=line.strip(), path=name, place=place)

    def _said(self, key: str) -> Iterator[Reason]:
        metadata = self._subject.metadata
        if key in metadata.texts("build", "force_use_keys"):
            place = Remarks(file=str(self._file), text=self._subject.text.text).place("build.force_use_keys")
            yield Reason(through="use_keys", text=key, path="build.force_use_keys", place=place)
        if key in ALWAYS and not (key == "target_platform" and metadata.noarch):
            yield Reason(through="always", text="conda-build counts it for every output")

    def _reason(self, through: Through, number: int, text: str) -> Reason:
        frame = self._lines[number - 1]
        column = len(frame) - len(frame.lstrip()) + 1
        place = Place(file=str(self._file), line=number, column=column, frame=frame[:MAX_FRAME])
        return Reason(through=through, text=text, path=self._file.name, place=place)


def _brought(key: str, scope: Scope) -> tuple[str, ...]:
    """Return the keys whose mention brings ``key``: itself, and for conda-build's sysroot those of compilers."""
    bring = ("c_stdlib", "c_compiler", "cxx_compiler") if key == "CONDA_BUILD_SYSROOT" else ()
    return (key, *(one for one in bring if one in scope.variant))
