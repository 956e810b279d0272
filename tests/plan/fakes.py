"""Renderings made by hand, and a context without a machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.model.recipe import Build, Noarch, Output, Requirement, Requirements, Source, Test, UrlSource
from builder.model.rendering import Platforms, RecipeFile, Rendering, Sibling
from builder.model.source import SourceDigest
from builder.model.variant import Variant, VariantValue
from builder.plan.context import PlanContext

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a test says about one rendering; the rest has defaults."""

    name: str
    version: str = "1"
    build: str = "h0_0"
    number: int = 0
    kind: Literal["package", "staging"] = "package"
    noarch: Noarch | None = None
    on_build: tuple[Requirement, ...] = ()
    on_host: tuple[Requirement, ...] = ()
    run: tuple[Requirement, ...] = ()
    tests: tuple[Test, ...] = ()
    source: tuple[Source, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    staging: str | None = None
    variant: tuple[tuple[str, VariantValue], ...] = ()
    platforms: Platforms = LINUX
    skip: bool = False
    script: str = "make"
    folder: Path | None = None

    def rendering(self, folder: Path) -> Rendering:
        """The rendering, its recipe in a folder of its own below ``folder``."""
        place = self.folder or folder / self.name
        place.mkdir(parents=True, exist_ok=True)
        requirements = Requirements(build=self.on_build, host=self.on_host, run=self.run)
        output = Output(
            kind=self.kind, name=self.name, version=self.version, skip=self.skip, source=self.source,
            build=Build(number=self.number, noarch=self.noarch), requirements=requirements, tests=self.tests,
            rendered=json.dumps({"build": {"script": self.script}, "requirements": str(requirements)}),
        )  # fmt: skip
        return Rendering(
            recipe=RecipeFile(path=place / "recipe.yaml", folder=place), output=output,
            variant=Variant.of({"target_platform": self.platforms.target, **dict(self.variant)}),
            platforms=self.platforms, subdir="noarch" if self.noarch else self.platforms.target, hash="0000000",
            build_string=self.build, siblings=self.siblings, staging=self.staging,
        )  # fmt: skip


def digests(sources: Sequence[Source], recipe_folder: Path) -> tuple[SourceDigest, ...]:
    """Sources by the digests that they declare."""
    assert recipe_folder.is_dir()
    return tuple(
        SourceDigest(url=source.urls[0], sha256=source.sha256 or hashlib.sha256(b"").hexdigest(), kind="url")
        for source in sources
        if isinstance(source, UrlSource)
    )


CONTEXT = PlanContext(rootfs_digest="rootfs 1", sources=digests)
