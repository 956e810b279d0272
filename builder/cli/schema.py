"""``bakehouse schema``: the JSON Schema of a kind of file, for editors."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import click

from builder.report import write_document
from builder.store.writing import atomic_write


@click.command("schema")
@click.argument("kind", type=click.Choice(["recipe", "variants", "collection"]), default="recipe")
@click.option(
    "place", "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it there instead of printing."
)
@click.option("--json", is_flag=True, expose_value=False, help="The same: a schema is JSON.")
def command(kind: str, place: Path | None) -> int:
    """Print the JSON Schema (draft 2020-12) of recipe.yaml, variants.yaml or bakehouse.yaml, as the parser reads them.

    \b
    Examples:
      bakehouse schema recipe
      bakehouse schema variants --out variants.schema.json
    """  # noqa: D301 - \b keeps click from wrapping the examples
    document = _schema(kind)
    if place is None:
        write_document(document, sys.stdout)
    else:
        text = StringIO()
        write_document(document, text)
        atomic_write(place, text.getvalue().encode())
    return 0


def _schema(kind: str) -> dict[str, object]:
    match kind:
        case "recipe":
            from builder.recipe.json_schema import recipe_schema

            return recipe_schema()
        case "variants":
            from builder.matrix.json_schema import variants_schema

            return variants_schema()
        case _:
            from builder.cli.collection_keys import collection_schema

            return collection_schema()
