"""Rendering, compared with py-rattler-build: many recipes, many combinations, many outputs, one small recipe.

The peer renders all recipes in one process over a variant file that it reads once, through its classes
(`Stage0Recipe.render`): for many recipes that takes a third of what `cli_api.build_recipes` takes, which reads the
variant file for each. Both sides are whole processes.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import write_combinations, write_many_outputs, write_pinning, write_recipes
from benchmarks.measure import Cost, in_turn, measure, wall
from benchmarks.row import Row

CHECKOUT = Path(__file__).parent.parent
BAKEHOUSE = (sys.executable, "-m", "builder")
COUNT = 641
COMBINATIONS = 10_000

PEER = """
import os, sys
from pathlib import Path
from rattler_build import JinjaConfig, PlatformConfig, RenderConfig, Stage0Recipe, VariantConfig
platform = PlatformConfig(target_platform="linux-64")
config = VariantConfig()
for file in filter(None, sys.argv[2].split(":")):
    if Path(file).name == "conda_build_config.yaml":
        config = config.merge(VariantConfig.from_conda_build_config(file, JinjaConfig(platform=platform)))
    else:
        config = config.merge(VariantConfig.from_file(file))
config = config.merge(VariantConfig({"target_platform": ["linux-64"], "build_platform": ["linux-64"]}))
render, rendered, failed = RenderConfig(platform=platform), 0, 0
for recipe in sorted(Path(sys.argv[1]).rglob("recipe.yaml")):
    try:
        rendered += len(Stage0Recipe.from_file(recipe).render(config, render))
    except Exception:
        failed += 1
print(rendered, "rendered,", failed, "failed", flush=True)
os._exit(0 if rendered else 1)
"""
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Recipes in folders below ``recipes``, and the variant files that they are rendered over."""

    recipes: Path
    variants: tuple[Path, ...]


def written(scratch: Path) -> Corpus:
    """Write recipes and a variant file to measure with."""
    write_recipes(scratch / "recipes", COUNT)
    write_pinning(scratch / "conda_build_config.yaml")
    return Corpus(recipes=scratch / "recipes", variants=(scratch / "conda_build_config.yaml",))


def cold(scratch: Path, given: Corpus | None) -> Row:
    """Many recipes that nobody has rendered before."""
    corpus = given or written(scratch)
    mine, peer = in_turn(lambda: _ours(corpus, "--no-cache"), lambda: _theirs(corpus), runs=5)
    return _ratio(f"{_count(corpus)} recipes, cold (CPU s)", mine.cpu, peer.cpu, 1.0)


def warm(scratch: Path, given: Corpus | None) -> Row:
    """The same recipes once more, with nothing changed."""
    corpus, store = given or written(scratch), scratch / "store"
    mine, peer = in_turn(lambda: _ours(corpus, "--store", store), lambda: _theirs(corpus), runs=5)
    return _ratio(f"{_count(corpus)} recipes, nothing changed (CPU s)", mine.cpu, peer.cpu, 0.1)


def parallel(scratch: Path, given: Corpus | None) -> Row:
    """Many recipes in two processes; it takes two idle cores."""
    corpus = given or written(scratch)
    mine, peer = in_turn(lambda: _ours(corpus, "--no-cache", "-j", "2"), lambda: _theirs(corpus), runs=5)
    return _ratio(f"{_count(corpus)} recipes, -j 2 (wall s)", mine.wall, peer.wall, 0.6)


def combinations(scratch: Path, _: Corpus | None) -> Row:
    """One recipe over ten thousand combinations that it uses."""
    corpus = _combinations(scratch)
    mine, peer = in_turn(lambda: _ours(corpus, "--no-cache"), lambda: _theirs(corpus), runs=3)
    return _ratio(f"{COMBINATIONS:,} combinations (CPU s)", mine.cpu, peer.cpu, 0.2)


def memory(scratch: Path, _: Corpus | None) -> Row:
    """The largest size of a process that renders them."""
    corpus = _combinations(scratch)
    mine, peer = _peak(_command(corpus, "--no-cache")), _peak(_peer_command(corpus))
    return _ratio(f"{COMBINATIONS:,} combinations (MB)", mine, peer, 0.3)


def outputs(scratch: Path, given: Corpus | None) -> Row:
    """One recipe with many outputs that pin each other, over a distribution's variant file; or those given."""
    if given is None:
        write_many_outputs(scratch / "atlas")
        write_pinning(scratch / "conda_build_config.yaml")
        given = Corpus(recipes=scratch / "atlas", variants=(scratch / "conda_build_config.yaml",))
    corpus = given
    mine, peer = in_turn(lambda: _ours(corpus, "--no-cache"), lambda: _theirs(corpus), runs=3)
    return _ratio("20 outputs (CPU s)", mine.cpu, peer.cpu, 0.05)


def small(scratch: Path, _: Corpus | None) -> Row:
    """One small recipe through the installed command, nothing remembered."""
    command = Path(sys.executable).with_name("bakehouse")
    program = (command,) if command.exists() else BAKEHOUSE
    del scratch
    recipe = CHECKOUT / "recipes" / "base" / "zlib"
    seconds = statistics.median(wall([*program, "render", recipe, "--no-cache"], CHECKOUT) for _ in range(15))
    return Row(
        what="one small recipe (wall ms)", ours=f"{seconds * 1000:.0f}", theirs="",
        figure=f"{seconds * 1000:.0f} ms", goal="< 130 ms", good=seconds < 0.13,
    )  # fmt: skip


def _combinations(scratch: Path) -> Corpus:
    shutil.rmtree(scratch / "one", ignore_errors=True)
    return Corpus(recipes=scratch / "one", variants=(write_combinations(scratch / "one" / "recipe", COMBINATIONS),))


def _count(corpus: Corpus) -> int:
    return sum(1 for _ in corpus.recipes.rglob("recipe.yaml"))


def _command(corpus: Corpus, *options: str | Path) -> list[str | Path]:
    given = [word for file in corpus.variants for word in ("-m", file)]
    return [*BAKEHOUSE, "render", *sorted(corpus.recipes.rglob("recipe.yaml")), *given, *options]


def _peer_command(corpus: Corpus) -> list[str | Path]:
    return [sys.executable, "-c", PEER, corpus.recipes, ":".join(map(str, corpus.variants))]


def _ours(corpus: Corpus, *options: str | Path) -> Cost:
    return measure(_command(corpus, *options), cwd=CHECKOUT, good=(0, 2))  # some recipes are for nobody to render


def _theirs(corpus: Corpus) -> Cost:
    return measure(_peer_command(corpus))


def _peak(command: list[str | Path]) -> float:
    words = [sys.executable, "-c", PEAK, *map(str, command)]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _ratio(what: str, mine: float, peer: float, goal: float) -> Row:
    ratio = mine / peer
    return Row(
        what=what, ours=f"{mine:.3g}", theirs=f"{peer:.3g}",
        figure=f"{ratio:.3f} ×", goal=f"≤ {goal} ×", good=ratio <= goal,
    )  # fmt: skip
