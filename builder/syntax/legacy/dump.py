"""Plain values to YAML text, byte for byte as PyYAML's ``dump(value, default_flow_style=False)`` writes them.

conda-build and conda-smithy write their files so; who compares such files wants no difference but a real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Dumped = str | bool | int | tuple["Dumped", ...] | Mapping[str, "Dumped"]
"""What can be written: text, truth values, whole numbers, and lists and mappings of such."""

_WIDTH = 80
_OTHER_TYPE = re.compile(
    r"""(?x)
    yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF
    |~|null|Null|NULL||=|<<
    |[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
    |[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
    |[0-9]{4}-[0-9]{2}-[0-9]{2}
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[\ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
     (?:[\ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?
    """
)
"""What a reader of YAML 1.1 takes for something else than text."""

_NO_PLAIN = re.compile(r"---|\.\.\.|[#,\[\]{}&*!|>'\"%@`]|[?:-](?:\s|$)|.*(?::(?:\s|$)|\s#)|\s|.*\s$", re.DOTALL)
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_SPACE = re.compile(r"(?<=[^ ]) (?=[^ ])")
_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e", '"': '"',
    "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def dumped(value: Mapping[str, Dumped]) -> str:
    """Return a mapping as a YAML document, its keys in their order; lists stand at the depth of their key.

    Text with line breaks or beyond ASCII is written in double quotes on one line, which reads the same but is not
    broken where PyYAML breaks it.
    """
    return "".join(f"{line}\n" for line in _mapping(value, 0)) if value else "{}\n"


def _mapping(value: Mapping[str, Dumped], indent: int) -> Iterator[str]:
    for key, inner in value.items():
        name = f"{' ' * indent}{_scalar(key)}:"
        if isinstance(inner, Mapping) and inner:
            yield name
            yield from _mapping(inner, indent + 2)
        elif isinstance(inner, tuple) and inner:
            yield name
            yield from _list(inner, indent)
        else:
            yield f"{name} {_leaf(inner, len(name) + 1, indent + 2)}"


def _list(value: tuple[Dumped, ...], indent: int) -> Iterator[str]:
    start = " " * indent
    for inner in value:
        if isinstance(inner, str | int) or not inner:
            yield f"{start}- {_leaf(inner, indent + 2, indent + 2)}"
            continue
        lines = _mapping(inner, indent + 2) if isinstance(inner, Mapping) else _list(inner, indent + 2)
        for place, line in enumerate(lines):
            yield line if place else f"{start}- {line[indent + 2 :]}"


def _leaf(value: Dumped, column: int, indent: int) -> str:
    if isinstance(value, int):
        return str(value).lower()
    if isinstance(value, str):
        return _folded(_scalar(value), column, indent)
    return "{}" if isinstance(value, Mapping) else "[]"


def _scalar(text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        return f'"{"".join(map(_escaped, text))}"'
    if _OTHER_TYPE.fullmatch(text) or _NO_PLAIN.match(text):
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return text


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return f"\\{_ESCAPES[character]}"
    if "\x20" <= character <= "\x7e":
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _folded(text: str, column: int, indent: int) -> str:
    """Return the scalar broken at the first single space behind the width, as often as needed."""
    if column + len(text) <= _WIDTH or text.startswith('"'):
        return text
    lines, start = [], 0
    for space in _SPACE.finditer(text):
        if column + space.start() - start > _WIDTH and not (text[0] == "'" and space.end() == len(text) - 1):
            lines.append(text[start : space.start()])
            start, column = space.end(), indent
    return f"\n{' ' * indent}".join([*lines, text[start:]])
