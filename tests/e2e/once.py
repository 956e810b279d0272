"""Builds what many tests look at once only, however many processes share the tests."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.command import Built


def once(temporary: pytest.TempPathFactory, name: str, build: Callable[[Path], str]) -> Built:
    """Return what ``build`` made in a channel of that name; the first that asks builds, others wait for it.

    ``build`` takes the folder of the channel and gives the command's JSON document. Where it fails, the next one that
    asks tries again.
    """
    folder = together(temporary) / name
    document = folder / "document.json"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not document.exists():
            shutil.rmtree(folder / "channel", ignore_errors=True)
            text = build(folder / "channel")
            document.with_suffix(".new").write_text(text, encoding="utf-8")
            document.with_suffix(".new").replace(document)
    return Built(channel=folder / "channel", document=tuple(json.loads(document.read_text(encoding="utf-8"))))


def together(temporary: pytest.TempPathFactory) -> Path:
    """Return a folder of this run of the tests: with pytest-xdist each process has its own in it."""
    own = Path(os.path.realpath(temporary.getbasetemp()))
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
