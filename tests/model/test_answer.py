"""Answers say for people what was asked."""

from __future__ import annotations

from builder.model.answer import Answer


def test_what_was_asked() -> None:
    assert str(Answer("environment", "CI", None)) == "the environment variable CI"
    assert str(Answer("file", "data/versions.yaml", "0" * 64)) == "the file data/versions.yaml"
    assert str(Answer("git", "head_rev ../..", "0" * 64)) == "git's head_rev ../.."


def test_the_same_answer_is_equal() -> None:
    assert Answer("file", "a", "1") == Answer("file", "a", "1")
    assert len({Answer("file", "a", "1"), Answer("file", "a", "2"), Answer("environment", "a", "1")}) == 3
