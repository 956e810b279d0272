"""Asks conda-build how it renders recipes: nothing is solved, and each recipe has a process of its own.

conda-build is not on PyPI, so that it is asked in an environment of its own, by the Python of that. This module and
`tests.conformance.peer` import nothing but the standard library for it.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.peer import SECONDS, Answer, Job, PeerOutput, alone

_CHECKOUT = Path(__file__).parents[2]
_CHANGES_VARIANTS = ("CONDA_PY", "CONDA_NPY", "BUILD_PLATFORM", "DEFAULT_LINUX_VERSION", "CONFIG_VERSION")


def ask_conda_build(jobs: Sequence[Job], python: Path, *, seconds: int = SECONDS) -> list[Answer]:
    """Return conda-build's answer to each job; no answer within ``seconds`` is an error too.

    What it combines in an order of its own it combines the same way each time.
    """
    asked = [[str(job.recipe), [str(file) for file in job.variants], job.platform] for job in jobs]
    kept = {name: value for name, value in os.environ.items() if name not in _CHANGES_VARIANTS}
    done = subprocess.run(
        [str(python), "-m", "tests.conformance.conda_build", str(seconds)],
        input=json.dumps(asked), capture_output=True, text=True, check=True, cwd=_CHECKOUT,
        env={**kept, "CONDA_OFFLINE": "1", "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    return [
        answer if isinstance(answer, str) else tuple(PeerOutput(**one) for one in answer)
        for answer in json.loads(done.stdout)
    ]


def _render(recipe: str, variants: list[str], platform: str) -> Any:
    from conda_build import api  # type: ignore[import-not-found]
    from conda_build.config import Config  # type: ignore[import-not-found]

    system, _, architecture = platform.partition("-")
    with tempfile.TemporaryDirectory() as croot, contextlib.redirect_stdout(io.StringIO()):
        config = Config(
            variant_config_files=variants, ignore_system_variants=True, platform=system, arch=architecture,
            croot=croot, set_build_id=False, no_download_source=True, override_channels=True, channel_urls=[],
            verbose=False,
        )  # fmt: skip
        try:
            found = api.render(
                str(Path(recipe).parent), config=config, finalize=False, bypass_env_check=True,
                permit_unsatisfiable_variants=True, permit_undefined_jinja=True,
            )  # fmt: skip
            return [_output(metadata) for metadata, _, _ in found if not metadata.skip()]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the peer says is its answer
            return f"{type(error).__name__}: {error}"


def _output(metadata: Any) -> Mapping[str, Any]:
    """Return the fields of a `PeerOutput`; before a solve only what is marked as final has its hash in its name."""
    metadata.final = True
    variant, needs = metadata.config.variant, metadata.meta.get("requirements") or {}
    hashed = metadata.get_hash_contents()
    return {
        "name": metadata.name(),
        "version": str(metadata.version()),
        "build": str(metadata.build_id()),
        "build_number": int(metadata.build_number() or 0),
        "hash": metadata.hash_dependencies().removeprefix("h") if hashed else "",
        "subdir": "noarch" if metadata.noarch else metadata.config.host_subdir,
        "noarch": str(metadata.noarch) if metadata.noarch else None,
        "used": {key: variant[key] for key in sorted(metadata.get_used_vars()) if key in variant},
        "requirements": {
            "build": _texts(needs.get("build")),
            "host": _texts(needs.get("host")),
            "run": _texts(needs.get("run")),
            "run_constraints": _texts(needs.get("run_constrained")),
        },
    }


def _texts(specs: Any) -> list[str]:
    return [str(spec) for spec in ([specs] if isinstance(specs, str) else specs or [])]


def main() -> None:
    """Answer the jobs that stand on descriptor 0."""
    warnings.simplefilter("ignore")
    import conda_build.api  # type: ignore[import-not-found]  # noqa: F401 - once, not in each child

    logging.disable(logging.CRITICAL)
    jobs, seconds = json.load(sys.stdin), int(sys.argv[1])
    sys.stdout.write(json.dumps([alone(job, seconds, _render) for job in jobs]))


if __name__ == "__main__":
    main()
