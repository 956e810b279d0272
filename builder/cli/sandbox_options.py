"""Options that say in which sandbox scripts run, how much they may use, and what of the machine beyond it."""

from __future__ import annotations

from typing import Literal, get_args

import click

from builder.cli.grouping import grouped
from builder.model.frozen import frozen

Isolation = Literal["bubblewrap", "docker", "podman", "none"]


@frozen
class SandboxChoice:
    """What was asked for, as it was typed.

    ``engine`` is the address of a container engine, ``image`` the image to run instead of our own root. ``limits`` are
    ``[NAME:]WHAT=VALUE``, ``network`` and ``test_network`` names of recipes or outputs, ``mounts`` and ``test_mounts``
    ``NAME=SOURCE:INSIDE[:rw]``.
    """

    isolation: str | None = None
    engine: str | None = None
    image: str | None = None
    limits: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    test_network: tuple[str, ...] = ()
    test_mounts: tuple[str, ...] = ()


_IN_WHICH = (
    click.option(
        "isolation", "--isolation", type=click.Choice(get_args(Isolation)),
        help="How to isolate  [default: the strongest that this machine has without a daemon].",
    ),
    click.option(
        "engine", "--engine", metavar="ADDRESS",
        help="Where docker or podman listens, as unix:///run/docker.sock  [DOCKER_HOST, CONTAINER_HOST].",
    ),
    click.option(
        "image", "--image", metavar="NAME@sha256:DIGEST",
        help="Run scripts in this image of docker or podman instead of our own root.",
    ),
    click.option(
        "limits", "--limit", multiple=True, metavar="[NAME:]WHAT=VALUE",
        help="What scripts may use at most: memory=8G, processes, disk, cpu, wall=90m, silence; or none. With the name "
        "of a recipe or output for that alone.",
    ),
)  # fmt: skip

_SHOWN = "NAME=SOURCE:INSIDE[:rw]"
_ALLOWED = (
    click.option(
        "network", "--allow-network", multiple=True, is_flag=False, flag_value="", metavar="NAME",
        help="Let the build scripts of this recipe or output use the network.",
    ),
    click.option(
        "mounts", "--mount", multiple=True, metavar=_SHOWN,
        help="Let them see the machine's file or folder SOURCE at INSIDE; rw lets them write there.",
    ),
    click.option(
        "test_network", "--allow-test-network", multiple=True, metavar="NAME",
        help="Let the tests of this recipe or output use the network.",
    ),
    click.option("test_mounts", "--test-mount", multiple=True, metavar=_SHOWN, help="Let its tests see that."),
)  # fmt: skip
_ONLY_TESTS = (
    click.option(
        "test_network", "--allow-network", "--allow-test-network", multiple=True, is_flag=False, flag_value="",
        metavar="NAME", help="Let the tests of this package use the network.",
    ),
    click.option(
        "test_mounts", "--mount", "--test-mount", multiple=True, metavar=_SHOWN,
        help="Let them see the machine's file or folder SOURCE at INSIDE; rw lets them write there.",
    ),
)  # fmt: skip

sandbox_choice = grouped("sandbox", SandboxChoice, *_IN_WHICH, *_ALLOWED)
"""For verbs that build packages and test them."""

engine_choice = grouped("sandbox", SandboxChoice, *_IN_WHICH[:2])
"""For verbs that only look at what there is."""

test_sandbox_choice = grouped("sandbox", SandboxChoice, *_IN_WHICH, *_ONLY_TESTS)
"""For verbs that run nothing but tests."""
