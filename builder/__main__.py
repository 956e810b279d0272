"""The `bakehouse` command: the only place that ends the process."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from builder import __version__


def main() -> NoReturn:
    """Run the command line and exit with its code (see `builder.errors`)."""
    os.umask(0o022)  # modes of what we write are decided here, not by whoever starts us
    gc.set_threshold(100_000)  # imports make no garbage, yet collecting it would take a tenth of a short command's time
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # answered before anything is imported: scripts ask for it all the time
        sys.stdout.write(f"bakehouse {__version__}\n")
        sys.exit(0)
    from builder.cli import run

    _abandon(run(arguments, abandon=_abandon))


def _abandon(code: int) -> NoReturn:
    """Leave at once, whatever threads still do; everything on disk is made to survive that.

    This is the way out of a good end too: rattler's threads now and then abort an interpreter that takes itself apart.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
