"""A making that is cancelled while its folder is published: there whole, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from builder.store import Store


@pytest.mark.parametrize("pauses", range(12))
def test_a_cancelled_making_is_whole_or_not_there(store: Store, pauses: int) -> None:
    async def make() -> None:
        async with store.making_async("trees", "key") as making:
            for number in range(200):
                (making.path / str(number)).write_text("x")

    async def main() -> None:
        making = asyncio.create_task(make())
        for _ in range(pauses):
            await asyncio.sleep(0.001)
        making.cancel()
        await asyncio.wait({making})

    asyncio.run(main())
    found = store.folder("trees", "key")
    assert found is None or len(list(found.iterdir())) == 200
