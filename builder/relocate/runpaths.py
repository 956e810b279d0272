"""Which run path an ELF file should have, so that it finds its libraries in whatever prefix it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from builder.binary import GLIBC_LIBRARIES
from builder.model.binary import BinaryFacts
from builder.model.globs import Globs
from builder.model.links import joined, relative
from builder.model.recipe import DynamicLinking

ORIGIN = "$ORIGIN"


def wanted_run_path(path: str, facts: BinaryFacts, linking: DynamicLinking, prefix: str) -> tuple[str, ...] | None:
    """Return the run path that the file at ``path`` of the prefix should have; None when it is to be left alone.

    First the parts that it has, then ``dynamic_linking.rpaths``: what lies in the prefix is written relative to the
    file (``$ORIGIN/../lib``), what lies outside is dropped unless ``rpath_allowlist`` names it; order stays, doubles
    go (the rules of rattler-build and conda-build). A file without a run path that needs only glibc is left alone.
    """
    if facts.format != "elf" or facts.kind not in {"executable", "shared"}:
        return None
    if facts.runpath_kind is None and not set(facts.needed) - GLIBC_LIBRARIES:
        return None
    if not _is_relocated(path, linking):
        return None
    allowed = Globs(linking.rpath_allowlist) if linking.rpath_allowlist else None
    folder = "" if "/" not in path else path.rpartition("/")[0]
    wanted: dict[str, str] = {}
    for part in (*facts.runpath, *_recipe_parts(linking, prefix)):
        inside = place_in_prefix(part, folder, prefix)
        if inside is not None:
            wanted.setdefault(inside, part if part.startswith(ORIGIN) else _from_origin(inside, folder))
        elif allowed is not None and allowed.matches(part):
            wanted.setdefault(f":{part}", part)
    return tuple(wanted.values())


def place_in_prefix(part: str, folder: str, prefix: str) -> str | None:
    """Return the folder of the prefix that one part of a run path names, None when it names one outside.

    ``folder`` is where the file with that run path stands.
    """
    part = part.replace("${ORIGIN}", ORIGIN)
    if part == ORIGIN or part.startswith(f"{ORIGIN}/"):
        return joined(folder, part.removeprefix(ORIGIN))
    if part == prefix or part.startswith(f"{prefix}/"):
        return joined("", part.removeprefix(prefix))
    return None


def _is_relocated(path: str, linking: DynamicLinking) -> bool:
    chosen = linking.binary_relocation
    return chosen if isinstance(chosen, bool) else Globs(chosen).matches(path)


def _recipe_parts(linking: DynamicLinking, prefix: str) -> Iterator[str]:
    for part in linking.rpaths:
        yield part if part.startswith((ORIGIN, "${ORIGIN}")) else str(PurePosixPath(prefix, part))


def _from_origin(inside: str, folder: str) -> str:
    step = relative(inside, folder)
    return ORIGIN if step == "." else f"{ORIGIN}/{step}"
