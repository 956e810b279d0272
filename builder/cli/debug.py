"""``bakehouse debug``: enter a build as its script left it, with a shell or a command, or make a patch there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from builder.cli.app import Context
from builder.cli.collection import find_collection
from builder.cli.debugging import Search, door_of, is_outdated, is_package, kept_of, prepared, renderings_of
from builder.cli.options import DebugChoice, Places, Telling, debug_choice, places, telling
from builder.cli.rendering import render_selection
from builder.cli.selection import Selection, selection
from builder.cli.site import secrets, site
from builder.cli.waiting import wait_for
from builder.errors import UsageError
from builder.pipeline.entering import Terminal, entered
from builder.pipeline.kept import Kept
from builder.report import Reporter, write_document, write_text
from builder.report.events import Noted
from builder.sandbox import Command, Session, Streams
from builder.sandbox.terminal import own_terminal, restorer
from builder.script import entering, shell
from builder.store import atomic_write

if TYPE_CHECKING:
    from builder.pipeline.patching import Patched

_PASSED = "builder.cli.debug.passed"
_TERMINFO = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")


class _WithCommand(click.Command):
    """A command whose words after ``--`` are somebody else's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words after the first ``--`` for the sandbox."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_PASSED] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Tell of them in the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


@click.command("debug", cls=_WithCommand)
@selection
@places
@debug_choice
@telling
@click.pass_context
def command(running: click.Context, selection: Selection, places: Places, choice: DebugChoice, telling: Telling) -> int:
    """Enter a failed build as its script left it: the same tree, prefixes, variables and sandbox.

    With a command after -- runs that instead of a shell; its exit code is ours. What is changed inside stays. When
    nothing has failed, everything up to the script is prepared first. A package, or --test, enters a test.

    \b
    Examples:
      bakehouse debug recipes/base/zlib
      bakehouse debug recipes/base/zlib -- make VERBOSE=1
      bakehouse debug recipes/base/zlib --patch recipes/base/zlib/fix.patch
    """  # noqa: D301 - \b keeps click from wrapping the examples
    passed: tuple[str, ...] = running.meta[_PASSED]
    context = running.ensure_object(Context)
    if passed and (telling.json or choice.patch is not None):
        raise UsageError("a command goes neither with --json nor with --patch", code="debug.usage")
    reporter = telling.reporter(sys.stderr, otherwise="plain")
    try:
        state, search = _state(selection, places, choice, reporter, context)
        if choice.patch is not None:
            return _patch(state, search, telling, context)
    finally:
        reporter.close()
    if telling.json:
        write_document(_document(state, search), sys.stdout)
        return 0
    return _enter(state, search, passed, context, quiet=telling.quiet)


def _state(
    selection: Selection, places: Places, choice: DebugChoice, reporter: Reporter, context: Context
) -> tuple[Kept, Search]:
    """Return the state that the command line means, prepared where that is needed."""
    packages = [path for path in selection.wanted if is_package(path)]
    if packages:
        if len(selection.wanted) > 1:
            raise UsageError("name one package, and no recipe beside it", code="debug.usage")
        search = Search(place=site(places, find_collection(Path())), choice=choice, emit=reporter.emit)
        return _test_state(packages[0], search, reporter, context), search
    rendered = render_selection(selection, places)
    rendered.raise_errors()
    search = Search(place=site(places, rendered.collection), choice=choice, emit=reporter.emit)
    renderings = renderings_of(rendered, choice)
    if choice.test is not None:
        from builder.cli.debugging_tests import package_of

        return _test_state(package_of(renderings, search), search, reporter, context), search
    state = None if choice.fresh else kept_of(renderings, search)
    if state is not None and is_outdated(state, rendered, search):
        text = f"the recipe has changed since {state.name} was kept; --fresh prepares it as it is now"
        reporter.emit(Noted(text=text))
    if state is None:
        work = prepared(rendered, renderings, selection, search)
        state = wait_for(work, abandon=context.abandon, tidy=reporter.close)
    return state, search


def _test_state(package: Path, search: Search, reporter: Reporter, context: Context) -> Kept:
    from builder.cli.debugging_tests import prepared_test  # tests have rooms of their own

    return wait_for(prepared_test(package, search), abandon=context.abandon, tidy=reporter.close)


# -- inside ------------------------------------------------------------------------------------------------------------


def _enter(state: Kept, search: Search, passed: tuple[str, ...], context: Context, *, quiet: bool) -> int:
    streams = _streams()
    terminal = _terminal() if all(os.isatty(one) for one in (streams.stdin, streams.stdout, streams.stderr)) else None
    restore: Callable[[], None] = restorer(streams.stdin) if os.isatty(streams.stdin) else lambda: None
    values = secrets(state.secrets)
    for name in sorted(set(state.secrets) - set(values)):
        write_text(f"warning: {name}, a secret of the script, is not set here", sys.stderr)
    if terminal is not None and not passed and not quiet:
        write_text(_greeting(state, search), sys.stderr)
    argv = passed or shell(state.script, terminal=terminal is not None)
    wanted = Command(argv=entering(state.script, argv), cwd=state.start)

    async def work() -> int:
        door = await door_of(state, search)
        async with entered(state, door, secrets=values, terminal=terminal) as session:
            return await _run(session, wanted, streams, own=terminal is not None)

    try:
        return wait_for(work(), abandon=context.abandon, tidy=restore)
    finally:
        restore()


async def _run(session: Session, wanted: Command, ours: Streams, *, own: bool) -> int:
    """Run ``wanted`` with our streams, or with a terminal of its own that is joined to ours."""
    if not own:
        return (await session.run(wanted, _unheard, streams=ours)).code
    async with own_terminal(ours.stdin, ours.stdout) as streams:
        return (await session.run(wanted, _unheard, streams=streams)).code


def _streams() -> Streams:
    """Return our standard streams; one that was closed is the null device."""
    descriptors = []
    for stream, flags in ((sys.stdin, os.O_RDONLY), (sys.stdout, os.O_WRONLY), (sys.stderr, os.O_WRONLY)):
        closed = stream is None  # what Python says of it, though not to mypy
        descriptors.append(os.open(os.devnull, flags) if closed else stream.fileno())
    return Streams(stdin=descriptors[0], stdout=descriptors[1], stderr=descriptors[2])


def _unheard(piece: bytes) -> None:
    raise AssertionError(f"{piece!r} should have gone to the caller's own streams")


def _terminal() -> Terminal:
    """Return the caller's terminal, with this machine's description of it: the sandbox's root has none."""
    name = os.environ.get("TERM", "dumb")
    plain = name.replace("-", "").replace(".", "").replace("+", "").isalnum()
    places = [Path(folder, name[0], name) for folder in _TERMINFO] if plain else []
    found = next((place.resolve() for place in places if place.is_file()), None)
    return Terminal(name=name if plain else "dumb", description=found)


def _greeting(state: Kept, search: Search) -> str:
    where = _document(state, search)
    lines = [
        f"{state.name}, {f'failed: {state.said}' if state.said else 'prepared: its script has not run'}",
        f"  its work folder is {where['work']}",
        "  again    runs the script once more",
        "  exit     leaves; what was changed stays",
    ]
    return "\n".join(lines)


# -- paths -------------------------------------------------------------------------------------------------------------


def _document(state: Kept, search: Search) -> dict[str, object]:
    """Return where everything lies on this machine, and inside."""
    folder = search.place.store.failed_place(state.task_id)

    def here(path: Path | None) -> str | None:
        if path is not None and path.is_relative_to(state.scratch):
            path = folder / path.relative_to(state.scratch)
        return None if path is None else str(path)

    inside = {"work": "SRC_DIR", "prefix": "PREFIX", "build_prefix": "BUILD_PREFIX"}
    names = {name: state.variable(variable) for name, variable in inside.items()}
    found = {name: here(state.place(PurePosixPath(path))) if path else None for name, path in names.items()}
    return {
        "task": state.task_id,
        "package": state.name,
        "state": "failed" if state.said else "prepared",
        "said": state.said or None,
        "recipe" if state.kind == "build" else "tested": str(state.given),
        "isolation": state.isolation,
        "folder": str(folder),
        **found,
        "script": here(state.place(state.script)),
        "log": str(state.log) if state.log is not None and state.log.is_file() else None,
        "inside": {**{name: path or None for name, path in names.items()}, "script": str(state.script)},
    }


# -- patch -------------------------------------------------------------------------------------------------------------


def _patch(state: Kept, search: Search, telling: Telling, context: Context) -> int:
    from builder.pipeline.patching import Wish, make_patch  # only a patch needs the rooms that it is made with

    choice, file = search.choice, search.choice.patch
    assert file is not None
    if file.exists() and not choice.overwrite:
        raise UsageError(f"{file} is there already", code="debug.there", remedy="--overwrite writes over it")
    wish = Wish(add=choice.add, exclude=choice.exclude)

    async def make() -> Patched:
        return await make_patch(state, await door_of(state, search), search.place.fetcher(search.emit), wish)

    made = wait_for(make(), abandon=context.abandon)
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, made.text)
    if telling.json:
        write_document(_patch_document(made, file), sys.stdout)
    else:
        write_text(_patch_text(made, file, state), sys.stderr)
    return 0


def _patch_document(made: Patched, file: Path) -> dict[str, object]:
    return {
        "patch": str(file.absolute()),
        "files": [{"path": path, "what": what} for path, what in made.files],
        "left_out": list(made.left_out),
        "source": made.source,
    }


def _patch_text(made: Patched, file: Path, state: Kept) -> str:
    lines = [f"wrote {file}", *(f"  {what:8} {path}" for path, what in made.files)]
    if made.left_out:
        some = ", ".join(made.left_out[:3]) + (" …" if len(made.left_out) > 3 else "")
        lines.append(f"left out, for only the build made or changed them: {some} (--add GLOB takes them in)")
    if made.source is None:
        return "\n".join([*lines, "to keep it, add it to the `patches` of the source that these files are from"])
    place = file.absolute()
    inside = place.is_relative_to(state.recipe_folder)
    name = place.relative_to(state.recipe_folder) if inside else file.name
    count = len(made.sources)
    which = f"source {made.source + 1} of {count}" if count > 1 else "the source"
    move = "" if inside else f", after moving it into {state.recipe_folder}"
    return "\n".join([*lines, f"to keep it, add to {which} in {state.given}{move}:", "  patches:", f"    - {name}"])
