"""Makes lines of what a script prints, which comes in pieces that end anywhere, within bounded memory."""

from __future__ import annotations

import codecs

from builder.report.text import size
from builder.script.masking import Mask

_LONGEST = 64 * 1024


class Lines:
    """Takes pieces of bytes, gives whole lines, as ``mask`` shows them, as one text.

    A line of more than 64 KiB is cut into lines of about that length; what lies between its first ``most`` signs and
    its last 64 Ki is left out, and said. Of what a carriage return overwrites, a progress bar, the last state stays.
    Where a secret may have begun, lines wait for what follows.
    """

    def __init__(self, mask: Mask, most: int) -> None:
        self._mask = mask
        self._most = most
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._rest = ""
        self._given = 0
        self._left_out = 0

    def feed(self, piece: bytes) -> str:
        """Return the lines, each with its end, that are whole now."""
        text = self._rest + self._decoder.decode(piece)
        end = text.rfind("\n") + 1
        whole, self._rest = text[:end], text[end:]
        if "\r" in self._rest:
            self._rest = _state(self._rest)
        if whole:
            whole = self._mask.show(self._waiting + self._ended(whole))
            held = self._mask.held(whole + self._rest) - len(self._rest)
            end = whole.rfind("\n", 0, max(len(whole) - held, 0)) + 1 if held > 0 else len(whole)
            whole, self._waiting = whole[:end], whole[end:]
        return whole + self._cut() if len(self._rest) > _LONGEST else whole

    def end(self) -> str:
        """Return the last lines, the very last one even if it was not ended."""
        text = self._rest + self._decoder.decode(b"", final=True)
        last = self._ended(f"{text}\n") if text else ""
        given = self._mask.show(self._waiting + last) if self._waiting or last else ""
        self._rest = self._waiting = ""
        return given

    def _ended(self, text: str) -> str:
        """Return ``text``, which ends the line that parts were given of."""
        if "\r" in text:
            text = "\n".join(_last_state(line) if "\r" in line else line for line in text.split("\n"))
        note = f"({size(self._left_out)} of this line are left out)\n" if self._left_out else ""
        self._given = self._left_out = 0
        return note + text

    def _cut(self) -> str:
        """Return the front of a line that does not end, after the lines that wait; what lies behind it may go on."""
        kept = _LONGEST if self._given >= self._most else 0
        rest = self._mask.hide(self._rest)
        place = len(rest) - max(self._mask.held(rest), kept)
        front, self._rest = rest[:place], rest[place:]
        if kept:
            self._left_out += len(front)
            return ""
        self._given += len(front)
        waiting, self._waiting = self._waiting, ""
        return self._mask.show(f"{waiting}{front}\n") if front else waiting


def _last_state(line: str) -> str:
    """Return what is to be seen of a whole line, in which carriage returns go back to its beginning."""
    return next((state for state in reversed(line.split("\r")) if state.strip()), "")


def _state(line: str) -> str:
    """Return a line that goes on without the states that are overwritten already."""
    last = line.rpartition("\r")[2]
    return last if last.strip() else f"{_last_state(line)}\r{last}"
