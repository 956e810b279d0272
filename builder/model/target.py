"""Target platforms as rows of data: what an operating system's files look like and what its machines are taken to have.

Nothing here looks at the machine that we run on (CEP 30 lets a builder say what the target has).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from builder.model.frozen import frozen

NOARCH = "noarch"

BinaryFormat = Literal["elf", "macho", "pe", "wasm"]


@frozen
class Family:
    """One operating system family.

    ``placeholder_length`` is the length in bytes of a package's prefix placeholder. ``site_packages`` and the folders
    are relative to the prefix, with slashes; ``{version}`` is Python's ``3.12``. ``origin`` is what the dynamic linker
    calls the folder of the file that it loads, None where it knows no run paths.
    """

    name: str
    unix: bool
    binary_format: BinaryFormat
    shared_library_suffix: str
    executable_suffix: str = ""
    placeholder_length: int = 255
    site_packages: str = "lib/python{version}/site-packages"
    scripts_folder: str = "bin"
    library_prefix: str = ""
    script_shell: Literal["bash", "cmd"] = "bash"
    script_suffix: str = ".sh"
    origin: str | None = None


_FAMILIES = {
    family.name: family
    for family in (
        Family(name="linux", unix=True, binary_format="elf", shared_library_suffix=".so", origin="$ORIGIN"),
        Family(name="osx", unix=True, binary_format="macho", shared_library_suffix=".dylib", origin="@loader_path"),
        Family(
            name="win", unix=False, binary_format="pe", shared_library_suffix=".dll", executable_suffix=".exe",
            placeholder_length=80, site_packages="Lib/site-packages", scripts_folder="Scripts",
            library_prefix="Library/", script_shell="cmd", script_suffix=".bat",
        ),
        Family(name="freebsd", unix=True, binary_format="elf", shared_library_suffix=".so", origin="$ORIGIN"),
        Family(name="android", unix=True, binary_format="elf", shared_library_suffix=".so", origin="$ORIGIN"),
        Family(name="ios", unix=True, binary_format="macho", shared_library_suffix=".dylib", origin="@loader_path"),
        Family(
            name="iossimulator", unix=True, binary_format="macho", shared_library_suffix=".dylib",
            origin="@loader_path",
        ),
        Family(
            name="emscripten", unix=True, binary_format="wasm", shared_library_suffix=".so", executable_suffix=".js",
        ),
        Family(name="wasi", unix=False, binary_format="wasm", shared_library_suffix=".so", executable_suffix=".wasm"),
        Family(name="zos", unix=False, binary_format="elf", shared_library_suffix=".so"),
    )
}  # fmt: skip

_ARCHITECTURES = {"32": "x86", "64": "x86_64"}
_SUBDIRS = (
    "linux-32", "linux-64", "linux-aarch64", "linux-armv6l", "linux-armv7l", "linux-loongarch64", "linux-ppc",
    "linux-ppc64", "linux-ppc64le", "linux-riscv32", "linux-riscv64", "linux-s390x", "osx-64", "osx-arm64", "win-32",
    "win-64", "win-arm64", "freebsd-32", "freebsd-64", "freebsd-arm64", "android-32", "android-64", "android-aarch64",
    "android-armv7a", "ios-arm64", "iossimulator-64", "iossimulator-arm64", "emscripten-wasm32", "emscripten-wasm64",
    "wasi-wasm32", "zos-z",
)  # fmt: skip
_NAIVE_ARCHSPEC = MappingProxyType({"arm64": "aarch64"})


@frozen
class Target:
    """A platform to build for: ``subdir`` is conda's name of it, ``arch`` the machine's (``x86_64``)."""

    subdir: str
    family: Family
    arch: str

    @property
    def is_linux(self) -> bool:
        """Whether the target runs Linux with a GNU userland."""
        return self.family.name == "linux"

    @property
    def is_osx(self) -> bool:
        """Whether the target runs macOS."""
        return self.family.name == "osx"

    @property
    def is_win(self) -> bool:
        """Whether the target runs Windows."""
        return self.family.name == "win"

    @property
    def is_unix(self) -> bool:
        """Whether the target counts as ``unix`` in recipes."""
        return self.family.unix

    def site_packages(self, python: str) -> str:
        """Return where a Python of ``python`` (``3.12`` or longer) keeps its packages, relative to the prefix."""
        return self.family.site_packages.format(version=".".join(python.split(".")[:2]))


def _made(subdir: str) -> Target:
    family, _, machine = subdir.partition("-")
    return Target(subdir=subdir, family=_FAMILIES[family], arch=_ARCHITECTURES.get(machine, machine))


TARGETS: Mapping[str, Target] = MappingProxyType({subdir: _made(subdir) for subdir in _SUBDIRS})
"""Every platform that conda knows, by its subdir."""


def target(subdir: str) -> Target:
    """Return the platform called ``subdir``; ValueError for ``noarch``, which is none, and for unknown names."""
    found = TARGETS.get(subdir)
    if found is None:
        raise ValueError(f"{subdir!r} is not a platform; known are {', '.join(TARGETS)}")
    return found


def is_subdir(text: str) -> bool:
    """Whether ``text`` names a folder of a channel: a platform, or ``noarch``."""
    return text == NOARCH or text in TARGETS


def platform_variables(subdir: str) -> dict[str, bool]:
    """Return the names that are true or false in a recipe's conditions for a host platform (CEP 39).

    They are the families (``linux``), ``unix``, the architectures (``x86_64``) and the subdirs without their dash
    (``linux64``); for ``noarch`` all are false. ``ios`` covers the simulator, as in rattler-build.
    """
    host = None if subdir == NOARCH else target(subdir)
    variables = {"unix": host is not None and host.is_unix}
    for other in TARGETS.values():
        variables[other.family.name] = host is not None and host.family is other.family
        variables[other.arch] = host is not None and host.arch == other.arch
        variables[other.subdir.replace("-", "")] = other is host
    variables["ios"] = host is not None and host.family.name in {"ios", "iossimulator"}
    return variables


@frozen
class VirtualPackage:
    """What a machine is taken to have, as a package without files (CEP 30)."""

    name: str
    version: str = "0"
    build: str = "0"

    def __str__(self) -> str:
        return f"{self.name}={self.version}={self.build}"


def virtual_packages(
    on: Target,
    *,
    glibc: str | None = None,
    linux: str | None = None,
    osx: str | None = None,
    cuda: str | None = None,
    archspec: str | None = None,
) -> tuple[VirtualPackage, ...]:  # fmt: skip
    """Return what solves for ``on`` may count on, sorted by name; absent arguments take a floor that users have.

    ``glibc``, ``linux`` (the kernel) and ``osx`` are versions, ignored where they say nothing; without ``cuda`` there
    is no GPU. ``archspec`` names a microarchitecture; without it the naive one of the architecture stands (appendix A).
    """
    found = [VirtualPackage(name="__archspec", version="1", build=archspec or _NAIVE_ARCHSPEC.get(on.arch, on.arch))]
    if on.is_unix:
        found.append(VirtualPackage(name="__unix"))
    if on.is_linux:
        found += [
            VirtualPackage(name="__glibc", version=glibc or "2.17"),
            VirtualPackage(name="__linux", version=linux or "5.10"),
        ]
    if on.is_osx:
        found.append(VirtualPackage(name="__osx", version=osx or "11.0"))
    if on.is_win:
        found.append(VirtualPackage(name="__win", version="10.0"))
    if cuda:
        found.append(VirtualPackage(name="__cuda", version=cuda))
    return tuple(sorted(found, key=lambda package: package.name))
