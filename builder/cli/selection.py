"""The options that say which recipes are meant, over which variants, and for which platforms."""

from __future__ import annotations

import re
from pathlib import Path

import click

from builder.cli.grouping import PATH, grouped
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.rendering import Override, Platforms
from builder.model.switch import Switch, Switches
from builder.model.target import TARGETS
from builder.model.variant import VariantRule

BUILD_PLATFORM = "linux-64"
"""The platform that scripts run on: the only one so far."""


@frozen
class Selection:
    """Which recipes over which variants, for which platforms, and what of them.

    ``recipe_dirs`` are walked for recipes. Without ``recipe_variants`` the variant files beside recipes do not count.
    ``experimental`` and ``v3`` let recipes use what must be asked for. Of what is rendered only the output ``up_to``
    and all that it needs are taken. Recipes may read the environment's ``allowed_variables``.
    ``rules`` are those of conda-build that variant files are read by, beside those of rattler-build. The files that
    change a ``meta.yaml`` beside which they lie may be others: ``append_file`` and ``clobber_file``.
    """

    paths: tuple[Path, ...]
    recipes: tuple[Path, ...]
    variant_files: tuple[Path, ...]
    variants: tuple[str, ...]
    target_platform: str | None
    recipe_dirs: tuple[Path, ...] = ()
    recipe_variants: bool = True
    host_platform: str | None = None
    build_platform: str | None = None
    up_to: str | None = None
    override: Override = Override()
    experimental: bool = False
    v3: bool = False
    allowed_variables: tuple[str, ...] = ()
    max_variants: int = 10_000
    rules: tuple[str, ...] = ()
    append_file: Path | None = None
    clobber_file: Path | None = None

    @property
    def given(self) -> bool:
        """Whether any path was named."""
        return bool(self.paths or self.recipes or self.recipe_dirs)

    @property
    def wanted(self) -> tuple[Path, ...]:
        """The paths to look for recipes in, but for those to walk: the current folder when nothing is named."""
        return (*self.paths, *self.recipes) or (() if self.recipe_dirs else (Path(),))

    @property
    def switches(self) -> Switches:
        """What recipes may use."""
        asked = {Switch.EXPERIMENTAL: self.experimental, Switch.V3: self.v3}
        return frozenset(switch for switch, on in asked.items() if on)

    def platforms(self) -> Platforms:
        """Return the three platforms: host and target are each other's default (rattler-build's rule)."""
        target = known_platform("--target-platform", self.target_platform)
        host = known_platform("--host-platform", self.host_platform)
        build = known_platform("--build-platform", self.build_platform)
        return Platforms(
            target=target or host or BUILD_PLATFORM,
            host=host or target or BUILD_PLATFORM,
            build=build or BUILD_PLATFORM,
        )

    def overrides(self) -> dict[str, tuple[str, ...]]:
        """Return what ``--variant key=a,b`` asks for."""
        asked: dict[str, tuple[str, ...]] = {}
        for text in self.variants:
            key, equals, values = text.partition("=")
            if not (key and equals and values):
                raise UsageError(f"--variant {text!r} is not KEY=VALUE[,VALUE…]", code="cli.variant")
            asked[key] = tuple(value.strip() for value in values.split(","))
        return asked


def known_platform(option: str, platform: str | None) -> str | None:
    """Return the ``platform`` that ``option`` was given, or raise `UsageError` if there is none of that name."""
    if platform is None or platform in TARGETS:
        return platform
    from difflib import get_close_matches

    if platform == "noarch":
        remedy = "whether a package is noarch is said in its recipe: build.noarch"
    else:
        close = get_close_matches(platform, TARGETS, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else f"{option} takes a subdir, as linux-64"
    raise UsageError(f"{platform!r} is not a platform", code="cli.platform", remedy=remedy)


_PREFIX = re.compile(r"[A-Za-z0-9_.+]{1,64}", re.ASCII)


def _checked_prefix(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    del context, option
    if value is None or _PREFIX.fullmatch(value):
        return value
    message = f"{value!r} cannot stand in a build string"
    remedy = "take letters, digits and `_ . +`, 64 at most"
    raise UsageError(f"--build-string-prefix: {message}", code="cli.build-string", remedy=remedy)


_override = grouped(
    "override",
    Override,
    click.option(
        "build_number", "--build-num", type=click.IntRange(0, 2**31 - 1), metavar="N", help="Instead of build.number."
    ),
    click.option(
        "build_string_prefix", "--build-string-prefix", metavar="TEXT", callback=_checked_prefix,
        help="Put TEXT_ before build strings that recipes do not write themselves.",
    ),
)  # fmt: skip

selection = grouped(
    "selection",
    Selection,
    click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]..."),
    click.option(
        "recipes", "-r", "--recipe", multiple=True, type=PATH, help="The same as PATH; - reads standard input."
    ),
    click.option(
        "recipe_dirs", "--recipe-dir", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder to walk for recipes.",
    ),
    click.option(
        "variant_files", "-m", "--variant-config", "--variant-config-files", multiple=True, type=PATH,
        help="Variant file; the last wins.",
    ),
    click.option("variants", "--variant", multiple=True, metavar="KEY=A,B", help="Values of a key; wins over files."),
    click.option(
        "recipe_variants", "--ignore-recipe-variants", is_flag=True, flag_value=False, default=True,
        help="Do not read variant files beside recipes.",
    ),
    click.option("target_platform", "--target-platform", metavar="SUBDIR", help="Platform to build for, as linux-64."),
    click.option(
        "host_platform", "--host-platform", metavar="SUBDIR",
        help="Platform of host and run dependencies  [default: the target].",
    ),
    click.option("build_platform", "--build-platform", metavar="SUBDIR", help="Platform of build dependencies."),
    click.option("up_to", "--up-to", metavar="NAME", help="Only the output NAME and what it needs."),
    _override,
    click.option(
        "experimental", "--experimental", is_flag=True, envvar="RATTLER_BUILD_EXPERIMENTAL",
        help="Let recipes use what rattler-build calls experimental.",
    ),
    click.option("v3", "--v3", is_flag=True, help="Let recipes use flags, extras and conditions (CEPs 43 to 45)."),
    click.option(
        "allowed_variables", "--allow-env", multiple=True, metavar="NAME",
        help="Let recipes read this environment variable with env.get.",
    ),
    click.option(
        "max_variants", "--max-variants", type=click.IntRange(min=1), default=10_000, show_default=True, metavar="N",
        help="Refuse an output that would be rendered more often.",
    ),
    click.option(
        "rules", "--conda-build-rule", multiple=True, type=click.Choice([rule.value for rule in VariantRule]),
        help="Apply this of variant files too, which rattler-build ignores.",
    ),
    click.option(
        "append_file", "--append-file", type=PATH, metavar="FILE",
        help="Instead of recipe_append.yaml beside a meta.yaml.",
    ),
    click.option(
        "clobber_file", "--clobber-file", type=PATH, metavar="FILE",
        help="Instead of recipe_clobber.yaml beside a meta.yaml.",
    ),
)  # fmt: skip
