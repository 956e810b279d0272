"""A small channel for the tests of this room, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environment.packages import Made, channel

PLACEHOLDER = "/opt/placeholder" + "_placehold" * 24

ZLIB = Made(
    name="zlib", version="1.3.1", build="h4_1", build_number=1, depends=["libzlib 1.3.1 h4_1"],
    files={"include/zlib.h": b"#pragma once\n", "lib/pkgconfig/zlib.pc": f"prefix={PLACEHOLDER}\n".encode()},
    prefixed={"lib/pkgconfig/zlib.pc": (PLACEHOLDER, "text")},
    run_exports={
        "weak": ["libzlib >=1.3.1,<2.0a0"], "strong": ["zs =1.3"], "weak_constrains": ["zc <2"],
        "strong_constrains": ["zsc <3"], "noarch": ["zn >=1.3"],
    },
)  # fmt: skip
LIBZLIB = Made(
    name="libzlib", version="1.3.1", build="h4_1", build_number=1,
    files={"lib/libz.so.1": b"\x7fELF" + PLACEHOLDER.encode() + b"\0rest"}, links={"lib/libz.so": "libz.so.1"},
    prefixed={"lib/libz.so.1": (PLACEHOLDER, "binary")}, executable=["lib/libz.so.1"],
    run_exports={"weak": ["libzlib >=1.3.1,<2.0a0"]},
)  # fmt: skip
COMPILER = Made(
    name="gcc_linux-64", version="13.3.0", depends=["gcc_impl", "__glibc >=2.17"], files={"bin/gcc": b"#!/bin/sh\nexit 0\n"},
    executable=["bin/gcc"],
    run_exports={
        "strong": ["libgcc >=13", "__glibc >=2.17,<3.0.a0"], "weak": ["never 1.0.*"], "noarch": ["never-noarch"],
        "strong_constrains": ["gcc-c >=13"], "weak_constrains": ["never-c"],
    },
)  # fmt: skip
PACKAGES = (
    ZLIB,
    LIBZLIB,
    COMPILER,
    Made(name="gcc_impl", version="13.3.0", run_exports={"strong": ["indirect >=1"]}),
    Made(name="libgcc", version="13.3.0", files={"lib/libgcc_s.so.1": b"gcc"}, run_exports={"weak": ["libgcc-never >=1"]}),
    Made(name="zs", version="1.3"),
    Made(name="python", version="3.10.4", build="h1_cpython", files={"bin/python3.10": b"py"}, executable=["bin/python3.10"]),
    Made(
        name="python", version="3.12.1", build="h1_cpython", files={"bin/python3.12": b"py"}, executable=["bin/python3.12"],
        run_exports={"noarch": ["python"], "weak": ["python_abi 3.12.* *_cp312"]},
    ),
    Made(name="numpy", version="1.26.4", depends=["python"]),
    Made(
        name="pure", version="2.0", subdir="noarch", noarch="python", depends=["python >=3"], entry_points=["pure = pure:main"],
        files={"site-packages/pure/__init__.py": b"def main(): ...\n", "python-scripts/tool": b"#!/bin/sh\n"},
        executable=["python-scripts/tool"],
    ),
    Made(name="data", version="1.0", subdir="noarch", noarch="generic", files={"share/data.txt": b"data\n"}),
    Made(name="hooked", files={"bin/.hooked-post-link.sh": b"exit 1\n", "bin/.hooked-pre-unlink.sh": b"exit 1\n"}),
    Made(name="left", files={"share/same.txt": b"left\n", "share/only-left.txt": b"x"}),
    Made(name="right", files={"share/same.txt": b"right\n"}),
)  # fmt: skip


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel that no test changes."""
    return channel(tmp_path_factory.mktemp("channel") / "small", *PACKAGES)
