"""What is refused before any work is done: scripts that nothing here can run, and on a farm what nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError, Place, RecipeError, WorkError
from builder.model.interpreter import Interpreter
from builder.model.outcome import TestStrategy
from builder.model.recipe import Script, ScriptTest
from builder.model.rendering import Rendering
from builder.pipeline.bench import untested
from builder.pipeline.ready import Ready
from builder.pipeline.work import Work
from builder.script.chosen import missing, runnable
from builder.script.files import shell_of


def refuse_scripts(renderings: Iterable[Rendering], *, test: TestStrategy, sealed: bool = True) -> None:
    """Raise one error for all scripts of ``renderings``, and of the tests that ``test`` runs, that cannot be run here.

    `MachineError` for those of Windows, `RecipeError` for unknown interpreters, files that are not there, and, where
    scripts are ``sealed`` off the machine, programs that an output without any requirement cannot have. ``renderings``
    have been through `builder.script.with_files`.
    """
    errors = [error for rendering in renderings for error in _refused(rendering, test=test, sealed=sealed)]
    if errors:
        first = errors[0]
        raise type(first).of(dict.fromkeys(problem for error in errors for problem in error.problems))


def refuse_missing(work: Work, ready: Ready) -> None:
    """Raise `RecipeError` if the environments that were just linked lack the program that the script is for."""
    script = work.script
    if script is None or not work.bench.sandbox.sealed:
        return
    for part in script.parts:
        program = runnable(part, shell_of(work.rendering))
        there = any(_has(folder, program.program) for folder in (ready.build.folder, *ready.host_layers))
        if program.package is not None and not there:
            raise _lacking(program, work.rendering)


def refuse_unpublishable(work: Work, ready: Ready) -> None:
    """Raise `WorkError` on a farm if the task's environments hold packages that are never to be published.

    What is built with them would not be either.
    """
    if work.bench.access.policy.farm and ready.unpublishable:
        names = ", ".join(ready.unpublishable)
        raise WorkError(
            f"{work.rendering.output.name} would be built with {names}, never to be published: "
            "nothing vouches for what that was made from",
            code="pipeline.unpublishable",
            place=Place(file=str(work.rendering.recipe.path)),
            remedy="have it built from sources that each have a sha256; until then keep it out of this farm's channels",
        )


def _refused(rendering: Rendering, *, test: TestStrategy, sealed: bool) -> Iterator[BakehouseError]:
    build, requirements = rendering.output.build, rendering.output.requirements
    bare = sealed and not (requirements.build or requirements.host or rendering.staging)
    tests = rendering.output.tests if untested(test, rendering) is None else ()
    scripts = [one.script for one in tests if isinstance(one, ScriptTest)]
    for script in (*build.script.parts, *scripts):
        if script.file is None and not script.content:
            continue
        try:
            program = runnable(script, shell_of(rendering))
            _require_file(script, rendering.recipe.folder)
        except BakehouseError as error:
            yield _placed(error, rendering)
        else:
            if script in build.script.parts and program.package is not None and bare:
                yield _lacking(program, rendering)


def _require_file(script: Script, folder: Path) -> None:
    if script.file is not None and not (folder / script.file).is_file():
        raise RecipeError(
            f"the script {script.file} is not in the recipe's folder",
            code="script.file",
            remedy="put the file beside the recipe, or write its commands into the recipe",
        )


def _has(folder: Path, program: str) -> bool:
    place = folder / "bin" / program
    return place.exists() or place.is_symlink()


def _lacking(program: Interpreter, rendering: Rendering) -> BakehouseError:
    lack, _, advice = missing(program, "requirements.build").partition(": ")
    message = f"the script of {rendering.output.name} cannot start: {lack}"
    return _placed(RecipeError(message, code="script.interpreter", remedy=advice), rendering)


def _placed(error: BakehouseError, rendering: Rendering) -> BakehouseError:
    from builder.recipe.where import script_place

    place = script_place(rendering.recipe.path, rendering.output.name)
    return type(error).of(replace(problem, place=problem.place or place) for problem in error.problems)
