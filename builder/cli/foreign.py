"""Options of rattler-build that change nothing here, which one line says, and those that are refused with a remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.report import write_text

F = TypeVar("F", bound=Callable[..., Any])


@frozen(kw_only=False)
class Foreign:
    """An option: its ``name``, what it takes (``value``; None for a flag, in brackets if it may be left out), and why.

    With a ``remedy`` it is refused, else it is let pass. ``good`` are values that need neither.
    """

    name: str
    value: str | None
    why: str
    remedy: str | None = None
    good: tuple[str, ...] = ()


_EVERYWHERE = (
    Foreign("--no-config", None, "configuration of other tools is never read"),
    Foreign("--wrap-log-lines", "[true|false]", "lines are never wrapped"),
    Foreign("--use-zstd", None, "what a channel offers is taken"),
    Foreign("--use-bz2", None, "what a channel offers is taken"),
    Foreign("--use-sharded", None, "what a channel offers is taken"),
    Foreign(
        "--allow-insecure-host", "HOST", "certificates are always verified",
        remedy="name the authority's certificate in SSL_CERT_FILE, or a mirror with --mirror",
    ),
    Foreign(
        "--auth-file", "FILE", "channels that ask who you are cannot be used",
        remedy="name channels that everybody may read, or a mirror of them in a folder",
    ),
)  # fmt: skip

_WHILE_BUILDING = (
    Foreign("--io-concurrency-limit", "N", "packages are unpacked once into the store and linked from there"),
    Foreign("--color-build-log", None, "scripts have no terminal and say what they say without colours"),
    Foreign("--allow-symlinks-on-windows", None, "links are packed for every platform"),
    Foreign("--sandbox", None, "--isolation says how scripts are isolated, and they always are unless it is none"),
    Foreign(
        "--allow-read", "PATH", "scripts see nothing of the machine",
        remedy="name the files as a source with path:, or show them to one recipe with --mount NAME=PATH:PATH",
    ),
    Foreign(
        "--allow-read-execute", "PATH", "scripts see nothing of the machine",
        remedy="name the tools in requirements.build, or show them to one recipe with --mount NAME=PATH:PATH",
    ),
    Foreign(
        "--allow-read-write", "PATH", "scripts write nowhere but in their own folders",
        remedy="write into $PREFIX or the work folder, or lend one recipe the folder with --mount NAME=PATH:PATH:rw",
    ),
    Foreign(
        "--overwrite-default-sandbox-config", None, "what a script sees is the same on every machine",
        remedy="leave it out, or build with --isolation none",
    ),
    Foreign(
        "--env-isolation", "[strict|conda-build|none]", "variables of your session would decide what is built",
        remedy="name each variable in build.script.env, or in build.script.secrets if it is one",
        good=("strict",),
    ),
    Foreign(
        "--allow-absolute-license-paths", None, "a licence would be a file of this machine",
        remedy="put the file beside the recipe, or let the script copy it into the sources",
    ),
)  # fmt: skip

_WHILE_TESTING = (
    Foreign("--compression-threads", "N", "packages are tested as they are"),
    Foreign("--experimental", None, "packages are tested as they are"),
    Foreign("--v3", None, "packages are tested as they are"),
)


def foreign_to_builds(function: F) -> F:
    """Add what `bakehouse build` lets pass or refuses; the command never sees it."""
    return foreign((*_EVERYWHERE, *_WHILE_BUILDING), function)


def foreign_to_tests(function: F) -> F:
    """Add what `bakehouse test` lets pass or refuses; the command never sees it."""
    return foreign((*_EVERYWHERE, *_WHILE_TESTING), function)


def foreign(options: Sequence[Foreign], function: F) -> F:
    """Add options that do nothing or are refused; the command never sees them."""
    for option in options:
        function = _option(option)(function)
    return function


def _option(told: Foreign) -> Callable[[F], F]:
    def judge(context: click.Context, option: click.Parameter, given: object) -> None:
        del context, option
        texts = [str(one) for one in given] if isinstance(given, tuple) else ["given"] if given else []
        if not [text for text in texts if text not in told.good]:
            return
        if told.remedy is not None:
            raise UsageError(f"{told.name}: {told.why}", code="cli.foreign", remedy=told.remedy)
        write_text(f"{told.name} has no effect: {told.why}", sys.stderr)

    own = f"foreign{told.name.replace('-', '_')}"  # click would mix --variants up with what --variant is kept as
    if told.value is None:
        return click.option(own, told.name, is_flag=True, hidden=True, expose_value=False, callback=judge)
    alone = "true" if told.value.startswith("[") else None
    return click.option(
        own, told.name, multiple=True, is_flag=False, flag_value=alone, hidden=True, expose_value=False, callback=judge
    )
