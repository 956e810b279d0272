"""What the tests of this room share: recipes from text, evaluated for a variant, and the problems that they have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.errors import Problem, RecipeError, UsageError
from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile
from builder.model.switch import Switch, Switches
from builder.model.variant import VariantValue
from builder.recipe import Ask, Evaluated, GitQuestion, RecipeText, Request, evaluate
from builder.recipe.load import parse
from builder.syntax import Compiler

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
FILE = RecipeFile(path=Path("recipe.yaml"), folder=Path())
PACKAGE = "package: {name: demo, version: '1.0'}\n"
ALL = frozenset(Switch)
_SHA = "0" * 64


def platforms(target: str, build: str = "linux-64") -> Platforms:
    """Return platforms for a build on Linux."""
    return Platforms(target=target, host=target, build=build)


def recipe(text: str, switches: Switches = frozenset()) -> RecipeText:
    """Read a recipe."""
    return parse(text.encode(), FILE, Compiler(), switches)


def request(
    variant: Mapping[str, VariantValue] | None = None,
    *,
    where: Platforms = LINUX,
    hash: str | None = None,  # noqa: A002 - the field's name
    ask: Ask | None = None,
) -> Request:
    """Return a request."""
    return Request(variant=variant or {}, platforms=where, hash=hash, ask=ask)


def evaluated(
    text: str, given: Request | None = None, *, output: int = 0, switches: Switches = frozenset()
) -> Evaluated:
    """Evaluate one output of a recipe."""
    return evaluate(recipe(text, switches).outputs[output], given or request())


def built(text: str, variant: Mapping[str, VariantValue] | None = None, *, where: Platforms = LINUX) -> Output:
    """Return the only output of a recipe whose package section is the usual one."""
    return evaluated(PACKAGE + text, request(variant, where=where)).output


def rendered(
    text: str, given: Request | None = None, *, output: int = 0, switches: Switches = frozenset()
) -> dict[str, Any]:
    """Return the rendered form of an output as data."""
    found: dict[str, Any] = json.loads(evaluated(text, given, output=output, switches=switches).output.rendered)
    return found


def problems(text: str, given: Request | None = None, switches: Switches = frozenset()) -> tuple[Problem, ...]:
    """Return the problems of a recipe: those of its text, otherwise those of evaluating its outputs."""
    try:
        outputs = recipe(text, switches).outputs
    except RecipeError as error:
        return error.problems
    found: list[Problem] = []
    for output in outputs:
        try:
            evaluate(output, given or request())
        except RecipeError as error:
            found += error.problems
    return tuple(found)


def only_problem(text: str, given: Request | None = None, switches: Switches = frozenset()) -> Problem:
    """Return the one problem of a recipe."""
    found = problems(text, given, switches)
    assert len(found) == 1, found
    return found[0]


@dataclass
class Answers:
    """An `Ask` with prepared answers; everything else is refused."""

    variables: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    revisions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def environment(self, name: str) -> str | None:
        self.asked.append(name)
        if name not in self.variables:
            raise UsageError(f"{name} may not be read by recipes", code="ask.environment", remedy=f"--allow-env {name}")
        return self.variables[name]

    def file(self, path: str) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise UsageError(f"there is no file {path}", code="ask.file")
        return self.files[path]

    def git(self, question: GitQuestion, url: str) -> str:
        self.asked.append(f"{question} {url}")
        if (question, url) not in self.revisions:
            raise UsageError("git is offline", code="ask.git", remedy="go online")
        return self.revisions[question, url]
