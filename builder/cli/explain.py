"""``bakehouse explain``: why a package has its name and its build hash, key by key."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import click

from builder.cli.collection import find_collection
from builder.cli.colour import coloured
from builder.cli.inputs import Inputs
from builder.cli.recipe_paths import selected_files
from builder.cli.selection import Selection, selection
from builder.errors import BakehouseError, RecipeError, UsageError
from builder.matrix.explained import comparison_document, explanation_document
from builder.matrix.keys import variant_key
from builder.model.explanation import Explanation
from builder.model.rendering import Rendering
from builder.report import write_document, write_text
from builder.report.explanation import comparison_text, explanation_text, key_text
from builder.report.trouble import error_text


@click.command("explain")
@selection
@click.option("named", "--output", metavar="NAME", help="Only this output: its name, or name-version-build.")
@click.option("key", "--key", metavar="KEY", help="Only this variant key, in the hash or not.")
@click.option("pair", "--compare", nargs=2, metavar="A B", help="What tells two packages apart, each by name or hash.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(
    selection: Selection, *, named: str | None, key: str | None, pair: tuple[str, str] | None, as_json: bool
) -> int:
    """Say why each package is called what it is: which variant keys its hash counts, which expression brings each of
    them there, where its value was set, and what keeps other keys out. Needs no network and runs nothing.

    \b
    Examples:
      bakehouse explain recipes/base/zlib
      bakehouse explain recipes/base/zlib --output libzlib --key c_compiler
      bakehouse explain recipes/base/zlib --compare h68db747 h9986843
    """  # noqa: D301 - \b keeps click from wrapping the examples
    explanations, errors = _explanations(selection, named)
    if pair is not None:
        return _compare(explanations, pair, as_json=as_json)
    if key is not None:
        _check_key(explanations, key := variant_key(key))
    if as_json:
        documents = [explanation_document(one) for one in explanations]
        write_document([_only(document, key) for document in documents] if key else documents, sys.stdout)
    else:
        colour = coloured(None, sys.stdout, os.environ)
        told = key_text(explanations, key, colour=colour) if key else explanation_text(explanations, colour=colour)
        write_text(told, sys.stdout)
    for error in errors:
        write_text(error_text(error, colour=coloured(None, sys.stderr, os.environ)), sys.stderr)
    return 2 if errors else 0


def _explanations(selection: Selection, named: str | None) -> tuple[list[Explanation], list[BakehouseError]]:
    """Return the explanations of all renderings that are asked for, and the errors of recipes that have none.

    Raises the error if nothing else came of it, or `UsageError` if there is no such output.
    """
    collection = find_collection((*selection.wanted, *selection.recipe_dirs)[0])
    names: set[str] = set()

    def wanted(rendering: Rendering) -> bool:
        names.add(rendering.output.name)
        return named is None or named in {rendering.output.name, rendering.stem, rendering.identity}

    found: list[Explanation] = []
    errors: list[BakehouseError] = []
    inputs = Inputs(selection, collection)
    for file in selected_files(selection, collection):
        try:
            found += inputs.recipe(file).explain(wanted)
        except BakehouseError as error:
            errors.append(error)
    if errors and not found:
        raise RecipeError.of([problem for error in errors for problem in error.problems])
    if not found:
        raise UsageError(
            f"no output is called {named}" if named else "nothing is rendered",
            code="cli.no-output",
            remedy=f"there are {', '.join(sorted(names))}" if names else None,
        )
    return _up_to(found, selection.up_to), errors


def _up_to(explanations: list[Explanation], name: str | None) -> list[Explanation]:
    """Return those of the output ``name`` and of what it needs, all if there is no name."""
    if name is None:
        return explanations
    from builder.plan.subset import needed_for

    kept = {one.identity for one in needed_for([one.rendering for one in explanations], name)}
    return [one for one in explanations if one.rendering.identity in kept]


def _check_key(explanations: Sequence[Explanation], key: str) -> None:
    """Refuse a key that no recipe reads and no variant file has."""
    known = {name for each in explanations for name in each.unmentioned}
    for each in explanations:
        known |= {used.key for used in each.used} | {unused.key for unused in each.unused}
    if key not in known:
        close = get_close_matches(key, sorted(known), n=1)
        raise UsageError(
            f"no variant file defines {key}, and no recipe here reads it",
            code="cli.no-key",
            remedy=f"did you mean {close[0]}?" if close else "`bakehouse explain` without --key lists what there is",
        )


def _only(document: dict[str, object], key: str) -> dict[str, object]:
    """Return an explanation's document with nothing about other keys."""
    only = dict(document)
    for part in ("used", "unused"):
        keys = document[part]
        only[part] = {name: facts for name, facts in keys.items() if name == key} if isinstance(keys, dict) else {}
    return only


def _compare(explanations: Sequence[Explanation], pair: tuple[str, str], *, as_json: bool) -> int:
    one, other = (_one_of(explanations, name) for name in pair)
    if as_json:
        write_document(comparison_document(one, other), sys.stdout)
    else:
        write_text(comparison_text(one, other), sys.stdout)
    return 0


def _one_of(explanations: Sequence[Explanation], name: str) -> Explanation:
    """Return the one that is called so: ``name-version-build``, the build string, the hash with or without its h."""
    found = [one for one in explanations if name in _names(one.rendering)]
    if len(found) == 1:
        return found[0]
    stems = ", ".join(one.rendering.stem for one in found or explanations)
    message = f"{len(found)} packages are called {name}" if found else f"no package here is called {name}"
    raise UsageError(message, code="cli.no-output", remedy=f"name one of {stems}")


def _names(rendering: Rendering) -> set[str]:
    stem = {rendering.stem, rendering.identity, f"{rendering.stem}.conda"}
    return {*stem, rendering.output.name, rendering.build_string, rendering.hash, f"h{rendering.hash}"}
