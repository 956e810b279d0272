"""What `bakehouse.yaml` says of attestations: whose are asked for of which channel's packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from builder.errors import Problem
from builder.model.policy import Attested
from builder.syntax.node import Mapping, Node, Scalar, is_null

_NEEDED = ("publisher", "issuer")
_KEYS = (*_NEEDED, "root", "published_to")
_SCHEMES = ("https://", "http://")


def problems_of(node: Node) -> Iterator[Problem]:
    """Yield what is wrong with the key's value."""
    if is_null(node):
        return
    if not isinstance(node, Mapping):
        yield _shape(node, "attestations must be a mapping from channels to who must have published what they have")
        return
    for channel, asked in node.entries:
        if isinstance(asked, Mapping):
            yield from _problems(channel.text, asked)
        else:
            yield _shape(asked, f"{channel.text} must be a mapping with {', '.join(_KEYS)}")


def _problems(channel: str, asked: Mapping) -> Iterator[Problem]:
    for key, value in asked.entries:
        if key.text not in _KEYS:
            message = f"there is no key {key.text!r}"
            remedy = f"the keys are {', '.join(_KEYS)}"
            yield Problem(code="collection.unknown-key", message=message, place=key.place, remedy=remedy)
        elif not isinstance(value, Scalar) or is_null(value) or not value.text:
            yield _shape(value, f"{key.text} must be a text")
        elif key.text == "issuer" and not value.text.startswith(_SCHEMES):
            yield _shape(value, "issuer must be an address, as https://token.actions.githubusercontent.com")
    for needed in _NEEDED:
        if needed not in asked:
            remedy = "say whose attestations count: the identity in the certificate, and who vouches for it"
            message = f"attestations of {channel} need {needed}"
            yield Problem(code="collection.attestations", message=message, place=asked.place, remedy=remedy)


def attested(node: Node | None, root: Path, channel: Callable[[str], str]) -> tuple[Attested, ...]:
    """Return what a value without problems says; ``root`` is the collection's folder, ``channel`` completes names."""
    entries = node.entries if isinstance(node, Mapping) else ()
    return tuple(_one(channel(key.text), root, value) for key, value in entries if isinstance(value, Mapping))


def _one(channel: str, root: Path, asked: Mapping) -> Attested:
    said = {key.text: value.text for key, value in asked.entries if isinstance(value, Scalar)}
    return Attested(
        channel=channel,
        publisher=said["publisher"],
        issuer=said["issuer"],
        root=root / said["root"] if "root" in said else None,
        published_to=said["published_to"].rstrip("/") if "published_to" in said else None,
    )


def _shape(node: Node, message: str) -> Problem:
    return Problem(code="collection.shape", message=message, place=node.place)
