"""What a platform's outputs are without those that belong to no platform."""

from __future__ import annotations

from builder.feedstock.seen import Seen, Sight
from builder.matrix.v0.space import LegacySpace

NOWHERE = LegacySpace(fixed={}, axes=())


def seen(stem: str, *, is_noarch: bool) -> Seen:
    return Seen(
        stem=stem, feedstock="tea", is_noarch=is_noarch, used=frozenset(), used_at_top=frozenset(), variant={}, space=NOWHERE
    )  # fmt: skip


def test_noarch_outputs_can_be_left_to_another_platform() -> None:
    outputs = (seen("a-1-0", is_noarch=False), seen("b-1-0", is_noarch=True), seen("c-1-0", is_noarch=False))
    sight = Sight(outputs=outputs, space=NOWHERE, text="tea", numbers=frozenset({("fat", "2")}))
    left = sight.without_noarch()
    assert [one.stem for one in left.outputs] == ["a-1-0", "c-1-0"]
    assert (left.text, left.space, left.numbers) == (sight.text, sight.space, sight.numbers)
    assert len(sight.outputs) == 3
