"""What a locked package is called."""

from __future__ import annotations

from builder.model.environment import DependencyOrigin, Environment, LockedPackage, RunDependency


def test_the_exact_spec() -> None:
    package = LockedPackage(
        name="zlib", version="1.3", build="h1_0", build_number=0, subdir="linux-64", file_name="zlib-1.3-h1_0.conda",
        url="file:///c/linux-64/zlib-1.3-h1_0.conda", channel="/c", sha256="0" * 64, size=1,
    )  # fmt: skip
    assert package.spec == "zlib 1.3 h1_0"
    assert Environment() == Environment(specs=(), packages=())


def test_origins_read_well() -> None:
    found = RunDependency(spec="zlib >=1.3", origin=DependencyOrigin.HOST_RUN_EXPORT, source="zlib")
    assert f"{found.spec} ({found.origin} {found.source})" == "zlib >=1.3 (run export of host zlib)"
