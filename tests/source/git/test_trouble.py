"""Why nothing came: whose fault it is decides the exit code, and every place that was asked is named."""

from __future__ import annotations

import pytest

from builder.source.git.bounded import TOO_LARGE
from builder.source.git.trouble import never_fetched, unanswered

PLACE = "https://example.org/x"


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        ("fatal: repository 'https://example.org/x/' not found", "source.gone", 2),
        ("fatal: '/x' does not appear to be a git repository", "source.gone", 2),
        ("fatal: couldn't find remote ref refs/heads/x", "source.gone", 2),
        ("it has no commit aaaa", "source.gone", 2),
        ("error: object aaaa: hasDotgit: contains '.git'; fatal: fsck error in packed object", "source.git-broken", 2),
        ("'/x/refs/a' is neither a file nor a folder, as all in a git repository are", "source.git-broken", 2),
        ("remote: aborting due to possible repository corruption on the remote side.", "source.git-broken", 2),
        ("'/x' is not a git repository", "source.gone", 2),
        ("fatal: unable to access 'x': Could not resolve host: example.org", "source.unreachable", 3),
        ("fatal: could not read Username for 'x': terminal prompts disabled", "source.unreachable", 3),
        ("fatal: detected dubious ownership in repository at '/x'", "source.git-owner", 3),
        ("git ended with 128", "source.unreachable", 3),
        (f"an object of it takes 9 bytes, more than the 8 {TOO_LARGE}; fatal: not found", "source.git-member", 2),
    ],
)
def test_whose_fault_it_is(words: str, code: str, exit_code: int) -> None:
    error = unanswered([(PLACE, words)])
    [problem] = error.problems
    assert (problem.code, error.exit_code) == (code, exit_code)
    assert problem.message == f"{PLACE}: {words}"
    assert problem.remedy


def test_every_place_is_named_with_its_reason() -> None:
    error = unanswered([("https://mirror.example.org/x", "fatal: not found"), (PLACE, "fatal: timed out")])
    lines = str(error).splitlines()
    assert lines[0] == "no address gives the repository:"
    assert lines[1:] == ["  https://mirror.example.org/x: fatal: not found", f"  {PLACE}: fatal: timed out"]
    assert error.exit_code == 3, "the one that did not answer may have it"


def test_what_is_not_there_offline_says_how_to_get_it() -> None:
    error = never_fetched("commit aaaa of x")
    assert error.exit_code == 3
    assert str(error) == "commit aaaa of x was never fetched, and --offline forbids to fetch it now"
    assert "bakehouse fetch" in (error.problems[0].remedy or "")
