"""Reads the files of a feedstock that a stranger may have written: plain files, plain YAML, a mapping or nothing."""

from __future__ import annotations

from pathlib import Path

from builder.errors import Place, RecipeError
from builder.syntax.file import IrregularError, read_file
from builder.syntax.node import Mapping, is_null, kind_of
from builder.syntax.reader import MAX_BYTES, decoded, read_text


def document_text(file: Path, what: str, remedy: str) -> str:
    """Return the text of a file; ``what`` says in errors what it is for. Raises `RecipeError`."""
    try:
        return decoded(read_file(file, MAX_BYTES), str(file))
    except IrregularError as error:
        raise _unreadable(file, what, f"it is {error}", "put a plain file there; links are not followed") from error
    except OSError as error:
        raise _unreadable(file, what, error.strerror or str(error), remedy) from error


def document_mapping(text: str, file: Path, what: str) -> Mapping | None:
    """Return the mapping that a text writes, None where it says nothing. Raises `RecipeError`."""
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return None
    node = read_text(text, str(file))
    if isinstance(node, Mapping):
        return node
    if is_null(node):
        return None
    raise RecipeError(
        f"{what} has to be a mapping of keys to values, and is {kind_of(node)}",
        code="feedstock.shape",
        place=node.place,
        remedy="write `key: value`, one below the other",
    )


def _unreadable(file: Path, what: str, why: str, remedy: str) -> RecipeError:
    message = f"{what} cannot be read: {why}"
    return RecipeError(message, code="feedstock.unreadable", place=Place(file=str(file)), remedy=remedy)
