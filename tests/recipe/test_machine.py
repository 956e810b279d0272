"""What recipes ask of the machine: through the caller only, recorded, and refused where nobody answers."""

from __future__ import annotations

import hashlib

import pytest

from builder.model.answer import Answer
from builder.recipe.machine import digest, still_told
from tests.recipe.given import PACKAGE, Answers, evaluated, request
from tests.recipe.test_function import refusal, text


def test_a17_a_variable_that_is_not_allowed_is_refused_with_the_remedy() -> None:
    message, remedy = refusal("env.get('SECRET')")
    assert message.startswith("env.get: recipes may not ask the machine here")
    assert remedy == "give the recipe a variant key or a context value instead"
    message, remedy = refusal("env.get('SECRET')", ask=Answers())
    assert "SECRET may not be read by recipes" in message
    assert remedy == "--allow-env SECRET"


@pytest.mark.parametrize("ask", [None, Answers()])
def test_a17_with_a_default_it_counts_as_not_set(ask: Answers | None) -> None:
    assert text("env.get('SECRET', default='nothing')", ask=ask) == "nothing"
    assert text("env.exists('SECRET')", ask=ask) == "false"


def test_a17_allowed_variables_are_seen() -> None:
    ask = Answers(variables={"CI": "true", "UNSET": None})
    assert text("env.get('CI')", ask=ask) == "true"
    assert text("env.get('CI', default='no')", ask=ask) == "true"
    assert text("env.exists('CI')", ask=ask) == "true"
    assert text("env.exists('UNSET')", ask=ask) == "false"
    assert text("env.get('UNSET', default='d')", ask=ask) == "d"
    assert "UNSET is not set" in refusal("env.get('UNSET')", ask=ask)[0]


def test_files_of_the_recipe_are_loaded_through_the_caller() -> None:
    ask = Answers(files={"data/p.yaml": b"name: x\nversion: '1.10'\n", "VERSION": b"1.2\n"})
    assert text("load_from_file('data/p.yaml').version", ask=ask) == "1.10"
    assert text("load_from_file('VERSION') | trim", ask=ask) == "1.2"
    assert ask.asked == ["data/p.yaml", "VERSION"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "a/../../b", "~/x", "C:/x"])
def test_a18_files_outside_the_recipe_are_not_even_asked_for(path: str) -> None:
    ask = Answers(files={path: b"secret"})
    message, _ = refusal(f"load_from_file('{path}')", ask=ask)
    assert "leads out" in message or "absolute" in message
    assert ask.asked == []


def test_a18_without_a_caller_no_file_is_read() -> None:
    message, remedy = refusal("load_from_file('recipe.yaml')")
    assert "may not ask the machine" in message
    assert remedy


def test_a_file_that_is_broken_is_an_error_at_the_expression() -> None:
    assert "p.json cannot be read" in refusal("load_from_file('p.json')", ask=Answers(files={"p.json": b"{"}))[0]


def test_git_is_asked_through_the_caller() -> None:
    ask = Answers(revisions={("latest_tag", "https://example.org/r"): "v1.2"})
    assert text("git.latest_tag('https://example.org/r')", ask=ask) == "v1.2"
    message, remedy = refusal("git.head_rev('https://example.org/r')", ask=ask)
    assert "git is offline" in message
    assert remedy == "go online"


@pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=x", "fd::17"])
def test_a19_hostile_addresses_are_not_even_asked_for(url: str) -> None:
    ask = Answers()
    assert "is not the address of a git repository" in refusal(f"git.head_rev('{url}')", ask=ask)[0]
    assert ask.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc", "http://example.org/r", "git://example.org/r", "FILE:///x", "/etc", "~/r", "C:/r", ""]
)
def test_a19_git_asks_by_https_and_ssh_and_about_the_recipes_own_repository(url: str) -> None:
    ask = Answers()
    message, remedy = refusal(f"git.head_rev('{url}')", ask=ask)
    assert "asks by https and ssh" in message
    assert "https://" in str(remedy)
    assert not ask.asked


def test_every_answer_is_recorded() -> None:
    ask = Answers(
        variables={"CI": "true", "UNSET": None},
        files={"v.json": b'{"v": "1.2"}'},
        revisions={("head_rev", "../.."): "0" * 40},
    )
    found = evaluated(
        PACKAGE
        + "context: {v: \"${{ load_from_file('v.json').v }}\"}\n"
        + "build: {skip: \"env.exists('UNSET') or env.get('SECRET', default='') == 'x'\"}\n"
        + "about: {summary: \"${{ env.get('CI') }} ${{ git.head_rev('../..') }} ${{ env.get('CI') }}\"}\n",
        request(ask=ask),
    )
    assert set(found.asked) == {
        Answer("environment", "CI", hashlib.sha256(b"true").hexdigest()),
        Answer("environment", "UNSET", None),
        Answer("file", "v.json", hashlib.sha256(b'{"v": "1.2"}').hexdigest()),
        Answer("git", "head_rev ../..", hashlib.sha256(b"0" * 40).hexdigest()),
    }
    assert len(found.asked) == 4


def test_a_recipe_that_asks_nothing_was_told_nothing() -> None:
    assert evaluated(PACKAGE, request(ask=Answers(variables={"CI": "true"}))).asked == ()


TOLD = (
    Answer("environment", "CI", digest("true")),
    Answer("environment", "UNSET", None),
    Answer("file", "v", digest(b"1")),
    Answer("git", "latest_tag https://example.org/r", digest("v1")),
)
TAG = ("latest_tag", "https://example.org/r")


def test_answers_hold_as_long_as_the_machine_says_the_same() -> None:
    same = Answers(variables={"CI": "true", "UNSET": None}, files={"v": b"1"}, revisions={TAG: "v1"})
    assert still_told(TOLD, same)
    assert still_told((), Answers())


@pytest.mark.parametrize(
    "ask",
    [
        Answers(variables={"CI": "false", "UNSET": None}, files={"v": b"1"}, revisions={TAG: "v1"}),
        Answers(variables={"CI": None, "UNSET": None}, files={"v": b"1"}, revisions={TAG: "v1"}),
        Answers(variables={"CI": "true", "UNSET": ""}, files={"v": b"1"}, revisions={TAG: "v1"}),
        Answers(variables={"CI": "true", "UNSET": None}, files={"v": b"2"}, revisions={TAG: "v1"}),
        Answers(variables={"CI": "true", "UNSET": None}, files={}, revisions={TAG: "v1"}),
        Answers(variables={"CI": "true", "UNSET": None}, files={"v": b"1"}, revisions={TAG: "v2"}),
        Answers(variables={"CI": "true", "UNSET": None}, files={"v": b"1"}),
        Answers(variables={"UNSET": None}, files={"v": b"1"}, revisions={TAG: "v1"}),
    ],
)
def test_a_changed_or_refused_answer_does_not_hold(ask: Answers) -> None:
    assert not still_told(TOLD, ask)
