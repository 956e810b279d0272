"""Where the files of a test lie in the package that carries it, for those who pack and those who test."""

from __future__ import annotations


def files_of(number: int) -> str:
    """Return the folder of test ``number``, seen from the package's root (CEP 14)."""
    return f"info/tests/{number}"


def start_of(number: int) -> str:
    """Return what ``cwd`` says of a test that starts among its files.

    rattler-build's runner takes it from the prefix of the test's environment, beside which it has a copy of the whole
    package in ``test``. Ours knows this very text.
    """
    return f"../test/{files_of(number)}"
