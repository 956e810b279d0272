"""The command line: one file per verb; this one turns arguments into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from builder.cli.app import Context, application, verb_first
from builder.cli.colour import asked_colour, coloured
from builder.errors import BakehouseError, Interrupted, MachineError, UsageError
from builder.report import write_document, write_text
from builder.report.trouble import error_document, error_text

__all__ = ["run"]


def run(arguments: Sequence[str], *, abandon: Callable[[int], NoReturn]) -> int:
    """Run one command line and return its exit code; ``abandon`` leaves the process although threads still work.

    With ``--json`` an error is a document on standard output, otherwise text on standard error.
    """
    try:
        return _run(arguments, Context(abandon=abandon))
    except (BrokenPipeError, SystemExit):  # click makes the one into the other
        return Interrupted.exit_code  # whoever read our output has seen enough: the work was cut short


def _run(arguments: Sequence[str], context: Context) -> int:
    try:
        code = application.main(_words(arguments), prog_name="bakehouse", standalone_mode=False, obj=context)
    except BakehouseError as error:
        return _fail(error, arguments)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _fail(_misuse(error), arguments)
    except (KeyboardInterrupt, click.Abort):
        return _fail(Interrupted("interrupted; what was finished stays, run the same command to go on"), arguments)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _fail(_machine(error), arguments)
    except Exception as error:  # noqa: BLE001 - a defect is told in one line too, and its traceback kept
        from builder.cli.defect import defect_error

        return _fail(defect_error(error, arguments), arguments)
    return code if isinstance(code, int) else 0


def _words(arguments: Sequence[str]) -> list[str]:
    """Return a command line as our own parser reads it, however one of the peers would have it."""
    words = verb_first(arguments)
    if "--extra-meta" not in words:
        return words
    from builder.cli.conda_build import spread

    return spread(words)


def _fail(error: BakehouseError, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        write_document(error_document(error), sys.stdout)
    else:
        with_colour = coloured(asked_colour(arguments), sys.stderr, os.environ)
        write_text(error_text(error, colour=with_colour), sys.stderr)
    return error.exit_code


def _misuse(error: click.ClickException) -> UsageError:
    verb = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "bakehouse"
    return UsageError(error.format_message(), code="cli.usage", remedy=f"{verb} --help shows how to use it")


def _machine(error: OSError) -> MachineError:
    place = f" ({error.filename})" if error.filename else ""
    return MachineError(f"{error.strerror or error}{place}", code="machine.os")
