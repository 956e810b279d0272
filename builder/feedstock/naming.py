"""Names of CI jobs: the platform and the values that tell a job from the others, short enough for Windows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

_ILLEGAL = re.compile(r"[<>:?*,\"/|\\]")
_LONGEST_SHORT = 49
_LONGEST_PATH = 259
_KEPT = 40


def job_name(subdir: str, values: Mapping[str, str], package: str) -> str:
    """Return the stem of a job's file: ``linux_64_python3.12.____cpython``.

    ``values`` are those of the keys that jobs are divided by; the platform among them counts once. ``package`` is the
    feedstock's name without ``-feedstock``: where the service's path to the file would be too long, the name is cut and
    a digest of the whole stands at its end.
    """
    whole = _whole_name(subdir, values)
    repository = f"{package}-feedstock"
    before = len(f"C:/Users/runnerx/_work/{repository}/{repository}/.ci_support/")
    if before + len(f"{whole}.yaml") <= _LONGEST_PATH:
        return whole
    mark = _mark(whole)
    return whole[: _LONGEST_PATH - before - len(f"{mark}.yaml")] + mark


def short_job_name(subdir: str, values: Mapping[str, str]) -> str:
    """Return the name for services that take no more than 49 characters."""
    whole = _whole_name(subdir, values)
    return whole if len(whole) < _LONGEST_SHORT else whole[:_KEPT] + _mark(whole)


def _whole_name(subdir: str, values: Mapping[str, str]) -> str:
    shown = "".join(f"{key}{values[key]}" for key in sorted(values) if key != "target_platform")
    spelt = shown.replace("*", "_").replace(" ", "_")
    return _ILLEGAL.sub("", f"{subdir.replace('-', '_')}_{spelt}")


def _mark(whole: str) -> str:
    return f"_h{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
