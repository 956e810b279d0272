"""Reading local channels' indexes afresh: a channel is appended to while a run goes on, nothing may be out of date."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from builder.environment.place import ChannelPlace
from builder.environment.records import INDEXED
from builder.environment.wall import reason
from builder.errors import Place, UsageError
from builder.model.frozen import frozen
from builder.model.package import Package
from builder.store import Store

if TYPE_CHECKING:
    from rattler.repo_data.sparse import SparseRepoData

_REVISION = 3
_NOTHING = json.dumps({"packages": {}, "packages.conda": {}}).encode()


@frozen
class Index:
    """One subdir of a channel as it was when we looked: ``digest`` is its bytes' sha256, ``data`` rattler's view."""

    place: ChannelPlace
    subdir: str
    digest: str
    data: SparseRepoData


_Signature = tuple[int, int, int, int]


class IndexReader:
    """Reads indexes of local channels; one that has not changed since is not read again."""

    def __init__(self, store: Store, ageless: Container[str] = ()) -> None:
        """Keep nothing; ``store`` lends room for snapshots.

        Packages of the channels whose addresses are ``ageless`` count as old whenever they were made: a limit for the
        age of packages is not meant for those that are built here and now.
        """
        self._store = store
        self._ageless = ageless
        self._seen: dict[Path, tuple[_Signature, Index]] = {}

    def read(self, place: ChannelPlace, subdir: str) -> Index:
        """Return the index of ``subdir`` in a local channel, empty if it has none; UsageError names a broken file."""
        path = place.index(subdir)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                signature = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                seen = self._seen.get(path)
                if seen is not None and seen[0] == signature:
                    return seen[1]
                content = file.read()
        except FileNotFoundError:
            return self._parsed(place, subdir, _NOTHING)
        except OSError as error:
            raise _broken(path, error.strerror or str(error)) from error
        index = self._parsed(place, subdir, content)
        self._seen[path] = (signature, index)
        return index

    def of_packages(self, packages: Sequence[Package], subdir: str) -> Index | None:
        """Return an index of loose packages, None if none of them is for ``subdir``."""
        records = {package.file_name: json.loads(package.record) for package in packages if package.subdir == subdir}
        if not records:
            return None
        kinds = {"packages": ".tar.bz2", "packages.conda": ".conda"}
        new = {name: record for name, record in records.items() if record.get("schema_version") == _REVISION}
        content: dict[str, object] = {
            kind: {name: record for name, record in records.items() if name.endswith(extension) and name not in new}
            for kind, extension in kinds.items()
        }
        if new:  # rattler looks for flags and extras nowhere else (CEP 48)
            content["v3"] = {
                extension: {
                    name.removesuffix(f".{extension}"): record
                    for name, record in new.items()
                    if name.endswith(f".{extension}")
                }
                for extension in ("conda", "tar.bz2")
            }
        text = json.dumps({"info": {"subdir": subdir}} | content, sort_keys=True)
        return self._parsed(LOOSE, subdir, text.encode())

    def _parsed(self, place: ChannelPlace, subdir: str, content: bytes) -> Index:
        """Give rattler a snapshot, which it maps into memory: nobody can pull the file away under it."""
        from rattler.channel.channel import Channel
        from rattler.repo_data.sparse import SparseRepoData

        with self._store.scratch("index") as folder:
            snapshot = folder / "repodata.json"
            with _index_wall(place, subdir):
                snapshot.write_bytes(_without_age(content) if place.url in self._ageless else content)
                data = SparseRepoData(Channel(place.url), subdir, snapshot)
                data.package_names()
        return Index(place=place, subdir=subdir, digest=hashlib.sha256(content).hexdigest(), data=data)


def _without_age(content: bytes) -> bytes:
    """Return an index whose records were indexed long ago, which is what rattler compares first."""
    document = json.loads(content)
    old = [document.get(section, {}) for section in ("packages", "packages.conda")]
    for records in (*old, *document.get("v3", {}).values()):
        for record in records.values():
            record[INDEXED] = 0
    return json.dumps(document).encode()


def check_records(indexes: Sequence[Index]) -> None:
    """Read every record; UsageError names the index that has a broken one."""
    for index in indexes:
        with _index_wall(index.place, index.subdir):
            index.data.load_all_records()


LOOSE = ChannelPlace(name="loose packages", url="file:///loose-packages")
"""The channel that packages without a channel are offered in; its addresses are replaced by the packages' own."""


@contextmanager
def _index_wall(place: ChannelPlace, subdir: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever rattler says of an index, the file is what the user can look at
        path = place.index(subdir) if place.folder is not None else Path(place.name)
        raise _broken(path, reason(error)) from error


def _broken(path: Path, why: str) -> UsageError:
    return UsageError(
        f"this channel index cannot be read: {why}",
        code="environment.index",
        place=Place(file=str(path)),
        remedy="index the channel again, or take the channel away",
    )
