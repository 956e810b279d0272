"""The unsigned statement beside a package: which bytes, of what and how they were made, on which machine.

An in-toto Statement v1 with SLSA's provenance v1 as its predicate. ``buildDefinition`` says what the bytes depend on
and is the same for every machine and back end; all that is a fact of one run stands in ``runDetails``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from builder.model.environment import LockedPackage
from builder.model.frozen import frozen
from builder.model.package import Package
from builder.model.permission import ExtraMount, Permissions
from builder.model.source import SourceDigest
from builder.pack.address import public_address
from builder.pack.document import Plain, json_text, without_empty
from builder.pack.request import PackRequest, Tool
from builder.pack.sbom import package_url
from builder.store import digest_file

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "tag:example.org,2026:bakehouse/build/v1"
"""How to read ``externalParameters``: docs/reference/provenance.md. Whoever changes their meaning counts it up."""

REPACK_TYPE = "tag:example.org,2026:bakehouse/repack/v1"
BUILDER_ID = "tag:example.org,2026:bakehouse/unsigned"
"""Nobody vouches for a build that is not signed; whoever signs puts an id of their own in its place."""


@frozen
class BackEnd:
    """What isolated the scripts, as the sandbox tells it.

    ``limits`` is who kept them, ``syscalls`` whether a filter refused some.
    """

    name: str
    version: str
    rootless: bool
    overlay: bool
    limits: str
    syscalls: bool


@frozen
class Machine:
    """What may be told of the machine: no name, user or path of it; ``cores`` is how many it has."""

    kernel: str
    architecture: str
    cores: int


@frozen
class Terms:
    """What a build was told: the recipe's path in its collection, ``SOURCE_DATE_EPOCH`` if given, permissions."""

    recipe: str
    epoch: int | None = None
    permissions: Permissions = Permissions()


@frozen
class Run:
    """The facts of one build: nothing here changes a byte of the package.

    ``started`` and ``finished`` are seconds since 1970. ``limits`` are what scripts might use, in the words of
    `builder.sandbox.Limits`: by default they go by the machine. ``log`` is the script's log by name and sha256.
    ``varied`` is what was other in a second build that gave the same bytes; None if there was none.
    """

    invocation: str
    started: float
    finished: float
    back_end: BackEnd
    machine: Machine
    limits: tuple[tuple[str, float | None], ...] = ()
    log: tuple[str, str] | None = None
    varied: tuple[str, ...] | None = None


def statement(package: Package, request: PackRequest, terms: Terms, run: Run) -> str:
    """Return the statement about ``package``, which ``request`` became, as JSON text."""
    definition: dict[str, Plain] = {
        "buildType": BUILD_TYPE,
        "externalParameters": _external(request, terms),
        "internalParameters": _internal(request),
        "resolvedDependencies": list(_dependencies(request, terms)),
    }
    return _text(package, definition, _details(request.tool, run))


def repacked_statement(package: Package, origin: tuple[str, str], tool: Tool, run: Run) -> str:
    """Return the statement about ``package``, which has the files of another one: ``origin``, its name and sha256."""
    name, sha256 = origin
    definition: dict[str, Plain] = {
        "buildType": REPACK_TYPE,
        "externalParameters": {"package": name, "file_name": package.file_name},
        "internalParameters": {"recipe_key": package.recipe_key, "build_key": package.build_key},
        "resolvedDependencies": [{"name": name, "digest": {"sha256": sha256}}],
    }
    return _text(package, definition, _details(tool, run))


def _text(package: Package, definition: dict[str, Plain], details: dict[str, Plain]) -> str:
    document: dict[str, Plain] = {
        "_type": STATEMENT,
        "subject": [{"name": package.file_name, "digest": {"sha256": package.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {"buildDefinition": definition, "runDetails": details},
    }
    return json_text(document).decode()


def _external(request: PackRequest, terms: Terms) -> dict[str, Plain]:
    """Return what was asked for: whoever asks the same again gets the same bytes."""
    rendering, permissions = request.rendering, terms.permissions
    platforms = rendering.platforms
    return {
        "recipe": terms.recipe,
        "output": rendering.output.name,
        "variant": dict(sorted(rendering.variant.items())),
        "platforms": {"build": platforms.build, "host": platforms.host, "target": platforms.target},
        "options": {
            **dict(request.packaging.asked()),
            **dict(request.rules.asked()),
            **({} if terms.epoch is None else {"SOURCE_DATE_EPOCH": terms.epoch}),
        },
        "permissions": {"network": permissions.network, "mounts": list(map(_mount, permissions.mounts))},
    }


def _internal(request: PackRequest) -> dict[str, Plain]:
    return {
        "recipe_key": request.recipe_key,
        "build_key": request.build_key,
        "source_date_epoch": request.epoch,
        "sealed": request.sealed,
    }


def _dependencies(request: PackRequest, terms: Terms) -> Iterator[dict[str, Plain]]:
    """Yield all that went in, each with its digest: recipe, root, sources, packages."""
    yield {"name": terms.recipe, "digest": {"sha256": digest_file(request.rendering.recipe.path).sha256}}
    if request.rootfs_digest is not None:
        yield {"name": "rootfs", "digest": {"sha256": request.rootfs_digest}}
    yield from (_source(source) for source in request.all_sources)
    places: dict[LockedPackage, list[str]] = {}
    for environments in request.all_environments:
        for place, environment in (("build", environments.build), ("host", environments.host)):
            for package in environment.packages:
                seen = places.setdefault(package, [])
                seen += [] if place in seen else [place]
    for package in sorted(places, key=lambda one: (one.name, one.sha256)):
        yield {
            "uri": package_url(package),
            "name": package.file_name,
            "digest": {"sha256": package.sha256},
            "annotations": {"environments": places[package]},
        }


def _source(source: SourceDigest) -> dict[str, Plain]:
    """Return a source; one that lies on the machine has its last name instead of an address."""
    address = public_address(source.url) if source.kind != "path" else None
    name = source.url.rstrip("/").rpartition("/")[2] or source.url
    if source.commit is not None:
        uri = f"git+{address}@{source.commit}" if address else None
        return without_empty({"uri": uri, "name": name, "digest": {"gitCommit": source.commit}})
    digest = {"sha256": source.contents_sha256 or source.sha256}
    known = without_empty({"uri": address, "name": name, "digest": digest})
    return {**known, "annotations": {"unhashed": True}} if source.unhashed else known


def _details(tool: Tool, run: Run) -> dict[str, Plain]:
    back, machine = run.back_end, run.machine
    return {
        "builder": {"id": BUILDER_ID, "version": {tool.name: tool.version}},
        "metadata": {
            "invocationId": run.invocation,
            "startedOn": _time(run.started),
            "finishedOn": _time(run.finished),
        },
        "byproducts": [{"name": run.log[0], "digest": {"sha256": run.log[1]}}] if run.log else [],
        "bakehouse_sandbox": {
            "name": back.name,
            "version": back.version,
            "rootless": back.rootless,
            "overlay": back.overlay,
            "syscalls": back.syscalls,
        },
        "bakehouse_limits": {
            "kept_by": back.limits,
            **{name: value for name, value in run.limits if value is not None},
        },
        "bakehouse_machine": {
            "kernel": machine.kernel,
            "architecture": machine.architecture,
            "cores": machine.cores,
        },
        **({} if run.varied is None else {"bakehouse_reproducible": {"varied": list(run.varied)}}),
    }


def _mount(mount: ExtraMount) -> dict[str, Plain]:
    """Return an extra mount as scripts saw it; where it lies on the machine is nobody's business."""
    known: dict[str, Plain] = {"inside": str(mount.inside), "writable": mount.writable}
    return known if mount.digest is None else {**known, "digest": {"sha256": mount.digest}}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
