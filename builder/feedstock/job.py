"""A CI job of a feedstock: one file of ``.ci_support``, where it runs, and what it builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from builder.model.frozen import frozen

Setting = tuple["str | int | Setting", ...] | Mapping[str, "str | Setting"]
"""What a job's file holds for a key: texts and whole numbers, the groups of ``zip_keys``, pins."""


@frozen
class Job:
    """One job: ``name`` is the stem of its file, ``short_name`` has at most 49 characters, as some services need.

    ``platform`` is what it builds for, ``build_platform`` where it runs, both conda subdirs. ``provider`` is the CI
    service, as ``conda-forge.yml`` calls it. ``settings`` are what the file says: the values of all used variant keys,
    those that the jobs are divided by with one value. ``outputs`` are the packages, ``name-version-build`` each, with
    the build strings that rendering gives before any solve.
    """

    name: str
    short_name: str
    platform: str
    build_platform: str
    provider: str
    upload: bool
    settings: Mapping[str, Setting]
    loops: tuple[str, ...] = ()
    outputs: tuple[str, ...] = field(default=())

    @property
    def file_name(self) -> str:
        """The name of the job's file in ``.ci_support``."""
        return f"{self.name}.yaml"

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the values of one key, none if the job does not say it."""
        value = self.settings.get(key, ())
        return () if isinstance(value, Mapping) else tuple(str(one) for one in value if isinstance(one, str | int))

    @property
    def docker_image(self) -> str | None:
        """The image that a job on Linux runs in."""
        return next(iter(self.texts("docker_image")), None)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the feedstock says of runners (``github_actions_labels``); empty where the service's own are meant."""
        found = self.texts("github_actions_labels")
        return () if found in {("hosted",), ("default",)} else found

    @property
    def variant(self) -> Mapping[str, str]:
        """The values that tell this job from the others of its platform."""
        return {key: self.texts(key)[0] for key in self.loops if self.texts(key)}
