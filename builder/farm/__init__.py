"""Decides which task of a plan runs when, and remembers durably what became of each."""

from builder.farm.claimed import Claimed
from builder.farm.driver import drive
from builder.farm.executor import Executor, Job
from builder.farm.ledger import Claim, Ledger, Row
from builder.farm.local import LocalExecutor

__all__ = ["Claim", "Claimed", "Executor", "Job", "Ledger", "LocalExecutor", "Row", "drive"]
