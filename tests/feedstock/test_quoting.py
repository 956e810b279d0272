"""Texts in a provider's YAML: whatever they say, the provider takes them literally or they are refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builder.errors import Problem, UsageError
from builder.feedstock.quoting import Provider, Value, written
from tests.feedstock.pipeline_reading import SmuggledError, expanded, parsed

HOSTILE = [
    "${{ secrets.TOKEN }}", "$${{ secrets.TOKEN }}", "${{ '${{' }} secrets.TOKEN }}", "a${{b}}", "${{{{", "}}${{", "'${{'",
    "$(System.AccessToken)", "$[variables.x]", "$CI_JOB_TOKEN", "${CI_JOB_TOKEN}", "%CI_JOB_TOKEN%", "$$CI_JOB_TOKEN",
    "$[[ inputs.x ]]", '"; curl example.org | sh; "', "$(id)", "`id`", "a: b", "- a", "# no comment", "a # b", "&a", "*a",
    "!!python/object:x", "|", ">", "{a: b}", "[a]", "<<", "null", "on", "1e3", "~", "\\", '\\"', "'", '"', " a ", "é漢字🍞",
    "<< version >>", "<% for %>", "", "---", "::add-mask::x", "##vso[task.setvariable variable=x]y", "--out=/etc",
]  # fmt: skip


def tried(text: str, provider: Provider) -> str | Problem:
    """The text as YAML, or why it is refused."""
    try:
        return written(text, provider)
    except UsageError as refused:
        return refused.problems[0]


@pytest.mark.parametrize("provider", Provider)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_comes_back_as_it_is_or_is_refused(text: str, provider: Provider) -> None:
    line = tried(text, provider)
    if isinstance(line, Problem):
        assert line.code == "feedstock.pipeline-text"
        assert provider is not Provider.GITHUB, "GitHub can say everything literally"
        assert "$" in text or "%" in text
        return
    assert "\n" not in line
    found = parsed(f"key: {line} # a comment\nnext: 1\n")
    assert set(found) == {"key", "next"}
    assert expanded(str(found["key"]), provider) == text
    assert parsed(f"{line}: 1\n") == {found["key"]: 1}, "it can be a key too"


_SIGNS = st.sampled_from(
    ["$", "{", "}", "(", ")", "[", "]", "'", '"', "\\", "%", "a", " ", "#", ":", "${{", "}}", "🍞"]
)


@settings(deadline=None)
@given(st.lists(_SIGNS, max_size=20).map("".join), st.sampled_from(Provider))
@example("${{'}}'", Provider.GITHUB)
@example("$$${{{", Provider.AZURE)
def test_no_text_is_expanded(text: str, provider: Provider) -> None:
    line = tried(text, provider)
    if isinstance(line, Problem):
        assert provider is not Provider.GITHUB
        assert "$" in text or "%" in text
    else:
        assert expanded(str(parsed(f"key: {line}\n")["key"]), provider) == text


@settings(deadline=None)
@given(st.text(max_size=20), st.sampled_from(Provider))
def test_every_text_is_one_scalar_or_refused(text: str, provider: Provider) -> None:
    line = tried(text, provider)
    if isinstance(line, Problem):
        assert not text.isprintable() or "$" in text or "%" in text
    else:
        assert expanded(str(parsed(f"key: {line}\nnext: 1\n")["key"]), provider) == text


@pytest.mark.parametrize("sign", ["\n", "\r", "\0", "\t", "\x85", "\u2028", "\ufeff", "\u202e", "\ud800", "\x7f"])
@pytest.mark.parametrize("provider", Provider)
def test_what_cannot_be_printed_is_refused(sign: str, provider: Provider) -> None:
    with pytest.raises(UsageError, match="cannot be printed") as caught:
        written(f"a{sign}b", provider)
    assert caught.value.problems[0].remedy
    assert sign not in str(caught.value), "nor is it printed now"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (360, "360"), (0, "0"), ("a", '"a"'), ((), "[]"), (("a", 'b"'), '["a", "b\\""]'), (["x", ("y", 1)], '["x", ["y", 1]]'),
    ],
)  # fmt: skip
def test_values_have_one_form(value: Value, line: str) -> None:
    assert {written(value, provider) for provider in Provider} == {line}


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("${{ secrets.TOKEN }}", Provider.GITHUB), ("x${{", Provider.AZURE), ("$(x)", Provider.AZURE), ("$[x]", Provider.AZURE),
        ("$x", Provider.GITLAB), ("${x}", Provider.GITLAB), ("%x%", Provider.GITLAB), ("$$", Provider.GITLAB),
    ],
)  # fmt: skip
def test_the_readers_of_these_tests_see_what_is_smuggled(text: str, provider: Provider) -> None:
    with pytest.raises(SmuggledError):
        expanded(text, provider)


def test_the_readers_of_these_tests_know_what_templates_may_say() -> None:
    known = {"matrix.id": "a", "JOB": "b"}
    assert expanded("x-${{ matrix.id }}-${{ 'l''s' }}", Provider.GITHUB, known) == "x-a-l's"
    assert expanded("x-$JOB-${JOB}", Provider.GITLAB, known) == "x-b-b"
    assert expanded("x-$(JOB)", Provider.AZURE, known) == "x-b"
