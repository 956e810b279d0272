"""Where the summary in Markdown goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.options import PackageChoice
from builder.cli.summaries import append, markdown_files
from builder.errors import MachineError, UsageError


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION"):
        monkeypatch.delenv(name, raising=False)


def test_nowhere_without_being_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert markdown_files(PackageChoice()) == ()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    assert markdown_files(PackageChoice()) == ()
    monkeypatch.setenv("RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION", "false")
    assert markdown_files(PackageChoice()) == ()


def test_the_named_file_and_the_page_of_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    monkeypatch.setenv("RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION", "true")
    named = PackageChoice(markdown_summary=tmp_path / "new.md")
    assert markdown_files(named) == (tmp_path / "new.md", tmp_path / "page")
    same = PackageChoice(markdown_summary=tmp_path / "page")
    assert markdown_files(same) == (tmp_path / "page",)


def test_what_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    for wanted in (tmp_path, tmp_path / "gone" / "summary.md"):
        with pytest.raises(UsageError, match="--markdown-summary") as caught:
            markdown_files(PackageChoice(markdown_summary=wanted))
        assert caught.value.problems[0].code == "cli.markdown-summary"


def test_text_is_appended_to_each(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("before\n")
    append("ä\n", [old, new])
    append("b\n", [new])
    assert old.read_text(encoding="utf-8") == "before\nä\n"
    assert new.read_text(encoding="utf-8") == "ä\nb\n"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="the summary cannot be written"):
        append("a", [tmp_path])
