"""What is remembered of references: exactly what was noted, by address and name, whatever else lies there."""

from __future__ import annotations

from pathlib import Path

from builder.source.git.known import Known
from builder.store import Store

A, B = "a" * 40, "b" * 40


def test_nothing_is_known_before_it_is_noted(store: Store) -> None:
    assert Known(store).commit("https://example.org/x", "branch main") is None
    assert not store.root.exists()


def test_what_is_noted_last_counts_for_others_too(store: Store) -> None:
    Known(store).remember("https://example.org/x", "branch main", A)
    Known(store).remember("https://example.org/x", "branch main", B)
    assert Known(Store(store.root)).commit("https://example.org/x", "branch main") == B


def test_addresses_and_references_are_apart(store: Store) -> None:
    known = Known(store)
    known.remember("https://example.org/x", "branch main", A)
    assert known.commit("https://example.org/x", "tag main") is None
    assert known.commit("https://example.org/y", "branch main") is None


def test_what_is_no_commit_is_not_believed(store: Store) -> None:
    known = Known(store)
    known.remember("x", "main", A)
    (place,) = (path for path in store.root.rglob("*") if path.is_file())
    for text in (b"", b"main\n", b"\xff\xfe", b"--upload-pack=x"):
        place.chmod(0o644)
        place.write_bytes(text)
        assert known.commit("x", "main") is None


def test_the_same_again_writes_nothing(store: Store) -> None:
    known = Known(store)
    known.remember("x", "main", A)
    (place,) = (path for path in store.root.rglob("*") if path.is_file())
    before = place.stat().st_ino
    known.remember("x", "main", A)
    assert place.stat().st_ino == before
    assert list(Path(place.parent).iterdir()) == [place]
