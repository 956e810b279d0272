"""Which CI service builds which platform, in the order in which conda-smithy asks the services.

The rules are conda-smithy's (``_get_platforms_of_provider`` and ``_load_forge_config``): a service is chosen for the
platform on which a job runs, so what is cross-compiled goes where its build platform goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.feedstock.form import Form, truth
from builder.model.frozen import frozen
from builder.model.rendering import Platforms
from builder.syntax.node import Node, Scalar, kind_of
from builder.syntax.node import Sequence as SequenceNode

PROVIDERS = ("circle", "travis", "appveyor", "azure", "drone", "woodpecker", "github_actions")
"""The CI services, in the order in which they are asked. Files that two of them name alike are the later one's."""

PLATFORMS = (
    "emscripten_wasm32", "freebsd_64", "linux_32", "linux_64", "linux_aarch64", "linux_armv6l", "linux_armv7l",
    "linux_ppc64", "linux_ppc64le", "linux_riscv64", "linux_s390x", "osx_64", "osx_arm64", "wasi_wasm32", "win_32",
    "win_64", "win_arm64", "zos_z",
)  # fmt: skip
"""What a feedstock may build for, in conda-smithy's order."""

_SYSTEMS = ("linux", "osx", "win")
_ANYWHERE = "github_actions"
_USUAL: Mapping[str, str] = {
    "linux_64": "github_actions", "linux_aarch64": "github_actions", "linux_ppc64le": "github_actions",
    "linux_s390x": "github_actions", "osx_64": "azure", "osx_arm64": "azure", "win_64": "github_actions",
    "win_arm64": "github_actions",
}  # fmt: skip
"""What ``default`` and ``emulated`` stand for."""

_NATIVE: Mapping[str, str] = {**_USUAL, "linux_ppc64le": "travis", "linux_s390x": "travis"}
_UNWRITTEN: Mapping[str, str] = {"linux_64": "github_actions", "osx_64": "azure", "win_64": "github_actions"}
"""What builds the platforms of which nobody says anything; the other platforms are not built.

These are also what ``azure.force`` adds; conda-smithy would add FreeBSD to them, which it cannot render.
"""

_NOBODY = "None"


@frozen
class PlatformJob:
    """A platform that one CI service builds for: what its part of the job matrix is rendered with.

    ``keep_noarch`` says that noarch outputs are built here; ``upload`` that what is built gets published.
    ``os_version`` is the feedstock's word for this platform; ``linux_version`` is what selectors read as
    ``DEFAULT_LINUX_VERSION``: once set it stays set for the platforms after it, as in conda-smithy.
    """

    provider: str
    platform: str
    arch: str
    build_platform: str
    keep_noarch: bool
    upload: bool
    os_version: str | None = None
    linux_version: str | None = None

    @property
    def name(self) -> str:
        """The platform as settings spell it: ``linux_aarch64``."""
        return f"{self.platform}_{self.arch}"

    @property
    def subdir(self) -> str:
        """The platform as channels spell it: ``linux-aarch64``."""
        return f"{self.platform}-{self.arch}"

    @property
    def platforms(self) -> Platforms:
        """What recipes are rendered for; conda-smithy takes the target for all three."""
        return Platforms(target=self.subdir, host=self.subdir, build=self.subdir)


@frozen
class Placement:
    """What the settings say about platforms and services, with the defaults filled in.

    ``providers`` has the services of each platform and, where a feedstock writes such, of each system (``linux``);
    an empty tuple says nothing, `NOWHERE` that nobody builds it.
    """

    providers: Mapping[str, tuple[str, ...]]
    build_platforms: Mapping[str, str]
    os_versions: Mapping[str, str]
    noarch_platforms: tuple[str, ...]
    azure_force: bool
    no_upload: frozenset[str]

    def jobs(self) -> tuple[PlatformJob, ...]:
        """Return the platforms of all services, in the order in which conda-smithy renders them."""
        found = list[PlatformJob]()
        version: str | None = None
        for provider in PROVIDERS:
            for name, build in self.build_platforms.items():
                upload = self._uploads(provider, name, build)
                if upload is None:
                    continue
                platform, _, arch = name.partition("_")
                os_version = self.os_versions.get(name) if platform == "linux" else None
                version = os_version or version
                job = PlatformJob(
                    provider=provider,
                    platform=platform,
                    arch=arch,
                    build_platform=build.replace("_", "-"),
                    keep_noarch=name in self.noarch_platforms,
                    upload=upload,
                    os_version=os_version,
                    linux_version=version,
                )
                found.append(job)
        return tuple(found)

    def _uploads(self, provider: str, name: str, build: str) -> bool | None:
        """Return whether what the service builds for a platform is published; None if it does not build for it."""
        system, _, arch = build.partition("_")
        asked = system if arch == "64" and self.providers.get(system) else build
        if asked not in self.providers:
            return None
        if provider in self.providers[asked]:
            return provider not in self.no_upload
        forced = provider == "azure" and self.azure_force and name in _UNWRITTEN
        return False if forced else None


NOWHERE = (_NOBODY,)
"""The services of a platform that is switched off."""


def read_providers(form: Form) -> dict[str, tuple[str, ...]]:
    """Return the services of each platform and system from the section ``provider``."""
    found: dict[str, tuple[str, ...]] = {}
    for name in (*_SYSTEMS, *PLATFORMS):
        node = form.node(name)
        if form.has(name):
            found[name] = () if node is None else _services(node, name, form)
        else:
            found[name] = (_UNWRITTEN[name],) if name in _UNWRITTEN else ()
    return found


def read_build_platforms(form: Form) -> dict[str, str]:
    """Return the platform on which each platform is built, in conda-smithy's order."""
    return {name: form.choice(name, PLATFORMS, name) for name in PLATFORMS}


def _services(node: Node, name: str, form: Form) -> tuple[str, ...]:
    items: Sequence[Node] = node.items if isinstance(node, SequenceNode) else (node,)
    return tuple(_service(item, name, form) for item in items)


def _service(node: Node, name: str, form: Form) -> str:
    text = node.text if isinstance(node, Scalar) else ""
    if text in {"default", "emulated"}:
        return _USUAL.get(name, _ANYWHERE)
    if text == "native":
        return _NATIVE.get(name, _NOBODY)
    if text in PROVIDERS:
        return text
    if text != _NOBODY and truth(node) is None:
        shown = repr(text) if isinstance(node, Scalar) else kind_of(node)
        form.findings.error(
            f"{form.label(name)} is {shown}, which is no CI service",
            node.place,
            f"write default, native, null, or one of {', '.join(PROVIDERS)}",
        )
    return _NOBODY
