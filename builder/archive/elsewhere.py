"""A second process that writes what the first one reads: one archive then keeps two processors busy.

A `Line` between both is made before the fork. Contents go through memory that they share, in halls that are filled one
after the other; what to do with them goes through a pipe, for each hall a list in Python's own form (``marshal``): both
ends are the same program behind the same walls. Each list that is done is answered with a dot; what went wrong, with a
sign and the error, and then nothing more is done. Where the other process is gone, for whatever reason, the pipe ends.
"""

from __future__ import annotations

import json
import marshal
import mmap
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from builder.archive.files import Files, Maker
from builder.archive.member import MalformedError
from builder.archive.tar import Pieces
from builder.errors import MachineError

_HALL = 1 << 20
_HALLS = 6
_MOST_ORDERS = 1000
_LENGTH = struct.Struct("<I")
_DONE, _FAILED = b".", b"!"
_LONGEST = 1 << 16
_BELOW, _FOLDER, _FILE, _FIRST, _MORE, _LAST, _SYMLINK, _LINK, _FINISH = range(9)
"""What to do. A file is one order, or goes on in those of other halls: a first, some more, a last."""

_Order = tuple[Any, ...]
"""One of these numbers, and with what."""


class Line:
    """What joins the two processes: each takes its end of it after the fork."""

    def __init__(self) -> None:
        """Make memory and pipes."""
        self._halls = memoryview(mmap.mmap(-1, _HALLS * _HALL))
        self._orders, self._answers = os.pipe(), os.pipe()

    def passing(self) -> Passing:
        """Return the end of the process that reads archives."""
        os.close(self._orders[0])
        os.close(self._answers[1])
        return Passing(self._halls, self._orders[1], self._answers[0])

    def write(self) -> None:
        """Do what comes through the line until it ends: the end of the process that writes."""
        os.close(self._orders[1])
        os.close(self._answers[0])
        with os.fdopen(self._orders[0], "rb") as orders, os.fdopen(self._answers[1], "wb", buffering=0) as answers:
            try:
                _Writing(self._halls, orders, answers).all()
            except _BrokenOffError:
                pass
            except MalformedError as error:
                answers.write(_FAILED + json.dumps(str(error)).encode())
            except OSError as error:
                said = [error.errno, error.strerror, error.filename, None, error.filename2]
                answers.write(_FAILED + json.dumps(said).encode())


class Passing:
    """A `Maker` that has the other process do it; one that has failed at something says so in a later call."""

    def __init__(self, halls: memoryview, orders: int, answers: int) -> None:
        """Fill ``halls``, and write to and read from these descriptors."""
        self._halls = halls
        self._pipe, self._answers = orders, answers
        self._orders: list[_Order] = []
        self._sent = self._done = 0
        self._at, self._end = 0, _HALL

    def below(self, root: Path) -> Maker:
        """Work below ``root``: the `Making` of this maker."""
        self._order(_BELOW, str(root))
        return self

    def folder(self, path: str) -> None:
        """See `Maker`."""
        self._order(_FOLDER, path)

    def file(self, path: str, mode: int, mtime: int, content: Pieces, sha256: str | None) -> None:
        """See `Maker`."""
        begun = self._at
        whole, part = _FILE, _FIRST
        said: _Order = (path, mode, mtime, sha256)
        for given in content:
            piece = given
            while len(piece) > (room := self._end - self._at):
                self._halls[self._at : self._end] = piece[:room]
                self._orders.append((part, self._end - begun, *said))
                self._send()
                piece, begun = piece[room:], self._at
                whole, part, said = _LAST, _MORE, ()
            end = self._at + len(piece)
            self._halls[self._at : end] = piece
            self._at = end
        self._order(whole, self._at - begun, *said)

    def symlink(self, path: str, target: str, mtime: int) -> None:
        """See `Maker`."""
        self._order(_SYMLINK, path, target, mtime)

    def link(self, path: str, original: str) -> None:
        """See `Maker`."""
        self._order(_LINK, path, original)

    def finish(self, times: Mapping[str, int]) -> None:
        """See `Maker`."""
        self._order(_FINISH, dict(times))
        self._send()
        while self._done < self._sent:
            self._take()

    def close(self) -> None:
        """See `Maker`. The other process does nothing any more when this returns."""
        os.close(self._pipe)
        while os.read(self._answers, _LONGEST):
            pass
        os.close(self._answers)

    def _order(self, *order: object) -> None:
        self._orders.append(order)
        if len(self._orders) >= _MOST_ORDERS:
            self._send()

    def _send(self) -> None:
        """Pass the list with its hall, and wait until the next one is free."""
        said = marshal.dumps(self._orders)
        left = memoryview(_LENGTH.pack(len(said)) + said)
        with suppress(BrokenPipeError):  # why it has ended stands in its answers
            while left:
                left = left[os.write(self._pipe, left) :]
        self._orders = []
        self._sent += 1
        while self._sent - self._done >= _HALLS:
            self._take()
        self._at = self._sent % _HALLS * _HALL
        self._end = self._at + _HALL

    def _take(self) -> None:
        """Take answers, at least one; raise what they tell of."""
        said = os.read(self._answers, _LONGEST)
        dots, failed, why = said.partition(_FAILED)
        self._done += len(dots)
        if failed:
            while more := os.read(self._answers, _LONGEST):
                why += more
            error = json.loads(why)
            raise MalformedError(error) if isinstance(error, str) else OSError(*error)
        if not said:
            raise MachineError(
                "the process that writes what is unpacked has ended",
                code="archive.writing",
                remedy="run it again; if it ends again, the kernel's log (dmesg) may tell why: too little memory, say",
            )


class _BrokenOffError(Exception):
    """There is no more of a file that was begun."""


class _Writing:
    """What the process that writes knows: where it is in a hall."""

    def __init__(self, halls: memoryview, orders: BinaryIO, answers: BinaryIO) -> None:
        self._halls = halls
        self._orders = orders
        self._answers = answers
        self._at = 0
        self._each = self._read()

    def all(self) -> None:
        """Do everything, below the root that comes first."""
        first = next(self._each, None)
        if first is not None:
            files = Files(Path(first[1]))
            try:
                self._below(files)
            finally:
                files.close()

    def _below(self, files: Files) -> None:
        others: dict[int, Callable[..., None]] = {
            _FOLDER: files.folder, _SYMLINK: files.symlink, _LINK: files.link, _FINISH: files.finish,
        }  # fmt: skip
        for what, *said in self._each:
            if what in (_FILE, _FIRST):
                count, path, mode, mtime, sha256 = said
                files.file(path, mode, mtime, self._content(count, whole=what == _FILE), sha256)
            else:
                others[what](*said)

    def _read(self) -> Iterator[_Order]:
        number = 0
        while head := self._orders.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head)
            said = self._orders.read(length)
            if len(said) < length:
                return
            self._at = number % _HALLS * _HALL
            yield from marshal.loads(said)  # noqa: S302 - of our own process
            self._answers.write(_DONE)
            number += 1

    def _content(self, count: int, *, whole: bool) -> Pieces:
        """Yield what is in the halls of one file, of which ``count`` bytes are in this one."""
        while True:
            begun = self._at
            self._at += count
            if count:
                yield self._halls[begun : self._at]
            if whole:
                return
            more = next(self._each, None)
            if more is None:
                raise _BrokenOffError
            what, count = more
            whole = what == _LAST
