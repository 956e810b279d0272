"""Whether a path of the build got into the package: the work folder, the build prefix, an unrecorded placeholder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builder.archive.inside import insides
from builder.binary import mapped
from builder.check.context import CheckContext
from builder.check.needles import Needle, Needles
from builder.errors import RecipeError
from builder.model.finding import Finding, Severity
from builder.model.globs import Globs
from builder.model.payload import Relocated, RelocatedEntry
from builder.model.recipe import GlobList, Json, Output


def check_leaks(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each file, symlink and licence that holds a path of the build.

    It is an error; a warning where the recipe allows it (``extra.bakehouse.leak_allowlist``, globs), where it asked not
    to record the placeholder (``build.prefix_detection``), in bytecode, and inside compressed files and archives.
    """
    allowed = allowed_by(context.output, "leak_allowlist")
    leaks = [Needle(text=leak.text, what=leak.what) for leak in context.leaks]
    placeholder = Needle(text=relocated.placeholder, what="the host prefix", is_placeholder=True)
    usual = Needles.of(leaks)
    unrecorded = Needles.of([*leaks, placeholder] if relocated.placeholder else leaks)
    for entry in relocated.entries:
        path = entry.entry.path
        for needle, how, shown in _in_entry(entry, usual if entry.prefix_mode is not None else unrecorded):
            tolerated = (
                how is not None
                or (allowed is not None and allowed.matches(path))
                or (needle.is_placeholder and _is_asked_for(path, context.output))
            )
            yield _finding(path, needle, how, shown, tolerated=tolerated)
    for license_file in relocated.licenses:
        for needle, how, shown in _in_content(license_file.content, unrecorded):
            yield _finding(f"info/licenses/{license_file.name}", needle, how, shown, tolerated=False)


def _in_entry(entry: RelocatedEntry, needles: Needles) -> Iterator[tuple[Needle, str | None, str]]:
    for needle in needles.sought:
        for text in (entry.entry.path, entry.entry.target or ""):
            if needle.text in text:
                yield needle, None, text
    if entry.entry.content is not None:
        yield from _in_content(entry.entry.content, needles)


def _in_content(path: Path, needles: Needles) -> Iterator[tuple[Needle, str | None, str]]:
    """Yield (what stands in the file, where in it if not as it lies, what stands around it), each once in each way."""
    with mapped(path) as data:
        yield from ((needle, None, shown) for needle, shown in needles.in_file(data))
        told: set[Needle] = set()
        for inside in insides(data):
            for needle, shown in needles.in_pieces(inside.pieces):
                if needle not in told:
                    told.add(needle)
                    yield needle, inside.where, shown


def _is_asked_for(path: str, output: Output) -> bool:
    detection = output.build.prefix_detection
    asked = any(
        which if isinstance(which, bool) else Globs(which).matches(path)
        for which in (detection.ignore, detection.ignore_binary_files)
    )
    return asked or PurePosixPath(path).suffix in {".pyc", ".pyo"}


def allowed_by(output: Output, key: str) -> Globs | None:
    """Return the globs of files that the recipe makes an exception for under ``key`` of ``extra.bakehouse``."""
    patterns = _member(dict(output.extra).get("bakehouse"), key)
    named = patterns if isinstance(patterns, tuple) else (patterns,)
    wanted = GlobList(include=tuple(pattern for pattern in named if isinstance(pattern, str)))
    try:
        return Globs(wanted) if wanted else None
    except ValueError as error:
        raise RecipeError(f"extra.bakehouse.{key}: {error}", code="recipe.glob") from error


def _member(value: Json, key: str) -> Json:
    """Return the member ``key`` of a JSON object, which is a tuple of pairs; None when there is none."""
    if isinstance(value, tuple):
        for pair in value:
            if isinstance(pair, tuple) and len(pair) == 2 and pair[0] == key:
                return pair[1]
    return None


def _finding(path: str, needle: Needle, how: str | None, shown: str, *, tolerated: bool) -> Finding:
    recorded = " where no installer replaces it" if needle.is_placeholder else ""
    return Finding(
        check="leaks",
        severity=Severity.WARNING if tolerated else Severity.ERROR,
        path=path,
        message=f"{needle.what} stands {how or 'in it'}{recorded}: {shown}",
        remedy="keep it out with -ffile-prefix-map=$SRC_DIR=. or by rewriting the file at the end of the script; globs "
        "in extra.bakehouse.leak_allowlist make it a warning",
    )
