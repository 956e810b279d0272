"""Asks rattler-build itself how it renders a recipe."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from builder.model.rendering import Platforms
from tests.recipe.given import LINUX

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rattler_build import (
        PlatformConfig,
        RattlerBuildError,
        RenderConfig,
        RepodataRevision,
        Stage0Recipe,
        VariantConfig,
    )


class PeerRefusesError(Exception):
    """The peer does not render the recipe."""


def rendered(
    text: str, variants: Mapping[str, list[str]] | None = None, where: Platforms = LINUX
) -> list[dict[str, Any]]:
    """Return the rendered form of every output that the peer gives, for each variant."""
    return [found for found, _ in answers(text, variants, where)]


def answers(
    text: str, variants: Mapping[str, list[str]] | None = None, where: Platforms = LINUX, *, switched: bool = False
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the rendered form and the used variant of every output that the peer gives, ``switched`` to all it has."""
    platform = PlatformConfig(
        target_platform=where.target, host_platform=where.host, build_platform=where.build, experimental=switched
    )
    revision = RepodataRevision.V3 if switched else RepodataRevision.LEGACY
    try:
        recipe = Stage0Recipe.from_yaml(text, repodata_revision=revision)
        config = RenderConfig(platform=platform, repodata_revision=revision)
        found = recipe.render(VariantConfig.from_yaml(json.dumps(variants or {})), config)
    except RattlerBuildError as error:
        raise PeerRefusesError(str(error)) from error
    return [(one.recipe.to_dict(), dict(one.recipe.used_variant)) for one in found]
