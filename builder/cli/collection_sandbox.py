"""What `bakehouse.yaml` says of sandboxes: limits, and permissions by name; the same words as options have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from builder.cli.allowing import Grant, read_mount
from builder.cli.limiting import WORDS, Said, read_limit
from builder.errors import Problem, UsageError
from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.syntax.node import Mapping, Node, Scalar, Sequence, is_null

_TRUTH = {"true": True, "false": False}
_PARTS = ("network", "mounts", "tests")

Told = Callable[[Problem], None]
"""Takes a mistake; reading goes on after it."""


def limits_of(node: Node | None, told: Told) -> tuple[Said, ...]:
    """Return the limits of a mapping: for all, and in mappings below the names of recipes or outputs for those."""
    return tuple(_limits(node, told))


def _limits(node: Node | None, told: Told, name: str = "") -> Iterator[Said]:
    if is_null(node):
        return
    if not isinstance(node, Mapping):
        told(_shape(node, "limits must be a mapping, as memory: 8G"))
        return
    for key, value in node.entries:
        if isinstance(value, Mapping) and not name:
            yield from _limits(value, told, key.text)
        elif isinstance(value, Scalar):
            try:
                yield (name, *read_limit(key.text, value.text))
            except UsageError as error:
                place = (value if key.text in WORDS else key).place
                told(replace(error.problems[0], place=place, code="collection.limits"))
        else:
            told(_shape(value, f"{key.text} must be a limit, as 8G or 90m"))


def grants_of(node: Node | None, root: Path, told: Told) -> tuple[Grant, ...]:
    """Return what is allowed to whom; relative sources of mounts are below the collection's folder ``root``."""
    return tuple(_grants(node, root, told))


def _grants(node: Node | None, root: Path, told: Told) -> Iterator[Grant]:
    if is_null(node):
        return
    if not isinstance(node, Mapping):
        told(_shape(node, "allow must be a mapping from the names of recipes or outputs to what they may use"))
        return
    for key, value in node.entries:
        build = _permissions(value, root, told, _PARTS)
        tests = value.get("tests") if isinstance(value, Mapping) else None
        allowed = Allowed(build=build, tests=_permissions(tests, root, told, _PARTS[:2]) if tests else Permissions())
        yield Grant(name=key.text, allowed=allowed, by="allow", beside=root)


def _permissions(node: Node, root: Path, told: Told, known: tuple[str, ...]) -> Permissions:
    if not isinstance(node, Mapping):
        told(_shape(node, "what is allowed must be a mapping, as network: true"))
        return Permissions()
    for key, _ in node.entries:
        if key.text not in known:
            remedy = f"there are {', '.join(known)}"
            message = f"nothing is allowed by {key.text!r}"
            told(Problem(code="collection.allow", message=message, place=key.place, remedy=remedy))
    mounts = tuple(_mounts(node.get("mounts"), root, told))
    return Permissions(network=_truth(node.get("network"), told), mounts=mounts)


def _truth(node: Node | None, told: Told) -> bool:
    if is_null(node):
        return False
    if isinstance(node, Scalar) and node.plain and node.text in _TRUTH:
        return _TRUTH[node.text]
    told(_shape(node, "network must be true or false"))
    return False


def _mounts(node: Node | None, root: Path, told: Told) -> Iterator[ExtraMount]:
    if is_null(node):
        return
    for item in node.items if isinstance(node, Sequence) else (node,):
        if not isinstance(item, Scalar) or not isinstance(node, Sequence):
            told(_shape(item, "mounts must be a list of texts, as /opt/data:/opt/data"))
            continue
        try:
            _, mount = read_mount(f"-={item.text}", "a mount")
        except UsageError as error:
            remedy = "write /opt/data:/opt/data, with :rw at its end if scripts may write there"
            message = error.problems[0].message.replace(f"'-={item.text}'", repr(item.text)).replace("NAME=", "")
            told(Problem(code="collection.allow", message=message, place=item.place, remedy=remedy))
        else:
            yield replace(mount, source=root / mount.source)


def _shape(node: Node | None, message: str) -> Problem:
    return Problem(code="collection.shape", message=message, place=node.place if node is not None else None)
