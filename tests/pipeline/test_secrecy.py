"""What is looked for in a run, in which of a task's texts, and that nothing is packed when it is found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builder.archive import ArchiveMember
from builder.errors import CheckError
from builder.model.finding import Finding, Severity
from builder.model.outcome import Ending
from builder.model.packaging import Packaging
from builder.pipeline.secrecy import Told, hidden, logged, sought
from builder.report.events import Found
from builder.sandbox.fake import FakeSandbox, Opened
from builder.sandbox.seam import Output as Heard
from builder.sandbox.values import Command
from tests.check.credentials import CREDENTIALS
from tests.pipeline.making import Stage, installs
from tests.pipeline.test_repacking import run

GIVEN, PRIVATE = "Zx9-hunter-two-Qq", "v7Lq2Xw9Rk4Tn8Bz3Hs6"
SECRETS, PRIVATES = {"UPLOAD": GIVEN}, {"FARM": PRIVATE}


def what(stage: Stage, text: str) -> list[str]:
    return [hit.what for hit in sought(stage.bench(secrets=SECRETS, private=PRIVATES)).in_data(text.encode())]


def test_given_and_private_values_and_shapes_are_looked_for(stage: Stage) -> None:
    text = f"{GIVEN} {PRIVATE} {CREDENTIALS['a token of npm']}"
    assert what(stage, text) == ["the value of UPLOAD", "the value of FARM", "a token of npm"]
    assert what(stage, "nothing at all") == []


@pytest.mark.parametrize("value", [GIVEN, PRIVATE, CREDENTIALS["a token of npm"]])
def test_a_task_whose_payload_holds_one_fails_and_publishes_nothing(stage: Stage, value: str) -> None:
    stage.sandbox = installs({"share/file": value.encode(), f"share/{PRIVATE}": b""})
    outcome = stage.run(secrets=SECRETS, private=PRIVATES)
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    assert {problem.code for problem in outcome.problems} == {"check.secrets"}
    assert any("share/file" in str(problem.place) for problem in outcome.problems)
    assert not [text for text in (repr(outcome), repr(stage.told)) if value in text or PRIVATE in text]
    assert list((stage.folder / "channel").rglob("*.conda")) == []


def test_a_task_without_any_is_built(stage: Stage) -> None:
    stage.sandbox = installs({"share/file": b"harmless"})
    outcome = stage.run(secrets=SECRETS, private=PRIVATES)
    assert outcome.ending is Ending.BUILT
    assert [finding for finding in outcome.findings if finding.check == "secrets"] == []


def test_the_recipe_is_looked_at_and_what_is_allowed_is_remembered(stage: Stage) -> None:
    stage.sandbox = installs({"share/file": b"harmless"})
    for extra, ending in (
        ((), Ending.FAILED),
        ((("bakehouse", (("secret_allowlist", ("info/recipe/*",)),)),), Ending.BUILT),
    ):
        rendering = stage.rendering(extra=extra)
        rendering.recipe.path.write_text(f"# {CREDENTIALS['a token of npm']}\n")
        outcome = stage.run(stage.task(rendering))
        assert outcome.ending is ending
    (finding,) = [finding for finding in outcome.findings if finding.check == "secrets"]
    assert (finding.severity, finding.path) == (Severity.WARNING, "info/recipe/recipe.yaml")
    assert any(isinstance(event, Found) and event.finding == finding for event in stage.told)


def test_a_log_that_holds_one_stops_the_task_and_gets_stars(stage: Stage) -> None:
    def play(command: Command, opened: Opened, output: Heard) -> int:
        output(f"given {GIVEN}\nprivate {PRIVATE}\n".encode())
        return 0

    stage.sandbox = FakeSandbox(play=play)
    outcome = stage.run(secrets=SECRETS, private=PRIVATES)
    assert outcome.ending is Ending.FAILED
    (problem,) = outcome.problems
    assert problem.message.startswith("the value of FARM stands in the log, where stars are now,")
    (log,) = (stage.folder / "logs").rglob("*.log")
    assert log.read_text() == f"given ********\nprivate {'*' * len(PRIVATE)}\n"


def test_the_log_of_a_staging_output_is_looked_at_before_anything_is_kept(stage: Stage) -> None:
    said = [PRIVATE.encode()]

    def play(command: Command, opened: Opened, output: Heard) -> int:
        output(b"private " + said[0] + b"\n")
        return 0

    stage.sandbox = FakeSandbox(play=play)
    rendering = stage.rendering("dough", kind="staging", version="")
    for _ in range(2):
        outcome = stage.run(stage.task(rendering), secrets=SECRETS, private=PRIVATES)
        assert outcome.ending is Ending.FAILED, "and never taken from the store afterwards"
        (problem,) = outcome.problems
        assert problem.message.startswith("the value of FARM stands in the log, where stars are now,")
        assert PRIVATE not in "".join(path.read_text() for path in (stage.folder / "logs").rglob("*.log"))
    said[0] = b"nothing"
    assert stage.run(stage.task(rendering), secrets=SECRETS, private=PRIVATES).ending is Ending.STAGED


def test_a_package_that_is_packed_anew_is_looked_at(stage: Stage) -> None:
    """It was built when nobody knew of that secret, or elsewhere."""
    stage.sandbox = installs({"share/file": PRIVATE.encode(), "share/key": CREDENTIALS["a private key"].encode()})
    usual, other = Packaging(), Packaging(level=3)
    assert run(stage, usual).ending is Ending.BUILT
    outcome = run(stage, other, secrets=SECRETS, private=PRIVATES)
    assert outcome.ending is Ending.FAILED
    assert [problem.message.partition(" stands")[0] for problem in outcome.problems] == ["the value of FARM"]
    again = run(stage, other)
    assert again.reasons[-1].startswith("packed anew from ")
    (finding,) = [one for one in again.findings if one.check == "secrets"]
    assert (finding.severity, finding.path) == (Severity.WARNING, "share/key")


def test_a_task_without_script_has_no_log(stage: Stage) -> None:
    assert asyncio.run(logged(stage.work(), sought(stage.bench(secrets=SECRETS, private=PRIVATES)))) == ()


def test_members_are_looked_at_before_anything_is_written(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(PRIVATE)
    told = Told(stage.work(None, (), secrets=SECRETS, private=PRIVATES))
    told([ArchiveMember(path="info/index.json", content=b"{}")])
    assert told.findings == ()
    for content in (PRIVATE.encode(), tmp_path / "LICENSE"):
        with pytest.raises(CheckError, match="the value of FARM stands in it at byte 0"):
            told([ArchiveMember(path="info/licenses/LICENSE", content=content)])


def test_findings_of_all_checks_are_told_without_values(stage: Stage) -> None:
    finding = Finding(check="links", severity=Severity.NOTE, message=f"leads to {GIVEN}/x", path=f"share/{PRIVATE}")
    plain = Finding(check="links", severity=Severity.NOTE, message="nothing")
    first, second = hidden([finding, plain], sought(stage.bench(secrets=SECRETS, private=PRIVATES)))
    assert (first.message, first.path) == (f"leads to {'*' * len(GIVEN)}/x", f"share/{'*' * len(PRIVATE)}")
    assert second == plain
