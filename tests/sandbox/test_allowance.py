"""What becomes of permissions in a sandbox."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.model.permission import ExtraMount, Permissions
from builder.sandbox import Bind
from builder.sandbox.allowance import lent
from builder.sandbox.fake import FakeSandbox

_PERMISSIONS = Permissions(
    mounts=(
        ExtraMount(source=Path("/srv/a"), inside=PurePosixPath("/opt/a"), digest="a" * 64),
        ExtraMount(source=Path("/srv/b"), inside=PurePosixPath("/opt/b"), writable=True),
    )
)


def test_mounts_are_read_only_unless_scripts_may_write_there() -> None:
    assert lent(_PERMISSIONS, FakeSandbox()) == (
        Bind(source=Path("/srv/a"), inside=PurePosixPath("/opt/a")),
        Bind(source=Path("/srv/b"), inside=PurePosixPath("/opt/b"), writable=True),
    )


def test_nothing_is_put_anywhere_on_the_machine_itself() -> None:
    """Where nothing is sealed a mount's place is a place of the machine: whatever lay there would be removed."""
    assert lent(_PERMISSIONS, FakeSandbox(sealed=False)) == ()
