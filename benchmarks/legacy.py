"""Rendering of ``meta.yaml``, compared with conda-build: CPU seconds of each recipe, and of whole processes.

conda-build is not on PyPI: ``--conda-build`` names the Python of an environment that has it. Both sides render all
recipes in one process and take the time of each, so that imports count for neither, and what is read once for all
recipes is read by both but once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import write_pinning
from benchmarks.legacy_corpus import write_meta_recipes
from benchmarks.measure import measure
from benchmarks.row import Row

CHECKOUT = Path(__file__).parent.parent
COUNT = 12
GOAL = 0.02

OURS = """
import json, os, sys, time
from pathlib import Path
from builder.errors import BakehouseError
from builder.matrix.v0 import render_meta
from builder.matrix.v0.files import LegacyFiles
from builder.model.rendering import Platforms
from builder.recipe.v0 import load_meta
variants, *recipes = map(Path, sys.argv[1:])
platforms = Platforms(target="linux-64", host="linux-64", build="linux-64")
files, configs, seconds = LegacyFiles(platforms, {}, os.environ), {}, {}
def beside(recipe):
    return lambda name: (recipe.parent / name).read_bytes()
for recipe in recipes:
    began = time.process_time()
    own = recipe.with_name("conda_build_config.yaml")
    given = (own, variants) if own.is_file() else (variants,)
    if given not in configs:
        configs[given] = files.config(given)
    try:
        found = len(render_meta(load_meta(recipe, beside(recipe)), configs[given], platforms, {}))
    except BakehouseError:
        found = None
    seconds[str(recipe)] = time.process_time() - began, found
print(json.dumps(seconds))
"""
PEER = """
import contextlib, io, json, logging, os, sys, tempfile, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
os.environ.setdefault("CONDA_OFFLINE", "1")
from conda_build import api
from conda_build.config import Config
logging.disable(logging.CRITICAL)
variants, *recipes = sys.argv[1:]
seconds = {}
for recipe in recipes:
    began = time.process_time()
    with tempfile.TemporaryDirectory() as croot, contextlib.redirect_stdout(io.StringIO()), \\
            contextlib.redirect_stderr(io.StringIO()):
        config = Config(
            variant_config_files=[variants], ignore_system_variants=True, platform="linux", arch="64", croot=croot,
            set_build_id=False, no_download_source=True, override_channels=True, channel_urls=[], verbose=False,
        )
        try:
            found = api.render(
                str(Path(recipe).parent), config=config, finalize=False, bypass_env_check=True,
                permit_unsatisfiable_variants=True, permit_undefined_jinja=True,
            )
            found = sum(1 for meta, _, _ in found if not meta.skip())
        except BaseException:
            found = None
    seconds[recipe] = time.process_time() - began, found
print(json.dumps(seconds))
"""

Seconds = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The Python that has conda-build, the recipes, and the variant file that they are rendered over."""

    python: Path
    recipes: tuple[Path, ...]
    variants: Path


def peer_with(python: Path, recipes: Path | None, variants: Path | None, scratch: Path) -> Peer:
    """Return what to compare with; recipes and variants are written into ``scratch`` when none are given."""
    if recipes is None:
        recipes = scratch / "recipes"
        write_meta_recipes(recipes, COUNT)
    if variants is None:
        variants = scratch / "conda_build_config.yaml"
        write_pinning(variants)
    found = tuple(sorted(path.resolve() for path in recipes.rglob("meta.yaml")))
    return Peer(python=python, recipes=found, variants=variants.resolve())


def legacy(peer: Peer) -> tuple[Row, ...]:
    """Every recipe by both, in one process each; then each in a process of ours."""
    mine = _seconds(sys.executable, OURS, peer)
    theirs = _seconds(peer.python, PEER, peer)
    both = [recipe for recipe in mine if recipe in theirs]
    ratio = statistics.median(mine[recipe] / theirs[recipe] for recipe in both)
    alone = _alone(peer)
    whole = statistics.median(alone[recipe] / theirs[recipe] for recipe in both)
    return (
        _row(f"{len(both)} meta.yaml, median (CPU s)", mine, theirs, ratio, f"≤ {GOAL} ×", good=ratio <= GOAL),
        _row(f"{len(both)} meta.yaml, a process each", alone, theirs, whole, "(imports with ours)", good=True),
    )


def _alone(peer: Peer) -> Seconds:
    words: list[str | Path] = [sys.executable, "-m", "builder", "render", "--no-cache", "-m", peer.variants]
    return {str(recipe): measure([*words, recipe], cwd=CHECKOUT, good=(0, 2)).cpu for recipe in peer.recipes}


def _seconds(python: str | Path, code: str, peer: Peer) -> Seconds:
    """Return what each recipe took, without those that cannot be rendered."""
    words = [str(python), "-c", code, str(peer.variants), *map(str, peer.recipes)]
    done = subprocess.run(words, cwd=CHECKOUT, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{python}: exit code {done.returncode}\n{done.stderr[-3000:]}")
    found: dict[str, tuple[float, int | None]] = json.loads(done.stdout.splitlines()[-1])
    return {recipe: seconds for recipe, (seconds, outputs) in found.items() if outputs is not None}


def _row(what: str, mine: Seconds, theirs: Seconds, ratio: float, goal: str, *, good: bool) -> Row:
    return Row(
        what=what, ours=f"{statistics.median(mine.values()):.4f}", theirs=f"{statistics.median(theirs.values()):.2f}",
        figure=f"{ratio:.4f} ×", goal=goal, good=good,
    )  # fmt: skip
