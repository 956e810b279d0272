"""``bakehouse rootfs``: the sandbox's root, written for container engines and others, and what is in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from builder.archive.write import write_zstd
from builder.cli.app import Context
from builder.cli.collection import find_collection
from builder.cli.grouping import PATH, grouped
from builder.cli.options import Places, Telling, telling
from builder.cli.roots import sandbox_root
from builder.cli.site import Site, site
from builder.cli.waiting import wait_for
from builder.model.frozen import frozen
from builder.report import write_document, write_text
from builder.sandbox.image import Image, image_tag, layer, rootfs_image
from builder.sandbox.rootfs import RootfsLock, read_rootfs_lock, rootfs_lock, rootfs_lock_text
from builder.store import atomic_write, digest_file, fresh_file


@frozen
class Wanted:
    """Which root, and where its packages come from; ``list_file`` is one's own list of packages."""

    list_file: Path | None
    store: Path | None
    offline: bool
    mirrors: tuple[str, ...]

    def lock(self) -> RootfsLock:
        """Return the list of packages."""
        return rootfs_lock() if self.list_file is None else read_rootfs_lock(self.list_file)

    def site(self) -> Site:
        """Return where to work."""
        places = Places(output=None, channels=(), offline=self.offline, store=self.store, mirrors=self.mirrors)
        return site(places, find_collection(Path()))


wanted = grouped(
    "wanted",
    Wanted,
    click.option(
        "list_file", "--from-lock", type=PATH, metavar="FILE",
        help="One's own list of Debian packages  [default: that of the sandbox].",
    ),
    click.option(
        "store", "--store", type=PATH, envvar="BAKEHOUSE_STORE", help="Folder of all caches  [BAKEHOUSE_STORE]."
    ),
    click.option("offline", "--offline", is_flag=True, help="Use only what was fetched before."),
    click.option(
        "mirrors", "--mirror", multiple=True, metavar="START=ADDRESS",
        help="Try packages whose address begins with START at ADDRESS first.",
    ),
)  # fmt: skip


@click.group("rootfs")
def command() -> None:
    """Write the sandbox's root as a tree and an image, or show what is in it.

    \b
    Examples:
      bakehouse rootfs show
      bakehouse rootfs build --out images
    """  # noqa: D301 - \b keeps click from wrapping the examples


@command.command("build")
@click.option("out", "--out", type=PATH, default=Path(), help="Folder to write to  [default: the current one].")
@wanted
@telling
@click.pass_obj
def build(context: Context, out: Path, wanted: Wanted, telling: Telling) -> int:
    """Write the root as an image for `docker load` and `podman load`, as a compressed tree, and what is in them.

    Everywhere and at all times the same packages give the same bytes. Nothing of it needs root.

    \b
    Examples:
      bakehouse rootfs build && docker load -i bakehouse-rootfs-*-image.tar
      bakehouse rootfs show > own.lock; bakehouse rootfs build --from-lock own.lock --out images
    """  # noqa: D301 - \b keeps click from wrapping the examples
    lock = wanted.lock()
    reporter = telling.reporter(sys.stderr)
    try:
        root = wait_for(sandbox_root(wanted.site(), reporter.emit, lock), abandon=context.abandon, tidy=reporter.close)
    finally:
        reporter.close()
    image = rootfs_image(root.folder, root.digest)
    files = _write(out, image, lock)
    if telling.json:
        write_text(files[-1].read_text(encoding="utf-8").rstrip("\n"), sys.stdout)
    elif not telling.quiet:
        write_text("\n".join([*map(str, files), f"image {image.tag}, id {image.id}"]), sys.stderr)
    return 0


@command.command("show")
@wanted
@click.option("as_json", "--json", is_flag=True, help="Print one JSON document on standard output.")
def show(wanted: Wanted, *, as_json: bool) -> int:
    """Show the packages of the root; the text is itself a list for --from-lock, to be changed at will.

    \b
    Examples:
      bakehouse rootfs show
      bakehouse rootfs show --json
    """  # noqa: D301 - \b keeps click from wrapping the examples
    lock = wanted.lock()
    tree = wanted.site().store.folder("rootfs", lock.digest)
    image = None if tree is None else rootfs_image(tree, lock.digest)
    document = described(lock, image)
    if as_json:
        write_document(document, sys.stdout)
        return 0
    told = {name: document[name] or "not known before it is built" for name in ("digest", "image_name", "image_id")}
    lines = [f"# {name}: {text}" for name, text in told.items()]
    write_text("\n".join([*lines, rootfs_lock_text(lock.debs).rstrip("\n")]), sys.stdout)
    return 0


def described(lock: RootfsLock, image: Image | None) -> dict[str, object]:
    """Return what there is to say about a root; the image's id is None while nobody knows it."""
    return {
        "digest": lock.digest,
        "image_name": image_tag(lock.digest),
        "image_id": image and image.id,
        "glibc": lock.glibc,
        "packages": [
            {"name": deb.name, "version": deb.version, "path": deb.path, "sha256": deb.sha256, "size": deb.size}
            for deb in lock.debs
        ],
    }  # fmt: skip


def _write(out: Path, image: Image, lock: RootfsLock) -> tuple[Path, Path, Path]:
    """Write the image, the tree, and a description of both; return the three files."""
    stem = f"bakehouse-rootfs-{lock.digest[:12]}"
    archive, tree, description = (out / f"{stem}{end}" for end in ("-image.tar", ".tar.zst", ".json"))
    with fresh_file(archive) as file:
        file.writelines(image.archive())
    digests = {archive: digest_file(archive), tree: write_zstd(tree, layer(image.tree), image.size)}
    files = {path.name: {"sha256": digest.sha256, "size": digest.size} for path, digest in digests.items()}
    document = {**described(lock, image), "files": files}
    atomic_write(description, (json.dumps(document, indent=2) + "\n").encode())
    return archive, tree, description
