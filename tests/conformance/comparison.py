"""Renders recipes with both and says where the two differ, after spelling that means the same is made one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from builder.errors import BakehouseError
from builder.matrix import VariantConfig, load_variants, render, rendering_document, variant_files
from builder.matrix.v0 import LegacyConfig, LegacyFiles, render_meta
from builder.matrix.v0.render import LegacyRendering
from builder.model.rendering import Platforms
from builder.recipe import load
from builder.recipe.v0 import load_meta
from builder.syntax import Compiler
from tests.conformance.peer import Answer, Job, PeerOutput

Canonical = dict[str, Any]
Ours = tuple[Canonical, ...] | str
"""Our outputs that are packed, or our error."""

Agreement = Literal["both render", "both fail", "only ours fails", "only the peer's fails"]

_GAP = re.compile(r"(?<=[<>=!~,]) +| +(?=,)")
_FIELDS = ("name", "version", "build", "build_number", "hash", "subdir", "noarch")
_SECTIONS = ("build", "host", "run", "run_constraints")
_LEGACY = {"run_constraints": "run_constrained"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of one job.

    ``differences`` are the outputs that both have, with the fields in which they differ and both values; ``missing``
    and ``extra`` those that only the peer or only we have.
    """

    job: Job
    agreement: Agreement
    identical: int = 0
    differences: tuple[tuple[str, Mapping[str, tuple[Any, Any]]], ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    told: tuple[str, str] = ("", "")

    @property
    def lines(self) -> list[str]:
        """Say everything in which the two do not agree; that both fail is agreement."""
        found = [f"{what}: {dict(fields)}" for what, fields in self.differences]
        found += [f"not rendered: {what}" for what in self.missing if self.agreement == "both render"]
        found += [f"rendered by us only: {what}" for what in self.extra if self.agreement == "both render"]
        if self.agreement.startswith("only"):
            found.append(f"peer: {self.told[0] or 'renders'}; ours: {self.told[1] or 'renders'}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Many comparisons counted: jobs by their agreement, outputs by what came of them, differing ones by field."""

    jobs: Counter[str] = field(default_factory=Counter)
    outputs: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    @property
    def percent(self) -> float:
        """How many of the outputs of either side are identical; recipes on which the peer fails have none."""
        total = self.outputs.total()
        return 100 * self.outputs["identical"] / total if total else 100.0


def summary(comparisons: Iterable[Comparison]) -> Summary:
    """Count comparisons. An output that the peer renders is missing where our whole recipe fails."""
    counted = Summary()
    for one in comparisons:
        counted.jobs[one.agreement] += 1
        if one.agreement != "only the peer's fails":
            found = {"identical": one.identical, "different": len(one.differences)}
            counted.outputs.update({**found, "missing": len(one.missing), "extra": len(one.extra)})
        counted.fields.update(name for _, fields in one.differences for name in fields)
    return counted


class Values:
    """The values of variant files, read once for each platform: many recipes have the same."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Begin with none; ``environment`` is what selectors may ask."""
        self._environment = environment
        self._read: dict[tuple[tuple[Path, ...], Platforms], VariantConfig] = {}

    def __call__(self, files: tuple[Path, ...], platforms: Platforms) -> VariantConfig:
        """Return the values of ``files``, later ones over earlier ones."""
        key = files, platforms
        if key not in self._read:
            self._read[key] = load_variants(files, {}, platforms, self._environment)
        return self._read[key]


def ours(job: Job, compiler: Compiler, values: Values | None = None) -> Ours:
    """Return how this project renders a job."""
    platforms = Platforms(target=job.platform, host=job.platform, build="linux-64")
    try:
        recipe = load(job.recipe, compiler)
        config = (values or Values())(variant_files(recipe.file.folder, job.variants), platforms)
        renderings = render(recipe, config, platforms)
    except BakehouseError as error:
        return str(error)
    packed = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    return tuple(_ours(rendering_document(one)) for one in packed)


class LegacyValues:
    """The values of variant files for ``meta.yaml``, read once for each platform."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Begin with none; ``environment`` is what selectors may ask."""
        self.environment = environment or {}
        self._files: dict[Platforms, LegacyFiles] = {}

    def __call__(self, files: Sequence[Path], platforms: Platforms) -> LegacyConfig:
        """Return the values of ``files``, later ones over earlier ones."""
        if platforms not in self._files:
            self._files[platforms] = LegacyFiles(platforms, {}, self.environment)
        return self._files[platforms].config(files)


def ours_of_meta(job: Job, values: LegacyValues) -> Ours:
    """Return how this project renders a ``meta.yaml``, built on the platform that it is for."""
    platforms = Platforms(target=job.platform, host=job.platform, build=job.platform)
    beside = [file for file in [job.recipe.with_name("conda_build_config.yaml")] if file.is_file()]
    try:
        text = load_meta(job.recipe, lambda name: (job.recipe.parent / name).read_bytes())
        found = render_meta(text, values([*beside, *job.variants], platforms), platforms, values.environment)
    except BakehouseError as error:
        return str(error)
    return tuple(_ours_of_meta(one, job.platform) for one in found)


def _ours_of_meta(one: LegacyRendering, platform: str) -> Canonical:
    metadata = one.metadata
    return {
        "name": metadata.name,
        "version": metadata.version,
        "build": one.build_string,
        "build_number": metadata.number,
        "hash": one.hash,
        "subdir": "noarch" if metadata.noarch else platform,
        "noarch": metadata.noarch,
        "used": dict(one.used),
        **{f"{name} requirements": _specs(metadata.requirements(_LEGACY.get(name, name))) for name in _SECTIONS},
    }


def _ours(document: Mapping[str, Any]) -> Canonical:
    needs = document["requirements"]
    return {
        **{name: document[name] for name in _FIELDS},
        "used": dict(document["variant"]),
        **{f"{section} requirements": _specs(needs[section]) for section in _SECTIONS},
    }


def theirs(output: PeerOutput) -> Canonical:
    """Return an output of the peer in the form of `ours`."""
    return {
        **{name: getattr(output, name) for name in _FIELDS},
        "used": dict(output.used),
        **{f"{section} requirements": _specs(output.requirements.get(section) or ()) for section in _SECTIONS},
    }


def _specs(section: Sequence[str | Mapping[str, Any]]) -> list[str]:
    return sorted({_spec(one) for one in section})


def _spec(spec: str | Mapping[str, Any]) -> str:
    if isinstance(spec, str):
        name, _, rest = " ".join(spec.split()).partition(" ")
        return f"{name} {_GAP.sub(r'', rest)}".rstrip()
    kept = {
        kind: {key: value for key, value in pin.items() if value not in (None, False)}
        if isinstance(pin, Mapping)
        else pin
        for kind, pin in spec.items()
    }
    return json.dumps(kept, sort_keys=True)


def compared(job: Job, expected: Answer, actual: Ours) -> Comparison:
    """Compare the peer's answer with ours; an output that stands there twice counts once."""
    told = (expected if isinstance(expected, str) else "", actual if isinstance(actual, str) else "")
    want = {} if isinstance(expected, str) else _by_text(map(theirs, expected))
    have = {} if isinstance(actual, str) else _by_text(actual)
    extra = [one for text, one in have.items() if text not in want]
    missing, differences = [], []
    for one in (one for text, one in want.items() if text not in have):
        near = max((other for other in extra if other["name"] == one["name"]), key=partial(_alike, one), default=None)
        if near is None:
            missing.append(_named(one))
            continue
        extra.remove(near)
        fields = {name: _apart(one[name], near[name]) for name in one if _text(one[name]) != _text(near[name])}
        differences.append((f"{one['name']} {one['build']}", fields))
    return Comparison(
        job=job,
        agreement=_agreement(*told),
        identical=len(want.keys() & have.keys()),
        differences=tuple(differences),
        missing=tuple(missing),
        extra=tuple(map(_named, extra)),
        told=told,
    )


def _by_text(outputs: Iterable[Canonical]) -> dict[str, Canonical]:
    return {_text(one): one for one in outputs}


def _text(value: object) -> str:
    """Tell ``1`` from ``true``, which Python takes for equal."""
    return json.dumps(value, sort_keys=True)


def _apart(one: Any, other: Any) -> tuple[Any, Any]:
    """Return two values of a field, of lists and mappings only what the other does not have."""
    if isinstance(one, list):
        return [item for item in one if item not in other], [item for item in other if item not in one]
    if isinstance(one, dict):
        apart = [key for key in {**one, **other} if _text(one.get(key)) != _text(other.get(key))]
        return {key: one[key] for key in apart if key in one}, {key: other[key] for key in apart if key in other}
    return one, other


def _agreement(their_error: str, our_error: str) -> Agreement:
    if their_error and our_error:
        return "both fail"
    return "only the peer's fails" if their_error else "only ours fails" if our_error else "both render"


def _alike(one: Canonical, other: Canonical) -> int:
    """Say how well an output fits: by variant values first, then by fields."""
    shared = [key for key, value in one["used"].items() if other["used"].get(key) == value]
    fields = [name for name in one if one[name] == other[name]]
    return len(one) * len(shared) + len(fields)


def _named(one: Canonical) -> str:
    return f"{one['name']} {one['build']} {one['used']}"
