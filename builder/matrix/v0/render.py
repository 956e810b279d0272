"""Renders a ``meta.yaml``: conda-build's two loops over variants, then its outputs with hash and build string.

The first loop is over the keys that the recipe itself uses, the second, inside it, over those that any output uses. Of
outputs that come to the same name and the same used values the last one stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from builder.errors import Place, RecipeError
from builder.matrix.branches import DEFAULT_LIMIT
from builder.matrix.v0.circle import circle_of
from builder.matrix.v0.config import LegacyConfig
from builder.matrix.v0.identity import build_string, digest, hashed
from builder.matrix.v0.space import LegacySpace, newest_python, space_of
from builder.matrix.v0.usage import Subject
from builder.model.frozen import frozen
from builder.model.rendering import Platforms
from builder.recipe.v0 import Metadata, MetaText, OutputMetadata, Scope, output_metadata, outputs_of
from builder.recipe.v0.outputs import CONDA, numbered
from builder.recipe.v0.scope import Fixed, LegacyVariant
from builder.recipe.v0.sections import has_package, requirements_section

_PINS_OUTPUT = re.compile(r"{{\s*pin_subpackage\(.*\)\s*}}")
_Key = tuple[str, ...]


@frozen
class LegacyRendering:
    """One output over one used variant; ``used`` are its keys with their values, ``hashed`` is what is hashed.

    ``top`` is the recipe that it is an output of, over the keys that the recipe uses itself.
    """

    output: OutputMetadata
    scope: Scope
    used: Mapping[str, Fixed]
    hashed: Mapping[str, Fixed]
    hash: str
    build_string: str
    top: Subject | None = None

    @property
    def metadata(self) -> Metadata:
        """What the output came to."""
        return self.output.metadata


@frozen
class LegacyRenderer:
    """Renders one recipe; ``environment`` are variables that it may see, ``number`` counts over its build number."""

    text: MetaText
    space: LegacySpace
    platforms: Platforms
    environment: Mapping[str, str]
    limit: int = DEFAULT_LIMIT
    number: int | None = None
    _looks: list[Metadata] = field(default_factory=list, repr=False, compare=False)

    def render(self) -> Iterator[LegacyRendering]:
        """Yield the outputs that are not skipped."""
        found = {_key(subject): subject for subject, _ in self.subjects(self.counted()) if subject.output.is_package}
        for subject in found.values():
            yield rendering_of(subject)

    def counted(self) -> LegacySpace:
        """Return the variants that count: of a noarch recipe those of the newest Python."""
        first = self._first()
        return newest_python(self.space) if first.noarch or first.noarch_python else self.space

    def subjects(self, space: LegacySpace) -> Iterator[tuple[Subject, LegacySpace]]:
        """Yield every output of every variant that is not skipped, with the variants that its recipe stands for.

        Outputs that come to the same package are all there: a feedstock's jobs are divided by them.
        """
        for recipe, conforming in self._recipes(space, self._first()):
            for subject in self._outputs(recipe, space, conforming):
                yield subject, conforming

    def _first(self) -> Metadata:
        """Return what the recipe comes to at a first look."""
        if not self._looks:
            self._looks.append(self.text.first_look(self._scope(self.space.first())))
        return self._looks[0]

    def _recipes(self, space: LegacySpace, first: Metadata) -> Iterator[tuple[Subject, LegacySpace]]:
        """Yield what the recipe comes to over the keys that it uses itself, and the variants left for its outputs."""
        used = self._subject(first, self._scope(space.first())).used() & space.varying()
        found: dict[_Key, tuple[Subject, LegacySpace]] = {}
        for scope in self._scopes(space, used):
            recipe = self._resolved(scope)
            found[_key(recipe)] = recipe, space.conforming(scope.variant, used)
        yield from (one for one in found.values() if not one[0].metadata.skip)

    def _outputs(self, top: Subject, space: LegacySpace, conforming: LegacySpace) -> Iterator[Subject]:
        used = top.used_anywhere() & space.varying()
        found: dict[_Key, Subject] = {}
        for inner in self._scopes(conforming, used):
            recipe = top if inner.variant == top.scope.variant else self._resolved(inner)
            for subject in self._entries(recipe, top):
                found[subject.metadata.name, *_used_values(subject)] = subject
        if circle := circle_of(found.values()):
            raise self._error(
                "recipe.circle",
                f"outputs need each other: {' → '.join(circle)}",
                "let only one of them need the other, or move what both need into an output of its own",
            )
        yield from (one for one in found.values() if not one.metadata.skip)

    def _entries(self, recipe: Subject, top: Subject) -> Iterator[Subject]:
        entries, left = outputs_of(
            recipe.metadata, mentions_output=_mentions_output(recipe), whole=has_package(recipe.piece())
        )
        for entry in entries:
            if not entry.get("name") and entry.get("type", CONDA) == CONDA:
                raise self._nameless(recipe.metadata)
            output = numbered(output_metadata(left, entry, recipe.scope.variant), self.number)
            yield Subject(text=self.text, output=output, scope=recipe.scope, top=top)

    def _resolved(self, scope: Scope) -> Subject:
        return self._subject(self.text.resolved(scope), scope)

    def _subject(self, recipe: Metadata, scope: Scope) -> Subject:
        return Subject(text=self.text, output=OutputMetadata(metadata=recipe, entry={}), scope=scope)

    def _scope(self, variant: LegacyVariant) -> Scope:
        return Scope(variant, self.platforms, self.environment)

    def _scopes(self, space: LegacySpace, used: frozenset[str]) -> Iterator[Scope]:
        count = space.count(used)
        if count > self.limit:
            biggest = sorted(used, key=lambda key: (-_values(space, key), key))[:5]
            shown = ", ".join(f"{key} ({_values(space, key)} values)" for key in biggest)
            raise self._error(
                "variant.too-many",
                f"the recipe would be rendered {count:,} times, more than the {self.limit:,} that are allowed",
                f"the keys with the most values: {shown}; give fewer values, or raise --max-variants",
            )
        return map(self._scope, space.reduced(used))

    def _nameless(self, recipe: Metadata) -> RecipeError:
        if recipe.entries("outputs"):
            message, remedy, section = "an output has no name", "write `name:` into each output", "outputs"
        else:
            message, remedy, section = "package.name is missing", "write `package:` with name and version", "package"
        return RecipeError(message, code="recipe.output-name", place=self.text.place(section), remedy=remedy)

    def _error(self, code: str, message: str, remedy: str) -> RecipeError:
        return RecipeError(message, code=code, place=Place(file=str(self.text.file.path)), remedy=remedy)


def render_meta(
    text: MetaText,
    config: LegacyConfig,
    platforms: Platforms,
    environment: Mapping[str, str],
    limit: int = DEFAULT_LIMIT,
) -> tuple[LegacyRendering, ...]:
    """Return every output of a ``meta.yaml`` that is not skipped, for each combination of the variant keys it uses."""
    renderer = LegacyRenderer(
        text=text, space=space_of(config), platforms=platforms, environment=environment, limit=limit
    )
    return tuple(renderer.render())


def rendering_of(subject: Subject) -> LegacyRendering:
    """Return an output with its identity."""
    used = subject.used()
    contents = hashed(subject, used)
    build_hash = digest(contents)
    variant = subject.scope.variant
    return LegacyRendering(
        output=subject.output,
        scope=subject.scope,
        used={key: variant[key] for key in sorted(used) if key in variant},
        hashed=contents,
        hash=build_hash,
        build_string=build_string(subject, build_hash),
        top=subject.top,
    )


def _key(subject: Subject) -> _Key:
    used = subject.used()
    build = build_string(subject, digest(hashed(subject, used)))
    return (subject.metadata.name, subject.metadata.version, build, *_used_values(subject))


def _used_values(subject: Subject) -> Iterator[str]:
    variant = subject.scope.variant
    for key in sorted(subject.used()):
        if key in variant:
            yield f"{key}={variant[key]}"


def _mentions_output(subject: Subject) -> bool:
    """Return whether the recipe depends on one of its outputs, or pins one."""
    run = subject.metadata.requirements("run")
    names = [str(entry["name"]) for entry in subject.metadata.entries("outputs") if entry.get("name")]
    if any(spec == name or spec.startswith(f"{name} ") for name in names for spec in run):
        return True
    section = requirements_section(subject.text.text, top=True)
    return _PINS_OUTPUT.search(subject.text.selected(section, subject.scope)) is not None


def _values(space: LegacySpace, key: str) -> int:
    return next((len(axis.rows) for axis in space.axes if key in axis.keys), 1)
