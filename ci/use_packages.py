"""Uses a channel as its users would: py-rattler installs from it, the installed compilers build programs, they run.

usage: python ci/use_packages.py CHANNEL FOLDER

Makes FOLDER/gcc with GCC and the libraries that a solver chooses, and FOLDER/clang with clang and the libraries that
clang has built, unless they hold just these packages already.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

COMPILERS = {
    "gcc": ("gcc_linux-64", "gxx_linux-64", "gfortran_linux-64", "libgomp"),
    "clang": ("clang_linux-64", "clangxx_linux-64", "gfortran_linux-64", "llvm-openmp"),
}
LIBRARIES = ("zlib", "libzlib", "libzstd", "libbase64-devel", "libbase64", "base64", "snappy")
OTHERS = ("make", "tzdata")

C_PROGRAM = r"""
#include <libbase64.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

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
    printf("C by %.12s: zlib %s, zstd %s, base64 %.*s, a thread\n", COMPILER, zlibVersion(), ZSTD_versionString(),
           (int)length, encoded);
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

OPENMP_PROGRAM = r"""
#include <omp.h>
#include <stdio.h>

int main(void) {
    long sum = 0;
    int threads = 0;
    omp_set_num_threads(3);
#pragma omp parallel for reduction(+ : sum)
    for (long i = 1; i <= 1000; i++) sum += i;
#pragma omp parallel
#pragma omp single
    threads = omp_get_num_threads();
    printf("OpenMP: %d threads, the sum to 1000 is %ld\n", threads, sum);
    return 0;
}
"""

FORTRAN_PROGRAM = """
program main
    use, intrinsic :: iso_fortran_env, only: real128
    use omp_lib, only: omp_set_num_threads
    implicit none
    real(real128) :: sum
    integer :: i
    sum = 0
    call omp_set_num_threads(3)
    !$omp parallel do reduction(+:sum)
    do i = 1, 1000
        sum = sum + 6 / real(i, real128) ** 2
    end do
    print '(a, f0.4)', 'Fortran: threads, 128 bits, pi is nearly ', sqrt(sum)
end program
"""

BUILD = """
set -eu
export CONDA_PREFIX=$1 PATH="$1/bin:$PATH"
for file in "$1"/etc/conda/activate.d/*.sh; do . "$file"; done
cd "$2"
"$CC" $CPPFLAGS $CFLAGS $LDFLAGS -o c-program program.c -lbase64 -lz -lzstd -pthread
"$CXX" $CPPFLAGS $CXXFLAGS $LDFLAGS -o cxx-program program.cc -lsnappy -pthread
"$CC" $CPPFLAGS $CFLAGS -fopenmp $LDFLAGS -o openmp-program openmp.c
"$FC" $FFLAGS -fopenmp $LDFLAGS -o fortran-program program.f90
"""
PROGRAMS = ("c-program", "cxx-program", "openmp-program", "fortran-program")


def specs_for(compiler: str, channel: Path) -> list[str]:
    """Return what an environment with ``compiler`` holds; clang's takes the libraries that clang has built."""
    libraries = list(LIBRARIES)
    if compiler == "clang":
        index = json.loads((channel / "linux-64" / "repodata.json").read_text())["packages.conda"].values()
        # what solvers take last, they take when its very build is asked for
        last = {
            one["name"]: f"{one['name']} {one['version']} {one['build']}" for one in index if "track_features" in one
        }
        libraries = [last[name] for name in LIBRARIES]
    return [*COMPILERS[compiler], *libraries, *OTHERS]


async def install(channel: Path, prefix: Path, specs: Sequence[str]) -> int:
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
    """Compile the programs with the compilers in ``prefix``, run them, and return what they printed."""
    (folder / "program.c").write_text(C_PROGRAM)
    (folder / "program.cc").write_text(CXX_PROGRAM)
    (folder / "openmp.c").write_text(OPENMP_PROGRAM)
    (folder / "program.f90").write_text(FORTRAN_PROGRAM)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    subprocess.run(["bash", "-c", BUILD, "build", prefix, folder], check=True, env=environment)
    return "".join(
        subprocess.run([folder / name], check=True, env=environment, capture_output=True, text=True).stdout
        for name in PROGRAMS
    )


def use(channel: Path, compiler: str, prefix: Path) -> None:
    """Install, compile, run; what was done before with the same packages is not done again."""
    stamp, state = prefix / "conda-meta" / "channel-state", state_of(channel)
    if stamp.is_file() and stamp.read_text() == state:
        print(f"use: {prefix} already holds these packages, its programs ran; remove it to see it again")
        return
    shutil.rmtree(prefix, ignore_errors=True)
    count = asyncio.run(install(channel, prefix, specs_for(compiler, channel)))
    print(f"use: py-rattler installed {count} packages from {channel} into {prefix}")
    with tempfile.TemporaryDirectory(prefix="use-packages-") as folder:
        print(run_programs(prefix, Path(folder)), end="", flush=True)
    stamp.write_text(state)


if __name__ == "__main__":
    for name in COMPILERS:
        use(Path(sys.argv[1]).absolute(), name, Path(sys.argv[2]).absolute() / name)
    sys.stdout.flush()
    os._exit(0)  # rattler's threads now and then abort an interpreter that takes itself apart
