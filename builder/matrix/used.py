"""The used variant of an output: which keys enter its build hash, with which values, and why."""

from __future__ import annotations

from collections.abc import Mapping

from builder.matrix.branches import Branch, used_keys
from builder.matrix.keys import ALWAYS_USED, environment_keys, variant_key
from builder.matrix.siblings import Finished, Need
from builder.matrix.space import Assignment, Space
from builder.model.match_spec import MatchSpec
from builder.model.recipe import Output
from builder.model.variant import Origin, VariantValue


class UsedVariant:
    """A used variant in the making; the steps are called in the order in which rattler-build takes them."""

    def __init__(self, branch: Branch, space: Space, subdir: str) -> None:
        """Start with what the output itself used, for a target platform ``subdir``."""
        self.values: dict[str, VariantValue] = {}
        self.why: dict[str, str] = {}
        self.origins: dict[str, Origin] = {}
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
            self.origins[key] = space.origin(key, branch.assigned[key])
            self.why[key] = read.get(key) or _why_unread(key, self._output)
        if self._output.build.noarch and "target_platform" not in asked:
            self.values["target_platform"] = "noarch"
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
