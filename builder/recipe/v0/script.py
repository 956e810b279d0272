"""What a ``meta.yaml`` runs: ``build/script`` or the script beside it, and what each of its outputs runs by itself.

The rules are conda-build's (``build.py``). A script of ``build`` is lines for the platform's shell; ``script`` of an
output is a file of the recipe's folder, run by what its suffix or ``script_interpreter`` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.model.interpreter import interpreter
from builder.model.recipe import Script
from builder.recipe.v0.metadata import Metadata
from builder.recipe.v0.outputs import OutputMetadata
from builder.recipe.v0.remarks import Remarks
from builder.recipe.v0.text import MetaText
from builder.syntax.legacy.data import Plain

NOTHING = Script(content=(), strict=False)
"""No script, where one beside the recipe would be somebody else's."""

_BESIDE = {"win": "bld.bat"}
_SCRIPT = ("build", "script")


def script_of_recipe(recipe: Metadata, text: MetaText, system: str, remarks: Remarks) -> Script | None:
    """Return what the recipe itself runs, before any of its outputs; None when that is nothing.

    ``system`` is that of the target platform. A recipe with both kinds of script is a problem.
    """
    beside = _BESIDE.get(system, "build.sh")
    there = text.script(beside) is not None
    lines = recipe.texts(*_SCRIPT)
    if lines and there:
        remarks.problem(
            "recipe.two-scripts",
            f"there are both build.script and {beside} beside the recipe",
            "build.script",
            "remove one of them: conda-build takes neither",
        )
    if lines:
        return _in(recipe, Script(content=tuple(lines)))
    return _in(recipe, Script(file=beside)) if there else None


def script_of_output(output: OutputMetadata, recipe: Metadata) -> Script | None:
    """Return what an output runs by itself; ``recipe`` is the recipe without its outputs.

    The recipe's own script is not run once more for the output that is named as the recipe.
    """
    entry, metadata = output.entry, output.metadata
    if entry.get("script"):
        return _in(metadata, Script(file=str(entry["script"]), interpreter=_interpreter(entry)))
    lines = metadata.texts(*_SCRIPT)
    if not lines or (output.parent is None and recipe.texts(*_SCRIPT)):
        return None
    return _in(metadata, Script(content=tuple(lines)))


def _interpreter(entry: Mapping[str, Plain]) -> str | None:
    """Return what is to run an output's file: of ``bash -ex`` only the program, its options are ours to choose."""
    program = next(iter(str(entry.get("script_interpreter") or "").split()), None)
    known = interpreter(program) if program else None
    return known.name if known else program


def _in(metadata: Metadata, script: Script) -> Script:
    """Return a script with the variables of ``script_env``: those with a value, others from whoever builds."""
    pairs = [entry.partition("=") for entry in metadata.texts("build", "script_env")]
    given = tuple((name, value) for name, sign, value in pairs if sign)
    return replace(script, env=given, secrets=tuple(name for name, sign, _ in pairs if not sign), strict=False)
