"""Makes a container image of the sandbox's root: the same tree, and the same bytes on every machine.

One archive is at once what ``docker save`` writes (``manifest.json``) and an OCI layout (``oci-layout``,
``index.json``), since both may name the same blobs; so ``docker load`` and ``podman load``, old and new, read it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from builder.archive.member import Member, MemberKind
from builder.archive.policy import DEBIAN, Gate, UnpackLimits
from builder.archive.tarwrite import END, Entry, Flag, header, padding
from builder.errors import MachineError, WorkError
from builder.model.frozen import frozen
from builder.model.inside import SEALED
from builder.sandbox.rootfs import TIME

_PIECE = 1 << 20
_BLOBS = "blobs/sha256/"
_OCI = "application/vnd.oci.image"


@frozen
class Image:
    """An image of the folder ``tree``; ``digest`` is that of its list of packages.

    ``config`` is the image's configuration, ``layer`` the sha256 of its one layer (a tar of the tree), ``size`` the
    layer's bytes.
    """

    tree: Path
    digest: str
    config: bytes
    layer: str
    size: int

    @property
    def id(self) -> str:
        """What most engines call the image, as they write it: ``sha256:`` and the digest of its configuration."""
        return f"sha256:{_sha256(self.config)}"

    @property
    def ids(self) -> tuple[str, str]:
        """What engines call it: `id`, or the digest of its manifest where Docker keeps images in containerd's store."""
        return self.id, f"sha256:{_sha256(self._manifest())}"

    @property
    def tag(self) -> str:
        """The name under which it is loaded."""
        return image_tag(self.digest)

    def archive(self) -> Iterator[bytes]:
        """Yield the archive that ``docker load`` and ``podman load`` read; opens one file of the tree at a time.

        Raises `MachineError` when a file of the tree changes meanwhile.
        """
        small = self._small()
        names = sorted((*small, _BLOBS + self.layer))
        for folder in ("blobs/", _BLOBS):
            yield header(Entry(name=folder.encode(), flag=Flag.DIRECTORY, mode=0o755), TIME)
        for name in names:
            size = len(small[name]) if name in small else self.size
            yield header(Entry(name=name.encode(), flag=Flag.FILE, mode=0o644, size=size), TIME)
            if name in small:
                yield small[name]
            else:
                yield from self._checked_layer()
            yield bytes(padding(size))
        yield END

    def _checked_layer(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in layer(self.tree):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.layer:
            raise MachineError(
                f"{self.tree} changed while an image was made of it",
                code="sandbox.rootfs-changed",
                remedy="remove that folder, so that it is unpacked anew",
            )

    def _small(self) -> dict[str, bytes]:
        """Return the archive's files, besides the layer, by name."""
        config, layer, manifest = _sha256(self.config), self.layer, self._manifest()
        named = {
            "io.containerd.image.name": f"docker.io/library/{self.tag}",
            "org.opencontainers.image.ref.name": self.tag.partition(":")[2],
        }
        listed = _described(f"{_OCI}.manifest.v1+json", _sha256(manifest), len(manifest))
        index = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.index.v1+json",
            "manifests": [{**listed, "annotations": named}],
        }
        return {
            _BLOBS + config: self.config,
            _BLOBS + _sha256(manifest): manifest,
            "index.json": _json(index),
            "manifest.json": _json([
                {"Config": _BLOBS + config, "RepoTags": [self.tag], "Layers": [_BLOBS + layer]}
            ]),
            "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        }  # fmt: skip

    def _manifest(self) -> bytes:
        return _json({
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _described(f"{_OCI}.config.v1+json", _sha256(self.config), len(self.config)),
            "layers": [_described(f"{_OCI}.layer.v1.tar", self.layer, self.size)],
        })  # fmt: skip


def image_tag(digest: str) -> str:
    """Return the name of the image of the list with that ``digest``."""
    return f"bakehouse-rootfs:{digest[:12]}"


def rootfs_image(tree: Path, digest: str) -> Image:
    """Return the image of ``tree``, as `ensure_rootfs` laid it out from the list with that ``digest``.

    Reads every file once, to know the image's id; nothing is written.
    """
    seen, size = hashlib.sha256(), 0
    for piece in layer(tree):
        seen.update(piece)
        size += len(piece)
    found = seen.hexdigest()
    return Image(tree=tree, digest=digest, config=_config(digest, found), layer=found, size=size)


def layer(tree: Path) -> Iterator[bytes]:
    """Yield a tar of ``tree``: sorted, everything root's and of one time, in pieces of at most a megabyte.

    Modes are two for files and one for folders, whatever the umask was under which the tree was made.
    """
    gate = Gate("the image of the sandbox's root", DEBIAN, UnpackLimits(), WorkError)
    for path in sorted(_below(tree), key=os.fsencode):
        name = os.fsencode(path.relative_to(tree))
        gate.admit(_member(path, os.fsdecode(name)))
        if path.is_symlink():
            target = os.fsencode(path.readlink())
            yield header(Entry(name=name, flag=Flag.SYMLINK, mode=0o777, target=target), TIME)
        elif path.is_dir():
            yield header(Entry(name=name + b"/", flag=Flag.DIRECTORY, mode=0o755), TIME)
        else:
            yield from _file(path, name)
    yield END


def _member(path: Path, name: str) -> Member:
    """Return what the member policy judges: what we refuse to read we do not write."""
    if path.is_symlink():
        return Member(path=name, kind=MemberKind.SYMLINK, target=str(path.readlink()))
    return Member(path=name, kind=MemberKind.DIRECTORY if path.is_dir() else MemberKind.FILE)


def _below(folder: Path) -> Iterator[Path]:
    for item in os.scandir(folder):
        yield Path(item)
        if item.is_dir(follow_symlinks=False):
            yield from _below(Path(item))


def _file(path: Path, name: bytes) -> Iterator[bytes]:
    """Yield one file; if it grows or shrinks meanwhile, the layer's digest is another one and tells."""
    with path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        mode = 0o755 if status.st_mode & 0o111 else 0o644
        yield header(Entry(name=name, flag=Flag.FILE, mode=mode, size=status.st_size), TIME)
        while piece := file.read(_PIECE):
            yield piece
        yield bytes(padding(status.st_size))


def _config(digest: str, layer: str) -> bytes:
    created = datetime.fromtimestamp(TIME, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _json({
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "User": "1000:1000",
            "Env": ["PATH=/usr/bin", "LANG=C.UTF-8", f"HOME={SEALED.home}"],
            "Cmd": ["/bin/bash"],
            "Labels": {"bakehouse.rootfs": digest},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": created, "created_by": f"bakehouse rootfs {digest}"}],
    })  # fmt: skip


def _described(kind: str, sha256: str, size: int) -> dict[str, object]:
    """Return an OCI content descriptor."""
    return {"mediaType": kind, "digest": f"sha256:{sha256}", "size": size}


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
