"""The content-addressed cache in one folder, for many processes at once, and the safe writes that others borrow."""

from __future__ import annotations

from builder.store.cleaning import Collected
from builder.store.digest import Digest, digest_file
from builder.store.notes import Notes
from builder.store.removal import remove_tree
from builder.store.seals import Verified
from builder.store.store import Making, Store, StoredFile, default_root
from builder.store.writing import atomic_write, disk_errors, fresh_file, sync_folder

__all__ = [
    "Collected",
    "Digest",
    "Making",
    "Notes",
    "Store",
    "StoredFile",
    "Verified",
    "atomic_write",
    "default_root",
    "digest_file",
    "disk_errors",
    "fresh_file",
    "remove_tree",
    "sync_folder",
]
