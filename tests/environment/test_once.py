"""Made exactly once, whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.environment.once import made_once
from builder.environment.wall import in_thread
from builder.store import Store

COUNT = 40


async def fill(folder: Path) -> None:
    """Make some files, with places to be cancelled at before, between and inside threads."""
    for at in range(COUNT):
        await in_thread((folder / f"{at}").write_text, "x")
        await asyncio.sleep(0)


def whole(folder: Path) -> bool:
    return len(list(folder.iterdir())) == COUNT


def test_the_first_makes_it_and_others_find_it(store: Store) -> None:
    made = list[Path]()

    async def make(folder: Path) -> None:
        made.append(folder)
        await fill(folder)

    async def main() -> list[Path]:
        return await asyncio.gather(*(made_once(store, "kind", "key", make) for _ in range(8)))

    found = set(asyncio.run(main()))
    assert found == {store.folder("kind", "key")}
    assert len(made) == 1
    assert whole(found.pop())


def test_what_was_there_before_is_taken(store: Store) -> None:
    with store.making("kind", "key") as making:
        (making.path / "old").write_text("x")

    async def make(folder: Path) -> None:
        raise AssertionError

    assert (asyncio.run(made_once(store, "kind", "key", make)) / "old").exists()


def test_a_failure_leaves_nothing_and_the_next_tries_again(store: Store) -> None:
    async def fail(folder: Path) -> None:
        await fill(folder)
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        asyncio.run(made_once(store, "kind", "key", fail))
    assert store.folder("kind", "key") is None
    assert whole(asyncio.run(made_once(store, "kind", "key", fill)))


def test_cancelled_at_every_moment(tmp_path: Path) -> None:
    """Whatever the event loop was doing: the folder is whole or missing, and the next caller gets it."""

    async def main(store: Store, turns: int) -> bool:
        task = asyncio.create_task(made_once(store, "kind", "key", fill))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0] is not None

    for turns in [*range(0, 30, 3), *range(30, 6000, 400)]:
        store = Store(tmp_path / f"store-{turns}")
        assert asyncio.run(main(store, turns))
        folder = store.folder("kind", "key")
        assert folder is None or whole(folder), turns
        assert whole(asyncio.run(made_once(store, "kind", "key", fill)))


def test_a_cancelled_wait_is_over_at_once(store: Store) -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def slow(folder: Path) -> None:
            await gate.wait()
            await fill(folder)

        first = asyncio.create_task(made_once(store, "kind", "key", slow))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(made_once(store, "kind", "key", slow))
        await asyncio.sleep(0.01)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert not first.done()
        gate.set()
        assert whole(await first)

    asyncio.run(main())
