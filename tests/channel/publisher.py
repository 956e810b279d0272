"""A process that publishes the packages pickled in a file: ``python publisher.py CHANNEL PICKLE``; prints outcomes."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from builder.channel import Channel
from builder.model.package import Package


def main(root: str, packages: str) -> None:
    channel = Channel(Path(root))
    todo: list[Package] = pickle.loads(Path(packages).read_bytes())
    for package in todo:
        sys.stdout.write(f"{channel.publish(package).outcome}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
