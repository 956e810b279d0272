"""Which tests a package carries and where their files lie in it, for those who pack and those who test."""

from __future__ import annotations

from collections.abc import Iterable

from builder.model.recipe import ScriptTest, Test


def carried(tests: Iterable[Test]) -> tuple[Test, ...]:
    """Return the tests that a package carries: all but scripts of which conditions left nothing (rattler-build's rule).

    One that still needs a package or has a file is carried: its environment must be had.
    """
    return tuple(test for test in tests if not isinstance(test, ScriptTest) or _says_something(test))


def _says_something(test: ScriptTest) -> bool:
    asked = (test.script.content, test.script.file, test.run, test.build, test.source_files, test.recipe_files)
    return any(asked)


def files_of(number: int) -> str:
    """Return the folder of test ``number``, seen from the package's root (CEP 14)."""
    return f"info/tests/{number}"


def start_of(number: int) -> str:
    """Return what ``cwd`` says of a test that starts among its files.

    rattler-build's runner takes it from the prefix of the test's environment, beside which it has a copy of the whole
    package in ``test``. Ours knows this very text.
    """
    return f"../test/{files_of(number)}"
