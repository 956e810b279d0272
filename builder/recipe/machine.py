"""What recipes may ask of the machine: environment variables, files beside the recipe, git; each answer is recorded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TypeVar, get_args

from builder.errors import BakehouseError
from builder.model.answer import Answer, Subject
from builder.recipe.kind import inside
from builder.recipe.request import Ask, GitQuestion
from builder.recipe.scope import RecipeScope
from builder.syntax.data import read_data
from builder.syntax.value import Arguments, ExpressionError, Function, Namespace, Undefined, Value, kind_of

_Told = TypeVar("_Told", str, bytes, str | None)

_NOT_ASKED = re.compile(r"(?i)(?!https://|ssh://)[a-z][a-z0-9+.-]*://|[/~\\]|[a-z]:[/\\]|$")
"""Protocols that anybody on the way can answer, and places on this machine that a recipe has nothing to do with."""

_NO_ENVIRONMENT = "give the recipe a variant key or a context value instead"


def machine_functions(scope: RecipeScope) -> list[Function | Namespace]:
    """Return ``env.…``, ``git.…`` and ``load_from_file`` of one evaluation."""
    machine = _Machine(scope)
    return [
        Function("load_from_file", machine.load),
        Namespace("env", _by_name([Function("env.get", machine.get), Function("env.exists", machine.exists)])),
        Namespace("git", _by_name([_git(machine, question) for question in get_args(GitQuestion)])),
    ]


def _by_name(found: list[Function]) -> Mapping[str, Function]:
    return {function.name.split(".")[-1]: function for function in found}


def _git(machine: _Machine, question: GitQuestion) -> Function:
    return Function(f"git.{question}", lambda arguments: machine.git(question, arguments))


class _Machine:
    """Asks for one evaluation, and records each answer in its scope."""

    def __init__(self, scope: RecipeScope) -> None:
        self._scope = scope

    def get(self, arguments: Arguments) -> Value:
        """``env.get``: a variable that recipes may not see counts as not set where there is a default."""
        given = arguments.take("name", "default", required=1)
        name = _text(given["name"], "the name")
        if "default" in given:
            value = self._seen(name)
            return given["default"] if value is None else value
        value = self._environment(name)
        if value is None:
            raise ExpressionError(f"the environment variable {name} is not set", remedy="give a default, or set it")
        return value

    def exists(self, arguments: Arguments) -> Value:
        """``env.exists``."""
        return self._seen(_text(arguments.take("name", required=1)["name"], "the name")) is not None

    def load(self, arguments: Arguments) -> Value:
        """``load_from_file``: what a file of the recipe's folder holds."""
        path = _text(arguments.take("path", required=1)["path"], "the path")
        try:
            inside(path)
        except ValueError as error:
            raise ExpressionError(str(error), code="recipe.outside") from error
        remedy = "let the caller offer the recipe's files"
        return read_data(self._told("file", path, lambda ask: ask.file(path), remedy), path)

    def git(self, question: GitQuestion, arguments: Arguments) -> Value:
        """``git.…``: a question about the repository at an address."""
        url = _text(arguments.take("url", required=1)["url"], "the address")
        if url.startswith("-") or "::" in url:
            raise ExpressionError(f"{url!r} is not the address of a git repository", code="recipe.outside")
        if _NOT_ASKED.match(url):
            message = f"git.{question} asks by https and ssh, or a folder named from the recipe on, not {url!r}"
            remedy = "write https://…, or .. for the repository that holds the recipe"
            raise ExpressionError(message, remedy=remedy, code="recipe.outside")
        asking = f"{question} {url}"
        return self._told("git", asking, lambda ask: ask.git(question, url), "write the revision into the recipe")

    def _seen(self, name: str) -> str | None:
        try:
            return self._environment(name)
        except ExpressionError:
            return None

    def _environment(self, name: str) -> str | None:
        return self._told("environment", name, lambda ask: ask.environment(name), _NO_ENVIRONMENT)

    def _told(self, subject: Subject, question: str, ask: Callable[[Ask], _Told], remedy: str) -> _Told:
        if self._scope.request.ask is None:
            raise ExpressionError("recipes may not ask the machine here", remedy=remedy, code="recipe.refused")
        try:
            told = ask(self._scope.request.ask)
        except BakehouseError as error:
            first = error.problems[0]
            raise ExpressionError(first.message, remedy=first.remedy or remedy, code=first.code) from error
        self._scope.journal.answers.append(Answer(subject, question, digest(told)))
        return told


def digest(told: str | bytes | None) -> str | None:
    """Return the sha256 of an answer, None for no answer."""
    if told is None:
        return None
    return hashlib.sha256(told if isinstance(told, bytes) else told.encode("utf-8", "surrogateescape")).hexdigest()


def still_told(answers: tuple[Answer, ...], ask: Ask) -> bool:
    """Whether the machine would answer all these questions as it did then; what it refuses it does not."""
    return all(_again(answer, ask) for answer in answers)


def _again(answer: Answer, ask: Ask) -> bool:
    try:
        match answer.subject:
            case "environment":
                return digest(ask.environment(answer.question)) == answer.digest
            case "file":
                return digest(ask.file(answer.question)) == answer.digest
            case "git":
                question, _, url = answer.question.partition(" ")
                asked = next(known for known in get_args(GitQuestion) if known == question)
                return digest(ask.git(asked, url)) == answer.digest
    except BakehouseError as error:
        return answer.subject == "file" and answer.digest is None and is_missing(error)


def is_missing(error: BakehouseError) -> bool:
    """Whether ``error`` says that a file of the recipe's folder is not there: an answer too."""
    return error.problems[0].code == "ask.no-file"


def _text(value: Value, what: str) -> str:
    if isinstance(value, Undefined):
        raise value.refuse()
    if not isinstance(value, str):
        raise ExpressionError(f"{what} must be text, this is {kind_of(value)}")
    return value
