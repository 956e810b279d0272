"""The durable memory of all runs: an SQLite file (WAL) with a row for each channel and recipe key.

Any process may be killed at any time. A claim belongs to a living process as long as that process holds its owner lock
(a file lock, which the kernel frees with the process); a claim without a living owner may be taken by anybody. A fence,
raised with each claim, keeps an end that comes too late from being written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, Self

from builder.errors import MachineError
from builder.model.frozen import frozen
from builder.store import Store

State = Literal["running", "done", "failed"]

_VERSION = 1
_TASKS = """
CREATE TABLE task (
    channel TEXT NOT NULL, recipe_key TEXT NOT NULL, task_id TEXT NOT NULL, state TEXT NOT NULL,
    owner INTEGER NOT NULL, fence INTEGER NOT NULL, file_name TEXT, build_key TEXT, explanation TEXT, error TEXT,
    written INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, recipe_key)
) WITHOUT ROWID
"""
_SCHEMA = (
    "DROP TABLE IF EXISTS task",
    "DROP TABLE IF EXISTS owner",
    "CREATE TABLE owner (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    _TASKS,
    f"PRAGMA user_version = {_VERSION}",
)
"""Made where it is missing or of another version: with the old rows goes only the memory of earlier runs."""
_CLAIM = (
    "INSERT INTO task (channel, recipe_key, task_id, state, owner, fence) VALUES (?, ?, ?, 'running', ?, ?) "
    "ON CONFLICT (channel, recipe_key) DO UPDATE SET task_id = excluded.task_id, state = 'running', "
    "owner = excluded.owner, fence = excluded.fence, error = NULL"
)
_COLUMNS = "task_id, recipe_key, state, fence, file_name, build_key, error"


@frozen
class Row:
    """What the ledger knows of one task."""

    task_id: str
    recipe_key: str
    state: State
    fence: int
    file_name: str | None
    build_key: str | None
    error: str | None


@frozen
class Claim:
    """The right to run one task, until its owner dies."""

    channel: str
    recipe_key: str
    fence: int


class Ledger:
    """The ledger of one store; one value serves one process, its methods may be called from any thread."""

    def __init__(self, store: Store, file: Path | None = None) -> None:
        """Open, and make where it is missing, the ledger of ``store``."""
        self._store = store
        self._file = file or store.root / "ledger.sqlite"
        self._stack = ExitStack()
        self._owner = 0

    def __enter__(self) -> Self:
        """Take an owner lock, under which claims are made."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._transaction() as db:
            if db.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                for statement in _SCHEMA:
                    db.execute(statement)
            self._owner = db.execute("INSERT INTO owner DEFAULT VALUES").lastrowid or 0
        self._stack.enter_context(self._store.lock(_lock_name(self._owner)))
        return self

    def __exit__(self, *exc: object) -> None:
        """Free the owner lock; claims that were not finished are free for others."""
        self._stack.close()

    def claim(self, channel: str, recipe_key: str, task_id: str) -> Claim | None:
        """Claim a task; None while another living process has it."""
        with self._transaction() as db:
            found = db.execute(
                "SELECT state, owner, fence FROM task WHERE channel = ? AND recipe_key = ?", (channel, recipe_key)
            ).fetchone()
            if found and found[0] == "running" and found[1] != self._owner and self._alive(found[1]):
                return None
            fence = (found[2] if found else 0) + 1
            db.execute(_CLAIM, (channel, recipe_key, task_id, self._owner, fence))
        return Claim(channel=channel, recipe_key=recipe_key, fence=fence)

    def finish(
        self, claim: Claim, *, file_name: str | None, build_key: str | None, explanation: Sequence[tuple[str, str]] = ()
    ) -> bool:
        """Write a good end; False when the claim has meanwhile gone to somebody else."""
        text = json.dumps([list(pair) for pair in explanation])
        return self._end(
            claim,
            "state = 'done', file_name = ?, build_key = ?, explanation = ?, error = NULL, "
            "written = (SELECT MAX(written) + 1 FROM task)",
            (file_name, build_key, text),
        )  # fmt: skip

    def fail(self, claim: Claim, error: str) -> bool:
        """Write a bad end; False when the claim has meanwhile gone to somebody else."""
        return self._end(claim, "state = 'failed', error = ?", (error,))

    def release(self, claim: Claim) -> None:
        """Give a claim back unfinished, so that the next who asks gets it."""
        self._end(claim, "state = 'failed', error = ?", ("interrupted",))

    def rows(self, channel: str) -> tuple[Row, ...]:
        """Return all rows of a channel, by task id."""
        query = f"SELECT {_COLUMNS} FROM task WHERE channel = ? ORDER BY task_id, fence"  # noqa: S608 - a constant
        with self._transaction() as db:
            found = db.execute(query, (channel,)).fetchall()
        names = [name.strip() for name in _COLUMNS.split(",")]
        return tuple(Row(**dict(zip(names, row, strict=True))) for row in found)

    def done(self, channel: str) -> Mapping[str, str]:
        """Return recipe key → file name of all that was finished for ``channel``, built or reused by build key."""
        return {row.recipe_key: row.file_name for row in self.rows(channel) if row.state == "done" and row.file_name}

    def explanations(self, channel: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Return for each file of a channel what it was made of last, so that a plan can say what changed since."""
        with self._transaction() as db:
            found = db.execute(
                "SELECT file_name, explanation FROM task "
                "WHERE channel = ? AND state = 'done' AND file_name IS NOT NULL ORDER BY written",
                (channel,),
            ).fetchall()
        return {name: tuple((what, value) for what, value in json.loads(text or "[]")) for name, text in found}

    def _end(self, claim: Claim, change: str, values: tuple[str | None, ...]) -> bool:
        with self._transaction() as db:
            cursor = db.execute(
                f"UPDATE task SET {change} WHERE channel = ? AND recipe_key = ? AND fence = ? AND owner = ?",  # noqa: S608
                (*values, claim.channel, claim.recipe_key, claim.fence, self._owner),
            )
        return cursor.rowcount == 1

    def _alive(self, owner: int) -> bool:
        return self._store.is_locked(_lock_name(owner))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # One short connection for each transaction: no connection is shared by threads or carried over a fork.
        try:
            db = sqlite3.connect(self._file, timeout=60, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.rollback()
                    raise
                db.commit()
            finally:
                db.close()
        except sqlite3.Error as error:
            remedy = "free some space or remove the file: only the memory of earlier runs goes with it"
            raise MachineError(f"the ledger {self._file} cannot be used: {error}", remedy=remedy) from error


def _lock_name(owner: int) -> str:
    return f"owner-{owner}"
