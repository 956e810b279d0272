"""What must not stand in a log as it is: secrets become stars, long fixed paths the variables that people know."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

STARS = "********"
_SHORTEST = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Mask:
    """Rewrites lines: ``secrets`` in every form in which they may be printed, ``names`` from path to variable.

    Secrets shorter than four characters are left alone, since masking them would tear every line and hide nothing. A
    path is only replaced where it ends: ``/a/work`` in ``/a/work/x`` but not in ``/a/work_env``. Control characters are
    shown as escapes, so that a log cannot write to the terminal of whoever reads it.
    """

    def __init__(self, *, secrets: Iterable[str] = (), names: Mapping[str, str] | None = None) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
        self._secrets = _any_of(forms)
        self.longest = max((len(form.encode()) for form in forms), default=0)
        self._names = dict(names or {})
        self._paths = _any_of(self._names, end=r"(?![\w+-]|\.\w)")

    def hide(self, text: str) -> str:
        """Return ``text`` with stars in the place of secrets."""
        return self._secrets.sub(STARS, text) if self._secrets else text

    def show(self, text: str) -> str:
        """Return one line as it goes to the log."""
        text = self.hide(text)
        if self._paths:
            text = self._paths.sub(lambda match: self._names[match[0]], text)
        return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _any_of(words: Iterable[str], end: str = "") -> re.Pattern[str] | None:
    """Return a pattern that finds the longest of ``words`` at each place."""
    ordered = sorted(filter(None, words), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, ordered))}){end}") if ordered else None


def _forms(secret: str) -> set[str]:
    """Return a secret as it may stand in a line: whole, each of its lines, in an address, inside some base64."""
    found = {secret, quote(secret, safe=""), *(line.strip() for line in secret.splitlines())}
    for whole in (secret.encode(), secret.encode() + b"\n"):
        plain = base64.b64encode(whole).decode()
        found |= {plain, plain.rstrip("="), base64.urlsafe_b64encode(whole).decode().rstrip("=")}
    found |= {_inside_base64(secret.encode(), before) for before in (0, 1, 2)}
    return found


def _inside_base64(secret: bytes, before: int) -> str:
    """Return the part of some base64 that only ``secret`` decides when ``before`` bytes (modulo 3) stand before it."""
    whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
    last = len(whole) if (before + len(secret)) % 3 == 0 else len(whole) - 1
    return whole[before + 1 if before else 0 : last]
