"""Damage to bytes that knows nothing of what they mean."""

from __future__ import annotations

from random import Random

NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    511,
    512,
    513,
    4095,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63,
    2**64 - 1,
)
"""Numbers at which lengths, counts and offsets go wrong."""


def damaged(data: bytes, other: bytes, dice: Random) -> bytes:
    """Return ``data`` after one to four small accidents; ``other`` is what it may be spliced with."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        data = _once(data, other, dice)
    return data


def _once(data: bytes, other: bytes, dice: Random) -> bytes:
    return _spliced(data, other, dice) if dice.randrange(9) < 3 else _patched(data, dice)


def _patched(data: bytes, dice: Random) -> bytes:
    """Change some bytes where they are."""
    at = dice.randrange(len(data) + 1)
    match dice.randrange(5):
        case 0 if data:
            at = min(at, len(data) - 1)
            return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))]) + data[at + 1 :]
        case 2:
            return data[:at] + dice.randbytes(dice.choice((1, 3, 16))) + data[at:]
        case _:
            width = dice.choice((2, 4, 8))
            number = dice.choice(NUMBERS) & (1 << 8 * width) - 1
            return data[:at] + number.to_bytes(width, dice.choice(("little", "big"))) + data[at + width :]


def _spliced(data: bytes, other: bytes, dice: Random) -> bytes:
    """Cut off, take out, repeat, or go on with another input."""
    at = dice.randrange(len(data) + 1)
    match dice.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + dice.choice((1, 2, 8, 512, 4096)) :]
        case 2:
            start = dice.randrange(len(data) + 1)
            return data[:at] + data[start : start + dice.choice((1, 4, 64, 512, 1024))] + data[at:]
        case 3:
            return data[:at] + other[dice.randrange(len(other) + 1) :]
        case _:
            return data + other[: dice.randrange(len(other) + 1)]
