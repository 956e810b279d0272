"""What names mean while a recipe is evaluated, and the record of which of them were read, where, and through what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from builder.errors import MAX_PROBLEMS, Problem
from builder.model.rendering import Platforms
from builder.model.target import platform_variables, target
from builder.model.variant import VariantValue
from builder.recipe.kind import Late, Plain
from builder.recipe.memory import Journal, Leaf, Note, Once, Recall, Source, Token, token
from builder.recipe.request import Request
from builder.recipe.trace import How, Sight
from builder.syntax.expression import Expression, Meter, undefined
from builder.syntax.template import Condition, Template
from builder.syntax.value import Function, Namespace, Value

SYSROOT_KEY = "CONDA_BUILD_SYSROOT"

T = TypeVar("T")
K = TypeVar("K")


def _nothing_late(_: str) -> bool:
    return False


_NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True, weakref_slot=True)
class RecipeScope:
    """The names of one output while it is evaluated, for one variant after the other.

    A name is looked for in ``context``, the variant, the platform's variables, then among ``functions``. ``journal``
    has each name that was read outside the context with the reason, what looks as if something had gone wrong, and what
    the machine answered; ``problems`` collects what did go wrong. ``defining`` is true while the context is made. From
    one evaluation to the next only the values of the variant and the hash may differ: what does not depend on them is
    remembered; ``once`` has what evaluations made of plain data, ``typed`` what outputs make of it for as long as they
    live.
    """

    request: Request
    functions: Mapping[str, Function | Namespace] = field(default_factory=dict)
    context: dict[str, Value] = field(default_factory=dict)
    platform: Mapping[str, Value] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    problems: list[Problem] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    once: Once = field(default_factory=Once)
    typed: Once = field(default_factory=Once)
    defining: bool = False
    _what: Template | Condition | None = None
    _path: str = ""
    _late: Late = _nothing_late
    _fixed: set[str] = field(default_factory=set)
    _recalls: dict[tuple[object, int], Recall[Leaf[object]]] = field(default_factory=dict)
    _notes: dict[tuple[str, int, str], Note] = field(default_factory=dict)

    def begin(self, request: Request) -> None:
        """Begin an evaluation for the variant and hash of ``request``."""
        self.request, self.context, self.journal = request, {}, Journal()
        self.problems, self.meter = [], Meter()

    @property
    def hidden(self) -> frozenset[str]:
        """The variant keys that names of the context hide; call it when nothing but the context is evaluated.

        What the context itself reads, as its own name or as the key, hides nothing (rattler-build's rule).
        """
        names = [name for name in self.context if name in self.request.variant]
        return frozenset(names).difference(note.name for note in self.journal.notes) if names else _NOTHING

    @property
    def read(self) -> dict[str, str]:
        """Why each name counts as read that is not of the context: the first reason that there was."""
        return {note.name: note.reason for note in reversed(self.journal.notes)}

    def enter(self, what: Template | Condition | None, path: str, late: Late = _nothing_late) -> None:
        """Say which text is evaluated next, under which key, and which of its names the build's session will fill."""
        self._what, self._path, self._late = what, path, late

    def lookup(self, name: str) -> Value:
        """Return the value of ``name``; see the class."""
        if name in self.context:
            value = self.context[name]
            if name not in self._fixed:
                self.journal.readings.append(("context", name, token(value)))
            if self.defining and name in self.request.variant:
                self.note(name)  # it counts as the variant key that it hides: rattler-build's rule
            else:
                self._trace(name, "context")
            return value
        found = self.variant(name)
        if found is not None:
            return found
        if name in self.platform:
            self.note(name)
            return self.platform[name]
        if name in self.functions:
            return self.functions[name]
        if self._late(name):
            return f"${{{{ {name} }}}}"
        self.note(name)
        return undefined(name, self.names)

    @property
    def full(self) -> bool:
        """Whether there are so many problems already that more would help nobody."""
        return len(self.problems) >= MAX_PROBLEMS

    def variant(self, key: str) -> VariantValue | None:
        """Return the variant's value for ``key``, None if it has none; it counts as read if it has one."""
        value = self.request.variant.get(key)
        if value is not None:
            self.journal.readings.append(("variant", key, token(value)))
            self.note(key)
        return value

    def define(self, name: str, value: Value) -> None:
        """Give a name of the context its value; before anything varies, it is the same in all evaluations."""
        self.context[name] = value
        if not self.journal.readings:
            self._fixed.add(name)

    def note(self, name: str, how: How = "read") -> None:
        """Record that ``name`` was read."""
        self.journal.notes.append(self._note(name, self._what, self._path))
        self._trace(name, how)

    def note_because(self, name: str, reason: str) -> None:
        """Record that ``name`` counts as read for a reason in words."""
        self.journal.notes.append(self._note(name, None, reason))

    def mention(self, expression: Expression) -> None:
        """Record every variable in ``expression`` as read, and the keys behind its calls."""
        for name in sorted(mentioned(expression)):
            if name in self.context:
                self._trace(name, "context")
            elif name not in self.functions:
                self.note(name, "mentioned")

    def made(self, what: Template | Condition, value: Plain) -> Plain:
        """Return what a text came to, after telling who traces the evaluation."""
        if self.request.trace is not None:
            self.request.trace.made[id(what)] = value
        return value

    def remember(self, compute: Callable[[K, RecipeScope], T], what: K) -> T:
        """Return what ``compute`` gives for ``what``.

        It runs only if it has not run on the values that it reads; a trace sees it run each time.
        """
        if self.request.trace is not None:
            return compute(what, self)
        recall = self._recalls.get((compute, id(what)))
        if recall is None:
            recall = self._recalls[compute, id(what)] = Recall(what)
        leaf = recall.find(self._current)
        if leaf is not None:
            self.journal.repeat(leaf.done)
            return leaf.result  # type: ignore[return-value]
        lengths, problems = self.journal.lengths(), len(self.problems)
        result = compute(what, self)
        if len(self.problems) == problems:
            done = self.journal.since(lengths)
            recall.keep(done.readings, Leaf(result, done))
        return result

    def names(self) -> set[str]:
        """Return the names that could have been meant by a misspelt one."""
        return {*self.context, *self.platform, *self.functions, *self.request.variant}

    def _current(self, source: Source, name: str) -> Token:
        """Read a value once more."""
        return token(self.context.get(name) if source == "context" else self.request.variant.get(name))

    def _note(self, name: str, what: Template | Condition | None, path: str) -> Note:
        key = (name, id(what), path)
        note = self._notes.get(key)
        if note is None:
            note = self._notes[key] = Note(name, what, path)
        return note

    def _trace(self, name: str, how: How) -> None:
        if self.request.trace is not None:
            self.request.trace.sights.append(Sight(name, how, self._what, self._path))


def platform_values(request: Request) -> Mapping[str, Value]:
    """Return the names that every recipe has: the platforms, and what is true of the host platform (CEP 39)."""
    return _platform_values(request.platforms)


@lru_cache(maxsize=16)
def _platform_values(platforms: Platforms) -> Mapping[str, Value]:
    values: dict[str, Value] = dict(platform_variables(platforms.host))
    values["target_platform"] = platforms.target
    values["build_platform"] = platforms.build
    values["host_platform"] = platforms.host
    values["SHLIB_EXT"] = target(platforms.target).family.shared_library_suffix
    return values


def mentioned(expression: Expression) -> set[str]:
    """Return the variables in ``expression``, with the variant keys that calls such as ``compiler("c")`` stand for."""
    names = set(expression.names)
    for call in expression.calls:
        if call.function in {"compiler", "stdlib"} and call.argument is not None:
            key = f"{call.argument}_{call.function}"
            names |= {key, f"{key}_version", SYSROOT_KEY}
        elif call.function == "cdt":
            names.add("cdt_name")
    return names
