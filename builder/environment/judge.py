"""What is believed of a channel's index: an index that breaks out is refused, a record that is of no use is left out.

Refused as a whole is what can only be meant badly or is no index at all: names that are paths, addresses that lead
elsewhere, two values under one key. A single record that no solver could use is left out and counted, so that one
mistake does not cost the channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urljoin, urlsplit

from builder.environment.access import Namespaces, leads_on
from builder.environment.place import ChannelPlace
from builder.errors import Place, UsageError
from builder.model.frozen import frozen
from builder.model.version import shortened

Section = tuple[str, ...]
"""The keys that lead to a map of records in an index."""

SECTIONS: Mapping[Section, tuple[str, str]] = {
    ("packages",): (".tar.bz2", ""),
    ("packages.conda",): (".conda", ""),
    ("v3", "tar.bz2"): ("", ".tar.bz2"),
    ("v3", "conda"): ("", ".conda"),
}
"""The sections that list packages: what ends their keys, and what file names have besides (CEPs 36 and 48)."""


def descends(path: Section) -> bool:
    """Whether the map at ``path`` may be large: it is read value by value."""
    return (path[0] != "info" and len(path) == 1) or (path[0] == "v3" and len(path) == 2)


_VERSIONS = (None, 1, 2)
"""Values of ``repodata_version`` that we know how to read."""

_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f]|^\.")
_KEY = re.compile(r"[A-Za-z0-9_.+!~=-]+")
_ADDRESS = re.compile(
    r"(?:file:///(?!/)|[A-Za-z][A-Za-z0-9+.-]*://(?!/)|//(?!/)|(?![A-Za-z][A-Za-z0-9+.-]*:|//))[!-\[\]-~]*"
)
"""Addresses that everybody reads alike: where browsers and RFC 3986 differ, nobody knows where one leads."""

_HUGE = re.compile(r"[0-9]{20}")
_HEXADECIMAL = "0123456789abcdefABCDEF"
_DIGESTS = (("sha256", 64), ("md5", 32))
_LISTS = ("depends", "constrains")
_TEXTS = {str}
_YEAR_10000 = 253_402_300_800_000
"""Milliseconds since 1970; no package is from later."""


@frozen
class IndexLimits:
    """How much an index may be; conda-forge's largest has 700,000 records in 350 MB, the longest lists have 200 items.

    ``bytes`` are those of the plain JSON, ``value`` those of one value in it that is no record's section.
    """

    bytes: int = 2 << 30
    value: int = 8 << 20
    records: int = 3_000_000
    items: int = 5_000
    text: int = 2_000
    name: int = 128


LIMITS = IndexLimits()


@dataclass(slots=True)
class Judge:
    """Judges one index: of ``place``, for ``subdir``, lying at ``where``.

    ``hosts`` may be led to besides the channel's own. ``tries`` looks once more at records of the names in
    ``suspects``, and says what is wrong with them. ``skipped`` are records of no use with the reason, ``barred``
    those whose names belong to other channels.
    """

    place: ChannelPlace
    subdir: str
    where: str
    namespaces: Namespaces
    hosts: tuple[str, ...] = ()
    suspects: frozenset[str] = frozenset()
    tries: Callable[[Section, str, str], str | None] = lambda _section, _key, _text: None
    limits: IndexLimits = LIMITS
    skipped: dict[str, str] = field(default_factory=dict)
    barred: list[str] = field(default_factory=list)
    dropped: set[tuple[Section, str]] = field(default_factory=set)
    count: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of what is left out, a line each."""
        found = []
        if self.skipped:
            first, why = next(iter(self.skipped.items()))
            found.append(f"{self._counted(len(self.skipped))}, the first {shortened(first)}: {why}")
        if self.barred:
            first, why = self.barred[0], "the names belong to other channels"
            found.append(f"{self._counted(len(self.barred))}, the first {shortened(first)}: {why}")
        return tuple(found)

    def _counted(self, count: int) -> str:
        records = "1 record" if count == 1 else f"{count:,} records"
        return f"{records} of {self.place.name} for {self.subdir} {'is' if count == 1 else 'are'} left out"

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """The keys of all records that were left out, with reasons."""
        return (*self.skipped.items(), *((key, self._why_barred(key)) for key in self.barred))

    def _why_barred(self, key: str) -> str:
        return self.namespaces.why(key.rsplit("-", 2)[0])

    def member(self, path: Section, key: str, value: object, text: str) -> bool:
        """Judge whatever an index has under ``key`` of the map at ``path``; return whether it may stay."""
        if path in SECTIONS:
            if self.keeps(path, key, value, text):
                return True
            self.dropped.add((path, key))
            return False
        if not path:
            self.top(key, value)
        return True

    def top(self, key: str, value: object) -> None:
        """Judge a value at the top of the document; `UsageError` refuses the index."""
        if key == "info":
            self._info(value)
        elif key == "repodata_version" and (value not in _VERSIONS or isinstance(value, bool)):
            known = " and ".join(str(version) for version in _VERSIONS if version)
            raise self.refusal(
                f"its repodata_version is {shortened(repr(value))}, known are {known}",
                "use a newer bakehouse, or take the channel away",
            )
        elif key in {"packages", "packages.conda", "v3"}:
            raise self.refusal(f"{key!r} is no map")

    def keeps(self, section: Section, key: str, record: object, text: str) -> bool:
        """Whether the record ``text`` under ``key`` may be offered; `UsageError` refuses the index for its sake."""
        self.count += 1
        if self.count > self.limits.records:
            raise self.refusal(f"it has more than {self.limits.records:,} records")
        if _UNSAFE.search(key):
            raise self.unsafe("key", key)
        why = self.fault(section, key, record)
        if why is None:
            name = cast("Mapping[str, str]", record)["name"]
            if self.namespaces.bar(name, self.place):
                self.barred.append(key)
                return False
            if name in self.suspects:
                why = self.tries(section, key, text)
        if why is None:
            return True
        self.skipped[key] = why
        return False

    def fault(self, section: Section, key: str, record: object) -> str | None:
        """Return why nobody can use a record, None if it seems usable."""
        if not isinstance(record, dict):
            return "it is no map"
        try:
            name, version, build, number = record["name"], record["version"], record["build"], record["build_number"]
        except KeyError as missing:
            return f"it has no {missing.args[0]}"
        if type(name) is not str or type(version) is not str or type(build) is not str:
            return "name, version and build must be texts"
        if type(number) is not int or not 0 <= number < 1 << 63:
            return f"its build number is {shortened(repr(number))}"
        suffix, more = SECTIONS[section]
        if f"{name}-{version}-{build}{suffix}" != key:
            return self._other_name(record)
        if not _KEY.fullmatch(key) or "-" in version or "-" in build or len(key) > 3 * self.limits.name:
            return "its name, version or build is none that a package may have"
        if len(version) > 18 and (len(version) > self.limits.name or _HUGE.search(version)):
            return "its version is too long, or has a number that is too large"
        return self._of_details(key + more, record)

    def _of_details(self, file: str, record: Mapping[str, object]) -> str | None:
        if record.get("subdir", self.subdir) != self.subdir:
            return f"it says that it is for {shortened(str(record['subdir']))}"
        if record.get("fn", file) != file:
            return f"it says that its file is {shortened(str(record['fn']))}"
        if "url" in record:
            self.allow(record["url"], "url")
        for digest, length in _DIGESTS:
            value = record.get(digest)
            if value is not None and (type(value) is not str or len(value) != length or value.strip(_HEXADECIMAL)):
                return f"its {digest} is none"
        for numeric, most in (("size", 1 << 63), ("timestamp", _YEAR_10000), ("indexed_timestamp", _YEAR_10000)):
            value = record.get(numeric)
            if value is not None and (type(value) is not int or not 0 <= value < most):
                return f"its {numeric} is {shortened(repr(value))}"
        return self._of_lists(record)

    def _of_lists(self, record: Mapping[str, object]) -> str | None:
        for kind in _LISTS:
            value = record.get(kind)
            if value is None or value == []:
                continue
            if not isinstance(value, list) or set(map(type, value)) != _TEXTS:
                return f"its {kind} is no list of texts"
            if len(value) > self.limits.items:
                return f"its {kind} has {len(value):,} items, more than {self.limits.items:,}"
            if max(map(len, value)) > self.limits.text:
                return f"its {kind} has an item of more than {self.limits.text:,} signs"
        return None

    def _other_name(self, record: Mapping[str, object]) -> str:
        for part in ("name", "version", "build"):
            value = str(record[part])
            if _UNSAFE.search(value):
                raise self.unsafe(part, value)
        called = "-".join(str(record[part]) for part in ("name", "version", "build"))
        return f"it says that it is {shortened(called)}"

    def _info(self, info: object) -> None:
        if not isinstance(info, dict):
            raise self.refusal("its 'info' is no map")
        subdir = info.get("subdir", self.subdir)
        if subdir != self.subdir:
            raise self.refusal(f"it says that it is for {shortened(repr(subdir))}, not {self.subdir}")
        for key in ("base_url", "shards_base_url"):
            if info.get(key) is not None:
                self.allow(info[key], f"info.{key}")

    def allow(self, address: object, key: str) -> str:
        """Return an address in the index in full; `UsageError` if it leads where the channel may not lead.

        That is another host than its own or those of ``hosts``, from ``https`` to ``http``, and in the file system
        out of the channel's folder.
        """
        home = f"{self.place.url}/{self.subdir}/"
        if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
            raise self.refusal(f"its {key} is no address: {shortened(repr(address))}")
        try:
            full = urljoin(home, address)
            if leads_on(self.place, full, self.hosts) or self._within(full):
                return full
            host = (urlsplit(full).hostname or "") if leads_on(self.place, full, None) else ""
        except ValueError:
            raise self.refusal(f"its {key} is no address: {shortened(address)}") from None
        raise UsageError(
            f"the index of {self.place.name} leads elsewhere: its {key} is {shortened(address)}",
            code="environment.host",
            place=Place(file=self.where),
            remedy=f"if you trust it with this channel, write `hosts: [{host}]` into bakehouse.yaml"
            if host
            else "use another channel: no file of this machine, and nothing unencrypted, may stand in for this one",
        )

    def _within(self, address: str) -> bool:
        """Whether an address is that of a file in a local channel's own folder."""
        top = f"{self.place.url}/"
        return self.place.folder is not None and f"{address}/".startswith(top) and "%" not in address.removeprefix(top)

    def broken(self, error: ValueError) -> UsageError:
        """Return the error for what is no document of JSON."""
        return self.refusal(shortened(str(error)) if str(error) else "it is no JSON")

    def unsafe(self, what: str, value: str) -> UsageError:
        """Return the refusal of an index in which something is called as a path is."""
        return self.refusal(
            f"it has a {what} that leads out of the channel: {shortened(value)!r}",
            "do not use this channel, and tell whoever runs it: no tool writes such a thing by mistake",
        )

    def refusal(self, why: str, remedy: str = "index the channel again, or take the channel away") -> UsageError:
        """Return the error for the whole index."""
        return UsageError(
            f"this channel index cannot be read: {why}",
            code="environment.index",
            place=Place(file=self.where),
            remedy=remedy,
        )
