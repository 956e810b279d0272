"""The readers of documents: patches, indexes of Debian and PyPI, recipes, variants."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from builder.errors import BakehouseError
from builder.matrix import load_variants, render
from builder.model.rendering import Platforms
from builder.recipe import load
from builder.source import apt, debian, pypi
from builder.source.connection import TransferError
from builder.source.patches import read_patch, strip_level
from builder.source.transfer import Answer
from tests.adversarial.test_fuzz import LEGACY, RECIPE, VARIANTS
from tests.fuzz.damage import damaged
from tests.fuzz.reader import Box, FoundError, Parts, Reader, only
from tests.fuzz.texts import altered_json, altered_lines

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

PATCH = b"""\
diff --git a/a.c b/a.c
index 0123456..789abcd 100644
--- a/a.c\t2020-01-01 00:00:00
+++ b/a.c
@@ -1,3 +1,4 @@ int main(void)
 a
-b
+c
+d
 e
diff --git a/old b/new
similarity index 90%
rename from old
rename to new
--- "a/with \\303\\251 \\"quotes\\""
+++ /dev/null
@@ -1 +0,0 @@
-gone
\\ No newline at end of file
"""
PACKAGES = b"""\
Package: zlib1g
Source: zlib
Version: 1:1.2.13.dfsg-1
Architecture: amd64
Filename: pool/main/z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb
Size: 86716
SHA256: d7dd1d1411fedf27f5e27650a6eff20ef294077b568f4c8c5e51466dc7c08ce4
Description: compression library
 .
 more

Package: make
Version: 4.3-4.1
Filename: pool/main/m/make-dfsg/make_4.3-4.1_amd64.deb
Size: 396260
SHA256: d6aeb4ee7b8a5c5c2a8ae1e6e4b2e5e3c3b3b3f3d3c3b3a393837363534333231
"""
SOURCES = b"""\
Package: zlib
Version: 1:1.2.13.dfsg-1
Directory: pool/main/z/zlib
Checksums-Sha256:
 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 100 zlib_1.2.13.dfsg-1.dsc
 fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210 200 zlib_1.2.13.dfsg.orig.tar.bz2
"""
RELEASE = b"""\
Origin: Debian
Suite: stable
Date: Sat, 06 Jan 2024 10:00:00 UTC
SHA256:
 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef   100 main/binary-amd64/Packages.xz
 fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210 200 main/source/Sources.xz
"""
APT = b"""\
# where it comes from
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] http://example.org/debian bookworm main contrib
Types: deb deb-src
URIs: https://example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
SIMPLE_JSON = json.dumps(
    {
        "meta": {"api-version": "1.1"}, "name": "demo", "versions": ["1.0"],
        "files": [
            {
                "filename": "demo-1.0.tar.gz", "url": "../../demo-1.0.tar.gz", "hashes": {"sha256": "0" * 64}, "size": 9,
                "requires-python": ">=3.8", "yanked": False, "upload-time": "2024-01-01T00:00:00Z", "core-metadata": True,
            }
        ],
    }
).encode()  # fmt: skip
SIMPLE_HTML = b"""\
<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"><base href="https://example.org/x/"></head>
<body><h1>Links for demo</h1>
<a href="demo-1.0.tar.gz#sha256=0000000000000000000000000000000000000000000000000000000000000000"
 data-requires-python="&gt;=3.8" data-yanked="">demo-1.0.tar.gz</a><br>
<a href="demo-1.0-py3-none-any.whl#md5=0">demo-1.0-py3-none-any.whl</a>
</body></html>
"""


def readers() -> Iterator[Reader]:
    """Yield a reader for each kind of document."""
    yield text_reader(
        "patch", [PATCH], (b"--- ", b"+++ ", b"@@ -1 +1 @@", b"rename to ", b"\\", b"new mode 120000"), _read_patch
    )
    words = (b"Package: ", b"Version: ", b"Filename: ", b"Size: ", b"SHA256:", b" ", b"\n\n", b"Extra-Source-Only: yes")
    yield text_reader("debian-packages", [PACKAGES], words, _read_debian_packages)
    yield text_reader("debian-sources", [SOURCES], (*words, b"Checksums-Sha256:", b"Directory: "), _read_debian_sources)
    yield text_reader("debian-release", [RELEASE], (*words, b"Suite: "), _read_release)
    yield text_reader("apt", [APT], (b"deb ", b"[", b"]", b"Types: ", b"#", b"signed-by=", b" x"), _read_apt)
    yield json_reader("pypi-json", SIMPLE_JSON, partial(_read_pypi, "application/vnd.pypi.simple.v1+json"))
    tags = (b"<a href=", b">", b"</a>", b"<base ", b"&#x", b"#sha256=", b"<!--", b"<![CDATA[")
    yield text_reader("pypi-html", [SIMPLE_HTML], tags, partial(_read_pypi, "text/html"))
    yaml = tuple(b"${{ | }} |- |: |{|[|&a |*a|!!x |<<: |if: |then: |outputs:".split(b"|"))
    yield text_reader("recipe", [RECIPE.encode()], yaml, partial(_render, "recipe.yaml"))
    yield text_reader("variants", [VARIANTS.encode()], yaml, partial(_render, "variants.yaml"))
    yield text_reader(
        "legacy-variants", [LEGACY.encode()], (*yaml, b"  # [win]"), partial(_render, "conda_build_config.yaml")
    )


def json_reader(name: str, seed: bytes, read: Callable[[bytes, Box], None]) -> Reader:
    def alter(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
        changed = damaged(parts[0], other[0], dice) if dice.random() < 0.15 else altered_json(parts[0], dice)
        return (changed,)

    return Reader(name=name, seeds=lambda: [(seed,)], alter=alter, wrap=only, read=read)


def text_reader(name: str, seeds: list[bytes], words: tuple[bytes, ...], read: Callable[[bytes, Box], None]) -> Reader:
    def alter(parts: Parts, other: Parts, dice: Random, canary: Path) -> Parts:
        if dice.random() < 0.15:
            return (damaged(parts[0], other[0], dice),)
        return (altered_lines(parts[0], other[0], dice, words),)

    return Reader(name=name, seeds=lambda: [(seed,) for seed in seeds], alter=alter, wrap=only, read=read)


# -- what must hold ----------------------------------------------------------------------------------------------------


def _read_patch(data: bytes, box: Box) -> None:
    patch = read_patch("demo.patch", box.input("demo.patch", data))
    for file in patch.files:
        if file.startswith("/") or ".." in file.split("/"):
            raise FoundError(f"it names {file!r}")
    strip_level(patch, box.folder / "room")


def _read_debian_packages(data: bytes, box: Box) -> None:
    path = box.input("Packages.xz", lzma.compress(data, preset=0))
    with debian._index_errors():
        debian._read_packages(path, frozenset({"zlib1g", "make"}))


def _read_debian_sources(data: bytes, box: Box) -> None:
    path = box.input("Sources.xz", lzma.compress(data, preset=0))
    with debian._index_errors():
        debian._read_sources(path, "bookworm", frozenset({"zlib"}))


def _read_release(data: bytes, box: Box) -> None:
    with debian._index_errors():
        debian._read_release(data.decode("utf-8", "replace"))


def _read_apt(data: bytes, box: Box) -> None:
    folder = box.folder / "own" / "apt"
    (folder / "sources.list.d").mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_bytes(data)
    (folder / "sources.list.d" / "debian.sources").write_bytes(data)
    apt.debian_archive(folder)


def _read_pypi(media_type: str, data: bytes, box: Box) -> None:
    try:
        page = pypi._parse(Answer(address="https://example.org/demo/", media_type=media_type, body=data), "demo")
    except TransferError as error:
        str(error).encode()
        return
    for package in page.packages:
        _ = package.filename, package.version, package.digests.get("sha256"), package.url


def _render(name: str, data: bytes, box: Box) -> None:
    folder = box.folder / "own" / "recipe"
    folder.mkdir(exist_ok=True)
    texts = {"recipe.yaml": RECIPE.encode(), "variants.yaml": VARIANTS.encode(), name: data}
    if name == "conda_build_config.yaml":
        del texts["variants.yaml"]
    for file, text in texts.items():
        (folder / file).write_bytes(text)
    try:
        render(
            load(folder / "recipe.yaml"),
            load_variants([folder / file for file in texts if file != "recipe.yaml"], {}, LINUX, {}),
            LINUX,
        )
    except BakehouseError as error:
        if any(problem.place is None for problem in error.problems):
            raise FoundError(f"no place: {error}") from error
        raise
