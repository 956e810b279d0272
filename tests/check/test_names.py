"""Names that cannot exist everywhere."""

from __future__ import annotations

import pytest

from builder.check.names import check_names
from builder.model.finding import Severity
from builder.model.recipe import Build
from builder.model.target import target
from tests.check.packages import around, brief, plain, relocated
from tests.payload.prefix import package


def checked(*paths: str, on: str = "linux-64", noarch: bool = False) -> list[tuple[str, Severity, str | None]]:
    output = package(build=Build(noarch="generic" if noarch else None))
    return brief(check_names(relocated(*(plain(path) for path in paths)), around(target=target(on), output=output)))


@pytest.mark.parametrize("path", ["lib/a b.so", "share/ümlaut", "share/日本", "a:b", "con", "x.", "-x", "share/'\"$`"])
def test_names_that_linux_can_have(path: str) -> None:
    assert checked(path) == []


@pytest.mark.parametrize("path", ["a\nb", "a\x1b[31mb", "a\x7f", "a\x85b", "a\u2028b", "tab\t"])
def test_control_characters_are_errors_and_shown_harmlessly(path: str) -> None:
    ((check, severity, shown),) = checked(path)
    assert (check, severity) == ("names", Severity.ERROR)
    assert shown is not None
    assert shown.isprintable()


def test_bytes_that_are_no_utf8_are_errors() -> None:
    path = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert checked(path) == [("names", Severity.ERROR, "caf\\\\udce9")]


@pytest.mark.parametrize(
    ("on", "severity"), [("linux-64", Severity.WARNING), ("osx-arm64", Severity.ERROR), ("win-64", Severity.ERROR)]
)
def test_case_collisions(on: str, severity: Severity) -> None:
    assert checked("include/xt_CONNMARK.h", "include/xt_connmark.h", "a", on=on) == [
        ("names", severity, "include/xt_CONNMARK.h")
    ]


def test_colliding_folders_are_told_once() -> None:
    found = checked("Share/a", "Share/b", "share/c")
    assert found == [("names", Severity.WARNING, "Share")]


def test_many_collisions_are_one_finding() -> None:
    pairs = [spelling for number in range(9) for spelling in (f"include/A{number}.h", f"include/a{number}.h")]
    (found,) = check_names(relocated(*(plain(path) for path in pairs)), around())
    assert (found.path, found.severity) == ("include/A0.h", Severity.WARNING)
    assert "include/a0.h, and so do 8 more" in found.message


def test_letters_that_fold_to_the_same() -> None:
    assert checked("STRASSE", "straße") == [("names", Severity.WARNING, "STRASSE")]
    assert checked("share/a", "share/b", "share/ab") == []


@pytest.mark.parametrize(
    "path", ["con", "lib/AUX.h", "nul.txt", "com1", "x/lpt9.dat", "a:b", "a?b", "x.", "x ", "a\\b", "a|b"]
)
def test_names_that_windows_refuses(path: str) -> None:
    assert checked(path, on="win-64") == [("names", Severity.ERROR, path.replace("\\", "\\\\"))]
    assert checked(path, on="win-64", noarch=True) == [], "a noarch package is not for Windows alone"


@pytest.mark.parametrize("path", ["console", "auxiliary", "com10", "lib/null", ".x", "a.b"])
def test_names_that_windows_takes(path: str) -> None:
    assert checked(path, on="win-64") == []
