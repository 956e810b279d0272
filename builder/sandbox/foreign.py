"""Foreign images: brought to an engine by digest, and asked what they have before anything is built in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builder.errors import MachineError, UsageError
from builder.model.frozen import frozen
from builder.sandbox.docker import Docker
from builder.sandbox.engine import Client, Engine
from builder.sandbox.values import Command, Limits

TOOLS = tuple("bash cat chmod cp env grep ln ls mkdir mv rm sed sort touch tr".split())  # noqa: SIM905 - readable
"""What scripts of recipes, and ours around them, take for granted."""

_PROBE = r"""
for tool; do command -v "$tool" >/dev/null || echo "missing $tool"; done
getconf GNU_LIBC_VERSION || { ldd --version || ldd /bin/sh; } 2>&1 | grep -o -m 1 '[0-9]*\.[0-9.]*$' | sed 's/^/glibc /'
"""
_SHELLS = ("/bin/sh", "/bin/bash")
_SECONDS = 120
_NOBODY_HAS_IT = ("manifest unknown", "not found", "name unknown", "manifest_unknown")


@frozen
class ForeignImage:
    """An image that is not ours: ``reference`` is ``NAME@sha256:…``, or the digest alone of one that is there.

    ``id`` is what its engine calls it.
    """

    reference: str
    id: str

    @property
    def digest(self) -> str:
        """The digest that it was asked for by, in lower-case hexadecimal: it stands for all that is in the image."""
        return self.reference.rpartition(":")[2]


def bring(engine: Engine, reference: str, *, offline: bool = False) -> ForeignImage:
    """Return the image ``reference`` of ``engine``, pulled from its registry when it is not there.

    An engine checks what it pulls against the digest. Raises `UsageError` when nobody has such an image, or it is for
    other machines, `MachineError` when the registry cannot be reached, or ``offline`` was asked for.
    """
    with engine.client() as client:
        found = _found(client, reference)
        if found is None:
            if "@" not in reference or offline:
                raise _absent(engine, reference)
            _pull(client, reference)
            found = _found(client, reference)
        if found is None:
            raise _absent(engine, reference)
    system = f"{found.get('Os')}/{found.get('Architecture')}"
    if system != "linux/amd64":
        remedy = "name an image for linux/amd64; `docker manifest inspect NAME` lists those that a name has"
        raise UsageError(f"{reference} is for {system}", code="sandbox.image", remedy=remedy)
    return ForeignImage(reference=reference, id=str(found["Id"]))


def _found(client: Client, reference: str) -> dict[str, object] | None:
    """Return what the engine knows of an image, by its id or by the digest of its manifest."""
    import docker

    digest = reference.rpartition("@")[2]
    ids = [str(one["Id"]) for one in client.images() if _is_called(one, digest)]
    for name in (*ids, reference):
        try:
            found: dict[str, object] = client.inspect_image(name)
            return found
        except docker.errors.ImageNotFound:
            continue
    return None


def _is_called(listed: dict[str, object], digest: str) -> bool:
    digests = listed.get("RepoDigests")
    return isinstance(digests, list) and any(str(name).endswith(f"@{digest}") for name in digests)


def _pull(client: Client, reference: str) -> None:
    import docker

    name, _, digest = reference.rpartition("@")
    try:
        for line in client.pull(name, tag=digest, stream=True, decode=True):
            if said := line.get("error"):
                raise _not_pulled(reference, str(said))
    except docker.errors.APIError as error:
        raise _not_pulled(reference, str(error.explanation or error)) from error


def _not_pulled(reference: str, said: str) -> MachineError | UsageError:
    if any(words in said.lower() for words in _NOBODY_HAS_IT):
        remedy = "look at the name, and at the digest, which is that of a manifest; `docker images --digests` shows it"
        return UsageError(f"{reference} is in no registry: {said}", code="sandbox.image", remedy=remedy)
    remedy = "pull it by hand (`docker pull`), which says more, after `docker login` where its registry asks for one"
    return MachineError(f"{reference} cannot be pulled: {said}", code="sandbox.image", remedy=remedy)


def _absent(engine: Engine, reference: str) -> MachineError:
    remedy = f"pull it while the network is reachable: `{engine.kind} pull {reference}`"
    if "@" not in reference:
        remedy = "name it NAME@sha256:…, so that it can be pulled"
    return MachineError(f"{engine.kind} has no image {reference}", code="sandbox.image", remedy=remedy)


async def examine(sandbox: Docker, image: ForeignImage, rootfs: Path) -> str:
    """Return the version of glibc in ``image``, which ``sandbox`` runs, as ``2.36``; ``rootfs`` is our own root.

    Raises `UsageError` with the remedy when it lacks what scripts take for granted.
    """
    said = bytearray()
    command = Command(argv=("/bin/sh", "-c", _PROBE, "sh", *TOOLS), cwd=PurePosixPath("/"))
    limits, variables = Limits(wall_seconds=_SECONDS), {"PATH": "/usr/bin:/bin"}
    try:
        async with sandbox.open(rootfs, (), limits, variables) as session:
            await session.run(command, said.extend)
    except MachineError:
        if shells := await asyncio.to_thread(_absent_shells, sandbox.engine, image.id):
            raise _lacks(image, shells) from None
        raise
    lines = said.decode("utf-8", "replace").splitlines()
    if missing := [line.removeprefix("missing ") for line in lines if line.startswith("missing ")]:
        raise _lacks(image, missing)
    versions = [line.removeprefix("glibc ") for line in lines if line.startswith("glibc ")]
    if not versions:
        raise UsageError(
            f"the image {image.reference} has no GNU C library",
            code="sandbox.image",
            remedy="take an image that has one: packages of conda are made for it",
        )
    return versions[0]


def _absent_shells(engine: Engine, image: str) -> list[str]:
    """Return the shells that an image lacks, without which nothing in it can be asked."""
    import docker

    absent = []
    with engine.client() as client:
        made = client.create_container(image, ["/bin/sh"])["Id"]
        try:
            for shell in _SHELLS:
                try:
                    client.get_archive(made, shell)
                except docker.errors.NotFound:
                    absent.append(shell)
        finally:
            client.remove_container(made, force=True)
    return absent


def _lacks(image: ForeignImage, missing: Sequence[str]) -> UsageError:
    return UsageError(
        f"the image {image.reference} has no {', '.join(missing)}",
        code="sandbox.image",
        remedy="take an image with bash and coreutils, such as Debian's, or add them to yours",
    )
