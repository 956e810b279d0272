"""What names mean while a recipe is evaluated, and the record of which of them were read, where, and through what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builder.errors import MAX_PROBLEMS, Problem
from builder.model.answer import Answer
from builder.model.target import platform_variables, target
from builder.model.variant import VariantValue
from builder.recipe.kind import Late, Plain
from builder.recipe.request import Request
from builder.recipe.trace import How, Sight
from builder.syntax.expression import Expression, Meter, undefined
from builder.syntax.template import Condition, Template
from builder.syntax.value import Function, Namespace, Value

_SHOWN = 60
SYSROOT_KEY = "CONDA_BUILD_SYSROOT"


def _nothing_late(_: str) -> bool:
    return False


@dataclass(slots=True)
class RecipeScope:
    """One evaluation's names.

    A name is looked for in ``context``, the variant, the platform's variables, then among ``functions``. ``read`` maps
    each name found outside the context to the reason; ``problems`` collects what went wrong, ``warnings`` what looks as
    if it had, ``asked`` what the machine answered.
    """

    request: Request
    functions: Mapping[str, Function | Namespace] = field(default_factory=dict)
    context: dict[str, Value] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    platform: Mapping[str, Value] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)
    asked: dict[Answer, None] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    _what: Template | Condition | None = None
    _path: str = ""
    _late: Late = _nothing_late

    def enter(self, what: Template | Condition | None, path: str, late: Late = _nothing_late) -> None:
        """Say which text is evaluated next, under which key, and which of its names the build's session will fill."""
        self._what, self._path, self._late = what, path, late

    def lookup(self, name: str) -> Value:
        """Return the value of ``name``; see the class."""
        if name in self.context:
            self._trace(name, "context")
            return self.context[name]
        value = self.variant(name)
        if value is not None:
            return value
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
            self.note(key)
        return value

    def note(self, name: str, how: How = "read") -> None:
        """Record that ``name`` was read."""
        if name not in self.read:
            self.read[name] = self._reason()
        self._trace(name, how)

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

    def _trace(self, name: str, how: How) -> None:
        if self.request.trace is not None:
            self.request.trace.sights.append(Sight(name, how, self._what, self._path))

    def names(self) -> set[str]:
        """Return the names that could have been meant by a misspelt one."""
        return {*self.context, *self.platform, *self.functions, *self.request.variant}

    def _reason(self) -> str:
        if self._what is None:
            return self._path
        scalar = self._what.where
        text = " ".join(scalar.text.split())
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return f"{self._path} at {scalar.place}: {shown}"


def platform_values(request: Request) -> dict[str, Value]:
    """Return the names that every recipe has: the platforms, and what is true of the host platform (CEP 39)."""
    platforms = request.platforms
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
