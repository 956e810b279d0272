"""The JSON documents of ``explain --json``: the facts of an explanation as plain data."""

from __future__ import annotations

from builder.errors import Place
from builder.model.explanation import Explanation, NamePart, Reason, Setting, UnusedKey, UsedKey

Document = dict[str, object]


def explanation_document(one: Explanation) -> Document:
    """Return what ``explain --json`` prints for one rendering; places are ``{file, line, column, frame}`` or null."""
    rendering = one.rendering
    return {
        "name": rendering.output.name,
        "version": rendering.output.version,
        "build": rendering.build_string,
        "hash": rendering.hash,
        "subdir": rendering.subdir,
        "kind": rendering.output.kind,
        "skip": rendering.output.skip,
        "recipe": str(rendering.recipe.path),
        "staging": rendering.staging,
        "hash_input": one.hash_input,
        "parts": [_part(part) for part in one.parts],
        "used": {used.key: _used(used) for used in one.used},
        "unused": {unused.key: _unused(unused) for unused in one.unused},
        "unmentioned": list(one.unmentioned),
        "asked": list(one.asked),
    }


def comparison_document(one: Explanation, other: Explanation) -> Document:
    """Return two explanations and, under ``differs``, each key whose values differ: both, null where it is not used."""
    first, second = dict(one.rendering.variant), dict(other.rendering.variant)
    missing = object()
    differing = [
        key
        for key in sorted({*first, *second})
        if (type(first.get(key)), first.get(key, missing)) != (type(second.get(key)), second.get(key, missing))
    ]
    return {
        "differs": {key: [first.get(key), second.get(key)] for key in differing},
        "first": explanation_document(one),
        "second": explanation_document(other),
    }


def _part(part: NamePart) -> Document:
    return {
        "part": part.part,
        "text": part.text,
        "why": part.why,
        **_place(part.place),
        "through": [_reason(reason) for reason in part.through],
    }


def _used(used: UsedKey) -> Document:
    return {
        "value": used.value,
        "given": used.given,
        "origin": str(used.origin) if used.origin else None,
        "choices": list(used.choices),
        "replaced": [_setting(setting) for setting in used.replaced],
        "zipped": list(used.zipped),
        "zip_place": str(used.zip_place) if used.zip_place else None,
        "reasons": [_reason(reason) for reason in used.reasons],
    }


def _setting(setting: Setting) -> Document:
    return {"values": list(setting.values), "origin": str(setting.origin)}


def _reason(reason: Reason) -> Document:
    return {
        "through": reason.through,
        "name": reason.name,
        "text": reason.text,
        "path": reason.path or None,
        **_place(reason.place),
        "further": [_reason(further) for further in reason.further],
    }


def _unused(unused: UnusedKey) -> Document:
    return {
        "obstacle": unused.obstacle,
        "why": unused.why,
        "text": unused.text or None,
        **_place(unused.place),
        "choices": list(unused.choices),
        "origin": str(unused.origin) if unused.origin else None,
    }


def _place(place: Place | None) -> Document:
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "frame": place.frame if place else None,
    }
