"""What conda-smithy 2026.8.8 wrote into ``.ci_support`` of the feedstocks in ``matrices/``, byte for byte, and ours.

Each was recorded twice, with two values of PYTHONHASHSEED, and was the same. tea: several outputs, one of them noarch,
cross-compiled, migrations; kettle: CUDA, MPI, macOS versions, names that are too long; sugar: noarch; cup: keys that
only the text beside the outputs uses, a group that a selector takes away; milk, honey, lemon: the same in recipe.yaml,
with numbers and truth values; spoon: all outputs are skipped somewhere; jug: a pin of numpy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from builder.cli.jobs import JobQuestion, jobs_of
from builder.feedstock.job import Job

MATRICES = Path(__file__).parent / "matrices"
PINNING = MATRICES / "pinning" / "conda_build_config.yaml"
NAMES = tuple(sorted(folder.name for folder in (MATRICES / "expected").iterdir()))


def recorded(name: str) -> dict[str, str]:
    """Return the files of one feedstock, by their names."""
    files = (MATRICES / "expected" / name).glob("*.yaml")
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def question(name: str, *platforms: str) -> JobQuestion:
    """Return the question for all jobs of a feedstock, or for those of some platforms."""
    path = MATRICES / f"{name}-feedstock"
    return JobQuestion(path=path, variant_files=(PINNING,), platforms=platforms, max_variants=1000)


@cache
def jobs(name: str) -> dict[str, Job]:
    """Return our jobs of one feedstock, by their names."""
    return {job.name: job for job in jobs_of(question(name))}
