"""Makes the statement about a package: what it was made of, joined with the facts of this run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from builder import __version__
from builder.environment.wall import in_thread
from builder.model.package import Package
from builder.pack import PackRequest, Tool
from builder.pack.statement import BackEnd, Run, Terms, repacked_statement, statement
from builder.pipeline.bench import Account
from builder.pipeline.work import Work
from builder.sandbox import Sandbox
from builder.store import digest_file

TOOL = Tool(name="bakehouse", version=__version__)


async def stated(
    work: Work, package: Package, request: PackRequest, *, varied: tuple[str, ...] | None = None
) -> Package:
    """Return ``package`` with its statement; ``varied`` is what was other in a second build of the same bytes."""
    account = work.bench.account
    return package if account is None else await in_thread(_stated, work, account, (package, request), varied)


async def stated_anew(work: Work, package: Package, origin: Path) -> Package:
    """Return ``package``, which has the files of the package ``origin``, with its statement."""
    account = work.bench.account
    return package if account is None else await in_thread(_stated_anew, work, account, package, origin)


def _stated(work: Work, account: Account, made: tuple[Package, PackRequest], varied: tuple[str, ...] | None) -> Package:
    package, request = made
    log = (work.log.name, digest_file(work.log).sha256) if work.script is not None and work.log.is_file() else None
    terms = Terms(
        recipe=_recipe(work, account.home),
        epoch=work.bench.epoch,
        permissions=work.task.exposed,
    )
    run = replace(_run(work, account), log=log, varied=varied)
    return replace(package, statement=statement(package, request, terms, run))


def _stated_anew(work: Work, account: Account, package: Package, origin: Path) -> Package:
    digest = digest_file(origin).sha256
    text = repacked_statement(package, (origin.name, digest), TOOL, _run(work, account))
    return replace(package, statement=text)


def _run(work: Work, account: Account) -> Run:
    return Run(
        invocation=f"{account.invocation}/{work.task.id}",
        started=work.started,
        finished=account.clock(),
        back_end=_back_end(work.bench.sandbox),
        machine=account.machine,
        limits=tuple(asdict(work.allowance.limits).items()),
    )


def _back_end(sandbox: Sandbox) -> BackEnd:
    able = sandbox.capabilities()
    return BackEnd(
        name=sandbox.name,
        version=able.version,
        rootless=able.rootless,
        overlay=able.overlay,
        limits=able.limits,
        syscalls=able.syscalls,
    )


def _recipe(work: Work, home: Path | None) -> str:
    """Return the recipe's path in its collection; of one that lies in none, its folder's name and its own."""
    path = work.rendering.recipe.path.absolute()
    if home is not None and path.is_relative_to(home):
        return path.relative_to(home).as_posix()
    return f"{path.parent.name}/{path.name}"
