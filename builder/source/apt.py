"""The Debian archive that this machine's apt configuration names; apt itself is never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from builder.model.frozen import frozen

_SUITES = frozenset(
    {"bullseye", "bookworm", "trixie", "forky", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"}
)
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>(?:\s+\S+)*)")


@frozen
class _Entry:
    """One archive of the configuration; ``signed_by`` is the keyring that it names, or empty."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


def debian_archive(folder: Path) -> str | None:
    """Return the base address of the first Debian archive of the apt configuration in ``folder``, or None.

    A Debian archive is an entry for binary packages (``deb``) of a suite by one of Debian's own names, with component
    ``main``, and signed by no other keyring than Debian's. ``sources.list`` comes first, then ``sources.list.d`` by
    name, as in sources.list(5).
    """
    for entry in _entries(folder):
        foreign = entry.signed_by and "debian-archive" not in entry.signed_by
        if foreign or "main" not in entry.components or _SUITES.isdisjoint(entry.suites):
            continue
        for uri in entry.uris:
            if uri.startswith(("http://", "https://", "file:/")):
                return uri.rstrip("/")
    return None


def _entries(folder: Path) -> Iterator[_Entry]:
    parts = folder / "sources.list.d"
    for path in (folder / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # absent, or not for us to read: another file may name the archive
            continue
        yield from _stanzas(text) if path.suffix == ".sources" else _lines(text)


def _lines(text: str) -> Iterator[_Entry]:
    for line in text.splitlines():
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if found is None:
            continue
        options = dict(option.split("=", 1) for option in (found["options"] or "").split() if "=" in option)
        yield _Entry(
            uris=(found["uri"],),
            suites=(found["suite"],),
            components=tuple(found["components"].split()),
            signed_by=options.get("signed-by", ""),
        )


def _stanzas(text: str) -> Iterator[_Entry]:
    """Yield the entries of a deb822 file; a comment may stand inside a stanza, a value may go on in indented lines."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", kept):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
            yield _Entry(
                uris=tuple(fields.get("uris", "").split()),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
            )
