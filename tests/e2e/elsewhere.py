"""Another place to build in: another folder, user, zone, locale, umask, and newer file times than the checkout's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.store import Store
from tests.e2e.command import CHECKOUT

SOMEBODY = 4711


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A copy of the checkout at ``root``, with a store that holds what `make fetch` fetched, and nothing built."""

    root: Path

    def run(self, *arguments: str) -> None:
        """Run the command as a user without any rights, who is one of a user namespace."""
        environment = {
            "PATH": "/usr/bin:/bin", "TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "tlh", "HOME": "/nonexistent",
            "BAKEHOUSE_STORE": str(self.root / "store"), "PYTHONPATH": str(self.root), "USER": "somebody",
            "CFLAGS": "-O0",
        }  # fmt: skip
        user = ["unshare", f"--map-user={SOMEBODY}", f"--map-group={SOMEBODY}", "--"]
        command = [*user, sys.executable, "-m", "builder", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=self.root, umask=0o077, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]


@contextmanager
def elsewhere(machine_store: Store) -> Iterator[Elsewhere]:
    """Make the place, and remove it afterwards."""
    top = Path(tempfile.mkdtemp(prefix="bakehouse-elsewhere-", dir="/var/tmp"))
    root = top / "a longer path with blanks"
    root.mkdir()
    try:
        for name in ("recipes", "variants", "builder"):
            shutil.copytree(CHECKOUT / name, root / name)
        shutil.copy(CHECKOUT / "bakehouse.yaml", root)
        shutil.copytree(machine_store.root / "files", root / "store" / "files")
        yield Elsewhere(root=root)
    finally:
        shutil.rmtree(top)
