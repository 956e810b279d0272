"""The `bakehouse` command: the only place that ends the process."""

from __future__ import annotations

import gc
import os
import sys
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

    code = run(arguments, abandon=_abandon)
    sys.exit(code)


def _abandon(code: int) -> NoReturn:
    """Leave at once although threads still work; everything on disk is made to survive that."""
    os._exit(code)


if __name__ == "__main__":
    main()
