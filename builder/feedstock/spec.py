"""The variants that a platform's jobs are made of: the pinning file, the recipe's own files, then the migrations.

conda-smithy's order (``_render_ci_provider``): what conda-build takes for granted, the pinning file, the recipe's
``conda_build_config.yaml``, which counts more, and for a ``recipe.yaml`` its ``variants.yaml``, which counts most.
Migrations come last; what they make of all that stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from builder.errors import BakehouseError, Place, RecipeError
from builder.feedstock.algebra import migrated
from builder.feedstock.document import document_text
from builder.feedstock.migration import Migration, migration_files, read_migrations
from builder.feedstock.providers import PlatformJob
from builder.feedstock.settings import Settings
from builder.feedstock.variants import read_variants
from builder.matrix.v0.config import LegacyConfig, Spec, combined, defaults, values_of
from builder.matrix.v0.files import read_spec
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Scope

VARIANTS = "conda_build_config.yaml"
_CUDA = re.compile(r"""[^#]*compiler\(("cuda"|'cuda')\)""")
"""A line that asks for CUDA's compiler, as conda-smithy looks for it: in plain text, before any comment."""


@frozen
class JobSpec:
    """What one platform is rendered with.

    ``values`` are the keys with their values, migrated; ``before`` the same without the migrations, which are
    ``migrations``, in their order. ``environment`` is what selectors may read. ``numbers`` are the values of
    ``variants.yaml`` that are whole numbers, by key: conda-smithy writes these without quotes.
    """

    job: PlatformJob
    environment: Mapping[str, str]
    values: Spec
    before: Spec
    migrations: tuple[Migration, ...]
    numbers: frozenset[tuple[str, str]] = frozenset()

    def config(self) -> LegacyConfig:
        """Return the values as the configuration to render with; nothing but conda-build's defaults is below them.

        Raises `RecipeError` where groups of zipped keys have unequally many values.
        """
        try:
            return combined([("", defaults(self.job.platforms)), (VARIANTS, self.values)])
        except RecipeError as error:
            raise self._blamed(error) from error

    def _blamed(self, error: RecipeError) -> BakehouseError:
        """Return the error with the migration as its place after which the variants never fit together again."""
        spec, culprit = self.before, ""
        for migration in self.migrations:
            fitted = _fits(spec)
            spec = migrated(spec, migration)
            culprit = migration.file if fitted and not _fits(spec) else culprit
        if not culprit:
            return error
        return RecipeError.of(
            replace(problem, place=Place(file=culprit), remedy="let the migration give all keys of a group new values")
            for problem in error.problems
        )

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the values of a key, none if it has none."""
        return values_of(self.values.get(key, ()))


class SpecReader:
    """Reads the variants of a feedstock for one platform after the other."""

    def __init__(self, settings: Settings, pinning: Path | None) -> None:
        """Take a feedstock's settings and conda-forge's pinning file, if there is one. Raises `RecipeError`."""
        self._settings = settings
        self._pinning = pinning
        self._files = migration_files(settings.folder, pinning).counting
        self._asks_for_cuda = _asks_for_cuda(settings.recipe_file)

    def read(self, job: PlatformJob) -> JobSpec:
        """Return what a platform is rendered with. Raises `RecipeError`."""
        environment = self._environment(job)
        scope = Scope({}, job.platforms, environment)
        before, numbers = self._before(job, scope)
        migrations = read_migrations(self._files, scope.holds)
        return JobSpec(
            job=job,
            environment=environment,
            values=_all_migrated(before, migrations),
            before=before,
            migrations=migrations,
            numbers=numbers,
        )

    def _environment(self, job: PlatformJob) -> dict[str, str]:
        found = {**self._settings.variables, "BUILD_PLATFORM": job.build_platform}
        if job.linux_version is not None:
            found["DEFAULT_LINUX_VERSION"] = job.linux_version
        if self._asks_for_cuda:
            found["CF_CUDA_ENABLED"] = "True"
        return found

    def _before(self, job: PlatformJob, scope: Scope) -> tuple[Spec, frozenset[tuple[str, str]]]:
        own = self._settings.recipe / VARIANTS
        files = [file for file in (self._pinning, own if _is_there(own) else None) if file is not None]
        sources: list[tuple[str, Spec]] = [("", defaults(job.platforms))]
        sources += [(str(file), read_spec(file, scope.holds)) for file in files]
        found = combined(sources).values
        newer = self._settings.recipe / "variants.yaml"
        if not self._settings.is_v1 or not _is_there(newer):
            return found, frozenset()
        variants = read_variants(newer, scope.holds)
        return combined([("", found), (str(newer), variants.values)]).values, variants.numbers


def _fits(spec: Spec) -> bool:
    try:
        combined([("", spec)])
    except RecipeError:
        return False
    return True


def _is_there(file: Path) -> bool:
    """Whether something has the name, be it a link that leads nowhere: reading says what is wrong with that."""
    return file.exists() or file.is_symlink()


def _all_migrated(spec: Spec, migrations: Sequence[Migration]) -> Spec:
    for migration in migrations:
        spec = migrated(spec, migration)
    return spec


def _asks_for_cuda(recipe: Path) -> bool:
    remedy = "for a recipe.yaml write `conda_build_tool: rattler-build` in conda-forge.yml"
    text = document_text(recipe, "the recipe", remedy)
    return any(_CUDA.match(line) for line in text.splitlines())
