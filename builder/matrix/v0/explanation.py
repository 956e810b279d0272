"""Explains renderings of a ``meta.yaml``: which of the used keys are hashed, where each was found and set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from builder.matrix.identity import HASH_LENGTH
from builder.matrix.v0.config import PASSED_ON, LegacyConfig, values_of
from builder.matrix.v0.reasons import LegacyReasons
from builder.matrix.v0.render import LegacyRendering
from builder.matrix.v0.rendering import LegacyQuestion, origin_of, rendered
from builder.matrix.v0.usage import Subject
from builder.model.explanation import Explanation, NamePart, Reason, Setting, UnusedKey, UsedKey
from builder.model.rendering import Rendering
from builder.recipe.v0.remarks import Remarks

_SHOWN = "used, but left out of the hash: the build string shows it, or ignore_version names it"


def explain_legacy(question: LegacyQuestion, wanted: Callable[[Rendering], bool]) -> tuple[Explanation, ...]:
    """Return an explanation of each package that is ``wanted``, in the order of `render_legacy`."""
    found, renderings = rendered(question)
    packages = [one for one in renderings if one.output.kind == "package"]
    return tuple(
        _Explaining(question, one, rendering).explanation()
        for one, rendering in zip(found, packages, strict=True)
        if wanted(rendering)
    )


class _Explaining:
    """One output over one variant."""

    def __init__(self, question: LegacyQuestion, found: LegacyRendering, rendering: Rendering) -> None:
        self._question, self._found, self._rendering = question, found, rendering
        subject = Subject(text=question.text, output=found.output, scope=found.scope, top=found.top)
        self._reasons = LegacyReasons(subject)

    def explanation(self) -> Explanation:
        config, found = self._question.config, self._found
        unused = tuple(itertools.chain(self._shown(), self._left_out()))
        mentioned = {*found.used, *(one.key for one in unused), *PASSED_ON}
        return Explanation(
            rendering=self._rendering,
            hash_input=self._rendering.hashed or "{}",
            parts=tuple(self._parts()),
            used=tuple(self._used(key) for key in sorted(found.hashed)),
            unused=unused,
            unmentioned=tuple(sorted(key for key in config.values if key not in mentioned)),
            asked=tuple(sorted(config.asked - config.sources[0][1].keys())),
        )

    def _used(self, key: str) -> UsedKey:
        config, variant = self._question.config, self._rendering.variant
        value = variant.get(key)
        if value is None:  # a virtual package among the requirements
            spec = str(self._found.hashed[key])
            reason = Reason(through="virtual package", text=spec, path="requirements.run")
            return UsedKey(key=key, value=spec, reasons=(reason,))
        group = next((group for group in config.zip_keys if key in group), ())
        return UsedKey(
            key=key,
            value=value,
            reasons=self._reasons.of(key),
            origin=variant.origin(key),
            choices=values_of(config.values.get(key, ())),
            replaced=tuple(_replaced(key, str(value), config)),
            zipped=tuple(other for other in group if other != key),
        )

    def _shown(self) -> Iterator[UnusedKey]:
        """Yield the keys that are used and not hashed."""
        for key in self._found.used:
            if key not in self._found.hashed:
                first = next(iter(self._reasons.of(key)), None)
                text, place = (first.text, first.place) if first else ("", None)
                choices = values_of(self._question.config.values.get(key, ()))
                origin = self._rendering.variant.origin(key)
                yield UnusedKey(
                    key=key, obstacle="ignored", why=_SHOWN, text=text, place=place, choices=choices, origin=origin
                )

    def _left_out(self) -> Iterator[UnusedKey]:
        """Yield the keys that the recipe does not want to count."""
        text = self._question.text
        place = Remarks(file=str(text.file.path), text=text.text).place("build.force_ignore_keys")
        for key in self._found.metadata.texts("build", "force_ignore_keys"):
            if key in self._question.config.values and key not in self._found.used:
                yield UnusedKey(key=key, obstacle="ignored", why="build.force_ignore_keys names it", place=place)

    def _parts(self) -> Iterator[NamePart]:
        rendering, metadata = self._rendering, self._found.metadata
        remarks = Remarks(file=str(self._question.text.file.path), text=self._question.text.text)
        name = "outputs.name" if self._found.output.parent else "package.name"
        yield NamePart(part="name", text=rendering.output.name, why=name, place=remarks.place(name))
        place = remarks.place("package.version")
        yield NamePart(part="version", text=rendering.output.version, why="package.version", place=place)
        if metadata.text("build", "string"):
            place = remarks.place("build.string")
            yield NamePart(part="build string", text=rendering.build_string, why="build.string", place=place)
            return
        yield from self._usual(rendering.build_string, remarks)

    def _usual(self, build: str, remarks: Remarks) -> Iterator[NamePart]:
        before, mark, number = build.rpartition("_")
        digest = f"h{self._rendering.hash}"
        if self._rendering.hash and before.endswith(digest):
            before = before.removesuffix(digest)
            yield from self._languages(before)
            digits = f"the first {HASH_LENGTH} digits of the sha1 of the hash input, after h"
            yield NamePart(part="hash", text=digest, why=digits)
        else:
            yield from self._languages(before)
        why, place = "--build-num", None
        if self._question.override.build_number is None:
            why, place = "build.number, 0 where nobody says it", remarks.place("build.number")
        yield NamePart(part="number", text=f"{mark}{number}", why=why, place=place)

    def _languages(self, text: str) -> Iterator[NamePart]:
        if text:
            why = "--build-string-prefix, languages that it is built with and runs with, and its features"
            yield NamePart(part="prefix", text=text, why=why)


def _replaced(key: str, value: str, config: LegacyConfig) -> Iterator[Setting]:
    """Yield what less important sources say of a key than the one that its value comes from, the latest first."""
    over = False
    for source, spec in reversed(config.sources):
        values = values_of(spec.get(key, ()))
        if over and values:
            yield Setting(values=values, origin=origin_of(source, key, 0, config))
        over = over or value in values
