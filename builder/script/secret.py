"""The forms in which a secret may be printed: as it is, encoded, quoted, escaped, reversed."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from math import log2
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Shorter secrets are not hidden: that would tear every line and hide nothing."""

_PRIVATE_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|APIKEY"
    r"|(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|DEPLOY|ACCOUNT|UPLOAD|MASTER|AUTH)_?KEY)(?:_|$)"
)
_PRIVATE_SIZE = range(16, 4096)
_FEWEST_BITS = 3.0
"""Of Shannon entropy in a sign: words and paths have less, random signs more."""

_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


def forms_of(secret: str) -> frozenset[str]:
    """Return all forms of a secret, and of each of its lines, that are long enough to be hidden."""
    parts = {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}
    found = {form for part in parts if len(part.strip()) >= SHORTEST for form in _forms(part)}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def looks_private(name: str, value: str) -> bool:
    """Whether a variable of the caller's, which nobody called a secret, is one by its name and its value.

    So it is told from settings that only have such a name: paths, addresses, switches, words, fingerprints of keys.
    """
    if not _PRIVATE_NAME.search(name.upper()) or len(value) not in _PRIVATE_SIZE:
        return False
    if "PRIVATE KEY-----" in value:
        return True
    plain = not value.startswith(("/", "~", ".", "-")) and "://" not in value and not re.search(r"\s", value)
    mixed = any(sign.isdigit() for sign in value) and any(sign.isalpha() for sign in value)
    return plain and mixed and _bits(value) >= _FEWEST_BITS


def _bits(text: str) -> float:
    """Return the Shannon entropy of a text in bits for each sign."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * log2(share) for share in shares)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield secret[::-1]
    yield from _in_addresses(secret)
    yield from _quoted(secret)
    data = secret.encode("utf-8", "surrogateescape")
    yield data.hex()
    yield data.hex().upper()
    for text in _in_base64(data):
        yield text
        yield text.replace("+", "-").replace("/", "_")


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield it by itself, as ``echo`` ends it too, with padding and without, and as a part of something longer."""
    for whole in (secret, secret + b"\n"):
        text = base64.b64encode(whole).decode()
        yield text
        yield text.rstrip("=")
    yield from (_inside_base64(secret, before) for before in (0, 1, 2))


def _in_addresses(secret: str) -> Iterator[str]:
    """Yield what stands for it in an address: all signs that have to be escaped, or only most; a plus for a blank."""
    data = secret.encode("utf-8", "surrogateescape")
    for text in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield text
        yield re.sub("%..", lambda match: match[0].lower(), text)


def _quoted(secret: str) -> Iterator[str]:
    """Yield it as JSON, programming languages, shells (bash's tracing and ``printf %q`` too) and markup write it."""
    for text in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        yield text[1:-1]
        yield text[1:-1].replace("/", "\\/")
    yield repr(secret)[1:-1]
    yield shlex.quote(secret)
    yield secret.replace("'", "'\\''")
    yield re.sub(r"""[ \t'"\\|&;()<>!{}*[\]?^$`,]|^[#~]""", r"\\\g<0>", secret)
    yield re.sub(r'["$`\\]', r"\\\g<0>", secret)
    yield "".join(_MARKUP.get(sign, sign) for sign in secret)


def _inside_base64(secret: bytes, before: int) -> str:
    """Return the part of some base64 that only ``secret`` decides when ``before`` bytes (modulo 3) stand before it."""
    whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
    last = len(whole) if (before + len(secret)) % 3 == 0 else len(whole) - 1
    return whole[before + 1 if before else 0 : last]
