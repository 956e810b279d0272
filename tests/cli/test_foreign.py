"""Options of rattler-build that do nothing here, or are refused."""

from __future__ import annotations

import click
import pytest

from builder.cli.foreign import foreign_to_builds, foreign_to_tests
from builder.errors import UsageError


@click.command()
@foreign_to_builds
@click.argument("paths", nargs=-1)
def building(paths: tuple[str, ...]) -> tuple[str, ...]:
    return paths


@click.command()
@foreign_to_tests
def trying() -> str:
    return "ran"


IDLE = [
    ("--no-config",), ("--wrap-log-lines",), ("--wrap-log-lines=false",), ("--wrap-log-lines", "true"), ("--use-zstd",),
    ("--use-bz2",), ("--use-sharded",), ("--io-concurrency-limit", "8"), ("--color-build-log",),
    ("--allow-symlinks-on-windows",), ("--sandbox",),
]  # fmt: skip
REFUSED = [
    ("--allow-insecure-host", "example.org"), ("--auth-file", "x"), ("--allow-read", "/"),
    ("--allow-read-execute", "/"), ("--allow-read-write", "/"), ("--overwrite-default-sandbox-config",),
    ("--env-isolation", "none"), ("--env-isolation=conda-build",), ("--allow-absolute-license-paths",),
]  # fmt: skip


@pytest.mark.parametrize("words", IDLE, ids=" ".join)
def test_what_does_nothing_says_so_in_one_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert building.main([*words, "--", "x"], standalone_mode=False) == ("x",)
    said = capsys.readouterr()
    name = words[0].partition("=")[0]
    assert said.out == ""
    assert said.err.startswith(f"{name} has no effect: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_would_weaken_a_build_is_refused_with_a_remedy(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        building.main(list(words), standalone_mode=False)
    [problem] = caught.value.problems
    assert problem.code == "cli.foreign"
    assert problem.message.startswith(words[0].partition("=")[0])
    assert problem.remedy


def test_what_is_so_anyway_needs_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert building.main(["--env-isolation", "strict"], standalone_mode=False) == ()
    assert capsys.readouterr().err == ""


def test_nothing_is_said_of_what_is_not_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert building.main([], standalone_mode=False) == ()
    assert trying.main([], standalone_mode=False) == "ran"
    assert capsys.readouterr().err == ""


def test_tests_have_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert trying.main(["--compression-threads", "4"], standalone_mode=False) == "ran"
    assert capsys.readouterr().err == "--compression-threads has no effect: packages are tested as they are\n"
    assert trying.main(["--experimental", "--v3"], standalone_mode=False) == "ran"
    assert capsys.readouterr().err.count("has no effect: packages are tested as they are\n") == 2
    with pytest.raises(click.NoSuchOption):
        trying.main(["--sandbox"], standalone_mode=False)
    with pytest.raises(UsageError):
        trying.main(["--auth-file", "x"], standalone_mode=False)


def test_help_does_not_show_them() -> None:
    text = building.get_help(click.Context(building))
    assert not [words[0] for words in (*IDLE, *REFUSED) if words[0].partition("=")[0] in text]
