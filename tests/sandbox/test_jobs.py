"""What a job is allowed, and what becomes of each answer, whoever gives it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import Unpacked, UnpackLimits
from builder.archive.oddity import Oddity, OddKind
from builder.errors import BakehouseError, MachineError, Place, SourceError
from builder.sandbox.handed import Flow
from builder.sandbox.jobs import Job, as_content, as_nothing, as_unpacked


def job(size: int = 0, **limits: int) -> Job:
    return Job(Flow(lambda: pytest.fail("nobody reads"), size), "a.tar", UnpackLimits(**limits), {"what": "unpack"})


def asked(one: Job) -> dict[str, int]:
    message = json.loads(one.message(Path("/room/job-1")))
    assert (message["what"], message["name"], message["folder"]) == ("unpack", "a.tar", "/room/job-1")
    assert UnpackLimits(**message["archive"]) == one.limits
    own = message["limits"]
    assert isinstance(own, dict)
    return own


def test_what_a_job_may_take_goes_by_what_it_reads_and_what_is_allowed() -> None:
    usual = asked(job())
    assert usual == {"AS": 1 << 30, "CPU": 60, "FSIZE": UnpackLimits().size, "NOFILE": 64, "CORE": 0}
    assert asked(job(size=10_000_000))["CPU"] == 160
    assert asked(job(size=10_000_000, ratio=2 * UnpackLimits().ratio))["CPU"] == 260
    assert asked(job(size=10_000_000, ratio=1))["CPU"] == 160
    assert asked(job(members=UnpackLimits().members + 1024))["AS"] == (1 << 30) + (1 << 20)
    assert asked(job(members=1))["AS"] == 1 << 30


def said(*lines: object) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def raised(answer: bytes, one: Job | None = None) -> BakehouseError:
    with pytest.raises(BakehouseError) as caught:
        (one or job()).understood(answer, as_unpacked)
    return caught.value


DONE = {"newest": 7, "members": 2, "size": 9, "warnings": []}
PROBLEM = {"code": "archive.member", "message": "a.tar: no", "place": None, "remedy": "another"}


def test_what_was_done_is_read() -> None:
    warning = {"kind": "collision", "path": "a", "sentence": "two are one", "count": 3}
    found = job().understood(said({"done": {**DONE, "warnings": [warning]}}), as_unpacked)
    odd = Oddity(kind=OddKind.COLLISION, path="a", sentence="two are one", count=3)
    assert found == Unpacked(newest=7, members=2, size=9, warnings=(odd,))
    many = job().understood(said({"done": {**DONE, "warnings": [warning] * 1000}}), as_unpacked)
    assert len(many.warnings) == len(OddKind)
    assert job().understood(said({"done": {"content": "6162"}}), as_content) == b"ab"
    assert job().understood(said({"done": {"content": None}}), as_content) is None
    job().understood(said({"done": {}}), as_nothing)


@pytest.mark.parametrize(("name", "kind"), [("SourceError", SourceError), ("MachineError", MachineError)])
def test_errors_come_out_as_they_were(name: str, kind: type[BakehouseError]) -> None:
    place = {"file": "a.tar", "line": 3, "column": None}
    error = raised(said({"error": name, "problems": [{**PROBLEM, "place": place}, PROBLEM]}))
    assert type(error) is kind
    assert [one.message for one in error.problems] == ["a.tar: no", "a.tar: no"]
    assert error.problems[0].place == Place(file="a.tar", line=3)
    assert error.problems[0].remedy == "another"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "ended without an answer"),
        (said({"ended": 1}), "ended without an answer"),
        (said({"ended": -signal.SIGSEGV}), "was ended by signal 11"),
        (said({"ended": -signal.SIGALRM}), "does not come to an end"),
        (said({"ended": -signal.SIGXCPU}), "takes more than 60 s of processor time"),
        (said({"ended": "time"}), "takes more than 60 s of processor time"),
        (said({"ended": "memory"}), "takes more than 1024 MiB of memory"),
        (said({"defect": "KeyError: 'x'"}), "makes our reader fail (KeyError: 'x')"),
        (said({"done": {}}), "ended without an answer"),
        (said({"done": {**DONE, "newest": "never"}}), "ended without an answer"),
        (said({"error": "SystemExit", "problems": [PROBLEM]}), "ended without an answer"),
        (said({"error": "SourceError", "problems": [{}]}), "ended without an answer"),
        (said([], 3, None, "x", {"ended": []}), "ended without an answer"),
        (b"[" * 100_000, "ended without an answer"),
        (b'{"done": {"newest": 1e999, "members": 1, "size": 1, "warnings": []}}', "ended without an answer"),
        (b"{" * 100 + b"\xff\n" + said({"ended": -9}), "was ended by signal 9"),
    ],
)
def test_every_other_end_is_about_the_archive(answer: bytes, why: str) -> None:
    error = raised(answer)
    assert isinstance(error, SourceError)
    assert str(error).startswith("a.tar: ")
    assert why in str(error)
    assert error.problems[0].remedy


@given(st.binary(max_size=40) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(said))
def test_whatever_is_answered_it_is_understood_or_refused(answer: bytes) -> None:
    reads: tuple[Callable[..., object], ...] = (as_unpacked, as_content)
    for read in reads:
        with pytest.raises(SourceError, match="ended without an answer"):
            job().understood(answer, read)
