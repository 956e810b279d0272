"""Uses a channel as its users would: py-rattler installs from it, the installed compilers build programs, they run.

usage: python ci/use_packages.py CHANNEL PREFIX     (PREFIX is made anew unless it holds just these packages)
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SPECS = ("gcc_linux-64", "gxx_linux-64", "make", "zlib", "libzstd", "libbase64-devel", "base64", "snappy", "tzdata")

C_PROGRAM = r"""
#include <libbase64.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static void *pack(void *out) {
    uLongf size = 256;
    static const char text[] = "bakehouse bakehouse bakehouse bakehouse";
    if (compress(out, &size, (const Bytef *)text, sizeof text) != Z_OK) return NULL;
    return out;
}

int main(void) {
    pthread_t thread;
    unsigned char packed[256];
    void *done = NULL;
    if (pthread_create(&thread, NULL, pack, packed) || pthread_join(thread, &done) || done == NULL) return 1;
    char encoded[64], frame[256], back[64];
    size_t length = 0;
    base64_encode("bakehouse", 9, encoded, &length, 0);
    size_t framed = ZSTD_compress(frame, sizeof frame, encoded, length, 3);
    size_t size = ZSTD_decompress(back, sizeof back, frame, framed);
    if (ZSTD_isError(size) || size != length || memcmp(back, encoded, length)) return 2;
    printf("C: zlib %s, zstd %s, base64 %.*s, a thread\n", zlibVersion(), ZSTD_versionString(), (int)length, encoded);
    return 0;
}
"""

CXX_PROGRAM = r"""
#include <snappy.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

int main() {
    std::string text(1000, 'x'), packed, back;
    std::thread worker([&] { snappy::Compress(text.data(), text.size(), &packed); });
    worker.join();
    if (!snappy::Uncompress(packed.data(), packed.size(), &back) || back != text) return 1;
    try {
        throw std::runtime_error("caught");
    } catch (const std::exception &error) {
        std::cout << "C++: snappy " << text.size() << " -> " << packed.size() << " bytes, a thread, an exception "
                  << error.what() << "\n";
    }
}
"""

BUILD = """
set -eu
export CONDA_PREFIX=$1 PATH="$1/bin:$PATH"
for file in "$1"/etc/conda/activate.d/*.sh; do . "$file"; done
cd "$2"
"$CC" $CPPFLAGS $CFLAGS $LDFLAGS -o c-program program.c -lbase64 -lz -lzstd -pthread
"$CXX" $CPPFLAGS $CXXFLAGS $LDFLAGS -o cxx-program program.cc -lsnappy -pthread
"""


async def install(channel: Path, prefix: Path, specs: Sequence[str] = SPECS) -> int:
    """Install ``specs`` from ``channel`` alone into the new folder ``prefix``; return how many packages that took."""
    from rattler import BuildString, Channel, Gateway, GenericVirtualPackage, MatchSpec, PackageName, Version, solve
    from rattler import install as link

    with tempfile.TemporaryDirectory(prefix="use-packages-") as cache:
        machine = [
            GenericVirtualPackage(PackageName(name), Version(version), BuildString("0"))
            for name, version in (("__glibc", "2.36"), ("__linux", "6.1"), ("__unix", "0"))
        ]
        records = await solve(
            [Channel(channel.as_uri())],
            [MatchSpec(spec) for spec in specs],
            gateway=Gateway(cache_dir=Path(cache, "index")),
            platforms=["linux-64", "noarch"],
            virtual_packages=machine,
            channel_relations="disabled",
        )
        await link(records, prefix, cache_dir=Path(cache, "packages"), show_progress=False)
    return len(records)


def state_of(channel: Path) -> str:
    """Return a digest of what the channel offers."""
    indexes = [channel / subdir / "repodata.json" for subdir in ("linux-64", "noarch")]
    return hashlib.sha256(b"".join(index.read_bytes() for index in indexes)).hexdigest()


def run_programs(prefix: Path, folder: Path) -> str:
    """Compile both programs with the compilers in ``prefix``, run them, and return what they printed."""
    (folder / "program.c").write_text(C_PROGRAM)
    (folder / "program.cc").write_text(CXX_PROGRAM)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(["bash", "-c", BUILD, "build", prefix, folder], check=True, env=environment)
    return "".join(
        subprocess.run([folder / name], check=True, env=environment, capture_output=True, text=True).stdout
        for name in ("c-program", "cxx-program")
    )


def main(channel: Path, prefix: Path) -> None:
    """Install, compile, run; what was done before with the same packages is not done again."""
    stamp, state = prefix / "conda-meta" / "channel-state", state_of(channel)
    if stamp.is_file() and stamp.read_text() == state:
        print(f"use: {prefix} already holds these packages, its programs ran; remove it to see it again")
        return
    shutil.rmtree(prefix, ignore_errors=True)
    count = asyncio.run(install(channel, prefix))
    print(f"use: py-rattler installed {count} packages from {channel} into {prefix}")
    with tempfile.TemporaryDirectory(prefix="use-packages-") as folder:
        print(run_programs(prefix, Path(folder)), end="")
    stamp.write_text(state)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
    sys.stdout.flush()
    os._exit(0)  # rattler's threads now and then abort an interpreter that takes itself apart
