"""From a resolved ``meta.yaml`` to its outputs: which there are, and what each takes from the recipe.

The rules are conda-build's (``metadata.py``). An output that is named as the recipe gets the sections of the recipe
that it lacks, key by key. Any other has its own requirements only; it takes version, source and ``about`` from the
recipe, and ``build`` whole when it has none itself, but without what makes a script, a command or a noarch package of
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from builder.errors import RecipeError
from builder.model.frozen import frozen
from builder.recipe.v0.functions import with_star
from builder.recipe.v0.metadata import Metadata, Requirements, Section, expanded
from builder.recipe.v0.pins import like
from builder.recipe.v0.scope import LegacyVariant
from builder.syntax.legacy.data import Plain

CONDA = "conda"
_MERGED = ("requirements", "build", "about")
_NOT_INHERITED = ("entry_points", "run_exports", "script")
_NEVER_INHERITED = ("noarch", "noarch_python", "python_version_independent")
_OWN_BUILD_KEYS = ("number", "string", "track_features", "features")
_TEST_OF_THE_RECIPE = ("commands", "imports")
_NUMPY_XX = re.compile(r"([0-9a-zA-Z.\-_]+)\s+x\.x")


@frozen
class OutputMetadata:
    """One output: its ``metadata``, put together, and the entry of ``outputs`` that it was made of, empty without one.

    ``parent`` is the recipe's own name if the output has another; ``kind`` is the archive's: ``conda``, ``wheel``.
    """

    metadata: Metadata
    entry: Mapping[str, Plain]
    parent: str | None = None
    kind: str = CONDA

    @property
    def is_package(self) -> bool:
        """Whether it is a conda package."""
        return self.kind in {CONDA, "conda_v2"}


def outputs_of(recipe: Metadata, *, mentions_output: bool, whole: bool) -> tuple[list[Section], Metadata]:
    """Return the entries of ``outputs``, each complete, and the recipe as it is beside them.

    When the recipe depends on one of its outputs (``mentions_output``) and none has its name, it is an output itself,
    with nothing in it. ``whole`` says whether the recipe has a section ``package``.
    """
    entries = [dict(entry) for entry in recipe.entries("outputs")]
    if not entries or (mentions_output and all(entry.get("name") != recipe.name for entry in entries)):
        entries.append({"name": recipe.name})
    sections = dict(recipe.sections)
    for entry in entries:
        if whole and entry.get("name") == recipe.name:
            for name in _MERGED:
                own = _section(expanded(entry.get(name))) if name == "requirements" else _mapping(entry.get(name))
                entry[name] = sections[name] = {**_mapping(sections.get(name)), **own}
    return entries, Metadata(sections=sections)


def output_metadata(recipe: Metadata, entry: Section, variant: LegacyVariant) -> OutputMetadata:
    """Return one output of the recipe, its versionless requirements with the versions that the variant has for them."""
    kind = str(entry.get("type") or CONDA)
    requirements = with_versions(expanded(entry.get("requirements")), variant)
    if entry.get("name") == recipe.name:
        own = {"requirements": _section(requirements)} if requirements else {}
        return OutputMetadata(metadata=Metadata(sections={**recipe.sections, **own}), entry=entry, kind=kind)
    name = str(entry.get("name") or recipe.name)
    sections: Section = {
        **recipe.sections,
        "package": {"name": name, "version": entry.get("version") or recipe.version},
        "requirements": _section(dict(_without(requirements, name))),
        "build": _build(recipe, entry),
        "test": entry.get("test") if "test" in entry else _test(recipe),
        "about": entry.get("about") if "about" in entry else recipe.section("about"),
    }
    return OutputMetadata(metadata=Metadata(sections=sections), entry=entry, parent=recipe.name, kind=kind)


def numbered(output: OutputMetadata, number: int | None) -> OutputMetadata:
    """Return an output with another build number than its recipe gives it, if there is one."""
    if number is None:
        return output
    sections, build = output.metadata.sections, output.metadata.section("build")
    return replace(output, metadata=Metadata(sections={**sections, "build": {**build, "number": str(number)}}))


def with_versions(requirements: Requirements, variant: LegacyVariant) -> Requirements:
    """Return requirements in which a bare name of ``build`` and ``host`` that is a variant key has its value.

    ``_`` and ``-`` are the same in names. ``NAME x.x`` stands for the variant's version too, in ``run`` as well.
    """

    def chosen(name: str) -> str | None:
        value = variant.get(name.replace("-", "_"))  # no key has a `-`
        return value if isinstance(value, str) else None

    def versioned(spec: str, kind: str) -> str:
        bare = spec.rstrip()
        value = chosen(bare) if kind in {"build", "host"} else None
        if value is not None:
            return like(spec, with_star(f"{bare} {value}"))
        match = _NUMPY_XX.match(spec) if kind in {"build", "host", "run"} else None
        return _of_the_variant(match[1], chosen(match[1])) if match else spec

    return {kind: [versioned(spec, kind) for spec in specs] for kind, specs in requirements.items()}


def _of_the_variant(name: str, value: str | None) -> str:
    if value is None:
        raise RecipeError(
            f"`{name} x.x` asks for the version that variants have for {name}, and they have none",
            code="recipe.no-version",
            remedy=f"give {name} a value in a variant file, or write the version",
        )
    return with_star(f"{name} {value}")


def _without(requirements: Requirements, name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the requirements without those of the output on itself."""
    for kind, specs in requirements.items():
        left = [spec for spec in specs if kind == "run_constrained" or not _is_of(spec, name)]
        if left:
            yield kind, left


def _is_of(spec: str, name: str) -> bool:
    return spec == name or spec.startswith((f"{name} ", f"{name}\t"))


def _build(recipe: Metadata, entry: Section) -> Section:
    """Return the section ``build`` of an output that is not named as its recipe."""
    if "build" in entry:
        number = entry.get("number", recipe.get("build", "number"))
        return {"number": number, **_mapping(entry["build"])}
    inherited = {key: value for key, value in recipe.section("build").items() if key not in _NOT_INHERITED}
    taken = {key: entry[key] for key in (*_NOT_INHERITED, *_OWN_BUILD_KEYS) if entry.get(key)}
    return {**inherited, **taken, **{key: entry.get(key, False) for key in _NEVER_INHERITED}}


def _test(recipe: Metadata) -> Section:
    return {key: value for key, value in recipe.section("test").items() if key not in _TEST_OF_THE_RECIPE}


def _section(requirements: Requirements) -> Section:
    return {kind: list(specs) for kind, specs in requirements.items()}


def _mapping(value: Plain) -> Section:
    return value if isinstance(value, dict) else {}
