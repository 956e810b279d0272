"""The record layouts against the sizes that the ELF specification gives."""

from __future__ import annotations

from typing import Literal

import pytest

from builder.binary.layout import layout


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("bits", "header", "segment", "dynamic", "symbol"), [(32, 36, 32, 8, 16), (64, 48, 56, 16, 24)]
)
def test_sizes_are_those_of_the_specification(
    bits: Literal[32, 64], order: Literal["<", ">"], header: int, segment: int, dynamic: int, symbol: int
) -> None:
    form = layout(bits, order)
    assert form.header.size == header, "without the 16 bytes of identity"
    assert form.segment.size == segment
    assert form.dynamic.size == dynamic
    assert form.symbol.size == symbol
    assert (form.need.size, form.need_entry.size) == (16, 16)
    assert (form.definition.size, form.definition_entry.size) == (20, 8)
    assert form.bloom * 8 == bits


@pytest.mark.parametrize("bits", [32, 64])
def test_byte_order_is_in_every_format(bits: Literal[32, 64]) -> None:
    little, big = layout(bits, "<"), layout(bits, ">")
    assert little.word.unpack(b"\1\0\0\0") == (1,)
    assert big.word.unpack(b"\0\0\0\1") == (1,)
    for form in (big.header, big.segment, big.dynamic, big.symbol, big.half, big.need, big.definition):
        assert form.format.startswith(">")


def test_dynamic_tags_are_signed_as_the_specification_has_them() -> None:
    assert layout(64, "<").dynamic.unpack(b"\xff" * 8 + b"\0" * 8)[0] == -1
    assert layout(32, "<").dynamic.unpack(b"\xff" * 4 + b"\0" * 4)[0] == -1
