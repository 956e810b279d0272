"""Takes out of files of Python packages what differs because they were made in another place, or listed at another time."""

from __future__ import annotations

import csv
import io
import re

_PLACE = re.compile(
    rb"(?:[zZ\xfa\xda](?P<short>.)|[aA\xe1\xc1](?P<long>.{4}))"
    rb"(?P<path>(?:[^\0]{1,400}?/)?lib/python3\.\d+/site-packages/[\w./-]{1,200}?\.py)",
    re.DOTALL,
)
"""A text in marshalled code that is the path of a module: its type, its length, itself."""


def without_place(content: bytes) -> bytes:
    """Return bytecode without the path of its module, which it holds once; header and code stay."""
    for found in _PLACE.finditer(content):
        length = found["short"] or found["long"]
        if int.from_bytes(length, "little") == len(found["path"]):
            return content[: found.start()] + content[found.end() :]
    return content


def without_bytecode_and_digests(content: bytes) -> bytes:
    """Return the names that a RECORD lists, but for bytecode and ``direct_url.json``."""
    names = [row[0] for row in csv.reader(io.StringIO(content.decode()))]
    kept = [name for name in names if not name.endswith((".pyc", ".dist-info/direct_url.json"))]
    return "\n".join(sorted(kept)).encode()
