"""What one variant shows to the selectors and templates of a ``meta.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from builder.model.rendering import Platforms
from builder.syntax.legacy.selector import Selectors, Value

Fixed = str | tuple["Fixed", ...] | Mapping[str, "Fixed"]
"""What a variant holds for a key: text, or for keys that are not combined, lists and mappings."""

LegacyVariant = Mapping[str, Fixed]

DEFAULTS: Mapping[str, str] = {"python": "3.11", "numpy": "1.23", "perl": "5.26.2", "lua": "5", "r_base": "3.5"}
"""What conda-build takes where no variant file says a version; the first two are those of a Python that it runs in."""

_SYSTEMS = ("emscripten", "freebsd", "linux", "osx", "wasi", "win", "zos")
_ARCHITECTURES: Mapping[str, str] = {
    "32": "x86", "64": "x86_64", "aarch64": "aarch64", "arm64": "arm64", "armv6l": "armv6l", "armv7l": "armv7l",
    "ppc64": "ppc64", "ppc64le": "ppc64le", "riscv64": "riscv64", "s390x": "s390x", "wasm32": "wasm32", "z": "z",
}  # fmt: skip
"""The end of a subdir → the name that selectors know it by."""


class Scope:
    """A variant with the names that it gives to selectors and templates; made once for each variant."""

    def __init__(self, variant: LegacyVariant, platforms: Platforms, environment: Mapping[str, str]) -> None:
        """Take a variant and the variables of the environment that recipes may see."""
        self.variant = variant
        self.platforms = platforms
        self.environment = environment
        self._known: dict[str, bool] = {}

    @property
    def target_platform(self) -> str:
        """The platform that compilers make things for: the variant's, or else the host."""
        return self.text("target_platform", self.platforms.host)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of the variant."""
        return tuple(self.variant)

    def text(self, key: str, default: str = "") -> str:
        """Return a variant's value as text."""
        value = self.variant.get(key)
        return value if isinstance(value, str) else default

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the values of a key that holds a list, such as ``ignore_version``."""
        value = self.variant.get(key, ())
        return (value,) if isinstance(value, str) else tuple(one for one in value if isinstance(one, str))

    def holds(self, selector: str) -> bool:
        """Return whether a selector keeps its line. Raises `SelectorError`."""
        if selector not in self._known:
            self._known[selector] = self._selectors.holds(selector)
        return self._known[selector]

    @property
    def asked(self) -> frozenset[str]:
        """The names that selectors have looked for among the variables of the environment."""
        return frozenset(self._selectors.asked)

    @cached_property
    def _selectors(self) -> Selectors:
        return Selectors(self.names, self.environment)

    @cached_property
    def names(self) -> dict[str, Value]:
        """The names of selectors: platforms, short versions of languages, and every variant key, numbers as such."""
        own, environment = self.own_names, self.environment
        typed = {key: _typed(value) for key, value in self.variant.items() if key not in environment}
        return typed | own

    @cached_property
    def own_names(self) -> dict[str, Value]:
        """The names that no variant key hides: platforms and short versions of languages."""
        return {**self._platform_names(), **self._version_names()}

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The variant as templates see it: lists are lists, and every value is text."""
        return {key: value if isinstance(value, str) else _plain(value) for key, value in self.variant.items()}

    def _platform_names(self) -> dict[str, Value]:
        host = self.platforms.host
        system, _, architecture = host.partition("-")
        return {
            **{name: name == system for name in _SYSTEMS},
            system: True,
            **{name: end == architecture for end, name in _ARCHITECTURES.items()},
            _ARCHITECTURES.get(architecture, architecture): True,
            "x86": architecture in {"32", "64"},
            "linux32": host == "linux-32",
            "linux64": host == "linux-64",
            "win32": host == "win-32",
            "win64": host == "win-64",
            "arm": host.startswith("linux-arm"),
            "unix": system in {"linux", "osx", "emscripten"},
            "nomkl": False,
            "build_platform": self.platforms.build,
        }

    def _version_names(self) -> dict[str, Value]:
        major, _, rest = self.text("python", DEFAULTS["python"]).split(" ")[0].partition(".")
        number = _number(major + rest.split(".")[0])
        numpy = self.text("numpy", DEFAULTS["numpy"]).split(".")[:2]
        lua = self.text("lua", DEFAULTS["lua"])
        return {
            "py": number,
            "py3k": major == "3",
            "py2k": major == "2",
            **{f"py{old}": number == old for old in (26, 27, 33, 34, 35, 36)},
            "np": _number("".join(numpy)),
            "pl": self.text("perl", DEFAULTS["perl"]),
            "lua": lua,
            "luajit": lua.startswith("2"),
        }


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _typed(value: Fixed) -> Value:
    """Return a variant's value as selectors compare it: numbers and truth values are no text."""
    if isinstance(value, str):
        return _typed_text(value)
    if isinstance(value, tuple):
        return tuple(_typed(one) for one in value)
    return {key: _typed(inner) for key, inner in value.items()}


@lru_cache(maxsize=4096)
def _typed_text(value: str) -> Value:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return int(value)
    except ValueError:
        return value


def _plain(value: Fixed) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return {key: _plain(inner) for key, inner in value.items()}
