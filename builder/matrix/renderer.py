"""Renders a recipe: each output over its own variant keys, siblings resolved, build strings final."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from builder.errors import RecipeError
from builder.matrix.branches import Branch, Chosen, Expansion
from builder.matrix.identity import default_build_string, digest_of
from builder.matrix.siblings import Finished, Need, Siblings
from builder.matrix.used import Used, UsedPlans, UsedVariant, own_keys
from builder.model.frozen import frozen
from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile, Rendering, Sibling
from builder.recipe import OutputText

_Join = tuple[dict[str, int], dict[Need, Finished]]
_Branches = dict[int, list[Branch]]


@frozen
class Renderer:
    """Renders the outputs of one recipe; ``expansion`` says how one output is evaluated and split.

    ``prefix`` is what the caller wants before default build strings. ``witness`` is shown every rendering with the
    evaluation that it came of.
    """

    file: RecipeFile
    platforms: Platforms
    expansion: Expansion
    prefix: str | None = None
    witness: Callable[[Finished, Branch], None] | None = None

    def render(self, outputs: Sequence[OutputText]) -> list[Rendering]:
        """Return all renderings, skipped ones too: outputs in declared order, variants in the order of their values."""
        starts = {text.index: self.expansion.start(text) for text in outputs}
        self.expansion.check_total(starts, outputs)
        branches = {text.index: self.expansion.branches(text, starts.pop(text.index)) for text in outputs}
        siblings, plans = Siblings(self.expansion.space), UsedPlans(self.expansion.space, self.platforms.target)
        finished: dict[int, list[Finished]] = {}
        for index in self._in_order(branches):
            finished[index] = self._finish_output(branches[index], siblings, plans)
            siblings.add(finished[index])
        return [_with_siblings(one, siblings) for index in sorted(finished) for one in finished[index]]

    def _in_order(self, branches: _Branches) -> Iterable[int]:
        """Return the indexes of outputs, each after those that it needs."""
        makers: dict[Need, set[int]] = {}
        for index, found in branches.items():
            for branch in found:
                output = branch.evaluated.output
                makers.setdefault((output.kind, output.name), set()).add(index)
        graph: dict[int, list[int]] = {}
        for index, found in branches.items():
            needed = {need for branch in found for need in _needs(branch)}
            graph[index] = sorted({maker for need in needed for maker in makers.get(need, ())} - {index})
        try:
            return list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            cycle = [branches[index][0] for index in reversed(error.args[1])]
            names = " → ".join(branch.evaluated.output.name for branch in cycle)
            raise RecipeError(
                f"outputs need each other's build strings: {names}",
                code="recipe.output-cycle",
                place=self.expansion.place_of(cycle[0].text),
                remedy="pin at least one of them without `exact: true`",
            ) from error

    def _finish_output(self, branches: list[Branch], siblings: Siblings, plans: UsedPlans) -> list[Finished]:
        """Return one output's renderings; of those that cannot be told apart (ignored keys) one stays."""
        distinct: dict[tuple[str, str, str, str, bool], tuple[Finished, Branch]] = {}
        for branch in branches:
            for one in self._finish(branch, siblings, plans):
                output, named = one.rendering.output, one.rendering.build_string
                identity = (output.name, output.version, named, one.hashed, output.skip)
                if identity not in distinct or self._is_before(branch, distinct[identity][1]):
                    distinct[identity] = one, branch
            self.expansion.check_count(len(distinct), branch.text, set(branch.assigned))
        if self.witness is not None:
            for one, branch in distinct.values():
                self.witness(one, branch)
        return sorted((one for one, _ in distinct.values()), key=lambda one: one.order)

    def _is_before(self, branch: Branch, other: Branch) -> bool:
        """Whether the values that ``branch`` does not share with ``other`` are less as text: rattler-build's choice."""
        apart = (key for key, place in branch.assigned.items() if other.assigned.get(key, place) != place)
        key = min(apart, default=None)
        if key is None:
            return False
        text = self.expansion.space.text
        return text(key, branch.assigned[key]) < text(key, other.assigned[key])

    def _finish(self, branch: Branch, siblings: Siblings, plans: UsedPlans) -> list[Finished]:
        joins: list[_Join] = [(dict(branch.assigned), {})]
        for need in _needs(branch):
            joins = list(self._joined(joins, branch, need, siblings))
        return [
            self._rendering(branch, assigned, chosen, self._used(branch, chosen) if chosen else plans.used(branch))
            for assigned, chosen in joins
        ]

    def _joined(self, joins: list[_Join], branch: Branch, need: Need, siblings: Siblings) -> Iterator[_Join]:
        """Yield each of ``joins`` with each sibling that fits; too many are refused while they are made."""
        for count, join in enumerate((one for old in joins for one in self._join(branch.text, old, need, siblings)), 1):
            self.expansion.check_count(count, branch.text, set(join[0]))
            yield join

    def _join(self, text: OutputText, join: _Join, need: Need, siblings: Siblings) -> list[_Join]:
        assigned, chosen = join
        found = list(siblings.agreeing(need, assigned)) or siblings.nearest(need, assigned)
        if not found:
            kind, name = need
            what = "inherits the staging output" if kind == "staging" else "pins exactly the output"
            raise RecipeError(
                f"output {text.name} {what} {name}, which this recipe does not render for this platform",
                code="recipe.missing-output",
                place=self.expansion.place_of(text),
                remedy="name an output of this recipe that is not skipped, or skip this output too",
            )
        return [(joined, {**chosen, need: one}) for one, joined in found]

    def _used(self, branch: Branch, chosen: dict[Need, Finished]) -> Used:
        """Return the used variant of an output that siblings have a part in."""
        made = UsedVariant(branch, self.expansion.space, self.platforms.target)
        for (kind, _), sibling in chosen.items():
            if kind == "staging":
                made.inherit(sibling)
        made.drop_ignored_keys()
        for (kind, _), sibling in chosen.items():
            if kind == "package":
                made.pin(sibling)
        return Used.of(made)

    def _rendering(
        self, branch: Branch, assigned: dict[str, int], chosen: dict[Need, Finished], used: Used
    ) -> Finished:
        staging = next((one.rendering.identity for (kind, _), one in chosen.items() if kind == "staging"), None)
        digest = digest_of(used.hashed)
        output = self._with_hash(branch, digest)
        build = output.build
        string = build.string or default_build_string(used.values, build.noarch, build.number, self.prefix, digest)
        own = own_keys(used.values, assigned, chosen)
        return Finished(
            rendering=Rendering(
                recipe=self.file,
                output=output,
                variant=used.variant,
                platforms=self.platforms,
                subdir="noarch" if build.noarch else self.platforms.target,
                hash=digest,
                build_string=string,
                why=used.why,
                staging=staging,
                warnings=branch.evaluated.warnings,
                asked=branch.evaluated.asked,
                pins=self.expansion.space.pins,
            ),
            assigned=own,
            order=tuple(sorted(own.items())),
            chosen=chosen,
            pinned=tuple(dict.fromkeys([name for name, _ in branch.evaluated.pinned])),
            hashed=used.hashed,
        )

    def _with_hash(self, branch: Branch, digest: str) -> Output:
        """Return the output, evaluated once more when its own build string has waited for the hash."""
        output = branch.evaluated.output
        if output.build.string is None or "${{" not in output.build.string:
            return output
        variant = Chosen(self.expansion.space, branch.assigned)
        return self.expansion.evaluate(branch.text, variant, digest).output


def _needs(branch: Branch) -> list[Need]:
    """Return the siblings that must be final before ``branch`` is: its staging output, and those it pins exactly."""
    output = branch.evaluated.output
    if output.skip:
        return []
    inherited: list[Need] = [("staging", output.inherit.staging)] if output.inherit else []
    pinned = sorted({name for name, exact in branch.evaluated.pinned if exact and name != output.name})
    return [*inherited, *(("package", name) for name in pinned)]


def _with_siblings(one: Finished, siblings: Siblings) -> Rendering:
    """Return the rendering with all siblings that it pins, itself among them if it pins itself."""
    if not one.pinned:
        return one.rendering
    found = []
    for name in one.pinned:
        need: Need = ("package", name)
        if name == one.rendering.output.name:
            sibling: Finished | None = one
        else:
            agreeing = (other for other, _ in siblings.agreeing(need, one.assigned))
            nearest = (other for other, _ in siblings.nearest(need, one.assigned))
            sibling = one.chosen.get(need) or next(agreeing, None) or next(nearest, None)
        if sibling is not None:
            found.append(_sibling(sibling.rendering))
    return replace(one.rendering, siblings=tuple(found))


def _sibling(rendering: Rendering) -> Sibling:
    output = rendering.output
    return Sibling(name=output.name, version=output.version, build_string=rendering.build_string)
