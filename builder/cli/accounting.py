"""The facts of a run that statements beside packages tell: its name, the time, the machine; nothing else of it."""

from __future__ import annotations

import os
import time

from builder.cli.site import Site
from builder.pack.statement import Machine
from builder.pipeline.bench import Account


def account_of(place: Site, cores: int) -> Account:
    """Return what statements say of this run.

    Of the machine that is the kernel, the architecture and its ``cores``: what may explain a difference. Its name, its
    user and its paths would tell strangers about a network and explain nothing.
    """
    system = os.uname()
    return Account(
        invocation=os.urandom(16).hex(),
        clock=time.time,
        machine=Machine(kernel=system.release, architecture=system.machine, cores=cores),
        home=place.home,
    )
