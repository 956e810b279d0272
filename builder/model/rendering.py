"""A rendering: one output of one recipe over one used variant, with its identity."""

from __future__ import annotations

from pathlib import Path

from builder.errors import Problem
from builder.model.answer import Answer
from builder.model.frozen import frozen
from builder.model.legacy_pin import AnyPin
from builder.model.recipe import Output
from builder.model.variant import Variant


@frozen
class RecipeFile:
    """Where a recipe stands: ``path`` of the file, ``folder`` that scripts see as ``RECIPE_DIR``.

    Of one that ``is_template`` packages hold what came of it under its name, and the template beside that.
    """

    path: Path
    folder: Path
    is_template: bool = False

    @property
    def called(self) -> str:
        """What people call the recipe: its file's name if that is its own, else its folder's, or that of the feedstock.

        ``recipes/zlib/recipe.yaml`` and ``zlib-feedstock/recipe/meta.yaml`` are zlib.
        """
        if self.path.stem not in {"recipe", "meta"}:
            return self.path.stem
        folder = self.folder.absolute()
        return folder.parent.name.removesuffix("-feedstock") if folder.name == "recipe" else folder.name


@frozen
class Platforms:
    """The three platforms of a build, as conda subdirs (``linux-64``); a noarch output keeps its real target here."""

    target: str
    host: str
    build: str


@frozen
class Override:
    """What the caller says of all builds, over what recipes say.

    ``build_number`` stands in the place of ``build.number``. ``build_string_prefix`` and ``_`` stand before each build
    string that the recipe leaves to us (rattler-build's rule).
    """

    build_number: int | None = None
    build_string_prefix: str | None = None


@frozen
class Sibling:
    """Another output of the same recipe as it was rendered for this one: what ``pin_subpackage`` resolves to."""

    name: str
    version: str
    build_string: str


@frozen
class Rendering:
    """One output × one used variant.

    ``variant`` are the used keys, ``why`` says for each of them how it got in. ``hashed`` is the text that the build
    hash is made of; without it that is the variant (rattler-build's rule).
    ``context`` holds every variant value that the recipe could see, for scripts that read them as variables.
    ``siblings`` resolve exact and range pins. ``staging`` is the `identity` of the staging rendering whose files this
    output takes. A staging rendering has subdir and hash like a package, but is never named in a channel.
    ``warnings`` are about what the recipe says and probably does not mean, ``obstacles`` about what it says and nobody
    can build. ``asked`` is what the machine told it.
    ``pins`` are the run requirements that get the version of the host environment (``pin_run_as_build``), by package.
    ``follows`` is the `identity` of the rendering in whose work folder this one's script goes on (conda-build's outputs
    share one). ``variables`` are values of the variant that scripts see although they are not used.
    """

    recipe: RecipeFile
    output: Output
    variant: Variant
    platforms: Platforms
    subdir: str
    hash: str
    build_string: str
    why: tuple[tuple[str, str], ...] = ()
    siblings: tuple[Sibling, ...] = ()
    staging: str | None = None
    warnings: tuple[Problem, ...] = ()
    asked: tuple[Answer, ...] = ()
    pins: tuple[tuple[str, AnyPin], ...] = ()
    follows: str | None = None
    variables: tuple[tuple[str, str], ...] = ()
    hashed: str | None = None
    obstacles: tuple[Problem, ...] = ()

    @property
    def stem(self) -> str:
        """``name-version-build``: the package's file name without its extension."""
        return f"{self.output.name}-{self.output.version}-{self.build_string}"

    @property
    def channel_sources(self) -> tuple[str, ...]:
        """The channels that the variant says its environments come from, in their order; none when it says nothing."""
        names = str(self.variant.get("channel_sources", "")).split(",")
        return tuple(name.strip() for name in names if name.strip())

    @property
    def identity(self) -> str:
        """What tells this rendering from every other of one plan: ``subdir/stem``, marked for staging outputs."""
        mark = "staging:" if self.output.kind == "staging" else ""
        return f"{mark}{self.subdir}/{self.stem}"
