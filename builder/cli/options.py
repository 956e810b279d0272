"""Options that several verbs share, in groups: each group becomes one frozen value, so that verbs stay short."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TextIO

import click

from builder.cli.colour import coloured
from builder.cli.grouping import PATH, grouped
from builder.cli.sandbox_options import SandboxChoice, sandbox_choice
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.outcome import TestStrategy
from builder.model.solving import ChannelPriority
from builder.report import Progress, Reporter, make_reporter

LogStyle = Literal["fancy", "json", "plain", "simple"]
Colour = Literal["auto", "always", "never"]

_STYLES: dict[LogStyle, Progress | None] = {"fancy": None, "json": "json", "plain": "plain", "simple": "plain"}
"""rattler-build's styles; ``fancy`` is a table where there is a terminal."""


@frozen
class Telling:
    """How the work tells what it does: ``progress`` is our word for it, ``log_style`` rattler-build's."""

    json: bool
    progress: Progress | None
    verbosity: int
    quiet: bool
    log_style: LogStyle | None = None
    colour: Colour | None = None

    @property
    def kind(self) -> Progress | None:
        """The reporter to use."""
        if self.quiet:
            return "none"
        return self.progress or (_STYLES[self.log_style] if self.log_style else None)

    def reporter(self, stream: TextIO, *, otherwise: Progress | None = None) -> Reporter:
        """Return the reporter that was asked for; ``otherwise`` is its kind if none was."""
        with_colour = coloured(self.colour, stream, os.environ)
        return make_reporter(self.kind or otherwise, stream, verbose=self.verbose, colour=with_colour)

    @property
    def verbose(self) -> bool:
        """Whether to show what scripts print, as rattler-build's styles do."""
        return self.verbosity > 0 or self.log_style is not None


@frozen
class Places:
    """Where packages and sources come from, where packages go to, and where everything is kept."""

    output: Path | None
    channels: tuple[str, ...]
    offline: bool
    store: Path | None
    mirrors: tuple[str, ...] = ()
    allow_unhashed: bool = False
    allow_rollback: bool = False
    channel_priority: ChannelPriority = "strict"
    config_file: Path | None = None
    archive_limits: tuple[str, ...] = ()

    def replacements(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return what ``--mirror START=ADDRESS`` asks for, in its order."""
        if not self.mirrors:
            return ()
        from builder.source.address import mirror_fault, shown  # the room of sources costs more than all of `render`

        asked = []
        for text in self.mirrors:
            start, equals, replacement = text.partition("=")
            fault = mirror_fault(start, replacement) if equals else f"{shown(text)!r} is not START=ADDRESS"
            if fault is not None:
                remedy = "write --mirror https://example.org/=https://mirror.example.org/example/"
                raise UsageError(f"--mirror: {fault}", code="cli.mirror", remedy=remedy)
            asked.append((start, (replacement,)))
        return tuple(asked)


@frozen
class BuildChoice:
    """How to build."""

    jobs: int
    keep_going: bool
    with_deps: bool
    test: TestStrategy
    lock_file: Path | None
    locked: bool
    render_only: bool = False
    with_solve: bool = False
    noarch_build_platform: str | None = None
    check_reproducible: bool = False
    sandbox: SandboxChoice = SandboxChoice()


@frozen
class PackageChoice:
    """How packages are written, which are not built again, and what stays of a build; texts are as they were typed.

    ``package_format`` is a format with an optional level (``conda:10``, ``tar-bz2:9``), ``extra_meta`` holds KEY=VALUE,
    with ``ci_meta`` after what the CI says, ``exclude_newer`` an RFC 3339 time, ``markdown_summary`` the file that the
    summary is appended to.
    """

    package_format: str | None = None
    compression_threads: int | None = None
    include_recipe: bool = True
    skip_existing: Literal["none", "local", "all"] = "none"
    extra_meta: tuple[str, ...] = ()
    exclude_newer: str | None = None
    keep_build: bool = False
    build_id: bool = True
    markdown_summary: Path | None = None
    error_prefix_in_binary: bool = False
    ci_meta: bool = False


@frozen
class DebugChoice:
    """What to enter, and what to make a patch of."""

    named: str | None
    test: int | None
    fresh: bool
    with_deps: bool
    patch: Path | None
    add: tuple[str, ...]
    exclude: tuple[str, ...]
    overwrite: bool
    sandbox: SandboxChoice = SandboxChoice()


telling = grouped(
    "telling",
    Telling,
    click.option("json", "--json", is_flag=True, help="Print one JSON document on standard output."),
    click.option("progress", "--progress", type=click.Choice(["table", "plain", "json"]), help="How to show progress."),
    click.option("verbosity", "-v", "--verbose", count=True, help="Show what scripts print."),
    click.option("quiet", "-q", "--quiet", is_flag=True, help="Show no progress."),
    click.option(
        "log_style", "--log-style", type=click.Choice(list(_STYLES)), envvar="RATTLER_BUILD_LOG_STYLE",
        help="How to show progress, in rattler-build's words; with what scripts print.",
    ),
    click.option(
        "colour", "--color", type=click.Choice(["auto", "always", "never"]),
        help="Whether to use colours  [default: auto].",
    ),
)  # fmt: skip

places = grouped(
    "places",
    Places,
    click.option(
        "output", "--out", "--output-dir", "--output-folder", "--croot", type=PATH, envvar="CONDA_BLD_PATH",
        help="Channel to write  [default: ./channel].",
    ),
    click.option("channels", "-c", "--channel", multiple=True, metavar="CHANNEL", help="Channel to solve against."),
    click.option(
        "channel_priority", "--channel-priority", type=click.Choice(["strict", "disabled"], case_sensitive=False),
        default="strict", help="Whether the first channel that has a package hides it in the others.",
    ),
    click.option(
        "config_file", "--config-file", type=PATH, metavar="FILE",
        help="Take default-channels and build.package-format from a configuration of rattler-build or pixi.",
    ),
    click.option("offline", "--offline", is_flag=True, help="Use only what was fetched before."),
    click.option(
        "store", "--store", type=PATH, envvar="BAKEHOUSE_STORE", help="Folder of all caches  [BAKEHOUSE_STORE]."
    ),
    click.option(
        "mirrors", "--mirror", multiple=True, metavar="START=ADDRESS",
        help="Try sources whose address begins with START at ADDRESS first.",
    ),
    click.option(
        "allow_unhashed", "--allow-unhashed", is_flag=True,
        help="Take sources without a sha256 as they come, for packages that are never published.",
    ),
    click.option(
        "archive_limits", "--archive-limit", multiple=True, metavar="WHAT=VALUE",
        help="How much an archive of a source may hold: members, size, ratio, ratio_from, depth.",
    ),
    click.option(
        "allow_rollback", "--allow-rollback", is_flag=True,
        help="Take channels whose index is older than one that was seen before.",
    ),
)  # fmt: skip

build_choice = grouped(
    "choice",
    BuildChoice,
    click.option("jobs", "-j", "--jobs", type=click.IntRange(1, 256), default=1, help="Tasks at once."),
    sandbox_choice,
    click.option(
        "keep_going", "--keep-going", "--continue-on-failure", is_flag=True, help="Build all that no failure touches."
    ),
    click.option("with_deps", "--with-deps", is_flag=True, help="Build missing dependencies from the collection too."),
    click.option(
        "test", "--test", type=click.Choice(["skip", "native", "native-and-emulated"]), default="native",
        show_default=True, help="Whether to run the packages' tests; native: if they are built for where they run.",
    ),
    click.option("test", "--no-test", flag_value="skip", hidden=True),
    click.option("lock_file", "--lock-file", type=PATH, help="Write the solved environments there, or use them."),
    click.option("locked", "--locked", is_flag=True, help="Fail when the lock file is stale instead of renewing it."),
    click.option(
        "render_only", "--render-only", is_flag=True, help="Print what would be built as rattler-build does, and end."
    ),
    click.option("with_solve", "--with-solve", is_flag=True, help="With --render-only: solve the environments too."),
    click.option(
        "noarch_build_platform", "--noarch-build-platform", metavar="SUBDIR",
        help="Build noarch outputs only where this is the build platform.",
    ),
    click.option(
        "check_reproducible", "--check-reproducible", is_flag=True,
        help="Build everything twice, in other surroundings, and publish only what comes out with the same bytes.",
    ),
)  # fmt: skip

package_choice = grouped(
    "packaging",
    PackageChoice,
    click.option(
        "package_format", "--package-format", metavar="FORMAT[:LEVEL]",
        help="conda or tar-bz2, with a level of compression if wanted  [default: conda].",
    ),
    click.option(
        "compression_threads", "--compression-threads", type=click.IntRange(1, 256), metavar="N",
        envvar="RATTLER_COMPRESSION_THREADS", help="Threads that compress one package.",
    ),
    click.option(
        "include_recipe", "--no-include-recipe", is_flag=True, flag_value=False, default=True,
        help="Leave the recipe out of packages.",
    ),
    click.option(
        "skip_existing", "--skip-existing", type=click.Choice(["none", "local", "all"]), is_flag=False,
        flag_value="local", default="none",
        help="Do not build what the output channel (local) or any channel (all) has by name, version and build.",
    ),
    click.option("extra_meta", "--extra-meta", multiple=True, metavar="KEY=VALUE", help="Put into info/about.json."),
    click.option(
        "ci_meta", "--ci-meta", is_flag=True, help="Put the CI's run, repository and commit there too (CEP 31)."
    ),
    click.option(
        "exclude_newer", "--exclude-newer", metavar="TIME", help="Solve without packages newer than this (RFC 3339)."
    ),
    click.option("keep_build", "--keep-build", is_flag=True, help="Keep the trees of builds that went well too."),
    click.option(
        "build_id", "--no-build-id", is_flag=True, flag_value=False, default=True,
        help="Keep trees under a name without a time.",
    ),
    click.option(
        "markdown_summary", "--markdown-summary", type=PATH, metavar="FILE", help="Append a summary in Markdown."
    ),
    click.option(
        "error_prefix_in_binary", "--error-prefix-in-binary", is_flag=True,
        help="Refuse packages with the prefix in a binary file.",
    ),
)  # fmt: skip

debug_choice = grouped(
    "choice",
    DebugChoice,
    click.option("named", "--output", metavar="NAME", help="Which output: its name, or name-version-build."),
    click.option("test", "--test", "--test-index", type=click.IntRange(0, 9999), metavar="N", help="Enter test N."),
    click.option("fresh", "--fresh", "--prepare", is_flag=True, help="Prepare it anew, whatever was kept."),
    sandbox_choice,
    click.option("with_deps", "--with-deps", is_flag=True, help="Build missing dependencies first."),
    click.option("patch", "--patch", type=PATH, metavar="FILE", help="Write what was changed as a patch instead."),
    click.option("add", "--add", multiple=True, metavar="GLOB", help="Files for the patch that the build made."),
    click.option("exclude", "--exclude", multiple=True, metavar="GLOB", help="Changed files that do not."),
    click.option("overwrite", "--overwrite", is_flag=True, help="Write over a patch that is there."),
)  # fmt: skip
