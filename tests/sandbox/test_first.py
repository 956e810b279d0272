"""The words between us and a container's first process: orders, reports, and output that looks like a report."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.sandbox import Command
from builder.sandbox.first import FIRST, SCRIPT, Ear, Report, alone, argv, order

TOKEN = "0123456789abcdef"
END = f"{TOKEN} clean 3 0m0.500s 0m0.250s\n1m1.000s 0m0.500s\n".encode()


def heard(pieces: list[bytes]) -> tuple[bytes, Report | None]:
    ear = Ear(TOKEN)
    said = b"".join(ear.hear(piece) for piece in pieces)
    return said, ear.report


def test_a_report_is_parted_from_what_was_printed() -> None:
    assert heard([b"hello\n" + END]) == (b"hello\n", Report(code=3, clean=True, cpu_seconds=61.5))


@given(st.binary(max_size=200), st.lists(st.integers(0, 300), max_size=12))
def test_wherever_the_pieces_are_cut_it_is_the_same(printed: bytes, cuts: list[int]) -> None:
    whole = printed + END
    bounds = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[begin:end] for begin, end in pairwise(bounds)]
    assert heard(pieces) == (printed, Report(code=3, clean=True, cpu_seconds=61.5))


@given(st.binary(max_size=100))
def test_only_what_may_begin_a_report_is_held_back(printed: bytes) -> None:
    ear = Ear(TOKEN)
    said = ear.hear(printed)
    held = printed[len(said) :]
    assert printed.startswith(said)
    assert TOKEN.encode().startswith(held)
    assert ear.rest() == held


def test_another_token_is_output() -> None:
    said, report = heard([END.replace(b"0123", b"9999")])
    assert (said, report) == (END.replace(b"0123", b"9999"), None)


def test_a_folder_that_is_missing_is_told_in_one_line() -> None:
    said, report = heard([f"{TOKEN} refused 0 0 0\n".encode()])
    assert (said, report) == (b"", Report(code=None, clean=False, cpu_seconds=0.0))


def test_what_is_left_behind_is_told() -> None:
    _, report = heard([END.replace(b" clean ", b" dirty ")])
    assert report == Report(code=3, clean=False, cpu_seconds=61.5)


@given(
    st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1, max_size=5),
    st.text(st.characters(blacklist_characters="\0/", blacklist_categories=["Cs"]), min_size=1),
)
def test_bash_reads_an_order_as_it_was_meant(words: list[str], folder: str) -> None:
    command = Command(argv=("printf", *words), cwd=PurePosixPath("/") / folder, env=(("A", words[0]),))
    head, _, text = order(TOKEN, command, {"B": "b"}).partition(b"\n")
    assert head == f"{TOKEN} {len(text)}".encode()
    show = text + b'printf "%s\\0" "$folder" "${words[@]}"'
    ran = subprocess.run(["bash", "-c", show], env={"LC_ALL": "C"}, capture_output=True, check=True)
    variables = ["B=b", f"PWD={command.cwd}", f"A={words[0]}"]
    seen = ran.stdout.decode().split("\0")[:-1]
    assert seen[0] == str(command.cwd)
    assert seen[1:4] == variables
    assert seen[-len(command.argv) :] == list(command.argv)


def test_names_that_are_not_utf_8_go_through() -> None:
    command = Command(argv=("ls", "\udcff"), cwd=PurePosixPath("/"))
    assert b"'\xff'" in order(TOKEN, command, {})


def test_the_command_line_names_nothing_of_the_machine() -> None:
    words = argv(FIRST, [PurePosixPath("/tmp")])
    assert words == ["/dev/init", "-c", SCRIPT, "init", "/tmp"]
    subprocess.run(["bash", "-n", "-c", SCRIPT], check=True)


@pytest.mark.parametrize("value", ["", "a b", "'", "$(id)", "\n"], ids=repr)
def test_a_command_of_its_own_has_its_words_as_arguments(value: str) -> None:
    words = alone(FIRST, Command(argv=("echo", value), cwd=PurePosixPath("/w"), env=(("X", value),)), {"A": "1"})
    assert words[:2] == ["/dev/init", "-c"]
    assert words[3:] == ["init", "/w", "A=1", "PWD=/w", f"X={value}", *words[-6:-2], "echo", value]
