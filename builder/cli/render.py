"""``bakehouse render``: expand recipes over their variants, without a network."""

from __future__ import annotations

import sys

import click

from builder.cli.rendering import render_selection
from builder.cli.selection import Selection, selection
from builder.matrix import rendering_document, variant_text
from builder.model.rendering import Rendering
from builder.report import write_document, write_text
from builder.report.trouble import error_text


@click.command("render")
@selection
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(selection: Selection, *, as_json: bool) -> int:
    """Expand recipes over their variants and print every output. Needs no network and runs nothing.

    \b
    Examples:
      bakehouse render recipes/base/zlib
      bakehouse render recipes/base/* --json -m variants/linux.yaml
      bakehouse render . --variant python=3.12,3.13
    """  # noqa: D301 - \b keeps click from wrapping the examples
    rendered = render_selection(selection)
    if not rendered.renderings and len(rendered.errors) == 1:
        rendered.raise_errors()  # a single recipe: there is no list of others to print
    if as_json:
        packages = [rendering for rendering in rendered.renderings if rendering.output.kind == "package"]
        write_document([rendering_document(rendering) for rendering in packages], sys.stdout)
    else:
        write_text("\n".join(_line(rendering) for rendering in rendered.renderings), sys.stdout)
    for error in rendered.errors:
        write_text(error_text(error, colour=sys.stderr.isatty()), sys.stderr)
    return 2 if rendered.errors else 0


def _line(rendering: Rendering) -> str:
    marks = [
        mark for mark, on in (("staging", rendering.output.kind == "staging"), ("skipped", rendering.output.skip)) if on
    ]
    notes = [variant_text(rendering), *marks]
    return f"{rendering.subdir}/{rendering.stem}  {', '.join(note for note in notes if note)}".rstrip()
