"""Documents of an attacker: lines taken out, repeated and changed; JSON values exchanged for others."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.fuzz import vocabulary
from tests.fuzz.damage import NUMBERS


def altered_lines(data: bytes, other: bytes, dice: Random, words: tuple[bytes, ...]) -> bytes:
    """Return a text after one to four changes to its lines; ``words`` are those that mean something in it."""
    lines = data.split(b"\n")
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(lines))
        line, value = lines[at], vocabulary.text(dice).encode("utf-8", "surrogatepass")
        cut = dice.randrange(len(line) + 1)
        match dice.randrange(8):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(at, dice.choice(lines))
            case 2:
                lines[at] = line[:cut] + value + line[cut:]
            case 3:
                lines[at] = line.replace(dice.choice(line.split() or [b" "]), value, 1)
            case 4:
                lines[at] = line[:cut] + dice.choice(words) + line[cut:]
            case 5:
                lines[at] = dice.choice(words) + value
            case 6:
                lines[at:at] = other.split(b"\n")[: dice.randrange(8)]
            case _:
                lines[at] = line[:cut]
    return dice.choice((b"\n",) * 9 + (b"\r\n",)).join(lines)


def altered_json(data: bytes, dice: Random) -> bytes:
    """Return a JSON document with one to three of its values, keys or items exchanged."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(dice.choice((1, 1, 2, 3))):
        document = _altered(document, dice)
    text = json.dumps(document, indent=dice.choice((None, None, 1)), sort_keys=dice.random() < 0.5)
    if dice.random() < 0.05:
        text = text.replace('":', dice.choice(('":' + "[" * 3000, '":NaN,"x":', '":1e400,"x":', '":-,"x":')), 1)
    return text.encode("utf-8", "surrogatepass")


def _altered(value: Any, dice: Random) -> Any:
    """Go down to some value and exchange it."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(list(value))
        match dice.randrange(10):
            case 0:
                return {name: held for name, held in value.items() if name != key}
            case 1:
                return {(vocabulary.text(dice) if name == key else name): held for name, held in value.items()}
            case 2:
                return {**value, vocabulary.text(dice): value[key]}
            case _:
                return {**value, key: _altered(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        at = dice.randrange(len(value))
        match dice.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, *value]
            case _:
                return [*value[:at], _altered(value[at], dice), *value[at + 1 :]]
    return _other(value, dice)


def _other(value: Any, dice: Random) -> Any:
    number = dice.choice(NUMBERS)
    others: tuple[Any, ...] = (
        None, True, number, -number, number + 0.5, 1e308, [], {}, [value], {"x": value}, [None], vocabulary.text(dice),
        vocabulary.text(dice), vocabulary.text(dice), f"{value}{vocabulary.text(dice)}",
    )  # fmt: skip
    return dice.choice(others)
