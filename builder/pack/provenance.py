"""info/bakehouse: the keys, the sources, the facts of each binary; what nobody else's packages carry."""

from __future__ import annotations

from builder.model.binary import BinaryFacts
from builder.model.permission import Permissions
from builder.model.source import SourceDigest
from builder.pack.address import public_address
from builder.pack.document import Plain, without_empty
from builder.pack.request import PackRequest


def keys(request: PackRequest, content: str) -> dict[str, Plain]:
    """Return keys.json: by what the package is found again, and what it was built from and in."""
    return {
        **({"allowed": _allowed(request.exposed)} if request.exposed else {}),
        "build_key": request.build_key,
        "content": content,
        **({} if request.publishable else {"publishable": False}),
        "recipe_key": request.recipe_key,
        "rootfs": request.rootfs_digest,
        "sealed": request.sealed,
        "sources": [_source(source) for source in request.all_sources],
        **({"unpublishable": request.unpublishable} if request.unpublishable else {}),
    }


def _allowed(exposed: Permissions) -> dict[str, Plain]:
    """Return what scripts may use of the machine that built the package, but not where it lay there."""
    mounts = [
        without_empty({"inside": str(one.inside), "sha256": one.digest, "writable": one.writable})
        for one in exposed.mounts
    ]
    return {"mounts": mounts, "network": exposed.network}


def _source(source: SourceDigest) -> dict[str, Plain]:
    digest = {"sha256": source.sha256} if source.commit is None else {"commit": source.commit}
    unhashed = {"unhashed": True} if source.unhashed else {}
    return {"kind": source.kind, **digest, **unhashed, "url": shown_address(source)}


def shown_address(source: SourceDigest) -> str:
    """Return a source's address as a package may show it: that of a folder beside the recipe is relative."""
    return (public_address(source.url) if source.kind != "path" else None) or source.url


def binaries(request: PackRequest) -> dict[str, Plain]:
    """Return binary.json: what is known of each binary file, by path."""
    found = sorted(
        ((item.entry.path, item.binary) for item in request.relocated.entries if item.binary is not None),
        key=lambda pair: pair[0].encode(),
    )
    return {path: _facts(facts) for path, facts in found}


def _facts(facts: BinaryFacts) -> dict[str, Plain]:
    described = without_empty({
        "soname": facts.soname,
        "needed": facts.needed,
        "runpath": facts.runpath,
        "runpath_kind": facts.runpath_kind,
        "interpreter": facts.interpreter,
        "versions": dict(facts.versions),
        "exports_sha256": facts.exports_digest,
    })  # fmt: skip
    return {"format": facts.format, "kind": facts.kind, "machine": facts.machine} | described
