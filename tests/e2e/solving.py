"""What py-rattler takes from a channel, asked in a process of its own, as a user's machine would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SOLVE = """
import asyncio, json, os, sys, tempfile
from pathlib import Path
from rattler import BuildString, Channel, Gateway, GenericVirtualPackage, MatchSpec, PackageName, Version, solve

async def main(channel, *specs):
    machine = [GenericVirtualPackage(PackageName(name), Version(version), BuildString("0"))
               for name, version in (("__glibc", "2.36"), ("__linux", "6.1"), ("__unix", "0"))]
    with tempfile.TemporaryDirectory() as cache:
        found = await solve([Channel(channel)], [MatchSpec(spec) for spec in specs], platforms=["linux-64", "noarch"],
                            gateway=Gateway(cache_dir=Path(cache)), virtual_packages=machine, channel_relations="disabled")
    print(json.dumps({one.name.normalized: str(one.build) for one in found}))

asyncio.run(main(*sys.argv[1:]))
sys.stdout.flush()
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


def picks(channel: Path, specs: Sequence[str]) -> dict[str, str]:
    """Return name → build string of all packages that satisfy ``specs`` on a Debian 12."""
    command = [sys.executable, "-c", _SOLVE, channel.as_uri(), *specs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found
