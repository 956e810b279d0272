"""Explanations as text: a package's name piece by piece, each key of its hash with its reasons, keys left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from builder.errors import Place
from builder.model.explanation import Explanation, NamePart, Reason, Through, UnusedKey, UsedKey
from builder.model.variant import VariantValue
from builder.report.escape import escape
from builder.report.trouble import frame_lines

_NAMED = 8
_INDENT = "    "
_WORDS: Mapping[Through, str] = {
    "expression": "{text} in {path}",
    "context": "{text} in {path}",
    "script": "{text} in {path}, where all branches count",
    "requirement": "{text} in {path} has no version of its own",
    "use_keys": "{path} names it",
    "virtual package": "{text} in {path} is a virtual package",
    "staging": "through the staging output {name}, which {path} names",
    "pin": "{text} in {path} pins {name} exactly",
    "always": "always part of the hash",
    "selector": "the selector {text} in {path}",
    "variable": "{text} in the script {path}",
    "environment": "always part of the hash: every build sets the environment variable of this name",
}


def explanation_text(explanations: Sequence[Explanation], *, colour: bool = False) -> str:
    """Return explanations for people; a variant that differs from the one before it in values only is told shortly."""
    lines: list[str] = []
    before: Explanation | None = None
    for one in explanations:
        teller = _Teller(colour=colour)
        alike = before is not None and _story(one) == _story(before)
        lines += [
            *([""] if lines else []),
            *(teller.difference(before, one) if alike and before else teller.whole(one)),
        ]
        before = one
    return "\n".join(lines)


def key_text(explanations: Sequence[Explanation], key: str, *, colour: bool = False) -> str:
    """Return for each explanation what it says of ``key``; every explanation has something to say of it."""
    lines: list[str] = []
    told: object = None
    for one in explanations:
        teller = _Teller(colour=colour)
        used = next((used for used in one.used if used.key == key), None)
        unused = next((unused for unused in one.unused if unused.key == key), None)
        story = (used.reasons if used else None, unused)
        if used is not None:
            lines.append(teller.bold(_title(one)))
            lines += teller.used(used) if story != told else [teller.setting(used)]
        elif unused is not None:
            lines += [teller.bold(_title(one)), *teller.unused(unused)]
        else:
            nothing = f"    {escape(key)} is not in the hash: nothing in this output reads it"
            lines += [teller.bold(_title(one)), nothing]
        told = story
    return "\n".join(lines)


def comparison_text(one: Explanation, other: Explanation) -> str:
    """Return what tells two renderings apart: keys with both values, and keys that only one of them has."""
    first, second = ({used.key: used for used in each.used} for each in (one, other))
    lines = [f"{_title(one)}", f"{_title(other)}", ""]
    for key in sorted({*first, *second}):
        a, b = first.get(key), second.get(key)
        if a is not None and b is not None:
            if (a.value, type(a.value)) != (b.value, type(b.value)):
                lines.append(f"  {escape(key)}: {shown(a.value)}{_origin(a)} and {shown(b.value)}{_origin(b)}")
            continue
        side = a or b
        assert side is not None
        only = "first" if b is None else "second"
        lines.append(f"  {escape(key)}: only the {only} has it, {shown(side.value)}{_origin(side)}")
        lines += [f"      {_told(reason)}" for reason in side.reasons[:1]]
    if len(lines) == 3:
        lines.append("  the same keys with the same values")
    return "\n".join([*lines, "", f"  {escape(one.hash_input)}", f"  {escape(other.hash_input)}"])


def shown(value: VariantValue) -> str:
    """Return a value as the hash input has it: text in quotes if it would be taken for another type."""
    if isinstance(value, bool):
        return str(value).lower()
    text = escape(str(value))
    ambiguous = isinstance(value, str) and (value in {"true", "false", ""} or value.lstrip("-").isdigit())
    return f'"{text}"' if ambiguous else text


class _Teller:
    """Tells one explanation; a line of the recipe is shown once only."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._shown: set[Place] = set()

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._colour else text

    def dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._colour else text

    def whole(self, one: Explanation) -> Iterator[str]:
        yield self.bold(_title(one))
        yield from _parts(one.parts)
        yield f"  hashed     {escape(one.hash_input)}"
        yield ""
        yield self.bold("  in the hash")
        for used in one.used:
            yield from self.used(used)
        if one.unused:
            yield self.bold("  not in the hash")
        for unused in one.unused:
            yield from self.unused(unused)
        yield from _rest(one)

    def difference(self, before: Explanation, one: Explanation) -> Iterator[str]:
        earlier = {used.key: used.value for used in before.used}
        yield self.bold(_title(one))
        yield "  as the one before, but with"
        for used in one.used:
            if used.value != earlier[used.key]:
                yield self.setting(used)
        yield f"  hashed     {escape(one.hash_input)}"

    def setting(self, used: UsedKey) -> str:
        origin = f"  {escape(str(used.origin))}" if used.origin is not None else ""
        return f"    {self.bold(escape(used.key))} = {shown(used.value)}{origin}"

    def used(self, used: UsedKey) -> Iterator[str]:
        yield self.setting(used)
        yield from (escape(f"      {fact}") for fact in _facts(used))
        for reason in used.reasons:
            yield from self.reason(reason, 1)

    def reason(self, reason: Reason, depth: int) -> Iterator[str]:
        margin = "  " + _INDENT * depth
        yield f"{margin}{_told(reason)}"
        if reason.place is not None and reason.place not in self._shown:
            self._shown.add(reason.place)
            yield from (self.dim(f"{margin}{line}") for line in frame_lines(reason.place))
        for further in reason.further:
            yield from self.reason(further, depth + 1)

    def unused(self, unused: UnusedKey) -> Iterator[str]:
        where = f" at {unused.place}" if unused.place else ""
        text = f": {escape(unused.text)}{where}" if unused.text else where
        yield f"    {self.bold(escape(unused.key))}  {escape(unused.why)}{text}"


def _title(one: Explanation) -> str:
    rendering = one.rendering
    marks = [mark for mark, on in (("staging output", rendering.output.kind == "staging"),
                                   ("skipped", rendering.output.skip)) if on]  # fmt: skip
    return escape(f"{rendering.subdir}/{rendering.stem}" + (f"  ({', '.join(marks)})" if marks else ""))


def _story(one: Explanation) -> object:
    """Return all of an explanation but for the values."""
    return (
        one.rendering.output.name,
        one.rendering.output.version,
        one.rendering.output.kind,
        one.rendering.output.skip,
        [(used.key, used.reasons) for used in one.used],
        [(unused.key, unused.why, unused.place) for unused in one.unused],
    )


def _parts(parts: Sequence[NamePart]) -> Iterator[str]:
    width = max(len(part.text) for part in parts)
    for part in parts:
        where = f" at {part.place}" if part.place else ""
        yield f"  {part.part:<10} {escape(part.text):<{width}}  {escape(part.why)}{where}"
        for reason in part.through:
            yield from _definition(reason, width + 15)


def _definition(reason: Reason, margin: int) -> Iterator[str]:
    yield f"{' ' * margin}{escape(reason.path)} is {escape(reason.text)} at {reason.place}"
    for further in reason.further:
        yield from _definition(further, margin + 2)


def _facts(used: UsedKey) -> Iterator[str]:
    """Yield what there is to say of a key's value beside its place."""
    if used.given is not None:
        yield f"variant files say {shown(used.given)}, what is hashed stands before it"
    if len(used.choices) > 1:
        yield f"one of {_listed(used.choices)}"
    if used.zipped:
        place = f"  {used.zip_place}" if used.zip_place else ""
        yield f"varies together with {', '.join(used.zipped)}{place}"
    for setting in used.replaced:
        yield f"stands over {_listed(setting.values)}  {setting.origin}"


def _listed(values: Sequence[VariantValue]) -> str:
    more = f", … ({len(values)})" if len(values) > _NAMED else ""
    return ", ".join(shown(value) for value in values[:_NAMED]) + more


def _origin(used: UsedKey) -> str:
    return f" ({escape(str(used.origin))})" if used.origin else ""


def _told(reason: Reason) -> str:
    """Return a reason in one line, its place at the end."""
    words = _WORDS[reason.through].format(text=reason.text, path=reason.path, name=reason.name)
    unread = ", which counts although nothing reads it" if reason.through == "context" and not reason.further else ""
    return escape(f"{words}{unread}" + (f"  {reason.place}" if reason.place else ""))


def _rest(one: Explanation) -> Iterator[str]:
    if one.unmentioned:
        names = ", ".join(one.unmentioned[:_NAMED])
        more = f", … ({len(one.unmentioned)} keys)" if len(one.unmentioned) > _NAMED else ""
        yield f"  read by nothing: {escape(names)}{more}"
    if one.asked:
        yield f"  selectors of variant files asked for the environment's {escape(', '.join(one.asked))}"
