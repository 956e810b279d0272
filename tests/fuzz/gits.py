"""The readers of git repositories: trees of an attacker, objects that are not what their ids say, .gitmodules."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

from builder.errors import BakehouseError
from builder.source.git.checkout import Checkout, check_out
from builder.source.git.command import git_variables
from builder.source.git.submodules import linked, submodules
from builder.store import remove_tree
from tests.fuzz import vocabulary
from tests.fuzz.archives import LIMITS, tree
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader, only
from tests.fuzz.texts import altered_lines
from tests.source.git.making import HERE

MODULES = b'[submodule "sub"]\n\tpath = sub\n\turl = https://example.org/sub.git\n\tbranch = main\n'
MODES = ("100644", "100755", "120000", "40000", "160000", "100664", "0100644", "040000", "644", "777777", "0", "104755")
WHO = b"a <a@example.org> 1600000000 +0000"


def readers() -> Iterator[Reader]:
    """Yield the readers; each input takes a process of git or two, so they are slow."""
    plain = partial(Reader, wrap=only)
    yield plain(name="git-tree", seeds=lambda: [_seed()], alter=_alter_tree, read=_read_tree)
    yield plain(name="git-objects", seeds=lambda: [(b"",)], alter=_alter_objects, read=_read_objects)
    yield plain(name="gitmodules", seeds=lambda: [(MODULES,)], alter=_alter_modules, read=_read_modules)


def _id(kind: str, body: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).digest()


BLOB, EMPTY = _id("blob", b"a"), _id("tree", b"")
"""The ids of the two objects that trees may name."""


def _entry(mode: str, name: bytes) -> bytes:
    return mode.encode() + b" " + name + b"\0" + (EMPTY if mode.lstrip("0").startswith("4") else BLOB)


def _seed() -> Parts:
    return (_entry("100644", b"a") + _entry("120000", b"link") + _entry("40000", b"sub") + _entry("160000", b"module"),)


# -- inputs ------------------------------------------------------------------------------------------------------------


def _alter_tree(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    """Return a body of a tree: entries of any mode and name."""
    entries = b""
    for _ in range(dice.randrange(1, 6)):
        name = vocabulary.path(dice, canary).replace(b"\0", b"") if dice.random() < 0.6 else b"%c" % dice.choice(b"abc")
        entries += _entry(dice.choice(MODES), name.replace(b"/", dice.choice((b"/", b"_"))))
    return (damaged(entries, other[0], dice) if dice.random() < 0.2 else entries,)


def _alter_objects(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    """Return what is done to the objects of a good repository, as a number that is unpacked where it is done."""
    return (dice.randbytes(12),)


def _alter_modules(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
    words = (b"[submodule ", b'"]', b"path = ", b"url = ", b"[include]\n\tpath = ", b"\\", b"#", b"../", b"-", b".git")
    return (altered_lines(parts[0], other[0], dice, words),)


# -- what must hold ----------------------------------------------------------------------------------------------------


class _Repository:
    """A bare repository whose objects are written one by one, right or wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "objects" / "pack").mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "HEAD").write_bytes(b"ref: refs/heads/main\n")
        (folder / "config").write_bytes(b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n")

    def write(self, kind: str, body: bytes) -> str:
        whole = f"{kind} {len(body)}\0".encode() + body
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        self.put(name, zlib.compress(whole))
        return name

    def put(self, name: str, packed: bytes) -> None:
        place = self.folder / "objects" / name[:2] / name[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(packed)

    def commit(self, tree_id: str) -> str:
        return self.write(
            "commit", f"tree {tree_id}\n".encode() + b"author " + WHO + b"\ncommitter " + WHO + b"\n\nx\n"
        )


def _variables() -> dict[str, str]:
    return git_variables({"PATH": os.environ.get("PATH", os.defpath)})


def _read_tree(data: bytes, box: Box) -> None:
    repository = _Repository(box.folder / "own" / "repository")
    repository.write("blob", b"a")
    repository.write("tree", b"")
    commit = repository.commit(repository.write("tree", data))
    links = linked(repository.folder, _variables(), commit)
    checkout = Checkout(name="demo", commit=commit, folder=repository.folder)
    try:
        check_out(checkout, box.target, HERE, limits=LIMITS)
    except BakehouseError:
        if box.target.exists():
            raise FoundError("what is refused left its target behind") from None
        raise
    for name in tree(box.target):
        if ".git" in name.lower().split("/"):
            raise FoundError(f"it wrote {name!r}")
    remove_tree(box.target)
    if any(path.startswith("/") for path in links.commits):
        raise FoundError(f"submodules at {links}")


def _exchange(repository: _Repository, victim: str, dice: Random) -> None:
    """Put something else under the id ``victim``, as an object of its own or in a pack."""
    place = repository.folder / "objects" / victim[:2] / victim[2:]
    if dice.random() < 0.5:
        place.write_bytes(damaged(place.read_bytes(), b"", dice))
    else:
        whole = zlib.decompress(place.read_bytes())
        kind, _, body = whole.partition(b"\0")
        changed = damaged(body, whole, dice)
        head = (
            kind
            if dice.random() < 0.3
            else b"%s %d" % (dice.choice((b"blob", b"tree", b"commit", b"tag")), len(changed))
        )
        place.write_bytes(zlib.compress(head + b"\0" + changed))
    if dice.random() < 0.5:
        names = [path.parent.name + path.name for path in repository.folder.glob("objects/??/*")]
        subprocess.run(
            ["git", "--git-dir", repository.folder, "pack-objects", "-q", repository.folder / "objects" / "pack" / "pack"],
            input="\n".join(names).encode(), env=_variables(), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for pack in repository.folder.glob("objects/pack/*.pack"):
            shutil.rmtree(repository.folder / "objects" / victim[:2])
            pack.chmod(0o644)
            pack.write_bytes(damaged(pack.read_bytes(), b"", dice))


def _read_objects(data: bytes, box: Box) -> None:
    """Exchange one object for another under the same id: never may anything else be read under it."""
    dice = Random(data)
    repository = _Repository(box.folder / "own" / "repository")
    contents = {"a": b"hello\n", "b": b"x" * 900, "c": b""}
    blobs = {name: repository.write("blob", body) for name, body in contents.items()}
    inner = repository.write("tree", b"100644 c\0" + bytes.fromhex(blobs["c"]))
    entries = b"".join(f"100644 {name}\0".encode() + bytes.fromhex(blobs[name]) for name in "ab")
    top = repository.write("tree", entries + b"40000 d\0" + bytes.fromhex(inner))
    commit = repository.commit(top)
    if data:
        _exchange(repository, dice.choice((*blobs.values(), inner, top, commit)), dice)
    checkout = Checkout(name="demo", commit=commit, folder=repository.folder)
    check_out(checkout, box.target, HERE, limits=LIMITS)
    found = tree(box.target)
    remove_tree(box.target)
    if found != {"a": contents["a"], "b": contents["b"], "d": None, "d/c": b""}:
        raise FoundError(f"something else was read under the same id: {found}")


def _read_modules(data: bytes, box: Box) -> None:
    repository = _Repository(box.folder / "own" / "repository")
    blob = repository.write("blob", data)
    entries = b"100644 .gitmodules\0" + bytes.fromhex(blob) + b"160000 sub\0" + bytes.fromhex(blob)
    commit = repository.commit(repository.write("tree", entries))
    links = linked(repository.folder, _variables(), commit)
    for found in asyncio.run(submodules(_variables(), commit, links)):
        if found.path != "sub":
            raise FoundError(f"a submodule at {found.path!r}")
