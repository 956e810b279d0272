"""The summary that ends a build."""

from __future__ import annotations

from dataclasses import replace

from builder.model.outcome import Ending
from builder.model.package import TestResult
from builder.model.task import Plan
from builder.model.variant import Variant
from builder.report.summary import build_summary
from tests.report.values import WARNING, built, failed, task


def test_a_package_shows_size_tests_dependencies_with_origin_and_findings() -> None:
    lines = build_summary([built()], channel="./channel", seconds=3).splitlines()
    assert lines[0] == "linux-64/zlib-1.0-hb0f4dca_0.conda  121 KiB  1 of 1 tests passed"
    assert "    depends libgcc >=12  [run export of build gcc_linux-64]" in lines
    assert "    depends bash  [recipe]" in lines
    assert "    constrains zlib-ng <0  [recipe]" in lines
    assert "    warning [linkage] lib/libz.so.1: libm.so.6 is not used (drop it)" in lines
    assert not any("only verbose" in line for line in lines)


def test_a_skipped_test_is_told_and_not_counted() -> None:
    skipped = TestResult(
        what="downstream a", passed=True, seconds=0, tail="not run, for a reason\nand more", skipped=True
    )
    one = built()
    lines = build_summary([replace(one, tests=(*one.tests, skipped))], channel="c", seconds=3).splitlines()
    assert lines[0].endswith("  1 of 1 tests passed")
    assert "    downstream a: not run, for a reason" in lines
    alone = build_summary([replace(one, tests=(skipped,))], channel="c", seconds=3).splitlines()
    assert alone[0].endswith("  no tests")


def test_time_per_phase_leaves_out_what_took_nothing() -> None:
    text = build_summary([built(seconds=2), built("zstd", seconds=3)], channel="c", seconds=5)
    assert "time per phase: script 5.0 s\n" in text


def test_the_last_line_counts_and_names_the_channel() -> None:
    reused = replace(built("zstd"), ending=Ending.REUSED, package=None)
    text = build_summary([built(), reused, failed("xz")], channel="./channel", seconds=61)
    assert text.splitlines()[-1] == "1 built, 1 reused, 1 failed (121 KiB) in 1 min 01 s; channel: ./channel"


def test_a_failure_shows_its_problem_remedy_and_test_log() -> None:
    text = build_summary([failed()], channel="c", seconds=1)
    assert "error: build.sh ended with exit code 2" in text
    assert "→ read the log: /tmp/log" in text
    assert "script 1: failed, log in /tmp/test.log" in text


def test_reused_packages_say_why_and_many_are_only_counted() -> None:
    reused = [
        replace(built(f"p{i}"), ending=Ending.REUSED, package=None, reasons=("same recipe key",)) for i in range(30)
    ]
    assert "p3-1.0-hb0f4dca_0: reused (same recipe key)" in build_summary(reused[:5], channel="c", seconds=0)
    assert "30 packages reused" in build_summary(reused, channel="c", seconds=0)


def test_nothing_to_do_is_said() -> None:
    assert build_summary([], channel="c", seconds=0) == "nothing to do in 0.0 s; channel: c"


def test_findings_of_one_kind_are_one_line() -> None:
    many = tuple(replace(WARNING, path=f"lib/lib{number}.so") for number in range(7))
    other = replace(WARNING, remedy="another one")
    text = build_summary([replace(built(), findings=(*many, other))], channel="/c", seconds=1)
    lines = [line for line in text.splitlines() if "[linkage]" in line]
    assert len(lines) == 2
    assert "lib/lib0.so" in lines[0]
    assert lines[0].endswith("(and 6 more of the kind)")
    assert "more of the kind" not in lines[1]


def test_the_matrix_stands_before_the_totals_when_an_output_has_more_than_one_variant() -> None:
    tasks = tuple(
        replace(made, id=one.identity, rendering=one)
        for made in (task("zlib"),)
        for build in ("h1_0", "h2_0")
        for one in [replace(made.rendering, build_string=build, variant=Variant.of({"flavour": build[:2]}))]
    )
    outcomes = [replace(built(), task_id=one.id) for one in tasks]
    *_, above, heading, rule, row, below, _, last = build_summary(
        outcomes, channel="c", seconds=1, plan=Plan(tasks=tasks)
    ).splitlines()
    assert (above, below) == ("", "")
    assert (heading, row) == ("flavour   h1     h2", "zlib 1.0  built  built")
    assert set(rule) == {"─"}
    assert last.startswith("2 built")
    assert rule not in build_summary(outcomes[:1], channel="c", seconds=1, plan=Plan(tasks=tasks[:1]))
