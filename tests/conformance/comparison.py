"""Renders recipes with both and says where the two differ, after spelling that means the same is made one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from builder.errors import BakehouseError
from builder.matrix import load_variants, render, rendering_document, variant_files
from builder.model.rendering import Platforms
from builder.recipe import load
from builder.syntax import Compiler
from tests.conformance.peer import Answer, Job, PeerOutput

Canonical = dict[str, Any]
_GAP = re.compile(r"(?<=[<>=!~,]) +| +(?=,)")
_SECTIONS = ("build", "host", "run", "run_constraints")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is not the same for one recipe: outputs of one side only, or fields of an output."""

    recipe: Path
    what: str

    def __str__(self) -> str:
        return f"{self.recipe}: {self.what}"


def ours(job: Job, compiler: Compiler) -> tuple[Canonical, ...] | str:
    """Return how this project renders a job: the outputs that are packed, or the error."""
    platforms = Platforms(target=job.platform, host=job.platform, build="linux-64")
    try:
        recipe = load(job.recipe, compiler)
        config = load_variants(variant_files(recipe.file.folder, job.variants), {}, platforms)
        renderings = render(recipe, config, platforms)
    except BakehouseError as error:
        return str(error)
    packed = [one for one in renderings if one.output.kind == "package" and not one.output.skip]
    return tuple(_ours(rendering_document(one)) for one in packed)


def _ours(document: Mapping[str, Any]) -> Canonical:
    fields = ("name", "version", "build", "build_number", "hash", "subdir", "noarch")
    needs = document["requirements"]
    return {
        **{field: document[field] for field in fields},
        "used": dict(document["variant"]),
        **{f"{section} requirements": _specs(needs[section]) for section in _SECTIONS},
    }


def theirs(output: PeerOutput) -> Canonical:
    """Return an output of the peer in the form of `ours`."""
    fields = ("name", "version", "build", "build_number", "hash", "subdir", "noarch")
    return {
        **{field: getattr(output, field) for field in fields},
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
        kind: {field: value for field, value in pin.items() if value not in (None, False)}
        if isinstance(pin, Mapping)
        else pin
        for kind, pin in spec.items()
    }
    return json.dumps(kept, sort_keys=True)


def differences(job: Job, expected: Answer, actual: tuple[Canonical, ...] | str) -> Iterator[Difference]:
    """Yield everything about a job in which the two do not agree; that both fail is agreement."""
    if isinstance(expected, str) or isinstance(actual, str):
        if isinstance(expected, str) is not isinstance(actual, str):
            yield Difference(recipe=job.recipe, what=f"peer: {_told(expected)}; ours: {_told(actual)}")
        return
    want = {json.dumps(one, sort_keys=True): one for one in map(theirs, expected)}
    have = {json.dumps(one, sort_keys=True): one for one in actual}
    missing = [one for key, one in want.items() if key not in have]
    extra = [one for key, one in have.items() if key not in want]
    for one in missing:
        near = max(extra, key=partial(_alike, one), default=None)
        if near is None or near["name"] != one["name"]:
            yield Difference(recipe=job.recipe, what=f"not rendered: {one['name']} {one['build']} {one['used']}")
            continue
        extra.remove(near)
        fields = {field: (one[field], near[field]) for field in one if one[field] != near[field]}
        yield Difference(recipe=job.recipe, what=f"{one['name']} {one['build']}: {fields}")
    for one in extra:
        yield Difference(recipe=job.recipe, what=f"rendered by us only: {one['name']} {one['build']} {one['used']}")


def _alike(one: Canonical, other: Canonical) -> int:
    return sum(one[field] == other[field] for field in one)


def _told(answer: object) -> str:
    return answer if isinstance(answer, str) else "renders"
