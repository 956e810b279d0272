"""The root of the command line: verbs, help, wrong use, defects, pipes; exit codes and error documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from builder.cli.app import VERBS, verb_first
from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import CHECKOUT, Bakehouse

SUBVERBS = [("cache", "ls"), ("cache", "gc")]
ALL = [*((verb,) for verb in VERBS), *SUBVERBS]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_verb_shows_an_example_of_itself(command: Command, words: tuple[str, ...]) -> None:
    said = command(*words, "--help")
    assert said.code == 0
    assert said.err == ""
    _, _, examples = said.out.partition("Example")
    assert f"bakehouse {' '.join(words)}" in examples
    assert not [line for line in said.out.splitlines() if len(line) > 120]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_examples_use_options_that_exist(command: Command, words: tuple[str, ...]) -> None:
    said = command(*words, "--help")
    _, _, rest = said.out.partition("Example")
    examples, _, options = rest.partition("Options:")
    if words in {("cache",), ("rootfs",)}:
        options = command(*words, {"cache": "gc", "rootfs": "build"}[words[0]], "--help").out
    known = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", options))
    for line in examples.splitlines():
        for part in line.split("&&"):
            if f"bakehouse {words[0]} " in part:
                assert set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", part)) <= known, part


def test_the_root_lists_all_verbs_in_their_order(command: Command) -> None:
    said = command("--help")
    places = [said.out.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)
    assert command().out == said.out
    assert command("-h").out == said.out


def test_each_verb_is_a_module_with_its_name() -> None:
    files = {path.stem for path in (CHECKOUT / "builder" / "cli").glob("*.py")}
    assert set(VERBS) <= files


@pytest.mark.parametrize(("wrong", "meant"), [("biuld", "build"), ("rendr", "render"), ("fech", "fetch")])
def test_an_unknown_verb_is_one_line_that_says_which_was_meant(command: Command, wrong: str, meant: str) -> None:
    said = command(wrong)
    assert (said.code, said.out) == (2, "")
    error, remedy = said.err.splitlines()
    assert error == f"error: there is no verb {wrong!r}. Did you mean {meant!r}?"
    assert "bakehouse --help" in remedy


def test_an_unknown_verb_without_a_neighbour(command: Command) -> None:
    assert "Did you mean" not in command("xyzzy").err


@pytest.mark.parametrize("verb", ["render", "build", "plan", "fetch"])
def test_an_unknown_option_is_a_document_with_json(command: Command, verb: str) -> None:
    said = command(verb, "--json", "--variantt", "a=b")
    assert said.code == 2
    (error,) = said.errors
    assert error["code"] == "cli.usage"
    assert "--variant" in str(error["message"]).partition("Did you mean")[2]
    assert f"bakehouse {verb} --help" in str(error["remedy"])
    assert said.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "--jobs", "0"), ("build", "-j", "many"), ("build", "--isolation", "jail"), ("build", "--test", "maybe"),
        ("render", "--variant"), ("build", "--progress", "bar"), ("index",), ("test",), ("repin",), ("cache", "lss"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_use_is_exit_code_2_and_never_a_traceback(command: Command, arguments: tuple[str, ...]) -> None:
    said = command(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert len(said.err.splitlines()) == 2
    assert "--help" in said.err


def test_no_verb_is_imported_for_the_help_of_the_root() -> None:
    code = (
        "import sys\nfrom builder.cli import run\nrun(['--help'], abandon=sys.exit)\n"
        "assert not [name for name in sys.modules if name.startswith(('builder.matrix', 'builder.store', 'rattler'))]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_has_seen_enough_ends_the_work_quietly(process: Bakehouse, hello: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        process.argv("render", hello, "--json"), stdout=writing, stderr=subprocess.PIPE, env=process.variables(),
        cwd=CHECKOUT, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (130, b"")


def test_errors_cannot_be_told_to_a_closed_pipe_either(process: Bakehouse, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        process.argv("render", tmp_path / "nowhere"), stderr=writing, stdout=subprocess.PIPE, env=process.variables(),
        cwd=CHECKOUT, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stdout) == (130, b"")


def test_version(process: Bakehouse) -> None:
    assert re.fullmatch(r"bakehouse \d+\.\d+\S*\n", process.good("--version"))


def test_an_error_of_the_operating_system_is_the_machines(command: Command, hello: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = command("cache", "ls", "--store", tmp_path / "file" / "store", "--json")
    assert said.code == 2
    assert "there is no store in" in str(said.errors[0]["message"])
    said = command("build", hello, "--out", tmp_path / "file" / "channel", "--json")
    assert said.code in {2, 3}
    assert str(tmp_path / "file") in str(said.errors[0]["message"])


def test_json_errors_have_places(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "bad", "package:\n  nam: x\n")
    said = command("render", recipe, "--json")
    assert said.code == 2
    assert {error["file"] for error in said.errors} == {str(recipe / "recipe.yaml")}
    assert all(isinstance(error["line"], int) and isinstance(error["column"], int) for error in said.errors)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("-v build x", "build -v x"),
        ("-vvv build", "build -vvv"),
        ("-q --verbose build", "build -q --verbose"),
        ("--log-style plain build x", "build --log-style plain x"),
        ("--log-style=json --color never build", "build --log-style=json --color never"),
        ("--wrap-log-lines build", "build --wrap-log-lines"),
        ("--wrap-log-lines=false --no-config build", "build --wrap-log-lines=false --no-config"),
        ("--config-file build test p", "test --config-file build p"),
        ("build -v", "build -v"),
        ("--help build", "--help build"),
        ("-v --help", "-v --help"),
        ("-v", "-v"),
        ("--log-style", "--log-style"),
        ("-vq build", "-vq build"),
        ("--out x build", "--out x build"),
        ("", ""),
    ],
)
def test_what_rattler_build_lets_stand_before_the_verb(before: str, behind: str) -> None:
    assert verb_first(before.split()) == behind.split()


def test_options_before_the_verb_count(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, "package: {name: a, version: '1'}\nbuild: {skip: [linux]}\n")
    said = command("--no-config", "-v", "--log-style", "json", "build", recipe, "--out", tmp_path / "c")
    assert said.code == 0
    assert said.err.splitlines()[:2] == [
        "--no-config has no effect: configuration of other tools is never read", '{"event": "planned", "tasks": []}',
    ]  # fmt: skip
    assert command("--log-style", "loud", "build", recipe).code == 2


def test_errors_have_colours_when_they_are_asked_for(command: Command, tmp_path: Path) -> None:
    for words in (("--color", "always", "build"), ("build", "--color=always")):
        assert "\x1b[31merror" in command(*words, tmp_path / "absent").err
    assert "\x1b" not in command("build", "--color", "never", tmp_path / "absent").err
