"""What the scripts of one task may use: how much at most, and what of the machine beyond the sandbox."""

from __future__ import annotations

from builder.model.frozen import frozen
from builder.model.permission import NOTHING, Allowed, Permissions
from builder.sandbox.seam import Sandbox
from builder.sandbox.values import Bind, Limits, Mount


@frozen
class Allowance:
    """``limits`` for each command, and what is ``allowed`` of the machine."""

    limits: Limits
    allowed: Allowed = NOTHING


def lent(permissions: Permissions, sandbox: Sandbox) -> tuple[Mount, ...]:
    """Return the mounts of what the machine lends; none where scripts see the machine itself anyway."""
    if not sandbox.sealed:
        return ()
    return tuple(Bind(source=one.source, inside=one.inside, writable=one.writable) for one in permissions.mounts)
