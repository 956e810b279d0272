"""The command."""

from __future__ import annotations

import sys


def main() -> None:
    print("hello", *sys.argv[1:])


if __name__ == "__main__":
    main()
