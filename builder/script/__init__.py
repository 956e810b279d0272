"""Runs the scripts of builds and tests: variables, activation, interpreter, log."""

from __future__ import annotations

from builder.script.chosen import runnable
from builder.script.collect import collect
from builder.script.entrance import entering, shell
from builder.script.files import with_files
from builder.script.listing import read_listing
from builder.script.log import Log
from builder.script.run import Ran, Run, lay_out, run_script
from builder.script.variables import Stage, build_variables, path_names, test_variables
from builder.script.wrapper import ActivatedPrefix

__all__ = [
    "ActivatedPrefix",
    "Log",
    "Ran",
    "Run",
    "Stage",
    "build_variables",
    "collect",
    "entering",
    "lay_out",
    "path_names",
    "read_listing",
    "run_script",
    "runnable",
    "shell",
    "test_variables",
    "with_files",
]
