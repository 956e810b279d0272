"""Reading all of an output's globs once, before anything is done by them."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import Problem, RecipeError
from builder.model.globs import Globs
from builder.model.recipe import GlobList, Output


def check_globs(output: Output) -> None:
    """Raise `RecipeError` with one problem for each list of patterns that cannot be read.

    The rooms after this one (relocation, checks) go by the same lists and need not look again.
    """
    problems = []
    for where, patterns in _lists(output):
        try:
            Globs(patterns)
        except ValueError as error:
            problems.append(Problem(code="recipe.glob", message=f"{where} of {output.name}: {error}"))
    if problems:
        raise RecipeError.of(problems)


def _lists(output: Output) -> Iterator[tuple[str, GlobList]]:
    build = output.build
    detection, linking = build.prefix_detection, build.dynamic_linking
    named: dict[str, bool | GlobList] = {
        "build.files": build.files,
        "build.always_include_files": build.always_include_files,
        "build.always_copy_files": build.always_copy_files,
        "build.prefix_detection.ignore": detection.ignore,
        "build.prefix_detection.ignore_binary_files": detection.ignore_binary_files,
        "build.prefix_detection.force_file_type.text": detection.force_text,
        "build.prefix_detection.force_file_type.binary": detection.force_binary,
        "build.python.skip_pyc_compilation": GlobList(include=build.python.skip_pyc_compilation),
        "build.dynamic_linking.binary_relocation": linking.binary_relocation,
        "build.dynamic_linking.missing_dso_allowlist": linking.missing_dso_allowlist,
        "build.dynamic_linking.rpath_allowlist": linking.rpath_allowlist,
        "about.license_file": GlobList(include=output.about.license_file),
    }
    yield from ((where, patterns) for where, patterns in named.items() if isinstance(patterns, GlobList))
    for step in build.post_process:
        yield "build.post_process", step.files
