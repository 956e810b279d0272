"""Plain data to YAML text: block style, keys in their order, nothing that any reader takes for another type."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+@ =<>-]*")
_OTHER_TYPE = re.compile(r"(?i)true|false|yes|no|on|off|y|n|null|nan|inf")
_UNPRINTABLE = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""What YAML does not allow; compiled where it is needed, because that takes milliseconds."""


def write_yaml(value: object) -> str:
    """Return ``value`` (None, bool, int, float, str, lists or tuples and mappings with text keys of such) as YAML.

    Readers of YAML 1.1 and 1.2 give the same data back; the same value always gives the same text. Raises TypeError for
    anything else, ValueError for text that is no Unicode.
    """
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: object) -> Iterator[str]:
    """Yield the lines of a value on its own, without indentation."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _pair(key, inner)
    elif isinstance(value, list | tuple) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from _indented(rest)
    else:
        yield from _scalar(value)


def _pair(key: object, value: object) -> Iterator[str]:
    if not isinstance(key, str):
        raise TypeError(f"a key must be text, this is {type(key).__name__}")
    name = _quoted(key)
    if isinstance(value, Mapping | list | tuple) and value:
        yield f"{name}:"
        yield from _indented(_lines(value))
    else:
        first, *rest = _scalar(value)
        yield f"{name}: {first}"
        yield from rest


def _indented(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (f"  {line}" if line else line for line in lines)


def _scalar(value: object) -> list[str]:
    match value:
        case None:
            return ["null"]
        case bool():
            return ["true" if value else "false"]
        case int():
            return [str(value)]
        case float():
            return [_float(value)]
        case str() if _fits_block(value):
            return _block(value)
        case str():
            return [_quoted(value)]
        case dict() | Mapping():
            return ["{}"]
        case list() | tuple():
            return ["[]"]
        case _:
            raise TypeError(f"{type(value).__name__} cannot be written as YAML")


def _float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits = repr(value)
    mantissa, exponent, power = digits.partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}{exponent}{power}"


def _quoted(text: str) -> str:
    """Return text of one line: bare where nobody can take it for anything else, otherwise in double quotes."""
    if _PLAIN.fullmatch(text) and not _OTHER_TYPE.fullmatch(text) and not text.endswith(" "):
        return text
    text.encode()
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if _is_printable(quoted) else re.sub(_UNPRINTABLE, _escape, quoted)


def _is_printable(line: str) -> bool:
    return line.isprintable() or not re.search(_UNPRINTABLE, line)  # what Python shows as it is, YAML allows


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _fits_block(text: str) -> bool:
    lines = text.split("\n")
    return (
        len(lines) > 1
        and bool(text.strip("\n"))
        and not lines[0].startswith(" ")
        and lines[0] != ""
        and not any(line.isspace() for line in lines)
        and "\t" not in text
        and all(_is_printable(line) for line in lines)
    )


def _block(text: str) -> list[str]:
    kept = text.rstrip("\n")
    ends = len(text) - len(kept)
    head = "|-" if ends == 0 else "|" if ends == 1 else "|+"
    return [head, *_indented(kept.split("\n")), *[""] * (ends - 1)]
