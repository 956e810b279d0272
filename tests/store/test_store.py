

def test_is_locked_sees_this_process_too(store: Store) -> None:
    assert not store.is_locked("name")
    with store.lock("name"):
        assert store.is_locked("name")
    assert not store.is_locked("name")
