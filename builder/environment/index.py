"""Indexes as judged snapshots; local ones are read afresh, for a channel is appended to while a run goes on."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from builder.environment.access import OPEN, Access, Namespaces
from builder.environment.generations import Generations
from builder.environment.judge import Judge
from builder.environment.lines import Lines
from builder.environment.place import ChannelPlace
from builder.environment.records import INDEXED
from builder.environment.snapshot import copied, judged
from builder.environment.unreadable import fault_of, unreadable
from builder.environment.wall import reason
from builder.errors import Place, UsageError
from builder.model import generation
from builder.model.frozen import frozen
from builder.store import Store
from builder.store.notes import Notes

if TYPE_CHECKING:
    from rattler.repo_data.sparse import SparseRepoData

FORMAT = 1
"""Raise when an index that was found clean before may not be any more."""

_WORTH_A_NOTE = 1 << 16
"""Bytes of an index that takes longer to judge than to look up."""

_FILE = "repodata.json"
_NOTHING = json.dumps({"packages": {}, "packages.conda": {}}).encode()
_Signature = tuple[int, int, int, int]


@frozen
class Index:
    """One subdir of a channel as it was when we looked: ``digest`` is its bytes' sha256, ``data`` rattler's view.

    ``left_out`` are the files that were not believed, with reasons, and ``notes`` say so in few words.
    """

    place: ChannelPlace
    subdir: str
    digest: str
    data: SparseRepoData
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> Collection[str]:
        """The names of all packages."""
        return self.data.package_names()


UNKNOWN = "environment.generation"
"""The code of an index that is of no generation of its channel."""


@frozen
class _Read:
    """What is kept of a file that was read: as long as its signature is the same, it is not read again."""

    signature: _Signature
    index: Index
    lines: Lines


class IndexReader:
    """Reads indexes; a local one that has not changed since is not read again."""

    def __init__(
        self, store: Store, ageless: Collection[str] = (), *, access: Access = OPEN, own: Collection[str] = ()
    ) -> None:
        """Keep nothing; ``store`` lends room for snapshots, and ``access`` says what is believed.

        Packages of the channels whose addresses are ``ageless`` count as old whenever they were made: a limit for the
        age of packages is not meant for those that are built here and now. Channels of our ``own`` may have any names
        and any generation.
        """
        self._store = store
        self._ageless = ageless
        self._access = access
        self._own = frozenset(own)
        self._namespaces = Namespaces(access.policy, self._own)
        self._generations = Generations(store, allow_rollback=access.allow_rollback)
        self._clean = Notes(store.root, "clean_indexes")
        self._seen: dict[Path, _Read] = {}
        self._distrusts = False
        self._said = set[str]()

    def read(self, place: ChannelPlace, subdir: str, *, tries: int = 4) -> Index:
        """Return the index of ``subdir`` in a local channel, empty if it has none; UsageError names a broken file.

        Whoever publishes there may be faster than we read, so an index of no generation is read again (``tries``).
        """
        path = place.index(subdir)
        seen = self._seen.get(path)
        try:
            with regular(path) as file:
                found = os.fstat(file.fileno())
                signature = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                if seen is not None and seen.signature == signature:
                    return seen.index
                index, lines = self._taken(self.judge(place, subdir, _FILE), file, seen.lines if seen else {})
        except FileNotFoundError:
            self.check_absent(place, subdir)
            return self.document(place, subdir, io.BytesIO(_NOTHING), _FILE)
        except OSError as error:
            raise _broken(path, error.strerror or str(error)) from error
        try:
            self._check_generation(index)
        except UsageError as error:
            if error.problems[0].code != UNKNOWN or not tries:
                raise
            return self.read(place, subdir, tries=tries - 1)
        self._seen[path] = _Read(signature=signature, index=index, lines=lines)
        return index

    def document(self, place: ChannelPlace, subdir: str, source: IO[bytes], file: str) -> Index:
        """Return the index that ``source`` has out of a ``file``; UsageError says what is wrong with it."""
        return self._taken(self.judge(place, subdir, file), source, {})[0]

    def judge(self, place: ChannelPlace, subdir: str, file: str) -> Judge:
        """Return who judges what a channel's ``file`` for ``subdir`` says."""
        return Judge(
            place=place,
            subdir=subdir,
            where=where_is(place, subdir, file),
            namespaces=self._namespaces,
            hosts=self._access.policy.hosts,
            tries=lambda section, key, text: fault_of(section, key, text, self._store),
        )

    def _taken(self, judge: Judge, source: IO[bytes], known: Lines) -> tuple[Index, Lines]:
        """Copy, judge and map an index; return it with the lines that need no judging any more."""
        with self._store.scratch("index") as folder:
            copy = folder / _FILE
            digest = copied(source, copy, judge)
            if self._distrusts:
                judge.suspects = unreadable(self.mapped(judge.place, judge.subdir, copy, digest).data)
            lines = self._judged(copy, digest, judge, known)
            index = self.mapped(judge.place, judge.subdir, copy, digest)
            index = replace(index, left_out=judge.left_out, notes=judge.notes)
        for note in index.notes:
            if note not in self._said:
                self._said.add(note)
                self._access.report(note)
        return index, lines

    def _judged(self, copy: Path, digest: str, judge: Judge, known: Lines) -> Lines:
        """Judge a copy, unless an index of the same bytes was found clean before, by the same rules."""
        rules = (
            FORMAT,
            digest,
            judge.place.url,
            judge.subdir,
            repr(self._access.policy),
            judge.limits,
            sorted(self._own),
        )
        key = hashlib.sha256(repr(rules).encode()).hexdigest()
        noted = copy.stat().st_size > _WORTH_A_NOTE and not judge.suspects
        if noted and not known and self._clean.read(key) is not None:
            return {}
        lines = judged(copy, judge, known)
        if noted and not judge.dropped:
            self._clean.write(key, b"")
        return lines

    def mapped(self, place: ChannelPlace, subdir: str, copy: Path, digest: str) -> Index:
        """Give rattler a snapshot, which it maps into memory: nobody can pull the file away under it."""
        from rattler.channel.channel import Channel
        from rattler.repo_data.sparse import SparseRepoData

        with _index_wall(place, subdir):
            if place.url in self._ageless:
                copy.write_bytes(_without_age(copy.read_bytes()))
            data = SparseRepoData(Channel(place.url), subdir, copy)
            data.package_names()
        return Index(place=place, subdir=subdir, digest=digest, data=data)

    def _check_generation(self, index: Index) -> None:
        """Compare the generation of a local index with what was seen before: whoever reads that file last knows it."""
        if index.place.url in self._own:
            return
        path = index.place.index(index.subdir)
        try:
            with regular(path.with_name(generation.FILE_NAME)) as file:
                data = file.read(generation.LONGEST + 1)
        except OSError:
            data = b""
        self.check_generation(index.place, index.subdir, data, {_FILE: index.digest}, where=str(path))

    def check_generation(
        self, place: ChannelPlace, subdir: str, data: bytes, file: dict[str, str], *, where: str
    ) -> None:
        """Compare the generation of a ``file`` (name → sha256) with what was seen before; ``data`` says which it is.

        Raises:
            UsageError: it is older than what was seen before, or is of no generation of the channel.
        """
        ((name, digest),) = file.items()
        known = generation.from_json(data)
        number = known.of(name, digest) if known is not None else 0
        if number is None:
            raise UsageError(
                f"{name} of {place.name} for {subdir} is of no generation that the channel knows",
                code=UNKNOWN,
                place=Place(file=where),
                remedy="try again if somebody is publishing there; else index the channel again",
            )
        self._generations.check(place, subdir, number, where=where)

    def check_absent(self, place: ChannelPlace, subdir: str) -> None:
        """Compare with what was seen before when a channel has no index for ``subdir``; UsageError if it had one."""
        if place.url not in self._own:
            self._generations.check(place, subdir, 0, where=where_is(place, subdir, _FILE))

    def distrust(self) -> None:
        """Ask rattler about every record from now on, and leave out what it cannot read.

        It reads a record when a solve comes to it, and then one that is broken ends the solve.
        """
        self._distrusts = True
        self._seen.clear()


def _without_age(content: bytes) -> bytes:
    """Return an index whose records were indexed long ago, which is what rattler compares first."""
    document = json.loads(content)
    old = [document.get(section, {}) for section in ("packages", "packages.conda")]
    for records in (*old, *document.get("v3", {}).values()):
        for record in records.values():
            record[INDEXED] = 0
    return json.dumps(document).encode()


LOOSE = ChannelPlace(name="loose packages", url="file:///loose-packages")
"""The channel that packages without a channel are offered in; its addresses are replaced by the packages' own."""


def where_is(place: ChannelPlace, subdir: str, file: str = _FILE) -> str:
    """Return the path or the address of a channel's ``file`` for ``subdir``, for messages."""
    if place is LOOSE:
        return place.name
    return f"{place.url}/{subdir}/{file}" if place.folder is None else str(place.index(subdir).with_name(file))


def regular(path: Path) -> IO[bytes]:
    """Open a file of a channel; OSError too if it is none: a pipe would be waited for, a device has no end."""
    file = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")  # noqa: PTH123, SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no file")
    return file


@contextmanager
def _index_wall(place: ChannelPlace, subdir: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever rattler says of an index, the file is what the user can look at
        raise _broken(where_is(place, subdir), reason(error)) from error


def _broken(path: Path | str, why: str) -> UsageError:
    return UsageError(
        f"this channel index cannot be read: {why}",
        code="environment.index",
        place=Place(file=str(path)),
        remedy="index the channel again, or take the channel away",
    )
