"""Whether output has colours."""

from __future__ import annotations

import io

import pytest

from builder.cli.colour import asked_colour, coloured
from builder.report import make_reporter
from builder.report.events import Warned


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("asked", "environment", "on_terminal", "elsewhere"),
    [
        (None, {}, True, False),
        ("auto", {}, True, False),
        ("always", {"NO_COLOR": "1"}, True, True),
        ("never", {"CLICOLOR_FORCE": "1"}, False, False),
        (None, {"RATTLER_BUILD_COLOR": "always"}, True, True),
        (None, {"RATTLER_BUILD_COLOR": "never"}, False, False),
        ("auto", {"RATTLER_BUILD_COLOR": "never"}, True, False),
        (None, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
        (None, {"NO_COLOR": ""}, True, False),
        (None, {"CLICOLOR_FORCE": "1"}, True, True),
        (None, {"CLICOLOR_FORCE": "0"}, True, False),
        (None, {"CLICOLOR": "0"}, False, False),
        (None, {"CLICOLOR": "1"}, True, False),
    ],
)
def test_who_decides(asked: str | None, environment: dict[str, str], on_terminal: bool, elsewhere: bool) -> None:
    assert coloured(asked, Terminal(), environment) is on_terminal
    assert coloured(asked, io.StringIO(), environment) is elsewhere


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None), (["build", "--color", "never"], "never"), (["--color=always", "x"], "always"),
        (["--color", "never", "--color=auto"], "auto"), (["--color"], None), (["--colour", "never"], None),
    ],
)  # fmt: skip
def test_what_a_command_line_says(words: list[str], expected: str | None) -> None:
    assert asked_colour(words) == expected


@pytest.mark.parametrize("colour", [True, False])
def test_a_table_has_them_or_not(colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    reporter = make_reporter("table", stream, colour=colour)
    reporter.emit(Warned(text="look"))
    reporter.close()
    assert "look" in stream.getvalue()
    assert ("\x1b[33m" in stream.getvalue()) is colour
