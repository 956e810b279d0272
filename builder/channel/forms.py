"""The index files of a subdir, which are of one generation: read, judged, and replaced so that readers can tell.

A writer first says which generation comes, with the digests of the files as they will be (`builder.model.generation`),
then replaces the files. What a killed writer leaves is told from what another hand has changed: of a file that is of no
known generation nobody knows whose it is, and nothing is published on top of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from builder.channel import exports, index, keys, shards
from builder.channel.entries import Entry
from builder.errors import Place, WorkError
from builder.model import generation
from builder.model.frozen import frozen
from builder.model.generation import Generation, Generations
from builder.store import atomic_write

REPODATA = "repodata.json"
_PACKED = "repodata.json.zst"
NAMES = (keys.FILE_NAME, exports.FILE_NAME, shards.FILE_NAME, _PACKED, REPODATA)
"""In the order in which they are written: ``repodata.json`` last, for it makes a package known to most readers."""


@frozen
class Forms:
    """The index files of one subdir as they were found: ``files`` has those that are there, ``said`` their story."""

    folder: Path
    files: Mapping[str, bytes]
    said: Generations | None

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each file."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}

    @property
    def whole(self) -> bool:
        """Whether all files are there and of the generation that they should be of."""
        return self.said is not None and dict(self.said.now.files) == self.digests

    @property
    def foreign(self) -> bool:
        """Whether the files are another tool's, which nobody vouches for yet."""
        return self.said is None and bool(self.files)

    def known(self) -> dict[str, Entry]:
        """Return what the files say of packages that both index and keys know; nothing where nobody vouches for it."""
        if self.said is None:
            return {}
        records = index.parse_own(self.files.get(REPODATA, b""))
        own = keys.parse_own(self.files.get(keys.FILE_NAME, b""))
        return {name: Entry(record=records[name], keys=own[name]) for name in records.keys() & own.keys()}


def read(folder: Path, *, anew: bool = False) -> Forms:
    """Return the index files in ``folder``; the caller holds the channel's lock.

    With ``anew`` nobody wants to know what they say, only which generations there were.

    Raises:
        WorkError: another hand has changed one of them, or they disagree and nobody says which is right.
    """
    found = {name: data for name in NAMES if (data := _read(folder / name)) is not None}
    story = _read(folder / generation.FILE_NAME)
    said = generation.from_json(story) if story is not None else None
    forms = Forms(folder=folder, files=found, said=said)
    if not anew:
        if story is not None and said is None:
            raise _refused(folder / generation.FILE_NAME, "says nothing that can be understood")
        _judge(forms)
    return forms


def trusted(folder: Path, name: str) -> bytes:
    """Return an index file for a reader without a lock, empty if it is not there.

    Raises:
        WorkError: another hand has changed it.
    """
    for _ in range(_TRIES):
        data = _read(folder / name)
        story = _read(folder / generation.FILE_NAME)
        if data is None or story is None:
            return data or b""
        said = generation.from_json(story)
        if said is not None and said.of(name, hashlib.sha256(data).hexdigest()) is not None:
            return data
    raise _refused(folder / name, f"is not what {generation.FILE_NAME} says")


_TRIES = 5
"""How often a reader looks when writers go on faster than it reads."""


def generation_of(folder: Path) -> int:
    """Return the number of the generation that the index files in ``folder`` are of, or are becoming; 0 for none."""
    said = generation.from_json(_read(folder / generation.FILE_NAME) or b"")
    return said.now.number if said is not None else 0


def write(forms: Forms, entries: Mapping[str, Entry], known: Mapping[str, Entry], *, anew: bool = False) -> None:
    """Bring the index files up to date with ``entries``, by file name; nothing is written where nothing changes.

    ``known`` is what the files say so far. With ``anew`` every shard is looked at, also where nothing has changed.

    Raises:
        WorkError: an index that another tool has made gives other digests than the packages have.
    """
    folder = forms.folder
    steady = forms.whole and not anew
    if steady and known == entries:
        return
    records = {name: entry.record for name, entry in entries.items()}
    before = {name: entry.record for name, entry in known.items()} if steady else {}
    if forms.said is None and not anew:
        _compare_packages(forms, index.render(folder.name, records))
    table, dropped = _write_shards(forms, before, records)
    shown = exports.parse(forms.files[exports.FILE_NAME]) if steady else {}
    shown = {name: text for name, text in shown.items() if before.get(name) == records.get(name)}
    for number in _numbers(forms, steady=steady):
        made = {
            keys.FILE_NAME: keys.render({name: entry.keys for name, entry in entries.items()}),
            exports.FILE_NAME: exports.render(folder.name, records, number, shown),
            shards.FILE_NAME: shards.render_table(folder.name, table, number),
            REPODATA: index.render(folder.name, records, number),
        }
        made[_PACKED] = index.compress(made[REPODATA])
        if _announce(forms, number, made):
            break
    for name in NAMES:
        if forms.files.get(name) != made[name]:
            atomic_write(folder / name, made[name])
    shards.release(folder, dropped)


def sweep(folder: Path) -> None:
    """Remove the shards that no reader can want any more; the caller holds the channel's lock."""
    shards.sweep(folder, folder / shards.FILE_NAME, folder / generation.FILE_NAME)


def _write_shards(
    forms: Forms, before: Mapping[str, str], records: Mapping[str, str]
) -> tuple[shards.Digests, frozenset[str]]:
    """Write the shards that change, return the table of all, and the digests that it does not name any more.

    ``before`` is empty where it is not known which shards there are: all are looked at.
    """
    old = shards.parse_table(forms.files[shards.FILE_NAME]) if forms.whole else {}
    changed = shards.touched(before, records)
    written = shards.grouped(records, changed).items()
    new = {name: shards.write(forms.folder, shards.render(own)) for name, own in written}
    kept = {name: digest for name, digest in old.items() if name not in changed} if before else {}
    return kept | new, frozenset(old.values()) - frozenset(new.values()) - frozenset(kept.values())


def _numbers(forms: Forms, *, steady: bool) -> tuple[int, ...]:
    """Return the numbers that the coming generation may have: that which was announced, if it is the same, or the next.

    Where nobody tells the story any more, the index itself may still say which generation it was.
    """
    if forms.said is None:
        return (index.generation_in(forms.files.get(REPODATA, b"")) + 1,)
    last = forms.said.now.number
    return (last + 1,) if steady else (last, last + 1)


def _announce(forms: Forms, number: int, made: Mapping[str, bytes]) -> bool:
    """Say which generation comes; False for one that has been announced already, and not as this."""
    coming = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    if forms.said is not None and forms.said.now.number == number:
        return dict(forms.said.now.files) == coming
    there, said = forms.digests, forms.said
    earlier = (said.now, *said.before) if said is not None else ()
    before = tuple(one for one in earlier if any(one.files.get(name) == digest for name, digest in there.items()))
    now = Generation(number=number, files=coming)
    atomic_write(forms.folder / generation.FILE_NAME, generation.to_json(Generations(now=now, before=before)))
    return True


def _judge(forms: Forms) -> None:
    """Refuse files that another hand has changed, and without generations those that disagree with each other."""
    if forms.said is not None:
        for name, digest in forms.digests.items():
            if forms.said.of(name, digest) is None:
                raise _refused(forms.folder / name, f"is not what {generation.FILE_NAME} says")
        return
    repodata = forms.files.get(REPODATA)
    if repodata is None:
        return
    packed, table = forms.files.get(_PACKED), forms.files.get(shards.FILE_NAME)
    if packed is not None and not index.is_compressed(repodata, packed):
        raise _refused(forms.folder / _PACKED, f"says other than {REPODATA}")
    if table is not None:
        _compare_shards(forms.folder, table, index.digests(repodata))
    missing = sorted(name for name in index.digests(repodata) if not (forms.folder / name).is_file())
    if missing:
        raise _refused(forms.folder / REPODATA, f"lists packages that are not there: {', '.join(missing[:3])}")


def _compare_packages(forms: Forms, repodata: bytes) -> None:
    """Refuse another tool's index that gives other digests than the packages have, which have just been read."""
    listed, found = index.digests(forms.files.get(REPODATA, b"")), index.digests(repodata)
    other = sorted(name for name in listed.keys() & found.keys() if listed[name] not in {"", found[name]})
    if other:
        raise _refused(forms.folder / REPODATA, f"gives another sha256 than the package has: {', '.join(other[:3])}")


def _compare_shards(folder: Path, table: bytes, listed: Mapping[str, str]) -> None:
    """Refuse another tool's shards that do not say what its ``repodata.json`` says."""
    path, found = folder / shards.FILE_NAME, dict[str, str]()
    try:
        for digest in shards.parse_table(table).values():
            path = next((one for one in _places(folder, digest) if one.is_file()), path)
            shard = path.read_bytes()
            if hashlib.sha256(shard).hexdigest() != digest:
                raise _refused(path, "has other bytes than its name says")
            found |= shards.parse(shard)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(path, f"cannot be read: {error}") from error
    if found != listed:
        raise _refused(folder / shards.FILE_NAME, f"says other than {REPODATA}")


def _places(folder: Path, digest: str) -> tuple[Path, Path]:
    """Return where a shard may lie: where rattler and we put it, or beside the packages, where conda-index does."""
    own = shards.path_of(folder, digest)
    return own, folder / own.name


def _refused(path: Path, why: str) -> WorkError:
    return WorkError(
        f"{path.name} {why}: somebody else has changed it",
        code="channel.disagree",
        place=Place(file=str(path)),
        remedy=f"find out who; `bakehouse index {path.parent.parent}` makes all indexes anew from the packages alone",
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
