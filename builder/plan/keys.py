"""Recipe keys and their explanations: one walk over everything that a package's bytes depend on makes both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from builder.errors import Problem, SourceError
from builder.model.packaging import FORMAT_OPTION, PACKAGE_OPTIONS, Packaging
from builder.model.permission import MOUNT, NETWORK, NOTHING
from builder.model.rendering import Rendering
from builder.model.source import SourceDigest
from builder.model.task import Explanation
from builder.plan.context import PlanContext
from builder.plan.files import Files, RecipeFolders
from builder.plan.needs import Group, Need
from builder.recipe.where import source_place

_NAME = "the name"

_MANY_FILES = 200
"""Above this a recipe's folder is one entry of an explanation, so that explanations stay small."""


_DEPENDENCY = {
    "build": "the build dependency",
    "host": "the host dependency",
    "staging": "the staging output",
    "work": "the work folder of",
}


def is_dependency(what: str) -> bool:
    """Return whether an entry of an explanation is about another task."""
    return what.startswith(tuple(_DEPENDENCY.values()))


def is_option(what: str) -> bool:
    """Return whether an entry of an explanation is an option of the command line."""
    return what.startswith("--")


def is_lent(what: str) -> bool:
    """Return whether an entry of an explanation is something of the machine that the script may use."""
    return what == NETWORK or what.startswith(MOUNT)


def packed_as(explanation: Explanation, packaging: Packaging) -> Explanation:
    """Return the explanation of the same package in the format and at the level of ``packaging``."""
    others = [entry for entry in explanation if entry[0] != FORMAT_OPTION]
    later = (place for place, (what, _) in enumerate(others) if what == _NAME or what.startswith(PACKAGE_OPTIONS))
    place = next(later, len(others))
    option = (entry for entry in packaging.asked() if entry[0] == FORMAT_OPTION)
    return (*others[:place], *option, *others[place:])


def recipe_key(explanation: Explanation) -> str:
    """Return the recipe key that an explanation stands for: the sha256 of its canonical JSON."""
    return _digest(explanation)


class Keys:
    """Makes recipe keys, dependencies first; what several tasks share is digested once."""

    def __init__(self, context: PlanContext) -> None:
        """Make keys against ``context``."""
        self._context = context
        self._folders = RecipeFolders(context.outside)
        self._keys: dict[str, str] = {}
        self._groups: dict[Group, str] = {}
        self._sections: dict[str, tuple[tuple[str, str], ...]] = {}
        self._sources: dict[tuple[object, ...], tuple[SourceDigest, ...]] = {}

    def explain(self, rendering: Rendering, needs: Sequence[Need]) -> Explanation:
        """Return what the recipe key of ``rendering`` is made of; the keys of all its needs must have been made."""
        explanation = tuple(self._walk(rendering, needs))
        self._keys[rendering.identity] = recipe_key(explanation)
        return explanation

    def key(self, task: str) -> str:
        """Return the recipe key of a task that was explained."""
        return self._keys[task]

    def _walk(self, rendering: Rendering, needs: Sequence[Need]) -> Iterator[tuple[str, str]]:
        context, platforms = self._context, rendering.platforms
        yield "the package format", str(context.format)
        yield "the rootfs", context.rootfs_digest
        yield "the isolation", "sealed" if context.sealed else "none"
        yield from context.allowed.get(rendering.identity, NOTHING).build.asked()
        if context.epoch is not None:
            yield "SOURCE_DATE_EPOCH", str(context.epoch)
        yield from context.rules.asked()
        if rendering.output.kind == "package":
            yield from context.packaging.asked()
        yield _NAME, rendering.identity
        yield "the platforms", f"target {platforms.target}, host {platforms.host}, build {platforms.build}"
        yield from self._recipe_sections(rendering.output.rendered)
        for key, value in rendering.variant.items():
            yield f"the variant key {key}", json.dumps(value, ensure_ascii=False)
        for answer in rendering.asked:
            yield str(answer), answer.digest or "not set"
        for package, pin in rendering.pins:
            yield f"the rule pin_run_as_build of {package}", pin.words
        for name, value in rendering.variables:
            yield f"the variable {name}", value
        for sibling in rendering.siblings:
            yield f"the sibling {sibling.name}", f"{sibling.version} {sibling.build_string}"
        yield from _file_entries(self._folders.files(rendering.recipe.folder))
        for number, source in enumerate(self._source_digests(rendering), 1):
            what = f"source {number}, {'git ' if source.commit else ''}{source.url}"
            yield what, source.sha256 if source.commit is None else f"commit {source.commit}"
        for need in needs:
            yield f"{_DEPENDENCY[need.section]} {need.name}", self._group_key(need.group)

    def _recipe_sections(self, rendered: str) -> tuple[tuple[str, str], ...]:
        """Return a digest for each section of a rendered output, so that a reason can name the one that changed."""
        if rendered not in self._sections:
            sections: Mapping[str, object] = json.loads(rendered)
            self._sections[rendered] = tuple((f"the recipe's {key}", _digest(part)) for key, part in sections.items())
        return self._sections[rendered]

    def _source_digests(self, rendering: Rendering) -> tuple[SourceDigest, ...]:
        sources, folder = rendering.output.source, rendering.recipe.folder
        if (folder, sources) not in self._sources:
            self._sources[folder, sources] = self._digested(rendering)
        return self._sources[folder, sources]

    def _digested(self, rendering: Rendering) -> tuple[SourceDigest, ...]:
        digests: list[SourceDigest] = []
        problems: list[Problem] = []
        for source in rendering.output.source:
            try:
                digests += self._context.sources((source,), rendering.recipe.folder)
            except SourceError as error:
                place = source_place(rendering.recipe.path, rendering.output.name, source)
                problems += [replace(one, place=one.place or place) for one in error.problems]
        if problems:
            raise SourceError.of(problems)
        return tuple(digests)

    def _group_key(self, group: Group) -> str:
        """Return the recipe key of a need's only task, or one digest for all of them, in whatever order they came."""
        if len(group.tasks) == 1:
            return self._keys[group.tasks[0]]
        if group not in self._groups:
            self._groups[group] = _digest([self._keys[task] for task in sorted(group.tasks)])
        return self._groups[group]


def _file_entries(files: Files) -> Iterator[tuple[str, str]]:
    if len(files) > _MANY_FILES:
        yield "the recipe's folder", _digest(files)
    else:
        yield from ((f"the file {path}", content) for path, content in files)


def _digest(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
