"""A configuration file of rattler-build or pixi, named by ``--config-file``: what of it counts here."""

from __future__ import annotations

from pathlib import Path

from builder.errors import Place, UsageError
from builder.model.frozen import frozen


@frozen
class PeerConfig:
    """What the file says: channels for when none are named, and how packages are written; ``idle`` keys do nothing."""

    channels: tuple[str, ...] = ()
    package_format: str | None = None
    idle: tuple[str, ...] = ()


def read_peer_config(file: Path) -> PeerConfig:
    """Read a configuration file (TOML); raises `UsageError` when it cannot be read or has another shape."""
    import tomllib  # nobody else needs it

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unreadable(file, str(error)) from error
    channels, build = found.pop("default-channels", []), found.pop("build", {})
    if not isinstance(channels, list) or not all(isinstance(channel, str) for channel in channels):
        raise _unreadable(file, "default-channels is no list of texts")
    if not isinstance(build, dict) or not isinstance(build.get("package-format", ""), str):
        raise _unreadable(file, "build.package-format is no text")
    package_format = build.pop("package-format", None)
    idle = (*found, *(f"build.{key}" for key in build))
    return PeerConfig(channels=tuple(channels), package_format=package_format, idle=tuple(sorted(idle)))


def _unreadable(file: Path, why: str) -> UsageError:
    return UsageError(
        f"the configuration file cannot be read: {why}",
        code="cli.config-file",
        place=Place(file=str(file)),
        remedy="name a TOML file as rattler-build and pixi read it, or say it by options",
    )
