"""What recipes may use only when the caller asks for it: experiments of rattler-build, and repodata of revision 3."""

from __future__ import annotations

from enum import StrEnum


class Switch(StrEnum):
    """An option of the command line, and the name of what it allows.

    ``EXPERIMENTAL`` is ``build.steps`` and questions to git; ``V3`` is what older installers cannot read: flags, extras
    and conditions (CEPs 43 to 45). The names are rattler-build's.
    """

    EXPERIMENTAL = "--experimental"
    V3 = "--v3"


Switches = frozenset[Switch]
"""The switches that are on."""
