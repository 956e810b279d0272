"""Removes what killed processes left in an engine and for it, and what only the engine's root can remove."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

from builder.errors import MachineError
from builder.sandbox.berth import sweep
from builder.sandbox.container import Container
from builder.sandbox.engine import Client, Engine, gone
from builder.sandbox.spec import LABEL, SESSION, remover

IMAGE = "bakehouse-rootfs"
"""What images of our root are called, whatever is in them."""

PROBE = "bakehouse-probe"
"""What images are called that hold nothing; their tags are the names of sessions' folders."""


def clean(engine: Engine, scratch: Path) -> None:
    """Remove the containers, mounts and folders of sessions over ``scratch`` whose processes are gone."""
    with engine.client() as client:
        found = client.containers(all=True, filters={"label": f"{LABEL}={scratch.absolute()}"})
        sessions = {str(one["Labels"].get(SESSION)): str(one["Id"]) for one in found}

        def forget(folder: Path) -> None:
            container = sessions.pop(folder.name, None)
            if container is not None:
                gone(lambda: client.remove_container(container, force=True, v=True))
            gone(lambda: client.remove_image(f"{PROBE}:{folder.name}", force=True))

        left = sweep(scratch, forget)
        for name in list(sessions):
            if not (scratch / name).exists():
                forget(scratch / name)
        if engine.kind == "podman":
            _remove_volumes(client, scratch)
        images = [str(one["Id"]) for one in client.images(name=IMAGE)] if left else []
    if images:
        remove_as_root(engine, images[0], left)


def _remove_volumes(client: Client, scratch: Path) -> None:
    """Remove the volumes of sessions that are gone: podman's have names, and outlive their containers."""
    found = client.volumes(filters={"label": f"{LABEL}={scratch.absolute()}"}).get("Volumes") or ()
    for one in found:
        if not (scratch / str(one["Labels"].get(SESSION))).exists():
            gone(partial(client.remove_volume, str(one["Name"]), force=True))


def remove_as_root(engine: Engine, image: str, folders: Sequence[Path]) -> None:
    """Let the engine's root remove ``folders``, which all lie in one: in there it left folders that are his.

    What it does not manage stays for the next time.
    """
    place = PurePosixPath("/scratch")
    argv = ["/bin/rm", "-rf", "--", *(str(place / folder.name) for folder in folders)]
    with suppress(MachineError):
        container = Container(engine, remover(image, argv, folders[0].parent.absolute(), place))
        try:
            container.exit_code()
        finally:
            container.end()
