"""Whether a lock is held, asked without taking it."""

from __future__ import annotations

from builder.store import Store


def test_is_locked_sees_this_process_too(store: Store) -> None:
    assert not store.is_locked("name")
    with store.lock("name"):
        assert store.is_locked("name")
        assert not store.is_locked("another name")
    assert not store.is_locked("name")
