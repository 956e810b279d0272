"""The list of the peer's cases: well formed, argued where it must be, and read as it is written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ci.peer_suite import read_report, write_command
from tests.conformance.peer_suite import Case, Result, Verdict, is_good, read_cases, verdict

CASES = read_cases()


def test_all_cases_that_need_no_network_are_listed_once() -> None:
    assert len(CASES) == len({case.name for case in CASES}) == 97
    for case in CASES:
        assert re.fullmatch(r"test_\w+\.py::test_\w+", case.name), case
        assert case.id == f"test/end-to-end/{case.name}"


def test_nine_of_ten_are_not_argued_away() -> None:
    reasons = [case.why for case in CASES if case.why is not None]
    assert len(reasons) <= len(CASES) // 10
    assert all(len(reason.split()) > 4 for reason in reasons)


@pytest.mark.parametrize(
    ("why", "result", "said"),
    [
        (None, "passed", "passes"),
        (None, "failed", "FAILS"),
        ("ours is better", "failed", "argued"),
        ("ours is better", "passed", "passes now"),
        (None, None, "not run"),
        ("ours is better", "skipped", "not run"),
    ],
)
def test_what_a_result_means(why: str | None, result: Result | None, said: Verdict) -> None:
    assert verdict(Case(name="test_a.py::test_b", why=why), result) == said


def judged(*said: Verdict) -> dict[Case, Verdict]:
    return {Case(name=f"test_a.py::test_{number}"): one for number, one in enumerate(said)}


PASSING: list[Verdict] = ["passes"]


def test_enough_pass_and_all_others_are_argued() -> None:
    assert is_good(judged(*PASSING * 9, "argued"), least=90)
    assert not is_good(judged(*PASSING * 8, "argued", "argued"), least=90)
    assert is_good(judged(*PASSING * 8, "argued", "argued"), least=80)


@pytest.mark.parametrize("said", ["FAILS", "passes now", "not run"])
def test_whatever_is_not_as_the_list_says_counts(said: Verdict) -> None:
    assert not is_good(judged(*PASSING * 99, said), least=90)


@pytest.mark.parametrize(
    "text",
    [
        "cases: {}\n",
        "- cases\n",
        "cases: {test_a.py: test_b}\nargued: {}\n",
        "cases: {test_a.py: [{}]}\nargued: {}\n",
        "cases: {test_a.py: [test_b]}\nargued: {test_b: unlike}\n",
        "cases: {test_a.py: [test_b]}\nargued: {'test_a.py::test_b': ' '}\n",
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cases.yaml").write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        read_cases(tmp_path / "cases.yaml")


def test_a_report_of_pytest_is_understood(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', ['x y'])\n"
        "def test_good(n): pass\n"
        "def test_bad(): assert False\n"
        "def test_left(): pytest.skip('no')\n"
        "@pytest.fixture\n"
        "def broken(): raise OSError\n"
        "def test_broken(broken): pass\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--junitxml=report.xml"]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=tmp_path, check=False, capture_output=True)
    assert read_report((tmp_path / "report.xml").read_text()) == {
        "test_sample.py::test_good[x y]": "passed",
        "test_sample.py::test_bad": "failed",
        "test_sample.py::test_left": "skipped",
        "test_sample.py::test_broken": "failed",
    }


def test_the_command_works_from_any_folder(tmp_path: Path) -> None:
    write_command(tmp_path / "command")
    done = subprocess.run([tmp_path / "command", "--version"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("bakehouse ")
