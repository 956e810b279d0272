"""What a run tells of itself in statements, and what it never does."""

from __future__ import annotations

import getpass
import os
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path

from builder.cli.accounting import account_of
from builder.cli.collection import Collection
from builder.cli.options import Places
from builder.cli.site import Site, site

NOTHING = Places(output=None, channels=(), offline=True, store=None)


def place(tmp_path: Path) -> Site:
    return site(replace(NOTHING, store=tmp_path), Collection(root=tmp_path / "collection"))


def test_the_machine_is_the_kernel_the_architecture_and_its_cores(tmp_path: Path) -> None:
    told = asdict(account_of(place(tmp_path), 5).machine)
    assert told == {"kernel": platform.release(), "architecture": platform.machine(), "cores": 5}


def test_neither_its_name_nor_its_user_is_told(tmp_path: Path) -> None:
    account = account_of(place(tmp_path), 5)
    text = f"{account.machine} {account.invocation}"
    for secret in (platform.node(), getpass.getuser(), str(tmp_path), os.getcwd()):  # noqa: PTH109
        assert secret not in text


def test_each_run_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = {account_of(place(tmp_path), 1).invocation for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)


def test_the_clock_is_the_machines(tmp_path: Path) -> None:
    before = time.time()
    assert before <= account_of(place(tmp_path), 1).clock() <= time.time()


def test_recipes_count_from_the_collection(tmp_path: Path) -> None:
    assert account_of(place(tmp_path), 1).home == tmp_path / "collection"
    alone = site(replace(NOTHING, store=tmp_path), Collection())
    assert account_of(alone, 1).home is None
