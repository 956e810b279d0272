"""How an installer must replace the placeholder in a file: as text, as binary, or not at all."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from builder.model.globs import Globs
from builder.model.recipe import GlobList, PrefixDetection
from builder.model.target import Target
from builder.relocate.scan import Scan

PrefixMode = Literal["text", "binary"]


def prefix_mode(path: str, scan: Scan, detection: PrefixDetection, target: Target) -> PrefixMode | None:
    """Return how the placeholder in the file at ``path`` is recorded; None when it is not.

    A file with a NUL byte anywhere is binary: replacing text in it would move what follows. (rattler-build looks at the
    first 1,024 bytes only.) Bytecode is never rewritten, since its strings carry their lengths; neither are binary
    files for Windows. ``build.prefix_detection`` overrules all but that.
    """
    if not scan.prefix or PurePosixPath(path).suffix in {".pyc", ".pyo"} or _chosen(detection.ignore, path):
        return None
    mode: PrefixMode = "binary" if scan.nul else "text"
    if detection.force_binary and Globs(detection.force_binary).matches(path):
        mode = "binary"
    elif detection.force_text and Globs(detection.force_text).matches(path):
        mode = "text"
    if mode == "binary" and (target.is_win or _chosen(detection.ignore_binary_files, path)):
        return None
    return mode


def _chosen(which: bool | GlobList, path: str) -> bool:
    return which if isinstance(which, bool) else Globs(which).matches(path)
