"""Takes from text what could steer a terminal, a CI service or the eye of a reader; plain text passes unchanged.

What is hostile stays readable: whole control sequences go, as a terminal would not show them either; what is left of
others is shown as an escape. Where CI services look for commands, a space takes the command apart:

========================  ====================================================================================
GitHub, Gitea, Forgejo    ``::name …::`` where a line begins, after blanks; ``##[name]`` anywhere (ActionCommand.cs)
Azure Pipelines           ``##vso[…]`` and ``##[…]`` anywhere
TeamCity                  ``##teamcity[…]`` anywhere
Travis                    ``travis_fold:…`` and ``travis_time:…`` anywhere
Buildkite                 ``---``, ``+++``, ``~~~``, ``^^^`` and a blank where a line begins; APC strings
GitLab, Jenkins           markers that end in, or hide in, control sequences
========================  ====================================================================================
"""

from __future__ import annotations

import re

_PLAIN = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
"""Signs of ASCII that do what they look like."""

_STRING = r"[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
_SEQUENCE = rf"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]){_STRING}|\x1b[ -/]*[0-~]"
"""ECMA-48's control sequences, strings (OSC, DCS, SOS, PM, APC) and short escapes, in their 7-bit and 8-bit forms."""

_JOINING = r"\u180b-\u180d\u180f\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""What only chooses how the sign before it looks; plain text goes without."""

_UNSEEN = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\ud800-\udfff"
)
"""What nobody sees (Unicode's Default_Ignorable_Code_Point, its line ends, halves of signs) or turns the text."""

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_STEERING = rf"{_SEQUENCE}|\r+(?=\n|\Z)|([{_CONTROL}{_UNSEEN}])|[{_JOINING}]"
_COMMAND = r"##(?=[A-Za-z]*\[)|travis_(?:fold|time)(?=:)"
_FIRST = re.compile(r"\n(?:[^\S\n]*:(?=:)|(?=(?:-{3}|\+{3}|~{3}|\^{3})[^\S\n]))")
_IN_JSON = rf"(?<=#)#|(?<=travis)_|[\x7f-\x9f{_UNSEEN}{_JOINING}]"


def escape(text: str) -> str:
    """Return ``text``, of one or many lines, without what could steer anything; doing it again changes nothing."""
    if not is_plain(text):
        text = re.sub(_STEERING, _shown, text)  # compiled when it is needed: that takes a millisecond
    if "##" in text or "travis_" in text:
        text = re.sub(_COMMAND, r"\g<0> ", text)
    return _FIRST.sub(r"\g<0> ", f"\n{text}")[1:]


def escape_json(text: str) -> str:
    """Return a JSON document that says the same, without what could steer anything where it is printed."""
    if text.isascii() and "##" not in text and "travis_" not in text and "\x7f" not in text:
        return text
    return re.sub(_IN_JSON, lambda match: _as_json(match[0]), text)


def is_plain(text: str) -> bool:
    """Whether ``text`` is ASCII without control signs but tabs and line ends."""
    return text.isascii() and not text.encode("ascii").translate(None, _PLAIN)


def _shown(match: re.Match[str]) -> str:
    sign = match[1]
    if sign is None:
        return ""
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_json(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
