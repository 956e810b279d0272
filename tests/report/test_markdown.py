"""The summary in Markdown, read by a Markdown parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from builder.errors import Problem
from builder.model.environment import DependencyOrigin, RunDependency
from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending, Outcome
from builder.model.task import Plan
from builder.model.variant import Variant
from builder.report.markdown import markdown_summary
from tests.report.values import WARNING, built, failed, task

PARSER = MarkdownIt("commonmark").enable("table")


def summary(*outcomes: Outcome, plan: Plan = Plan(tasks=()), channel: str = "./channel") -> str:  # noqa: B008 - a value
    return markdown_summary(plan, outcomes, channel=channel, seconds=3)


def rows(text: str) -> list[list[str]]:
    """The cells of all tables as a reader sees them."""
    found: list[list[str]] = []
    before = ""
    for token in PARSER.parse(text):
        if token.type == "tr_open":
            found.append([])
        elif before in {"th_open", "td_open"}:
            found[-1].append(seen(token))
        before = token.type
    return found


def seen(token: Token) -> str:
    return "".join(child.content for child in token.children or () if child.type != "html_inline")


def kinds(text: str) -> set[str]:
    """What the Markdown is made of, HTML tags by their names."""
    return set(_kinds(PARSER.parse(text)))


def _kinds(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        yield token.type
        if token.type in {"html_inline", "html_block"}:
            yield from re.findall(r"</?[a-z]+", token.content)
        yield from _kinds(token.children or [])


def test_a_table_of_packages() -> None:
    reused = Outcome(
        task_id="linux-64/zstd-1.0-hb0f4dca_0", ending=Ending.REUSED, file_name="zstd-1.0-hb0f4dca_0.conda"
    )
    text = summary(built(), reused, failed("xz"))
    assert text.startswith("### bakehouse: 1 built, 1 reused, 1 failed in 3.0 s\n\n")
    table = rows(text)
    assert table[0] == ["", "package", "end", "size", "tests", "findings", "time"]
    assert table[1][:6] == [
        "✔", "linux-64/zlib-1.0-hb0f4dca_0.conda", "built", "121 KiB", "1 of 1 passed", "1 warning",
    ]  # fmt: skip
    assert table[2] == ["✔", "linux-64/zstd-1.0-hb0f4dca_0.conda", "reused", "", "", "", ""]
    assert table[3][:3] == ["✘", "linux-64/xz-1.0-hb0f4dca_0", "failed"]
    assert "Channel: <code>./channel</code>\n" in text


def test_a_failure_is_told_in_full() -> None:
    text = summary(failed())
    assert "\n#### <code>linux-64/zlib-1.0-hb0f4dca_0</code>: failed\n\n<pre>\n" in text
    assert "build.sh ended with exit code 2" in text


def test_what_was_held_back_says_why() -> None:
    text = summary(Outcome(task_id="linux-64/a-1-0", ending=Ending.BLOCKED, reasons=("not started: it needs b",)))
    assert "<pre>\nnot started: it needs b\n</pre>\n" in text


def test_details_are_folded() -> None:
    text = summary(built())
    assert re.findall(r"<summary>(.*)</summary>", text) == ["Findings", "Dependencies", "Time per phase"]
    assert "- <code>linux-64/zlib-1.0-hb0f4dca_0</code>: <code>warning &#91;linkage&#93; lib/libz.so.1: libm" in text
    found = rows(text)
    assert ["linux-64/zlib-1.0-hb0f4dca_0", "libgcc >=12", "run export of build gcc_linux-64"] in found
    assert ["script", "2.5 s"] in found
    assert text.count("<details>") == text.count("</details>") == 3


def test_many_findings_of_a_kind_are_one_line() -> None:
    many = tuple(replace(WARNING, path=f"lib/{number}") for number in range(300))
    text = summary(replace(built(), findings=many))
    assert "300 warnings" in text
    assert "(and 299 more of the kind)" in text
    assert len(text) < 3000


def test_variants_are_shown_as_the_matrix() -> None:
    tasks = [task("zlib"), task("zlib")]
    made = [
        replace(
            one,
            id=f"linux-64/zlib-1.0-h{number}_0",
            rendering=replace(
                one.rendering, variant=Variant.of({"python": f"3.{number}"}), build_string=f"h{number}_0"
            ),
        )
        for number, one in enumerate(tasks, 12)
    ]
    text = summary(*(replace(built(), task_id=one.id) for one in made), plan=Plan(tasks=tuple(made)))
    (matrix,) = re.findall(r"<summary>Variants</summary>\n\n<pre>\n(.*?)</pre>", text, re.DOTALL)
    assert "3.12" in matrix
    assert "3.13" in matrix


def test_nothing_to_do() -> None:
    assert summary() == "### bakehouse: nothing to do in 3.0 s\n\nChannel: <code>./channel</code>\n\n"


HOSTILE = (
    "a|b <img src=x onerror=alert(1)> [x](https://example.org) `c` *d* \\| &amp; </code></pre></details>\x1b[31m\n\n# h"
)


def hostile(text: str) -> str:
    one = built()
    assert one.environments is not None
    depends = (RunDependency(spec=text, origin=DependencyOrigin.RECIPE, source=text),)
    finding = Finding(check="c", severity=Severity.WARNING, message=text, path=text, remedy=text)
    problem = Problem(code="x", message=text, remedy=text)
    return summary(
        replace(one, environments=replace(one.environments, depends=depends), findings=(finding,)),
        Outcome(task_id=f"linux-64/{text}", ending=Ending.FAILED, problems=(problem,)),
        channel=text,
    )


def test_what_others_say_is_only_text() -> None:
    made = kinds(hostile(HOSTILE))
    assert made <= kinds(hostile("plain"))
    assert "</script" not in made
    assert "<img" not in made
    assert "\x1b" not in hostile(HOSTILE)
    shown = " ".join(HOSTILE.replace("\x1b[31m", "").split())
    assert ["linux-64/zlib-1.0-hb0f4dca_0", shown, f"recipe {shown}"] in rows(hostile(HOSTILE))


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="|<>&`*[]()\\-#\n\ra /\"'=!", max_size=30))
def test_no_text_breaks_out(text: str) -> None:
    assert kinds(hostile(text)) <= kinds(hostile("plain"))
