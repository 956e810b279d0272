"""Sources without a sha256, for whoever allows them: what came is measured, and remembered for ``--offline``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from builder.archive import is_archive
from builder.errors import SourceError
from builder.model.recipe import UrlSource
from builder.source.address import file_name, shown
from builder.source.digests import other_digests
from builder.source.patience import page
from builder.store import Notes, Store, StoredFile

_KIND = "unhashed"
_HEAD = 1024


class Unhashed:
    """Turns what came for a source into its digest, and remembers the digest."""

    def __init__(self, store: Store) -> None:
        """Remember in ``store``."""
        self._store = store
        self._notes = Notes(store.root, _KIND)

    def measured(self, source: UrlSource, stored: StoredFile) -> UrlSource:
        """Return ``source`` with the digest of what came for it.

        Raises `SourceError` when that has not the other digests that the recipe gives, or is a web page in place of an
        archive: nothing else vouches for it.
        """
        for kind, wanted, there in other_digests(source, stored.path):
            if there != wanted:
                raise SourceError(
                    f"{shown(source.urls[0])} has {kind} {there}, not {wanted} as the recipe says",
                    code="source.wrong-bytes",
                    remedy=f"if its author really published other bytes, check them and change the recipe's {kind}",
                )
        with stored.path.open("rb") as file:
            what = page(file.read(_HEAD))
        if what is not None and is_archive(source.archive_name or file_name(source.urls[0])):
            raise SourceError(
                f"{shown(source.urls[0])}: {what}",
                code="source.wrong-bytes",
                remedy="look at the address in a browser: it may ask for a login, or the file has moved",
            )
        self._notes.write(_key(source), stored.sha256.encode())
        return replace(source, measured=stored.sha256)

    def remembered(self, source: UrlSource) -> UrlSource | None:
        """Return ``source`` with the digest of what came last, None when that is not in the store."""
        found = self._notes.read(_key(source))
        if found is None or self._store.file(found.decode("ascii", "replace")) is None:
            return None
        return replace(source, measured=found.decode())


def _key(source: UrlSource) -> str:
    said = [source.urls, source.md5, source.digests]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def unhashed(sources: Sequence[UrlSource]) -> tuple[UrlSource, ...]:
    """Return the sources that nothing is known of yet by which they could be told from others, each once."""
    return tuple(dict.fromkeys(one for one in sources if one.sha256 is None and one.measured is None))
