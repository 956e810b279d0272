"""The command."""

import sys


def main():
    print("hello", *sys.argv[1:])


if __name__ == "__main__":
    main()
