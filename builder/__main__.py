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
    gc.set_threshold(
        1_000_000
    )  # imports and renderings make no circles, yet looking for them takes a tenth of the time
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # answered before anything is imported: scripts ask for it all the time
        sys.stdout.write(f"bakehouse {__version__}\n")
        sys.exit(0)
    _take_signals()
    try:
        from builder.cli import run

        code = run(arguments, abandon=_abandon)
    except KeyboardInterrupt:  # it came before there was a command line to tell of it
        code = 130
    _abandon(code)


def _take_signals() -> None:
    """Let SIGTERM and SIGHUP end us as Ctrl-C does, unless whoever started us wants them ignored (``nohup``)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


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
