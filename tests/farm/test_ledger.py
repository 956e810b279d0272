"""The ledger: claims live as long as their process, ends that come too late are not written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import MachineError
from builder.farm import Claim, Ledger
from builder.store import Store

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def ledger(root: Path) -> Iterator[Ledger]:
    with Ledger(Store(root)) as ledger:
        yield ledger


def must(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim


def test_a_good_end_is_remembered_with_what_it_was_made_of(ledger: Ledger) -> None:
    claim = must(ledger.claim("ch", "key", "linux-64/a"))
    assert ledger.finish(claim, file_name="a.conda", build_key="bk", explanation=[("script", "1"), ("rootfs", "2")])
    assert ledger.done("ch") == {"key": "a.conda"}
    assert ledger.done("another") == {}
    assert ledger.explanations("ch") == {"a.conda": (("script", "1"), ("rootfs", "2"))}
    (row,) = ledger.rows("ch")
    assert (row.state, row.build_key, row.fence) == ("done", "bk", 1)


def test_a_failure_is_remembered_and_may_be_tried_again(ledger: Ledger) -> None:
    assert ledger.fail(must(ledger.claim("ch", "key", "a")), "it broke")
    assert ledger.rows("ch")[0].error == "it broke"
    again = must(ledger.claim("ch", "key", "a"))
    assert again.fence == 2
    assert ledger.rows("ch")[0].error is None


def test_the_newest_explanation_of_a_file_wins(ledger: Ledger) -> None:
    ledger.release(must(ledger.claim("ch", "old", "a")))
    ledger.finish(must(ledger.claim("ch", "old", "a")), file_name="a", build_key=None, explanation=[("x", "1")])
    ledger.finish(must(ledger.claim("ch", "new", "a")), file_name="a", build_key=None, explanation=[("x", "2")])
    assert ledger.explanations("ch")["a"] == (("x", "2"),)


def test_a_second_process_of_the_same_store_does_not_get_a_living_claim(ledger: Ledger, root: Path) -> None:
    must(ledger.claim("ch", "key", "a"))
    with Ledger(Store(root)) as other:
        assert other.claim("ch", "key", "a") is None
        assert other.claim("ch", "other key", "b") is not None


def test_a_released_claim_is_free_and_its_late_end_is_not_written(ledger: Ledger, root: Path) -> None:
    first = must(ledger.claim("ch", "key", "a"))
    ledger.release(first)
    with Ledger(Store(root)) as other:
        second = must(other.claim("ch", "key", "a"))
        assert not ledger.finish(first, file_name="late", build_key=None)
        assert other.finish(second, file_name="right", build_key=None)
    assert ledger.done("ch") == {"key": "right"}


def test_leaving_the_ledger_frees_its_claims(root: Path) -> None:
    with Ledger(Store(root)) as first:
        must(first.claim("ch", "key", "a"))
    with Ledger(Store(root)) as second:
        assert must(second.claim("ch", "key", "a")).fence == 2


def test_a_killed_process_loses_its_claims_at_once(ledger: Ledger, root: Path) -> None:
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from builder.farm import Ledger
        from builder.store import Store
        with Ledger(Store(Path({str(root)!r}))) as ledger:
            assert ledger.claim("ch", "key", "a")
            print("claimed", flush=True)
            time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=CHECKOUT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        assert ledger.claim("ch", "key", "a") is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert must(ledger.claim("ch", "key", "a")).fence == 2


def test_four_processes_share_claims_without_a_double(root: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[list[str]] = context.Queue()
    hold: multiprocessing.Queue[list[str]] = context.Queue()
    processes = [context.Process(target=_claim_held, args=(root, 20, results, hold)) for _ in range(4)]
    for process in processes:
        process.start()
    won = [key for _ in processes for key in results.get(timeout=60)]
    for _ in processes:
        hold.put([])
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert sorted(won) == sorted(f"key{index}" for index in range(20))


def _claim_held(
    root: Path, count: int, results: multiprocessing.Queue[list[str]], hold: multiprocessing.Queue[list[str]]
) -> None:
    with Ledger(Store(root)) as ledger:
        results.put([f"key{i}" for i in range(count) if ledger.claim("ch", f"key{i}", f"t{i}") is not None])
        hold.get(timeout=60)


def test_a_ledger_that_is_no_database_is_a_machine_error_with_a_remedy(root: Path) -> None:
    root.mkdir()
    (root / "ledger.sqlite").write_text("this is no database, but long enough to be looked at as one" * 20)
    with pytest.raises(MachineError, match="cannot be used") as caught, Ledger(Store(root)):
        pass
    assert caught.value.problems[0].remedy is not None


def test_the_file_is_in_wal_mode_and_whole(ledger: Ledger, root: Path) -> None:
    ledger.finish(must(ledger.claim("ch", "key", "a")), file_name="a", build_key=None)
    db = sqlite3.connect(root / "ledger.sqlite")
    try:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        db.close()


def test_a_ledger_of_another_version_is_begun_anew(root: Path) -> None:
    root.mkdir()
    db = sqlite3.connect(root / "ledger.sqlite")
    db.execute("CREATE TABLE task (something TEXT)")
    db.commit()
    db.close()
    with Ledger(Store(root)) as ledger:
        assert ledger.finish(must(ledger.claim("ch", "key", "a")), file_name="a", build_key=None)
    with Ledger(Store(root)) as again:
        assert again.done("ch") == {"key": "a"}
