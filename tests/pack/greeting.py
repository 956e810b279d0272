"""A small package to pack: every kind of file, link, test and metadata that a recipe can ask for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

from builder.model.binary import BinaryFacts
from builder.model.environment import (
    DependencyOrigin,
    Environment,
    Environments,
    LockedPackage,
    ResolvedRunExports,
    RunDependency,
)
from builder.model.payload import Entry, EntryKind, LicenseFile, Relocated, RelocatedEntry
from builder.model.recipe import (
    About,
    Build,
    DownstreamTest,
    GlobList,
    Output,
    PackageContentsTest,
    PythonTest,
    Script,
    ScriptTest,
    UrlSource,
    VariantKeys,
)
from builder.model.rendering import Platforms, RecipeFile, Rendering, Sibling
from builder.model.source import SourceDigest
from builder.model.variant import Variant
from builder.pack import PackRequest, TestFile, Tool

PLACEHOLDER = ("/bakehouse/host_env" + "_placehold" * 30)[:255]
EPOCH = 1_500_000_000
RECIPE = """\
package:
  name: greeting
  version: 1.2.3
build:
  number: 4
  script: build.sh
about:
  license: MIT
"""
RENDERED = {
    "about": {"license": "MIT", "summary": "A greeting"},
    "build": {"number": 4, "script": "build.sh"},
    "extra": {"recipe-maintainers": ["somebody"], "pairs": [["a", 1]]},
    "package": {"name": "greeting", "version": "1.2.3"},
    "requirements": {"run": ["bash >=5"]},
    "schema_version": 1,
}
VARIANT = Variant.of({"flavour": "plain", "level": 3, "target_platform": "linux-64"})
HASH = hashlib.sha1(b'{"flavour": "plain", "level": 3, "target_platform": "linux-64"}').hexdigest()[:7]
BUILD_STRING = f"h{HASH}_4"
LOCKED = LockedPackage(
    name="libthing",
    version="2.0",
    build="0",
    build_number=0,
    subdir="linux-64",
    file_name="libthing-2.0-0.conda",
    url="https://user:secret@example.org/t/tk-123/stable/linux-64/libthing-2.0-0.conda?x=1",
    channel="https://example.org/t/tk-123/stable",
    sha256="1" * 64,
    size=10,
    depends=("bash",),
    record=json.dumps({"md5": "2" * 32, "license": "MIT"}),
)
LOCAL = replace(
    LOCKED,
    name="tool",
    file_name="tool-2.0-0.conda",
    url="file:///home/me/channel/linux-64/tool-2.0-0.conda",
    channel="file:///home/me/channel",
    record="{}",
)


def write(path: Path, data: bytes, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def file_entry(folder: Path, path: str, data: bytes, *, executable: bool = False) -> RelocatedEntry:
    content = write(folder / path, data)
    entry = Entry(path=path, kind=EntryKind.FILE, content=content, executable=executable, size=len(data))
    return RelocatedEntry(entry=entry, sha256=hashlib.sha256(data).hexdigest())


def link_entry(path: str, target: str) -> RelocatedEntry:
    return RelocatedEntry(entry=Entry(path=path, kind=EntryKind.SYMLINK, target=target), sha256="")


def folder_entry(path: str) -> RelocatedEntry:
    return RelocatedEntry(entry=Entry(path=path, kind=EntryKind.DIRECTORY), sha256="")


def payload(folder: Path) -> Relocated:
    """The payload of `greeting`; its files are written below ``folder``."""
    library = BinaryFacts(
        format="elf",
        machine="x86_64",
        kind="shared",
        soname="libgreet.so.1",
        needed=("libc.so.6",),
        runpath=("$ORIGIN",),
        runpath_kind="rpath",
        versions=(("GLIBC", "2.34"),),
        exports_digest="3" * 64,
    )
    entries = (
        file_entry(folder, "bin/greet", b"#!/bin/sh\necho hello\n", executable=True),
        link_entry("bin/greet-again", "greet"),
        link_entry("bin/chain", "greet-again"),
        file_entry(folder, "lib/libgreet.so.1", b"\x7fELF not really"),
        link_entry("lib/libgreet.so", "libgreet.so.1"),
        link_entry("lib64", "lib"),
        link_entry("share/through", "../lib64/libgreet.so"),
        link_entry("share/elsewhere", "../lib/of-another-package"),
        folder_entry("share"),
        folder_entry("share/empty"),
        file_entry(folder, "share/where.txt", f"{PLACEHOLDER}/share\n".encode()),
        file_entry(folder, "share/blob", b"a\0" + PLACEHOLDER.encode() + b"/x\0"),
        file_entry(folder, "share/näme", b""),
    )
    modes: dict[str, Literal["text", "binary"]] = {"share/where.txt": "text", "share/blob": "binary"}
    return Relocated(
        entries=tuple(
            replace(
                item,
                prefix_mode=modes.get(item.entry.path),
                binary=library if item.entry.path == "lib/libgreet.so.1" else None,
            )
            for item in entries
        ),
        licenses=(LicenseFile(name="LICENSE", content=write(folder / "work" / "LICENSE", b"MIT text\n")),),
        no_link=("share/where.txt",),
        placeholder=PLACEHOLDER,
    )


def recipe_folder(folder: Path) -> RecipeFile:
    """A recipe's folder with more in it than the recipe names."""
    write(folder / "recipe.yaml", RECIPE.encode())
    write(folder / "build.sh", b"make install\n", 0o755)
    write(folder / "LICENSE", b"MIT text\n")
    write(folder / "patches" / "fix.patch", b"--- a\n+++ b\n")
    write(folder / "check.sh", b"greet | grep hello\n")
    write(folder / "secret.txt", b"nobody names me\n")
    write(folder / "data" / "a.txt", b"hi\n")
    return RecipeFile(path=folder / "recipe.yaml", folder=folder)


def output() -> Output:
    return Output(
        kind="package",
        name="greeting",
        version="1.2.3",
        source=(UrlSource(urls=("https://example.org/g.tar.gz",), sha256="4" * 64, patches=("patches/fix.patch",)),),
        build=Build(number=4, script=Script(file="build.sh"), variant=VariantKeys(down_prioritize_variant=-2)),
        tests=(
            ScriptTest(
                script=Script(content=("greet", "test -f data/a.txt"), env=(("COLOUR", "red"),)),
                run=("coreutils",),
                recipe_files=GlobList(include=("data/",)),
            ),
            PackageContentsTest(bin=("greet",), files=("share/*.txt",), not_files=("*.la",), strict=True),
            PythonTest(imports=("json", "os.path"), pip_check=False),
            DownstreamTest(downstream="other"),
            ScriptTest(script=Script(file="check")),
        ),
        about=About(
            homepage="https://example.org",
            repository="https://example.org/repo",
            documentation="https://example.org/doc",
            license="MIT",
            license_file=("LICENSE", "../../etc/hostname"),
            license_family="MIT",
            summary="A greeting",
            description="Longer\ntext.",
        ),
        rendered=json.dumps(RENDERED, sort_keys=True),
    )


def rendering(folder: Path) -> Rendering:
    return Rendering(
        recipe=recipe_folder(folder),
        output=output(),
        variant=VARIANT,
        platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
        subdir="linux-64",
        hash=HASH,
        build_string=BUILD_STRING,
        siblings=(Sibling(name="greeting-devel", version="1.2.3", build_string="0"),),
    )


def environments() -> Environments:
    return Environments(
        build=Environment(specs=("tool",), packages=(LOCAL,)),
        host=Environment(specs=("libthing 2.*",), packages=(LOCKED,)),
        depends=(
            RunDependency(spec="bash >=5", origin=DependencyOrigin.RECIPE),
            RunDependency(spec="libthing >=2.0,<3.0a0", origin=DependencyOrigin.HOST_RUN_EXPORT, source="libthing"),
            RunDependency(spec="bash >=5", origin=DependencyOrigin.RECIPE),
        ),
        constrains=(RunDependency(spec="zsh >=5", origin=DependencyOrigin.RECIPE),),
        run_exports=ResolvedRunExports(weak=("greeting >=1.2.3,<1.3.0a0",), strong_constrains=("bar <2",)),
    )


def request(folder: Path) -> PackRequest:
    """A request to pack all of the above; files are written below ``folder``."""
    made = rendering(folder / "recipe")
    return PackRequest(
        relocated=payload(folder / "payload"),
        rendering=made,
        environments=environments(),
        recipe_key="5" * 64,
        build_key="6" * 64,
        epoch=EPOCH,
        tool=Tool(name="bakehouse", version="0.1"),
        sealed=True,
        rootfs_digest="7" * 64,
        sources=(
            SourceDigest(url="https://user:pw@example.org/g.tar.gz", sha256="4" * 64, kind="url"),
            SourceDigest(url="src", sha256="8" * 64, kind="path"),
        ),
        channels=("https://user:pw@example.org/t/tk-123/stable", "file:///home/me/channel", "conda-forge"),
        test_files=(
            TestFile(test=0, path="data/a.txt", content=made.recipe.folder / "data" / "a.txt"),
            TestFile(test=4, path="run", content=made.recipe.folder / "build.sh", executable=True),
        ),
    )
