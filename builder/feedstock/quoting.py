"""Writes texts of recipes into a CI provider's YAML so that it takes them literally, whatever they say."""

from __future__ import annotations

import json
from enum import StrEnum

from builder.errors import UsageError


class Provider(StrEnum):
    """A CI service that pipelines are written for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    AZURE = "azure"


Value = str | int | tuple["Value", ...] | list["Value"]
"""What may be filled into a template."""

_EXPRESSION = "${{"
_LITERAL = "${{ '${{' }}"
"""An expression of GitHub and of Azure whose value is the three characters that begin one."""


def written(value: Value, provider: Provider) -> str:
    """Return ``value`` as YAML on one line: texts in quotes, with what the provider would expand made literal.

    Raises `UsageError` for a text that cannot be written so.
    """
    match value:
        case str():
            return json.dumps(_literal(value, provider), ensure_ascii=False)
        case int():
            return str(value)
        case tuple() | list():
            return f"[{', '.join(written(one, provider) for one in value)}]"


def _literal(text: str, provider: Provider) -> str:
    """Return what the provider expands to ``text``."""
    if not text.isprintable():
        raise _refused(text, "has characters that cannot be printed")
    match provider:
        case Provider.GITHUB:
            return text.replace(_EXPRESSION, _LITERAL)
        case Provider.GITLAB:  # it expands $NAME, ${NAME} and %NAME%, and escapes of the last one differ by version
            if "$" in text or "%" in text:
                raise _refused(text, "would be expanded by GitLab")
            return text
        case Provider.AZURE:  # it expands the values of variables too, and has no escape for that
            if "$(" in text or "$[" in text:
                raise _refused(text, "would be expanded by Azure Pipelines")
            return text.replace(_EXPRESSION, _LITERAL)


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text!r} {why}, so it cannot stand in a pipeline",
        code="feedstock.pipeline-text",
        remedy="write the value otherwise where it comes from: the recipe, its variant files, or conda-forge.yml",
    )
