"""Command lines that were written for `conda-build`."""

from __future__ import annotations

import argparse
from itertools import pairwise

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cli.app import application
from builder.cli.conda_build import foreign_to_conda_build, spread
from builder.errors import UsageError


@click.command()
@foreign_to_conda_build
@click.argument("paths", nargs=-1)
def building(paths: tuple[str, ...]) -> tuple[str, ...]:
    return paths


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("build r --extra-meta a=b c=d", "build r --extra-meta a=b --extra-meta c=d"),
        ("build --extra-meta a=b c=d --extra-meta e=f r", "build --extra-meta a=b --extra-meta c=d --extra-meta e=f r"),
        ("build --extra-meta a= b= -m x.yaml r", "build --extra-meta a= --extra-meta b= -m x.yaml r"),
        ("build --extra-meta a=b r c=d", "build --extra-meta a=b r c=d"),
        ("build --extra-meta=a=b c=d", "build --extra-meta=a=b c=d"),
        ("build --extra-meta a=b -- c=d", "build --extra-meta a=b -- c=d"),
        ("build --extra-meta a=b ./c=d", "build --extra-meta a=b ./c=d"),
        ("build c=d --extra-meta", "build c=d --extra-meta"),
        ("build --extra-meta --extra-meta a=b", "build --extra-meta --extra-meta a=b"),
        ("build r", "build r"),
    ],
)
def test_pairs_that_follow_each_other_are_one_option_each(given: str, read: str) -> None:
    assert spread(given.split()) == read.split()


def test_values_keep_their_spaces_and_lines() -> None:
    assert spread(["--extra-meta", "a=b c", "d=e\nf"]) == ["--extra-meta", "a=b c", "--extra-meta", "d=e\nf"]


_PAIRS = st.lists(st.sampled_from(["a=1", "b=", "remote_url=https://example.org/x=y"]), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(_PAIRS | st.sampled_from([["-m", "x"], ["-q"]]), max_size=5))
def test_it_reads_what_conda_builds_own_parser_reads(groups: list[list[str]]) -> None:
    """Its option takes any number of words (argparse); of several options the last one counts there, all of them here."""
    options = [group if group[0].startswith("-") else ["--extra-meta", *group] for group in groups]
    last = next((group for group in reversed(groups) if not group[0].startswith("-")), [])
    parser = argparse.ArgumentParser()
    parser.add_argument("--extra-meta", nargs="*", default=[])
    theirs = parser.parse_known_args([word for option in options for word in option])[0].extra_meta
    words = spread([word for option in options for word in option])
    ours = [word for before, word in pairwise(words) if before == "--extra-meta"]
    assert theirs == last
    assert ours[len(ours) - len(last) :] == last
    assert len(ours) == words.count("--extra-meta")


IDLE = [
    ("--suppress-variables",), ("--no-anaconda-upload",), ("--no-binstar-upload",), ("--override-channels",), ("--use-local",),
    ("--no-locking",), ("--prefix-length", "255"), ("--no-prefix-length-fallback",), ("--no-error-overlinking",),
    ("--no-remove-work-dir",), ("--no-force-upload",), ("--long-test-prefix",),
]  # fmt: skip
REFUSED = [
    ("--token", "x"), ("--user", "x"), ("--label", "x"), ("--error-overlinking",), ("--no-activate",), ("--dirty",),
    ("--old-build-string",), ("--variants", "{python: [3.8]}"), ("--python", "3.12"), ("--R", "4.4"), ("--cache-dir", "x"),
    ("--exclusive-config-file", "x"),
]  # fmt: skip


@pytest.mark.parametrize("words", IDLE, ids=" ".join)
def test_what_does_nothing_says_so_in_one_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert building.main([*words, "--", "x"], standalone_mode=False) == ("x",)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{words[0]} has no effect: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_would_change_a_build_is_refused_with_a_remedy(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        building.main(list(words), standalone_mode=False)
    [problem] = caught.value.problems
    assert problem.code == "cli.foreign"
    assert problem.message.startswith(words[0])
    assert problem.remedy


def test_no_option_of_ours_is_taken_for_one_of_theirs() -> None:
    """click keeps values under a name that it makes of the option, and two options may come to one name."""
    verb = application.get_command(None, "build")  # type: ignore[arg-type]  # it looks at the name only
    assert verb is not None
    kept: dict[str | None, set[bool]] = {}
    for parameter in verb.params:
        kept.setdefault(parameter.name, set()).add(parameter.expose_value)
    assert [name for name, exposed in kept.items() if len(exposed) > 1] == []
