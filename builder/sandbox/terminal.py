"""Joins a command's own terminal to the caller's: keys go in, what it prints comes out, the window's size follows.

The command never gets the caller's terminal itself: whoever has that one can type into it, also after the command.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import termios
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from builder.errors import MachineError
from builder.sandbox.values import Streams

_PIECE = 1 << 16
_SIZE = bytes(8)


@asynccontextmanager
async def own_terminal(stdin: int, stdout: int) -> AsyncIterator[Streams]:
    """Give a new terminal, joined to the caller's at ``stdin`` and ``stdout`` for the length of the block.

    Meanwhile the caller's terminal passes every key on, Ctrl-C and Ctrl-Z too; then it is as it was before. Needs the
    main thread's event loop. Raises `MachineError` when the machine has no terminal to give.
    """
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        before = restorer(stdin)
        master, slave = _terminal()
        stack.callback(os.close, master)
        stack.callback(os.close, slave)
        keys, screen = _beside(stdin, os.O_RDONLY), _beside(stdout, os.O_WRONLY)
        stack.callback(os.close, keys)
        stack.callback(os.close, screen)
        termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(stdin))
        stack.callback(before)
        tty.setraw(stdin, termios.TCSANOW)
        window = _Window(stdout, master)
        window.copy()
        loop.add_signal_handler(signal.SIGWINCH, window.copy)
        stack.callback(loop.remove_signal_handler, signal.SIGWINCH)
        typed, shown = _Flow(keys, master), _Flow(master, screen)
        for flow in (typed, shown):
            flow.start()
            stack.callback(flow.stop)
        yield Streams(stdin=slave, stdout=slave, stderr=slave, terminal=True)
        await shown.finish()


def _terminal() -> tuple[int, int]:
    """Return the two ends of a new terminal: ours, which never blocks, and the command's."""
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise MachineError(
            f"there is no terminal for the command: {error.strerror}",
            code="sandbox.terminal",
            remedy="mount /dev/pts, or redirect the input",
        ) from error
    os.set_blocking(master, False)
    return master, slave


def restorer(stdin: int) -> Callable[[], None]:
    """Return what makes the terminal at ``stdin`` what it is now, and does nothing where it has gone meanwhile."""
    before = termios.tcgetattr(stdin)

    def restore() -> None:
        with suppress(termios.error):
            if termios.tcgetattr(stdin) != before:  # setting it stops whoever is in the background, for nothing
                termios.tcsetattr(stdin, termios.TCSADRAIN, before)

    return restore


class _Flow:
    """Moves bytes from one descriptor to another in the running event loop; while the sink is full the source waits."""

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink
        self._loop = asyncio.get_running_loop()
        self._held = b""
        self._empty = asyncio.Event()
        self._empty.set()

    def start(self) -> None:
        """Begin."""
        self._loop.add_reader(self._source, self._read)

    def stop(self) -> None:
        """Stop, with whatever is held."""
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._sink)

    async def finish(self) -> None:
        """Move all that the source holds, to which nobody adds any more."""
        self._loop.remove_reader(self._source)
        while True:
            await self._empty.wait()
            if not self._take():
                return

    def _read(self) -> None:
        self._take()

    def _take(self) -> bool:
        """Take a piece from the source; return whether there was one.

        Ctrl-C makes a terminal forget what waits in it, so that there may be nothing although there just was.
        """
        try:
            piece = os.read(self._source, _PIECE)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:  # the terminal has gone; SIGHUP says the rest
            self._loop.remove_reader(self._source)
            return False
        self._held += piece
        self._write()
        return True

    def _write(self) -> None:
        """Write as far as there is room, and go on when there is more."""
        try:
            self._held = self._held[os.write(self._sink, self._held) :]
        except BlockingIOError:
            pass
        except OSError:
            self._held = b""
        if self._held:
            self._empty.clear()
            self._loop.remove_reader(self._source)
            self._loop.add_writer(self._sink, self._go_on)

    def _go_on(self) -> None:
        self._write()
        if not self._held:
            self._loop.remove_writer(self._sink)
            self._loop.add_reader(self._source, self._read)
            self._empty.set()


class _Window:
    """The size of the caller's terminal, for the command's."""

    def __init__(self, stdout: int, master: int) -> None:
        self._stdout, self._master = stdout, master

    def copy(self) -> None:
        """Give it to the command's terminal; the kernel tells the processes in its foreground."""
        with suppress(OSError):
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, fcntl.ioctl(self._stdout, termios.TIOCGWINSZ, _SIZE))


def _beside(descriptor: int, direction: int) -> int:
    """Return another descriptor for a terminal, one that never blocks: others have the given one too."""
    try:
        return os.open(f"/proc/self/fd/{descriptor}", direction | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:  # it is somebody else's, after `su` for example
        return os.dup(descriptor)
