"""Hostile packages, written byte by byte in both formats, and channels whose indexes, written by hand, offer them.

A `Crate` is a right package but for what its fields change. Members that must not get anywhere are canaries.
"""

from __future__ import annotations

import bz2
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backports import zstd

from tests.adversarial.archives import COMPRESSORS, Entry, file, tar, zipped

FORMS = ("conda", "tar.bz2")
VERBS = ("index", "inspect", "test", "build")
PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"

Listed = Mapping[str, object]
Outside = Callable[[Sequence[Entry]], Sequence[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """A package: ``payload`` and ``info`` are further members, ``says`` further entries of paths.json.

    ``index`` changes index.json (None takes a key away), ``replaced`` are other bytes of info files (None: no such
    file). ``outside`` changes the entries of the zip, ``whole`` the file itself; ``deflated`` compresses the zip.
    ``because`` is found in what is said of it, and ``verbs`` are those that say it.
    """

    name: str
    because: str = ""
    verbs: Sequence[str] = VERBS
    payload: Sequence[Entry] = ()
    says: Sequence[Listed] = ()
    info: Sequence[Entry] = ()
    index: Mapping[str, object] = field(default_factory=dict)
    replaced: Mapping[str, bytes | None] = field(default_factory=dict)
    outside: Outside = list
    whole: Callable[[bytes], bytes] = bytes
    deflated: bool = False
    forms: Sequence[str] = FORMS

    @property
    def stem(self) -> str:
        """What its file and its archives are called."""
        return f"{self.name}-1.0-0"

    def content(self, form: str) -> bytes:
        """The package's bytes in one format."""
        good = file(f"share/{self.name}", self.name.encode())
        entries = [listed(good.name.decode(), good.content), *self.says]
        index = {
            "name": self.name,
            "version": "1.0",
            "build": "0",
            "build_number": 0,
            "subdir": "linux-64",
            "depends": [],
        }
        known = {key: value for key, value in {**index, **self.index}.items() if value is not None}
        files: dict[str, bytes | None] = {
            "index.json": json.dumps(known).encode(),
            "paths.json": json.dumps({"paths": entries, "paths_version": 1}).encode(),
            **self.replaced,
        }
        info = [*(file(f"info/{name}", data) for name, data in files.items() if data is not None), *self.info]
        payload = [good, *self.payload]
        if form == "tar.bz2":
            return self.whole(bz2.compress(tar([*info, *payload]), 1))
        return self.whole(conda(self.stem, COMPRESSORS["zst"](tar(payload)), COMPRESSORS["zst"](tar(info)), self))


def conda(stem: str, payload: bytes, info: bytes, crate: Crate) -> bytes:
    """A ``.conda`` file of two compressed archives."""
    entries = [
        file("metadata.json", b'{"conda_pkg_format_version": 2}'),
        file(f"pkg-{stem}.tar.zst", payload),
        file(f"info-{stem}.tar.zst", info),
    ]
    return zipped(crate.outside(entries), deflated=crate.deflated)


def listed(path: str, content: bytes = b"x", **more: object) -> dict[str, object]:
    """An entry of paths.json that tells the truth."""
    digest = hashlib.sha256(content).hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(content), **more}


def renamed(old: str, new: str) -> Outside:
    """A change of the zip: an entry has another name; its archive is inside all the same."""
    return lambda entries: [_named(entry, entry.name.replace(old.encode(), new.encode())) for entry in entries]


def doubled(which: str, name: str | None = None) -> Outside:
    """A change of the zip: one more entry like the one whose name begins so, under that name or another."""

    def more(entries: Sequence[Entry]) -> Sequence[Entry]:
        (one,) = (entry for entry in entries if entry.name.startswith(which.encode()))
        return [*entries, _named(one, name.encode() if name else one.name)]

    return more


def without(which: str) -> Outside:
    """A change of the zip: no entry whose name begins so."""
    return lambda entries: [entry for entry in entries if not entry.name.startswith(which.encode())]


def saying(metadata: bytes) -> Outside:
    """A change of the zip: another metadata.json."""
    return lambda entries: [file("metadata.json", metadata), *without("metadata.json")(entries)]


def _named(entry: Entry, name: bytes) -> Entry:
    return Entry(name=name, content=entry.content)


def channel(folder: Path, crates: Iterable[Crate], form: str, **record: object) -> dict[str, Path]:
    """Write a channel with the crates in one format; its index offers all of them as what their names say.

    ``record`` is what it says differently.
    """
    packages: dict[str, Path] = {}
    records = {}
    for crate in crates:
        if form not in crate.forms:
            continue
        path = packages[crate.name] = folder / "linux-64" / f"{crate.stem}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = crate.content(form)
        path.write_bytes(content)
        records[path.name] = {
            "name": crate.name, "version": "1.0", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": [],
            "run_exports": {}, "sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest(), "size": len(content),
            **record,
        }  # fmt: skip
    for subdir in ("linux-64", "noarch"):
        section = "packages.conda" if form == "conda" else "packages"
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}, "repodata_version": 1}
        index[section] = records if subdir == "linux-64" else {}
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        (folder / subdir / "repodata.json").write_text(json.dumps(index), encoding="utf-8")
    return packages


GIB, MIB = 1 << 30, 1 << 20
_BLOCK = 128 << 10


def bombs() -> dict[str, tuple[str, str, bytes]]:
    """Packages of some hundred kilobytes that would be four GiB: by stem, the form, why it is refused, the bytes."""
    return {one.stem: (form, one.because, one.content(form)) for one in map(_bomb, _BOMBS) for form in one.forms}


@dataclass(frozen=True, slots=True)
class _Bomb:
    """What the zeros are called, what the list says of them, where they lie, and how many they are."""

    name: str
    because: str
    says: Mapping[str, object]
    in_info: bool = False
    size: int = 4 * GIB
    form: str = "conda"


_BOMBS = (
    _Bomb("honest", "says that it holds 4,294,967,[0-9]+ bytes, more than 200 times", {"size_in_bytes": 4 * GIB}),
    _Bomb("liar", "'zeros' expands it to more than 200 times", {"size_in_bytes": 1}),
    _Bomb("silent", "'zeros' expands it to more than 200 times", {}),
    _Bomb("described", "info folder holds more than 134,217,728 bytes", {}, in_info=True, size=200 * MIB),
    _Bomb("older", "says that it holds 4,294,967,[0-9]+ bytes, more than 200 times", {}, form="tar.bz2"),
)


def _bomb(bomb: _Bomb) -> Crate:
    path = "info/zeros" if bomb.in_info else "zeros"
    head = tar([Entry(name=path.encode(), size=bomb.size)])[:512]

    def blown(entries: Sequence[Entry]) -> Sequence[Entry]:
        """Put the zeros before the first member of one of the archives."""
        which = b"info-" if bomb.in_info else b"pkg-"
        return [_with_zeros(one, head, bomb.size) if one.name.startswith(which) else one for one in entries]

    def older(content: bytes) -> bytes:
        return bz2.compress(head, 1) + bz2.compress(bytes(8 * MIB), 1) * (bomb.size // (8 * MIB)) + content

    return Crate(
        name=bomb.name,
        because=bomb.because,
        says=[] if bomb.in_info else [{"_path": path, "path_type": "hardlink", **bomb.says}],
        outside=blown,
        whole=bytes if bomb.form == "conda" else older,
        forms=[bomb.form],
    )


def _with_zeros(entry: Entry, head: bytes, size: int) -> Entry:
    """Put ``head`` and zeros before what a zstd stream holds; it stays one frame, and four bytes are 128 KiB (RFC 8878)."""
    content = zstd.decompress(entry.content)
    blocks = [_block(len(head), 0) + head, (_block(_BLOCK, 1) + b"\0") * (size // _BLOCK)]
    blocks += [
        _block(len(piece), 0) + piece for piece in (content[at : at + _BLOCK] for at in range(0, len(content), _BLOCK))
    ]
    frame = b"\x28\xb5\x2f\xfd\x00\x50" + b"".join(blocks) + (1).to_bytes(3, "little")
    return Entry(name=entry.name, content=frame)


def _block(size: int, kind: int) -> bytes:
    """The header of a block that is not the last: ``kind`` is 0 for bytes as they are, 1 for one that is repeated."""
    return (size << 3 | kind << 1).to_bytes(3, "little")
