"""Uses a channel's Python as its users would: py-rattler installs it with packages of every kind, and all of it runs.

usage: python -m ci.use_python CHANNEL PREFIX     (PREFIX is made anew unless it holds just these packages)
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ci.use_packages import install, state_of

SPECS = (
    *("python", "python-test-modules", "pip", "setuptools"),
    *("pygments", "markupsafe", "memory-allocator", "psutil"),  # noarch, C, Cython by meson, C for every Python
)
TESTS = Path(__file__).with_name("python_tests.txt")

PROGRAM = """
import sys, sysconfig
import markupsafe, memory_allocator.memory_allocator, psutil, pygments
from markupsafe import _speedups

for module in (markupsafe, memory_allocator, psutil, pygments):
    assert module.__file__.startswith(sysconfig.get_path("purelib")), module
assert markupsafe.escape("<b>") == "&lt;b&gt;"
assert psutil.Process().exe() == sys.executable or psutil.Process().exe().startswith(sys.prefix)
print(f"Python {sys.version.split()[0]}: markupsafe {_speedups.__file__.rpartition('/')[2]},",
      f"psutil {psutil._psutil_linux.__file__.rpartition('/')[2]}, pygments {pygments.__version__}")
"""


def run(prefix: Path, *command: str | Path) -> str:
    """Run a program of ``prefix`` with no help from the environment, in an empty folder; return what it printed."""
    with tempfile.TemporaryDirectory(prefix="use-python-") as folder:
        environment = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": folder}
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        print(done.stdout)
        raise SystemExit(f"use: {command[0]} ended with {done.returncode}")
    return done.stdout


def try_packages(prefix: Path) -> None:
    """Use the packages and their commands; say what they said."""
    print(run(prefix, "python", "-c", PROGRAM), end="")
    print(run(prefix, "pip", "--version").partition(" from ")[0], "-", run(prefix, "pip", "check").strip())
    coloured = run(prefix, "pygmentize", "-f", "html", TESTS.with_name("use_python.py"))
    print(f"pygmentize: {coloured.count('<span')} pieces of coloured code")


def test_python(prefix: Path, jobs: int) -> None:
    """Run the modules of CPython's own tests that `TESTS` names; print how that ended.

    What asks the machine's own compiler or linker for a library is left out: there may be none.
    """
    options = (f"-j{jobs}", "--randseed", "1", "--ignore", "*.test_find_library_with_*", "--fromfile", TESTS)
    said = run(prefix, "python", "-m", "test", *options)
    print("\n".join(line for line in said.splitlines() if line.startswith(("Total ", "Result:"))))


def main(channel: Path, prefix: Path) -> None:
    """Install, use, test; what was done before with the same packages is not done again."""
    stamp, state = prefix / "conda-meta" / "channel-state", state_of(channel)
    if stamp.is_file() and stamp.read_text() == state:
        print(f"use: {prefix} already holds these packages, its programs ran; remove it to see it again")
        return
    # Python's own tests send it, and background jobs of a shell inherit that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shutil.rmtree(prefix, ignore_errors=True)
    count = asyncio.run(install(channel, prefix, SPECS))
    print(f"use: py-rattler installed {count} packages from {channel} into {prefix}")
    try_packages(prefix)
    test_python(prefix, jobs=2)
    stamp.write_text(state)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
    sys.stdout.flush()
    os._exit(0)  # rattler's threads now and then abort an interpreter that takes itself apart
