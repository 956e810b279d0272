"""How a package came by its name, version and build string, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

from builder.matrix.case import Case
from builder.matrix.identity import HASH_LENGTH, language_parts
from builder.matrix.reasons import definitions
from builder.model.explanation import NamePart, Part
from builder.recipe.located import scalar_of, written
from builder.recipe.term import Formula, Term


def name_parts(case: Case) -> tuple[NamePart, ...]:
    """Return the pieces of ``name-version-build`` in their order."""
    output = case.rendering.output
    head = "staging" if output.kind == "staging" else "package"
    name = _written(case, "name", output.name, case.own(head, "name"), "the name")
    own = case.own("package", "version") if head == "package" else case.top("recipe", "version")
    shared = own if scalar_of(own) is not None else case.top("recipe", "version")
    version = _written(case, "version", output.version, shared, "nobody says it")
    return (name, version, *_build_string(case))


def _build_string(case: Case) -> Iterator[NamePart]:
    rendering, build = case.rendering, case.rendering.output.build
    string = next((term for _, term in case.build("string") if scalar_of(term) is not None), None)
    if build.string and string is not None:
        yield _written(case, "build string", rendering.build_string, string, "")
        return
    if case.override.build_string_prefix is not None:
        yield NamePart(part="prefix", text=f"{case.override.build_string_prefix}_", why="--build-string-prefix")
    for text, key in language_parts(rendering.variant, build.noarch):
        why = f"{key} {rendering.variant[key]}" if key else "noarch: python"
        yield NamePart(part="prefix", text=text, why=why)
    digits = f"the first {HASH_LENGTH} digits of the sha1 of the hash input, after h"
    yield NamePart(part="hash", text=f"h{rendering.hash}", why=digits)
    yield _number(case)


def _number(case: Case) -> NamePart:
    text = f"_{case.rendering.output.build.number}"
    if case.override.build_number is not None:
        return NamePart(part="number", text=text, why="--build-num")
    for _, term in case.build("number"):
        if scalar_of(term) is not None:
            return _written(case, "number", text, term, "")
    return NamePart(part="number", text=text, why="the build number, 0 where nobody says another")


def _written(case: Case, part: Part, text: str, term: Term, otherwise: str) -> NamePart:
    scalar = scalar_of(term)
    if scalar is None:
        return NamePart(part=part, text=text, why=otherwise)
    through = definitions(case, term.template) if isinstance(term, Formula) else ()
    return NamePart(part=part, text=text, why=written(scalar).text, place=scalar.place, through=through)
