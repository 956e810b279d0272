"""In which sandbox scripts run, how much they may use, and what of the machine: options, then `bakehouse.yaml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from builder.cli.allowing import Forbidden, Grant, allowed, grants, lent
from builder.cli.limiting import Said, applied, read_limits, sensible
from builder.cli.mounted import digest_of
from builder.cli.sandbox_options import SandboxChoice
from builder.cli.site import Site
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.model.rendering import Rendering
from builder.sandbox import Engines, Limits, Sandbox, find_sandbox
from builder.sandbox.engine import DOCKER, PODMAN
from builder.sandbox.resources import memory_of_machine, room_at

_IMAGE = re.compile(r"(?:[^\s@]+@)?sha256:([0-9a-f]{64})")
_SOCKETS = ("/run/containerd/containerd.sock", "/run/crio/crio.sock")
_UNIX = "unix://"
ENGINES = ("docker", "podman")


@frozen
class Confinement:
    """How scripts are kept apart from the machine.

    ``isolation`` None is the strongest that the machine has without a daemon. ``limits`` is what was said of them, in
    layers of which later ones win: the collection's, then the options'; ``grants`` what is allowed to whom, and
    ``forbidden`` what to nobody. What the file in the folder ``beside`` says is not for a recipe in that folder.
    """

    forbidden: Forbidden
    isolation: str | None = None
    beside: Path | None = None
    engines: Engines = Engines()
    limits: tuple[tuple[Said, ...], ...] = ()
    grants: tuple[Grant, ...] = ()

    @property
    def sealed(self) -> bool:
        """Whether scripts see nothing of the machine but what is allowed."""
        return self.isolation != "none"

    @property
    def image(self) -> str | None:
        """The digest of the image that takes the place of our root, in lower-case hexadecimal."""
        found = _IMAGE.fullmatch(self.engines.image or "")
        return found[1] if found else None

    def sandbox(self, scratch: Path) -> Sandbox:
        """Return the sandbox; see `find_sandbox`."""
        return find_sandbox(self.isolation, scratch, engines=self.engines)

    def limits_of(self, jobs: int) -> Limits:
        """Return what each of ``jobs`` scripts at once may use on this machine where nothing else is said."""
        try:
            room = room_at(self.forbidden.store)
        except OSError:
            room = None
        return sensible(memory_of_machine(), room, jobs)

    def limits_for(self, names: Iterable[str], usual: Limits, folder: Path | None = None) -> Limits:
        """Return what scripts of what is called ``names`` may use at most, ``usual`` where nothing is said."""
        names = tuple(names)
        for said in self.limits[1:] if folder is not None and folder == self.beside else self.limits:
            usual = applied(usual, said, names)
        return usual

    def allowed_to(self, names: Iterable[str], folder: Path | None = None) -> Allowed:
        """Return what scripts of what is called ``names``, whose recipe lies in ``folder``, may use of the machine.

        Raises `UsageError` for what cannot be lent.
        """
        found = allowed(self.grants, names, folder)
        return Allowed(build=self._lent(found.build, digests=True), tests=self._lent(found.tests, digests=False))

    def _lent(self, permissions: Permissions, *, digests: bool) -> Permissions:
        mounts = [self._mount(mount, digests=digests) for mount in permissions.mounts]
        return replace(permissions, mounts=tuple(mounts)) if mounts else permissions

    def _mount(self, mount: ExtraMount, *, digests: bool) -> ExtraMount:
        if not self.sealed and mount.source.absolute() != Path(mount.inside):
            raise UsageError(
                f"with --isolation none {mount.source} cannot be seen at {mount.inside}",
                code="cli.mount",
                remedy="mount it at its own path, or build in a sandbox",
            )
        made = lent(mount, self.forbidden)
        digest = digest_of(made.source, self.forbidden.store) if digests and not made.writable else None
        return replace(made, digest=digest)


def confined(choice: SandboxChoice, place: Site) -> Confinement:
    """Put together what the options say, and the collection; raises `UsageError` for what cannot be meant.

    The collection's image is for engines, whichever isolation somebody asks for instead.
    """
    collection = place.collection
    if choice.isolation is None:
        choice = replace(choice, isolation=collection.isolation)
    if choice.image is None and choice.isolation in ENGINES:
        choice = replace(choice, image=collection.image)
    engines = engines_of(choice, os.environ)
    sockets = (*(socket_of(address) for address in (engines.docker, engines.podman, DOCKER, PODMAN)), *_SOCKETS)
    return Confinement(
        forbidden=Forbidden(
            store=place.store.root,
            output=place.output,
            engines=tuple(dict.fromkeys(Path(socket) for socket in sockets if socket)),
        ),
        isolation=choice.isolation,
        beside=collection.root,
        engines=engines,
        limits=(collection.limits, read_limits(choice.limits)),
        grants=(*collection.allow, *grants(choice)),
    )


def engines_of(choice: SandboxChoice, variables: Mapping[str, str]) -> Engines:
    """Return where engines listen: as asked for, else as their own programs find them; and the image to run.

    Raises `UsageError` for an image that is not named by its digest, or that nothing asked for would run.
    """
    asked = choice.engine
    if asked is not None and choice.isolation not in ENGINES:
        raise UsageError("--engine says where docker or podman listens", code="cli.engine", remedy=_WHICH)
    if choice.image is not None and choice.isolation not in ENGINES:
        raise UsageError("--image is an image of docker or podman", code="cli.image", remedy=_WHICH)
    if choice.image is not None and not _IMAGE.fullmatch(choice.image):
        raise UsageError(
            f"--image {choice.image!r} does not name one image for ever",
            code="cli.image",
            remedy="name it by its digest, as debian@sha256:…; `docker images --digests` shows it",
        )
    docker, podman = variables.get("DOCKER_HOST") or DOCKER, variables.get("CONTAINER_HOST") or _own_podman(variables)
    return Engines(
        docker=asked if asked and choice.isolation == "docker" else docker,
        podman=asked if asked and choice.isolation == "podman" else podman,
        image=choice.image,
    )


_WHICH = "add --isolation docker, or --isolation podman"


def _own_podman(variables: Mapping[str, str]) -> str:
    """Return where the user's own podman listens, or root's where there is none."""
    own = Path(variables.get("XDG_RUNTIME_DIR") or "/nonexistent") / "podman" / "podman.sock"
    return f"{_UNIX}{own}" if own.exists() else PODMAN


def socket_of(address: str) -> str | None:
    """Return the socket of an engine's address, None for one behind a network."""
    return address.removeprefix(_UNIX) if address.startswith(_UNIX) else None


def names_of(rendering: Rendering) -> tuple[str, str]:
    """Return by what names permissions and limits of a rendering go: the recipe's, the output's."""
    return rendering.recipe.called, rendering.output.name


def refuse_unmeant(confined: Confinement, renderings: Iterable[Rendering]) -> None:
    """Raise `UsageError` for a name that options give and no rendering has, and for one that several recipes have."""
    called: dict[str, dict[Path, None]] = {}
    for rendering in renderings:
        for name in names_of(rendering):
            called.setdefault(name, {})[rendering.recipe.path] = None
    refuse_unknown(confined, called)
    mentioned = [*(grant.name for grant in confined.grants), *(said[0] for layer in confined.limits for said in layer)]
    for name in mentioned:
        if len(paths := called.get(name, {})) > 1:
            raise UsageError(
                f"several recipes are called {name}, or have an output of that name: {', '.join(map(str, paths))}",
                code="cli.allow",
                remedy="name an output that only one of them has, or build them one by one",
            )


def refuse_unknown(confined: Confinement, called: Iterable[str]) -> None:
    """Raise `UsageError` for a name that options give, the last layer, and that is not among ``called``."""
    known = dict.fromkeys(called)
    given = [(grant.name, grant.by) for grant in confined.grants if grant.by.startswith("--")]
    given += [(name, "--limit") for name, _, _ in (confined.limits[-1] if confined.limits else ()) if name]
    for name, by in given:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(list(known)[:8]) or 'none'}"
            raise UsageError(f"{by}: no recipe or output here is called {name}", code="cli.allow", remedy=remedy)
