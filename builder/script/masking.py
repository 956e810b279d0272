"""What must not stand in a log as it is: secrets become stars, long fixed paths the variables that people know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from builder.model.token import TOKENS, is_placeholder
from builder.report.escape import escape, is_plain
from builder.script.secret import SHORTEST, forms_of

STARS = "********"
_SPREAD = 8
"""Forms of that length are found where blanks and line ends stand between their signs, too."""

_WINDOW = 1024
"""So many blanks and control signs may stand in a secret that has only begun."""

_MUCH = 4096
"""Signs of a text that is searched in one pass for all shapes, instead of in one for each anchor."""

_ANCHORS = tuple(dict.fromkeys(anchor for token in TOKENS for anchor in token.anchors))
_SHAPES = re.compile("|".join(token.pattern for token in TOKENS), re.ASCII)


class Mask:
    """Rewrites text of one or many lines: ``secrets`` in every form (`forms_of`), ``names`` from path to variable.

    Secrets shorter than four characters are left alone (`too_short`). A path is only replaced where it ends:
    ``/a/work`` in ``/a/work/x`` but not in ``/a/work_env``.
    """

    def __init__(self, *, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None) -> None:
        forms = {form for secret in secrets for form in forms_of(secret)}
        squeezed = {_squeezed(form) for form in forms}
        self._short = tuple(form for form in forms if len(_squeezed(form)) < _SPREAD)
        self._long = tuple(sorted(form for form in squeezed if len(form) >= _SPREAD))
        self._exact = _any_of(forms)
        self._across = _any_of(self._long)
        self.longest = max((len(form.encode()) for form in forms), default=0)
        self._names = dict(names or {})
        self._paths = _any_of(self._names, end=r"(?![\w+-]|\.\w)")

    def show(self, text: str) -> str:
        """Return whole lines as they go to a log: nothing in them is secret or steers whoever reads them."""
        text = self.hide(text)
        shown = escape(text)
        if shown != text:
            shown = self.hide(shown)  # what stood between a secret's signs has gone
        if self._paths and any(path in shown for path in self._names):
            shown = self._paths.sub(lambda match: self._names[match[0]], shown)
        return shown

    def hide(self, text: str) -> str:
        """Return ``text`` with stars in the place of secrets, in each line that has a part of one.

        What has a credential's shape is hidden too, whoever's it is.
        """
        if _may_have_shapes(text):
            text = _SHAPES.sub(lambda match: match[0] if is_placeholder(match[0]) else STARS, text)
        if self._exact is None:
            return text
        squeezed = _squeezed(text)
        if any(form in squeezed for form in self._long) or any(form in text for form in self._short):
            text = self._exact.sub(_starred, text)
            text = self._hidden_across(text)
        return text

    def held(self, text: str) -> int:
        """Return how many signs at the end of ``text`` may be the beginning of a secret that goes on after it."""
        if self._exact is None:
            return 0
        end = text[-2 * self.longest - _WINDOW :]
        if not is_plain(end):
            return len(end) if self._begun(escape(end)) else 0
        begun, count = self._begun(end), 0
        while begun and count < len(end):
            count += 1
            begun -= not end[-count].isspace()
        return count

    def _begun(self, text: str) -> int:
        """Return how many signs, blanks not counted, at the end of ``text`` may be the beginning of a secret."""
        squeezed = _squeezed(text)
        longest = max((_overlap(squeezed, form) for form in self._long), default=0)
        shortest = (_overlap(text, form) for form in self._short)
        return max(longest, max(shortest, default=0))

    def _hidden_across(self, text: str) -> str:
        if self._across is None:
            return text
        spans = [match.span() for match in self._across.finditer(_squeezed(text))]
        if not spans:
            return text
        places = [place for place, sign in enumerate(text) if not sign.isspace()]
        for first, end in reversed(spans):
            start, stop = places[first], places[end - 1] + 1
            text = text[:start] + _stars(text[start:stop]) + text[stop:]
        return text


def _may_have_shapes(text: str) -> bool:
    """Whether to look for shapes; RE2 sees at once that long text has none, and is not worth its import for little."""
    if len(text) < _MUCH:
        return any(anchor in text for anchor in _ANCHORS)
    try:
        return _automaton().search(text) is not None
    except UnicodeEncodeError:  # half a sign, which only Python's own engine takes
        return True


@cache
def _automaton() -> re.Pattern[str]:
    import re2  # most scripts print little

    found: re.Pattern[str] = re2.compile(_SHAPES.pattern)
    return found


def too_short(secrets: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of those of ``secrets`` that are shorter than what is hidden; empty ones hold none."""
    return tuple(sorted(name for name, value in secrets.items() if 0 < len(value.strip()) < SHORTEST))


def _starred(match: re.Match[str]) -> str:
    return _stars(match[0])


def _stars(text: str) -> str:
    """Return stars for each line of ``text`` that holds anything."""
    return re.sub(r"\S(?:[^\n]*\S)?", STARS, text)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _overlap(text: str, form: str) -> int:
    """Return the length of the longest end of ``text`` that is a beginning of ``form``, though not all of it."""
    place = max(len(text) - len(form) + 1, 0)
    while (place := text.find(form[0], place)) >= 0:
        if form.startswith(text[place:]):
            return len(text) - place
        place += 1
    return 0


def _any_of(words: Iterable[str], end: str = "") -> re.Pattern[str] | None:
    """Return a pattern that finds the longest of ``words`` at each place."""
    ordered = sorted(filter(None, words), key=lambda word: (-len(word), word))
    return re.compile(f"(?:{'|'.join(map(re.escape, ordered))}){end}") if ordered else None
