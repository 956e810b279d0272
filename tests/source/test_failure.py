"""The words of failure: whose fault, what was tried, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from builder.errors import BakehouseError, MachineError, RecipeError, SourceError
from builder.model.recipe import UrlSource
from builder.source.connection import TransferError
from builder.source.debian import PoolFile
from builder.source.failure import Unfetched, explain, offline_error, together, unhashed_error
from builder.store import StoredFile

Kind = Literal["missing", "wrong", "refused", "network"]


def unfetched(*kinds: Kind, urls: tuple[str, ...] = ("https://u:secret@example.org/a",)) -> Unfetched:
    tried = tuple((url, TransferError(kind, f"because {kind}")) for url, kind in zip(urls * 3, kinds, strict=False))
    return Unfetched(source=UrlSource(urls=urls), tried=tried)


@pytest.mark.parametrize(
    ("kinds", "kind", "code"),
    [
        (("missing",), SourceError, "source.gone"),
        (("missing", "missing"), SourceError, "source.gone"),
        (("network",), MachineError, "source.unreachable"),
        (("missing", "network"), MachineError, "source.unreachable"),
        (("wrong",), SourceError, "source.wrong-bytes"),
        (("network", "wrong", "missing"), SourceError, "source.wrong-bytes"),
        (("refused",), SourceError, "source.forbidden"),
        (("network", "refused"), SourceError, "source.forbidden"),
        (("refused", "wrong"), SourceError, "source.wrong-bytes"),
    ],
)
def test_whose_fault_it_is(kinds: tuple[Kind, ...], kind: type[BakehouseError], code: str) -> None:
    error = explain(unfetched(*kinds))
    assert type(error) is kind
    [problem] = error.problems
    assert problem.code == code
    assert problem.remedy
    assert "secret" not in problem.message
    for each in kinds:
        assert f"https://example.org/a: because {each}" in problem.message


def test_exit_codes() -> None:
    assert explain(unfetched("network")).exit_code == 3
    assert explain(unfetched("missing")).exit_code == 2


def test_one_attempt_is_one_line_and_more_are_a_list() -> None:
    assert str(explain(unfetched("missing"))) == "https://example.org/a: because missing"
    assert str(explain(unfetched("missing", "wrong"))).splitlines() == [
        "no address gives the source:",
        "  https://example.org/a: because missing",
        "  https://example.org/a: because wrong",
    ]


class TestWhatIsThereNow:
    PIN = "debian:pool/main/o/old/libold_1%2b1_amd64.deb"
    NOW = PoolFile(package="libold", version="2.0-1", path="pool/main/o/old/libold_2.0-1_amd64.deb", suite="bookworm")

    def test_it_is_said_with_the_command_that_helps(self) -> None:
        present = {"pool/main/o/old/libold_1+1_amd64.deb": self.NOW}
        [problem] = explain(unfetched("missing", urls=(self.PIN,)), present).problems
        assert problem.message.endswith("bookworm has version 2.0-1 of libold now")
        assert "make repin" in (problem.remedy or "")
        assert "bakehouse repin" in (problem.remedy or "")

    def test_nothing_is_said_of_other_files(self) -> None:
        [problem] = explain(unfetched("missing", urls=(self.PIN,)), {"pool/x": self.NOW}).problems
        assert "bookworm" not in problem.message

    def test_nothing_is_said_when_somebody_did_not_answer(self) -> None:
        present = {"pool/main/o/old/libold_1+1_amd64.deb": self.NOW}
        [problem] = explain(unfetched("missing", "network", urls=(self.PIN, "https://example.org/b")), present).problems
        assert "bookworm" not in problem.message


class TestUnhashed:
    STORED = StoredFile(path=Path("/a"), sha256="ab" * 32, md5="cd" * 16, size=3)

    def test_the_line_to_write_is_computed(self) -> None:
        [problem] = unhashed_error(UrlSource(urls=("https://example.org/a",)), self.STORED).problems
        assert problem.code == "source.unhashed"
        assert problem.message == "https://example.org/a has no sha256"
        assert f"`sha256: {'ab' * 32}` (what came now)" in (problem.remedy or "")

    @pytest.mark.parametrize(
        ("md5", "words"), [("CD" * 16, "with the recipe's md5"), ("00" * 16, "is not the recipe's")]
    )
    def test_md5_alone_proves_nothing(self, md5: str, words: str) -> None:
        [problem] = unhashed_error(UrlSource(urls=("https://example.org/a",), md5=md5), self.STORED).problems
        assert "md5 alone proves nothing" in problem.message
        assert words in (problem.remedy or "")


def test_offline_names_the_command_to_run_before() -> None:
    error = offline_error(UrlSource(urls=("https://u:secret@example.org/a", "https://example.org/b")))
    assert error.exit_code == 3
    [problem] = error.problems
    assert problem.message.startswith("https://example.org/a ")
    assert "bakehouse fetch" in (problem.remedy or "")


def test_many_errors_become_one_and_wrong_input_outweighs_the_machine() -> None:
    machine, source = MachineError("m", code="a"), SourceError("s", code="b")
    both = together([machine, source])
    assert type(both) is SourceError
    assert [problem.code for problem in both.problems] == ["a", "b"]
    assert type(together([machine, machine])) is MachineError
    assert type(together([RecipeError("r")])) is RecipeError
