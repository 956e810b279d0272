"""Says why a machine refuses the sandbox, and what its owner can do about it."""

from __future__ import annotations

import os
from pathlib import Path

from builder.errors import Problem

CONTAINER_FLAGS = (
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined "
    "--cap-add SYS_ADMIN"
)
"""What `docker run` and `podman run` need: seccomp for ``unshare``, ``mount``, ``pivot_root``; AppArmor for ``mount``;
unmasked system paths because the kernel mounts a new ``/proc`` only where the old one is wholly visible; SYS_ADMIN
where AppArmor or a sysctl keeps user namespaces for the privileged."""

NO_GROUPS = (
    "no control group is delegated here, so that limits are kept by looking at processes many times a second, which "
    "counts memory less exactly; start with `systemd-run --user --scope -p Delegate=yes`, in a container with "
    "`--privileged`"
)
"""What is missing where nobody lets us make control groups, and the remedy."""

_CHROOT = "enter the tree by pivot_root in a mount namespace of its own (`unshare -m`) instead of chroot"
_CONTAINER = f"start the container with `{CONTAINER_FLAGS}`"


def refusal(said: str, root: Path = Path("/")) -> Problem:
    """Return the problem behind what the probe ``said`` on a machine whose system files lie below ``root``."""
    said = said.strip()
    if "proc" in said and "permitted" in said and "unshare failed" not in said:
        return _problem("this machine lets nobody mount a new /proc", said, _CONTAINER)
    if "unshare" not in said and "user namespace" not in said and "uid map" not in said:
        return _problem("bubblewrap does not work on this machine", said, _CONTAINER if _in_container(root) else None)
    return _problem("this machine refuses user namespaces", said, _why_no_namespaces(root))


def _problem(message: str, said: str, remedy: str | None) -> Problem:
    return Problem(code="sandbox.refused", message=f"{message} ({said})" if said else message, remedy=remedy)


def _why_no_namespaces(root: Path) -> str:
    """Return the remedy for the first cause that the system files show."""
    if _setting(root, "user/max_user_namespaces") == "0":
        return "run `sysctl user.max_user_namespaces=15000` as root"
    if _in_chroot(root):
        return _CHROOT
    if _in_container(root):
        return _CONTAINER
    if _setting(root, "kernel/unprivileged_userns_clone") == "0":
        return "run `sysctl kernel.unprivileged_userns_clone=1` as root"
    if _setting(root, "kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, or give bwrap an AppArmor profile"
    return f"in a chroot, {_CHROOT}; in a container, {_CONTAINER}"


def _setting(root: Path, name: str) -> str | None:
    try:
        return (root / "proc/sys" / name).read_text(encoding="ascii").strip()
    except OSError:
        return None


def _in_container(root: Path) -> bool:
    return any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv"))


def _in_chroot(root: Path) -> bool:
    """Tell whether the first process has another root, or no mount point is our root."""
    try:
        if not os.path.samestat(root.stat(), (root / "proc/1/root").stat()):
            return True
    except OSError:
        pass
    try:
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return not any(line.split()[4:5] == ["/"] for line in mounts)
