"""Compares how a peer and this project render all recipes below folders, and prints what differs and a table.

From the checkout: ``python -m ci.compare_renderings FOLDER… -m VARIANTS --platform linux-64 --platform win-64``.
The peer is py-rattler-build, and the build platform linux-64. With ``--conda-build PYTHON``, the Python of an
environment that has it, it is conda-build, recipes are ``meta.yaml``, and each platform builds for itself. Selectors in
variant files see the environment (``CF_CUDA_ENABLED=True``) on both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.syntax import Compiler
from tests.conformance.comparison import (
    Comparison,
    LegacyValues,
    Summary,
    Values,
    compared,
    ours,
    ours_of_meta,
    summary,
)
from tests.conformance.conda_build import ask_conda_build
from tests.conformance.peer import PLATFORM, SECONDS, Job, ask_peer

Row = tuple[str, ...]

_JOBS = ("both render", "both fail", "only ours fails", "only the peer's fails")
_OUTPUTS = ("identical", "different", "missing", "extra")


def main() -> int:
    """Print the comparison; the exit code is 1 if on any platform less than ``--min`` percent of outputs agree."""
    given = _arguments()
    name = "meta.yaml" if given.conda_build else "recipe.yaml"
    recipes = sorted({recipe for folder in given.folders for recipe in recipe_files(folder.resolve(), name)})
    variants = tuple(path.resolve() for path in given.variants)
    by_platform = {}
    for platform in given.platforms or [PLATFORM]:
        jobs = [Job(recipe=recipe, variants=variants, platform=platform) for recipe in recipes]
        by_platform[platform] = compare(jobs, seconds=given.timeout, conda_build=given.conda_build)
    if given.json:
        json.dump({platform: document(found) for platform, found in by_platform.items()}, sys.stdout, indent=1)
        print()
    else:
        _print(by_platform, given.first)
    return 0 if all(summary(found).percent >= given.min for found in by_platform.values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="searched for recipes")
    parser.add_argument("-m", "--variants", type=Path, action="append", default=[], help="variant file, repeatable")
    parser.add_argument("--platform", action="append", dest="platforms", help="target platform, repeatable (linux-64)")
    parser.add_argument("--conda-build", type=Path, metavar="PYTHON", help="compare meta.yaml with this conda-build")
    parser.add_argument("--first", type=int, default=20, help="recipes that differ to print for each platform (20)")
    parser.add_argument("--min", type=float, default=99.5, help="least percentage of identical outputs (99.5)")
    parser.add_argument("--timeout", type=int, default=SECONDS, help=f"seconds the peer has for a recipe ({SECONDS})")
    parser.add_argument("--json", action="store_true", help="print one JSON document with everything")
    return parser.parse_args()


def recipe_files(folder: Path, name: str = "recipe.yaml") -> Iterator[Path]:
    """Yield every recipe below ``folder``, but none below the folder of another one (test data)."""
    if (folder / name).is_file():
        yield folder / name
        return
    for inner in sorted(folder.iterdir()):
        if inner.is_dir() and not inner.is_symlink():
            yield from recipe_files(inner, name)


def compare(jobs: Sequence[Job], *, seconds: int = SECONDS, conda_build: Path | None = None) -> list[Comparison]:
    """Render all jobs with both."""
    if conda_build is not None:
        legacy, told = LegacyValues(os.environ), ask_conda_build(jobs, conda_build, seconds=seconds)
        return [compared(job, answer, ours_of_meta(job, legacy)) for job, answer in zip(jobs, told, strict=True)]
    compiler, values = Compiler(), Values(os.environ)
    answers = ask_peer(jobs, seconds=seconds)
    return [compared(job, answer, ours(job, compiler, values)) for job, answer in zip(jobs, answers, strict=True)]


def document(found: Sequence[Comparison]) -> dict[str, object]:
    """Return what ``--json`` prints for one platform: the counts, and each recipe in which the two do not agree."""
    counted = summary(found)
    return {
        "percent": round(counted.percent, 3),
        "recipes": {name: counted.jobs[name] for name in _JOBS},
        "outputs": {name: counted.outputs[name] for name in _OUTPUTS},
        "fields": dict(counted.fields.most_common()),
        "differences": {str(one.job.recipe): one.lines for one in found if one.lines},
        "both fail": {str(one.job.recipe): list(one.told) for one in found if one.agreement == "both fail"},
    }


def _print(by_platform: dict[str, list[Comparison]], first: int) -> None:
    for platform, found in by_platform.items():
        for one in [one for one in found if one.lines][:first]:
            print(f"{platform} {one.job.recipe}", *one.lines, sep="\n    ")
    head: Row = ("platform", *_JOBS, *_OUTPUTS, "outputs that agree")
    rows = [head, *(_row(platform, summary(found)) for platform, found in by_platform.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    for platform, found in by_platform.items():
        fields = summary(found).fields
        if fields:
            print(f"{platform}, differing fields: {', '.join(f'{name} {n}' for name, n in fields.most_common())}")


def _row(platform: str, counted: Summary) -> Row:
    jobs = (str(counted.jobs[name]) for name in _JOBS)
    outputs = (str(counted.outputs[name]) for name in _OUTPUTS)
    return (platform, *jobs, *outputs, f"{counted.percent:.2f} %")


if __name__ == "__main__":
    sys.exit(main())
