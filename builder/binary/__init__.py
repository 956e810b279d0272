"""Binary files: their facts, whatever their format, and the one edit that relocation needs, the run path."""

from __future__ import annotations

from builder.binary.elf import Data
from builder.binary.facts import is_binary, mapped, read_facts
from builder.binary.glibc import GLIBC_LIBRARIES
from builder.binary.runpath import RunPathEdit, patch_run_path, run_path_edit
from builder.binary.versions import order

__all__ = [
    "GLIBC_LIBRARIES",
    "Data",
    "RunPathEdit",
    "is_binary",
    "mapped",
    "order",
    "patch_run_path",
    "read_facts",
    "run_path_edit",
]
