"""The used variant of an output: which keys enter its build hash, with which values, and why.

What one evaluation uses is found out once (`UsedVariant`) and then filled in for each of its variants (`UsedPlans`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from builder.matrix.branches import Branch, used_keys
from builder.matrix.identity import hash_input
from builder.matrix.keys import ALWAYS_USED, environment_keys, variant_key
from builder.matrix.siblings import Finished, Need
from builder.matrix.space import Assignment, Space
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.model.recipe import Output
from builder.model.variant import Origin, Variant, VariantValue


class UsedVariant:
    """A used variant in the making; the steps are called in the order in which rattler-build takes them."""

    def __init__(self, branch: Branch, space: Space, subdir: str) -> None:
        """Start with what the output itself used, for a target platform ``subdir``."""
        self.values: dict[str, VariantValue] = {}
        self.why: dict[str, str] = {}
        self.origins: dict[str, Origin] = {}
        self.own: set[str] = set()
        """The keys that have the very value that the branch is assigned."""
        self._output = branch.evaluated.output
        self._ignored = space.ignored
        self._take_keys(branch, space, subdir)
        self._take_run_requirements()

    def _take_keys(self, branch: Branch, space: Space, subdir: str) -> None:
        read, shadows = branch.evaluated.read, _shadows(branch)
        asked = {variant_key(key) for key in self._output.build.variant.use_keys}
        for key in (*used_keys(branch.evaluated, space), *ALWAYS_USED, *environment_keys(subdir)):
            if key not in branch.assigned or (key not in asked and self._drops(key, branch)):
                continue
            value = space.value(key, branch.assigned[key])
            self.values[key] = value if key in asked else shadows.get(key, value)
            if key in asked or key not in shadows:
                self.own.add(key)
            self.origins[key] = space.origin(key, branch.assigned[key])
            self.why[key] = read.get(key) or _why_unread(key, self._output)
        if self._output.build.noarch and "target_platform" not in asked:
            self.values["target_platform"] = "noarch"
            self.own.discard("target_platform")
            self.why["target_platform"] = "noarch packages are the same for all platforms"

    def _drops(self, key: str, branch: Branch) -> bool:
        python = key == "python" and self._output.build.noarch == "python"
        return python or key in branch.evaluated.hidden

    def _take_run_requirements(self) -> None:
        for spec in self._output.requirements.run:
            if isinstance(spec, str) and spec.startswith("__"):
                parsed = MatchSpec.parse(spec)
                key = variant_key(str(parsed.name))
                self.values[key] = str(parsed)
                self.own.discard(key)
                self.why[key] = "a virtual package in the run requirements"

    def inherit(self, staging: Finished) -> None:
        """Take the keys of the staging output that this one inherits, where it has none itself (CEP 41)."""
        name = staging.rendering.output.name
        reasons = dict(staging.rendering.why)
        for key, value in staging.rendering.variant.items():
            if key not in self.values:
                self.values[key] = value
                self.why[key] = f"through the staging output {name}: {reasons[key]}"
                origin = staging.rendering.variant.origin(key)
                if origin is not None:
                    self.origins[key] = origin

    def drop_ignored_keys(self) -> None:
        """Drop ``build.variant.ignore_keys``, and what the configuration ignores for all recipes."""
        for key in (*map(variant_key, self._output.build.variant.ignore_keys), *self._ignored):
            self.values.pop(key, None)
            self.why.pop(key, None)

    def pin(self, sibling: Finished) -> None:
        """Add an exactly pinned sibling: its version and build string."""
        rendering = sibling.rendering
        key = variant_key(rendering.output.name)
        self.values[key] = f"{rendering.output.version} {rendering.build_string}"
        self.why[key] = f'pin_subpackage("{rendering.output.name}", exact=True)'
        self.origins.pop(key, None)


@dataclass(frozen=True, slots=True)
class Used:
    """A used variant: ``values`` sorted by key, why each counts, and the text that its build hash is made of."""

    values: Mapping[str, VariantValue]
    variant: Variant
    why: tuple[tuple[str, str], ...]
    hashed: str

    @classmethod
    def of(cls, made: UsedVariant) -> Used:
        """Return what was made, complete."""
        variant = Variant.of(made.values, made.origins)
        return cls(made.values, variant, tuple(sorted(made.why.items())), hash_input(made.values))


@frozen
class _Plan:
    """What variants share that were evaluated alike: sorted ``names``, and the values of those that do not change."""

    of: tuple[object, ...]
    names: tuple[str, ...]
    constant: Mapping[str, VariantValue]
    with_origin: tuple[str, ...]
    why: tuple[tuple[str, str], ...]


class UsedPlans:
    """Gives the used variants of outputs that no sibling has a part in; thousands of variants differ in values only."""

    def __init__(self, space: Space, subdir: str) -> None:
        """Fill values of ``space`` in, for a target platform ``subdir``."""
        self._space = space
        self._subdir = subdir
        self._plans: dict[tuple[object, ...], _Plan] = {}
        self._texts: dict[tuple[str, int], str] = {}

    def used(self, branch: Branch) -> Used:
        """Return the used variant of ``branch``."""
        plan = self._plan(branch)
        space, assigned, constant = self._space, branch.assigned, plan.constant
        values = {
            name: constant[name] if name in constant else space.value(name, assigned[name]) for name in plan.names
        }
        texts = [
            _member(name, constant[name]) if name in constant else self._text(name, assigned[name])
            for name in plan.names
        ]
        origins = [(name, space.origin(name, assigned[name])) for name in plan.with_origin]
        variant = Variant(tuple(values.items()), tuple(origins))
        return Used(values, variant, plan.why, f"{{{', '.join(texts)}}}")

    def _plan(self, branch: Branch) -> _Plan:
        of = _decisive(branch)
        key = (*map(id, of), branch.evaluated.output.build.noarch, *branch.assigned)
        if key not in self._plans:
            made = UsedVariant(branch, self._space, self._subdir)
            made.drop_ignored_keys()
            names = tuple(sorted(made.values))
            self._plans[key] = _Plan(
                of=of,  # as long as they are held, nothing else has their identities
                names=names,
                constant={name: made.values[name] for name in names if name not in made.own},
                with_origin=tuple(name for name in names if name in made.origins),
                why=tuple(sorted(made.why.items())),
            )
        return self._plans[key]

    def _text(self, name: str, place: int) -> str:
        """Return a member of `hash_input`'s text."""
        key = name, place
        if key not in self._texts:
            self._texts[key] = _member(name, self._space.value(name, place))
        return self._texts[key]


def _decisive(branch: Branch) -> tuple[object, ...]:
    """Return all that a `UsedVariant` is made from but values; evaluations share what is the same for them."""
    evaluated = branch.evaluated
    output = evaluated.output
    return (
        branch.text, evaluated.read, evaluated.free_specs, evaluated.hidden, evaluated.context,
        output.requirements.run, output.build.variant,
    )  # fmt: skip


def _member(name: str, value: VariantValue) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"


def own_keys(used: Mapping[str, VariantValue], assigned: Assignment, chosen: Mapping[Need, Finished]) -> Assignment:
    """Return the part of ``assigned`` that tells an output's renderings apart, its siblings' parts included."""
    inherited = {key for sibling in chosen.values() for key in sibling.assigned}
    return {key: place for key, place in assigned.items() if key in used or key in inherited}


def _shadows(branch: Branch) -> Mapping[str, VariantValue]:
    """Return the values of context variables that have the names of variant keys, as far as they count.

    rattler-build's rule: in a recipe with ``outputs``, such a key is hashed with the context's value, in others with
    the variant's own.
    """
    top = branch.text.top
    names = {name for name, _ in top.context.entries if name in branch.assigned} if top.several else None
    if not names:
        return {}
    context = branch.evaluated.context
    return {name: value for name in names if isinstance(value := context.get(name), str | int)}


def _why_unread(key: str, output: Output) -> str:
    if key in map(variant_key, output.build.variant.use_keys):
        return "build.variant.use_keys"
    if key in ALWAYS_USED:
        return "always part of the hash"
    return "the environment variable of this name is set in every build"
