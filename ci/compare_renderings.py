"""Compares how py-rattler-build and this project render all recipes below a folder.

From the checkout: ``python -m ci.compare_renderings FOLDER -m VARIANTS``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from builder.syntax import Compiler
from tests.conformance.comparison import differences, ours
from tests.conformance.peer import PLATFORM, Job, ask_peer


def main() -> int:
    """Print the differences and a table; the exit code is 1 if less than ``--min`` percent of the outputs agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-m", "--variants", type=Path, action="append", default=[])
    parser.add_argument("--platform", default=PLATFORM)
    parser.add_argument("--first", type=int, default=20, help="differences to print")
    parser.add_argument("--min", type=float, default=99.5, help="least percentage of recipes that agree")
    given = parser.parse_args()
    variants = tuple(path.resolve() for path in given.variants)
    recipes = sorted(given.folder.resolve().rglob("recipe.yaml"))
    jobs = [Job(recipe=recipe, variants=variants, platform=given.platform) for recipe in recipes]
    start = time.perf_counter()
    answers = ask_peer(jobs)
    middle = time.perf_counter()
    compiler = Compiler()
    rendered = [ours(job, compiler) for job in jobs]
    end = time.perf_counter()
    found = [list(differences(*three)) for three in zip(jobs, answers, rendered, strict=True)]
    for one in [one for several in found for one in several][: given.first]:
        print(one)
    equal = sum(not one for one in found)
    percent = 100 * equal / max(1, len(jobs))
    outputs = sum(len(answer) for answer in answers if not isinstance(answer, str))
    failed = sum(isinstance(answer, str) for answer in answers), sum(isinstance(one, str) for one in rendered)
    print(f"{len(jobs)} recipes, {outputs} outputs of the peer; {failed[0]} fail there, {failed[1]} here")
    print(f"{equal} recipes agree ({percent:.2f} %); peer {middle - start:.2f} s, ours {end - middle:.2f} s")
    return 0 if percent >= given.min else 1


if __name__ == "__main__":
    sys.exit(main())
