"""The macOS version that binaries are for: one for the standard library, for the linker and for the SDK.

conda-smithy's rule (its issue 1884): the newer of ``c_stdlib_version`` and ``MACOSX_DEPLOYMENT_TARGET`` counts for
both, and ``MACOSX_SDK_VERSION`` is at least that.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from builder.errors import UsageError
from builder.matrix.v0.space import Axis, LegacySpace, Row
from builder.model.version import Version
from builder.recipe.v0.scope import Fixed

STDLIB, TARGET, SDK = "c_stdlib_version", "MACOSX_DEPLOYMENT_TARGET", "MACOSX_SDK_VERSION"
KEYS = (STDLIB, TARGET, SDK)
_MOST = 10_000


def with_one_deployment_target(space: LegacySpace) -> LegacySpace:
    """Return the variants with the same target everywhere in each; only those for macOS change.

    Raises `UsageError` for a value that is not one version, and for very many of them.
    """
    platform = space.first().get("target_platform", "")
    touched = [axis for axis in space.axes if any(key in axis.keys for key in KEYS)]
    if not isinstance(platform, str) or not platform.startswith("osx") or not any(STDLIB in a.keys for a in touched):
        return space
    _refuse_many(touched)
    found: list[dict[Row, None]] = [{} for _ in touched]
    alone: dict[str, dict[Row, None]] = {}
    for rows in itertools.product(*(axis.rows for axis in touched)):
        variant = {key: value for axis, row in zip(touched, rows, strict=True) for key, value in _pairs(axis, row)}
        merged = _merged(variant)
        for axis, kept in zip(touched, found, strict=True):
            kept[tuple(merged[key] for key in axis.keys)] = None
        for key in KEYS:
            if key not in variant:
                alone.setdefault(key, {})[(merged[key],)] = None
    changed = {axis.keys: Axis(axis.keys, tuple(rows)) for axis, rows in zip(touched, found, strict=True)}
    added = [Axis((key,), tuple(rows)) for key, rows in alone.items()]
    return replace(space, axes=(*(changed.get(axis.keys, axis) for axis in space.axes), *added))


def _refuse_many(axes: Sequence[Axis]) -> None:
    count = math.prod(len(axis.rows) for axis in axes)
    if count > _MOST:
        raise UsageError(
            f"{', '.join(KEYS)} have {count:,} combinations, at most {_MOST:,} are allowed",
            code="feedstock.too-many",
            remedy="give fewer values",
        )


def _pairs(axis: Axis, row: Row) -> zip[tuple[str, Fixed]]:
    return zip(axis.keys, row, strict=True)


def _merged(variant: Mapping[str, Fixed]) -> dict[str, Fixed]:
    stdlib = str(variant[STDLIB])
    target = max(stdlib, str(variant.get(TARGET, stdlib)), key=_version)
    sdk = max(str(variant.get(SDK, stdlib)), target, key=_version)
    return {**variant, STDLIB: target, TARGET: target, SDK: sdk}


def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError as error:
        raise UsageError(
            f"{text} is not one version: {error}",
            code="feedstock.deployment-target",
            remedy=f"give {', '.join(KEYS)} a single version each, not a range",
        ) from error
