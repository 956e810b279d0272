"""The root of the command line: knows which module holds each verb and imports only the one that is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

import click

from builder import __version__
from builder.model.frozen import frozen

VERBS: dict[str, str] = {
    "render": "expand recipes over their variants",
    "matrix": "print the CI jobs of a feedstock, or write their files",
    "explain": "say why a package has its name and hash, key by key",
    "plan": "show what would be built, what is reused, and why",
    "fetch": "fetch everything that a later --offline needs",
    "build": "plan, build and test recipes into a channel",
    "debug": "enter a build as its script left it, or make a patch of what was changed there",
    "test": "run a package's own tests in a fresh environment",
    "inspect": "show what packages say of themselves and of how they were made",
    "index": "write a channel's index anew from its packages",
    "repin": "renew the pins of Debian packages",
    "schema": "print the JSON Schema of recipes, variant files or collections, for editors",
    "doctor": "say what this machine offers to isolate scripts, and how to get the rest",
    "rootfs": "write the sandbox's root as a tree and an image, or show what is in it",
    "cache": "list the store, or make room in it",
}
"""Verb → what it does, in the order of the help."""


_FLAGS = frozenset({"-q", "--quiet", "--verbose", "--no-config"})
_VALUED = frozenset({"--log-style", "--color", "--config-file"})


def verb_first(arguments: Sequence[str]) -> list[str]:
    """Return a command line with what may stand before the verb, as for rattler-build, behind it: ``build -v``."""
    place = 0
    while place < len(arguments) and (step := _before_a_verb(arguments[place])):
        place += step
    if not 0 < place < len(arguments) or arguments[place].startswith("-"):
        return list(arguments)
    return [arguments[place], *arguments[:place], *arguments[place + 1 :]]


def _before_a_verb(word: str) -> int:
    """Return of how many words the option consists that ``word`` begins, 0 if it is none that may stand there."""
    name, equals, _ = word.partition("=")
    if word in _FLAGS or name == "--wrap-log-lines" or (word[:2] in {"-v", "-q"} and len(set(word[1:])) == 1):
        return 1
    return 0 if name not in _VALUED else 1 if equals else 2


@frozen
class Context:
    """What the process gives to a verb: ``abandon`` ends it at once, whatever threads still do."""

    abandon: Callable[[int], NoReturn]


class Verbs(click.Group):
    """A group whose commands are looked up in `VERBS`; listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"builder.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which verb was meant when there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], VERBS, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"there is no verb {args[0]!r}.{meant}", ctx=ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with what they do, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="bakehouse %(version)s")
@click.pass_context
def application(ctx: click.Context) -> None:
    """Turn recipes into conda packages: isolated, reproducible to the byte, parallel, verified.

    \b
    Examples:
      bakehouse build recipes/base/zlib
      bakehouse render recipes/base/zlib --json
      bakehouse VERB --help
    """  # noqa: D301 - \b keeps click from wrapping the examples
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
