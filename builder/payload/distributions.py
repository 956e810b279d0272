"""What installers say of themselves in ``*.dist-info`` folders, made true for a conda package."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from builder.model.finding import Finding, Severity
from builder.model.frozen import frozen
from builder.model.payload import Entry

_INSTALLER = b"conda\n"
_SHOWN = 3


def tidy_distributions(
    entries: Iterable[Entry], scratch: Path, *, made: Container[str]
) -> tuple[list[Entry], tuple[Finding, ...]]:
    """Return ``entries`` with true ``*.dist-info`` folders, and what is wrong with their lists of files.

    ``INSTALLER`` says conda, so that pip leaves the package alone (rattler-build's rule). ``direct_url.json`` goes when
    it names a folder of the building machine: PEP 610 wants it only for what a user installed from there. ``RECORD``
    forgets bytecode and what was left out, and the digests of what was changed; ``made`` are commands that packaging or
    an installer writes itself. Changed files are written below ``scratch``.
    """
    kept = {entry.path: entry for entry in entries}
    findings: list[Finding] = []
    for folder in sorted({str(PurePosixPath(path).parent) for path in kept if _is_of_distribution(path)}):
        if (entry := kept.get(f"{folder}/INSTALLER")) is not None and entry.content is not None:
            kept[entry.path] = _put(entry, _INSTALLER, scratch)
        origin = f"{folder}/direct_url.json"
        if origin in kept and _is_local(kept[origin]):
            del kept[origin]
        record = kept.get(f"{folder}/RECORD")
        if record is not None and record.content is not None:
            rows = _Rows(kept=kept, own=frozenset({record.path, f"{folder}/INSTALLER"}), made=made)
            text, missing = rows.rewritten(record.content, str(PurePosixPath(folder).parent))
            kept[record.path] = _put(record, text, scratch)
            findings += _missing(record.path, missing)
    return list(kept.values()), tuple(findings)


@frozen
class _Rows:
    """What decides the rows of one ``RECORD``: the files there are, those that were rewritten, and the commands."""

    kept: Mapping[str, Entry]
    own: frozenset[str]
    made: Container[str]

    def rewritten(self, file: Path, base: str) -> tuple[bytes, list[str]]:
        """Return the list as it should be, unchanged lines to the byte, and the paths of the prefix that are missing.

        ``base`` is the folder that its paths start from.
        """
        lines: list[bytes] = []
        missing: list[str] = []
        for line in file.read_bytes().splitlines(keepends=True):
            cells = _cells(line)
            if cells is None:
                lines.append(line)
                continue
            path = posixpath.normpath(posixpath.join(base, cells[0]))
            if path in self.own or path in self.made:
                lines.append(self._row(cells[0], path) + line[len(line.rstrip(b"\r\n")) :])
            elif path in self.kept:
                lines.append(line)
            elif not path.endswith((".pyc", ".dist-info/direct_url.json")):
                lines.append(line)
                missing.append(path)
        return b"".join(lines), missing

    def _row(self, name: str, path: str) -> bytes:
        """Return the row of a rewritten file; of ``RECORD`` itself, and of commands, nobody knows a digest."""
        digest, size = "", ""
        if path.endswith("/INSTALLER"):
            digest = "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(_INSTALLER).digest()).decode().rstrip("=")
            size = str(len(_INSTALLER))
        import csv

        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow([name, digest, size])
        return row.getvalue().encode()


def _is_of_distribution(path: str) -> bool:
    return path.endswith((".dist-info/RECORD", ".dist-info/INSTALLER", ".dist-info/direct_url.json"))


def _is_local(entry: Entry) -> bool:
    try:
        said = json.loads(entry.content.read_bytes()) if entry.content is not None else None
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and str(said.get("url", "")).startswith("file:")


def _cells(line: bytes) -> Sequence[str] | None:
    """Return the cells of one line, None when it is no row of three."""
    import csv  # which few packages have a use for

    try:
        rows = list(csv.reader([line.decode().rstrip("\r\n")]))
    except (UnicodeDecodeError, csv.Error):
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == 3 else None


def _put(entry: Entry, content: bytes, scratch: Path) -> Entry:
    place = scratch / "distributions" / entry.path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return replace(entry, content=place, size=len(content))


def _missing(record: str, paths: Sequence[str]) -> Iterator[Finding]:
    if paths:
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield Finding(
            check="dist-info",
            severity=Severity.NOTE,
            path=record,
            message=f"it lists what the package does not hold: {', '.join(paths[:_SHOWN])}{more}",
        )
