"""Which variant keys an output of a ``meta.yaml`` uses, as conda-build finds them in its text and scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from builder.model.frozen import frozen
from builder.recipe.v0 import Metadata, MetaText, OutputMetadata, Scope
from builder.recipe.v0.metadata import expanded
from builder.recipe.v0.sections import (
    first_requirements,
    has_package,
    output_texts,
    outputs_section,
    package_and_build,
    requirements_section,
)

ALWAYS = ("target_platform", "channel_targets")
"""Keys that count for every output; the first one not for noarch packages."""


@frozen
class Subject:
    """An output over one variant, with the text that it is looked for in; ``top`` is the recipe that it is one of."""

    text: MetaText
    output: OutputMetadata
    scope: Scope
    top: Subject | None = None
    _used: dict[bool, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def metadata(self) -> Metadata:
        """What the output came to."""
        return self.output.metadata

    def used(self, *, at_top: bool = False) -> frozenset[str]:
        """Return the variant keys that the output uses: in its own text, and in the recipe's if it is the recipe's own.

        With ``at_top``, what stands in the recipe beside its outputs counts for each of them: a feedstock's jobs are
        divided by that. Keys that only requirements have count as far as these matter to the package (`_matter`).
        """
        if at_top not in self._used:
            self._used[at_top] = self._uses(at_top=at_top)
        return self._used[at_top]

    def _uses(self, *, at_top: bool) -> frozenset[str]:
        mentions = self.text.mentions(self.scope)
        found = mentions.in_selectors(self._own_text(selected=False, at_top=at_top))
        text = self._own_text(selected=True, at_top=at_top)
        required = mentions.in_text(first_requirements(text))
        return self._completed(found | (mentions.in_text(text) - required) | self.matter(required))

    def used_anywhere(self) -> frozenset[str]:
        """Return the variant keys that any part of the recipe uses."""
        mentions = self.text.mentions(self.scope)
        return self._completed(mentions.in_selectors(self.text.text) | mentions.in_text(self.piece()))

    def matter(self, required: Iterable[str]) -> frozenset[str]:
        """Return the keys of requirements without those that only ``run`` has.

        Those of ``ignore_build_only_deps`` do not count either when only ``build`` has them.
        """
        requirements = expanded(self.metadata.sections.get("requirements"))
        build = _names(requirements.get("build", ()))
        host = _names(requirements.get("host", ()))
        run = set(requirements.get("run", ()))
        ignored = set(self.scope.texts("ignore_build_only_deps"))
        return frozenset(
            key
            for key in required
            if not (key in run and key not in build and key not in host)
            and not (key not in run and key in build and key not in host and key in ignored)
        )

    def piece(self) -> str:
        """Return the text of the output, or of the recipe if the output is the recipe's own, without its selectors."""
        text = self._single(selected=True) if self.output.parent else self.text.text
        return self.text.selected(text, self.scope).rstrip()

    def requirements(self) -> str:
        """Return the text of the output's requirements."""
        text = self._single(selected=True) if self.output.parent else self.text.text
        section = requirements_section(text, top=has_package(self.piece()))
        return self.text.selected(section, self.scope).rstrip()

    def package_and_build(self) -> str:
        """Return the text of the output before its requirements."""
        text = self._single(selected=True) if self.output.parent else self.text.text
        return self.text.selected(package_and_build(text), self.scope).rstrip()

    def _completed(self, found: frozenset[str]) -> frozenset[str]:
        """Return ``found`` with what scripts use, what counts always, and what the recipe says of single keys."""
        platformless = {"target_platform"} if self.metadata.noarch else set()
        always = {key for key in ALWAYS if key in self.scope.variant} - platformless
        forced = self.metadata.texts("build", "force_use_keys")
        ignored = self.metadata.texts("build", "force_ignore_keys")
        return ((found | self._in_scripts() | always) - frozenset(ignored)) | frozenset(forced)

    def _in_scripts(self) -> frozenset[str]:
        return frozenset().union(*(self.in_script(name) for name in self._script_names()))

    def _script_names(self) -> tuple[str, ...]:
        """Return the scripts that are looked into: an output's own, or those that the recipe has by default."""
        if not has_package(self.piece()):
            name = self.output.entry.get("script")
            return (name,) if isinstance(name, str) else ()
        return ("build.sh", "bld.bat") if self.scope.platforms.host.startswith("win-") else ("build.sh",)

    def scripts(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of each script that keys are looked for in."""
        for name in self._script_names():
            text = self.text.script(name) if name.rpartition(".")[2] in {"sh", "bat"} else None
            if text is not None:
                yield name, text

    def in_script(self, name: str) -> frozenset[str]:
        """Return the keys that a script beside the recipe uses."""
        kind = name.rpartition(".")[2]
        text = self.text.script(name) if kind in {"sh", "bat"} else None
        if text is None:
            return frozenset()
        mentions = self.text.mentions(self.scope)
        return mentions.in_script(text) if kind == "sh" else mentions.in_batch(text)

    def _own_text(self, *, selected: bool, at_top: bool = False) -> str:
        """Return the text that is the output's: its entry, for the recipe's own output also what is no entry."""
        if self.output.parent and not at_top:
            return self._single(selected=selected)
        outputs = self._outputs(selected=selected).strip()
        text = self.text.selected(self.text.text, self.scope).rstrip() if selected else self.text.text.rstrip()
        return (text.replace(outputs, "") if outputs else text) + self._single(selected=selected)

    def own_lines(self) -> frozenset[int]:
        """Return the numbers of the recipe's lines, from 1, that are the output's."""
        text, entry = self.text.text, self._single(selected=False)
        own = _numbers(text, entry) if entry != self.metadata.name else frozenset()
        if self.output.parent:
            return own
        return (_numbers(text, text) - _numbers(text, self._outputs(selected=False))) | own

    def _outputs(self, *, selected: bool) -> str:
        section = outputs_section(self.text.text)
        return (self.text.selected(section, self.scope) if selected else section).rstrip()

    def _single(self, *, selected: bool) -> str:
        """Return the text of the output's entry: that in its place among the entries, or its name if there is none."""
        found = output_texts(self._outputs(selected=selected))
        recipe = self.output.parent or self.metadata.name
        entries = self.metadata.entries("outputs") or [{"name": self.metadata.name}]
        names = [(str(one.get("name") or recipe), str(one.get("type") or "conda")) for one in entries]
        wanted = self.metadata.name, self.output.kind
        if wanted not in names:
            return self.metadata.name
        place = names.index(wanted)
        return found[place] if place < len(found) else "" if not found else self.metadata.name


def _numbers(text: str, piece: str) -> frozenset[int]:
    """Return the numbers of the lines of ``piece``, which is a part of ``text``."""
    start = text.find(piece) if piece else -1
    first = text.count("\n", 0, start) + 1
    return frozenset(range(first, first + piece.count("\n") + 1)) if start >= 0 else frozenset()


def _names(specs: Iterable[str]) -> set[str]:
    return {spec.split()[0].replace("-", "_") for spec in specs if spec.strip()}
