"""Publishes with a process that is killed at its first, second, third … file operation, and looks at what is left.

``python killing.py FOLDER PICKLE START STEP`` forks one victim per kill point, in a fresh channel each, until a victim
survives. The pickle holds two packages: the first is there before, the second is published by the victim, in its place
if they have one name, and, after its death, once more by us. Prints one JSON line per kill point.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
from pathlib import Path

from builder.channel import Channel
from builder.model import generation
from builder.model.package import Package
from tests.channel.judging import problems_of

FILE_EVENTS = {
    "open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "os.scandir", "os.listdir",
    "fcntl.flock",
}  # fmt: skip


def publish_and_die(channel: Channel, package: Package, operation: int) -> bool:
    """Publish in a child that kills itself just before file operation number ``operation``; whether it died."""
    child = os.fork()
    if child == 0:
        left = operation

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in FILE_EVENTS:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        channel.publish(package, replace=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def content_of(path: Path) -> str:
    """What is in a file; how an index came about is told by its generations, of which only the last number counts."""
    if path.name == generation.FILE_NAME:
        return str(json.loads(path.read_bytes())["generation"])
    return path.read_bytes().hex()


def main(folder: str, packages: str, start: str, step: str) -> None:
    before, package = pickle.loads(Path(packages).read_bytes())
    for operation in range(int(start), 500, int(step)):
        root = Path(folder) / str(operation)
        channel = Channel(root)
        channel.publish(before)
        died = publish_and_die(channel, package, operation)
        after_death = problems_of(root)
        outcome = Channel(root).publish(package, replace=True).outcome
        at_the_end = problems_of(root, leftovers=True)
        files = {
            str(path.relative_to(root)): content_of(path)
            for path in sorted(root.rglob("*"))
            if path.is_file() and "bakehouse/" not in str(path)
        }
        shutil.rmtree(root)
        line = {"operation": operation, "died": died, "outcome": outcome, "files": files}
        sys.stdout.write(json.dumps({**line, "after_death": after_death, "at_the_end": at_the_end}) + "\n")
        if not died:
            break


if __name__ == "__main__":
    main(*sys.argv[1:])
