"""All variants of a recipe's outputs as one space: the keys that CI jobs hold, and those that jobs are divided by.

conda-smithy makes one dict of lists of every variant there is, several gigabytes for large recipes. Here each axis of
the space is joined by itself, which comes to the same, and nothing depends on the order of a set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from builder.feedstock.deployment import with_one_deployment_target
from builder.feedstock.seen import Sight
from builder.matrix.v0.space import Axis, LegacySpace, Row
from builder.model.frozen import frozen
from builder.recipe.v0.scope import Fixed

_PINS = "pin_run_as_build"
_PLATFORM = "target_platform"
_ALWAYS_KEPT = frozenset({
    "zip_keys", _PINS, "MACOSX_DEPLOYMENT_TARGET", "MACOSX_SDK_VERSION", "macos_min_version", "macos_machine",
    "channel_sources", "channel_targets", "docker_image", "build_number_decrement",
})  # fmt: skip
_MPI = frozenset({"mpich", "openmpi", "msmpi", "mpi_serial", "impi"})
_PYTHON_MIN = re.compile(r"^.*\{\{ python_min \}\}", re.MULTILINE)


@frozen
class Collapsed:
    """What the jobs of one platform hold together.

    ``axes`` are the kept keys with all their values, zipped ones in groups; ``pins`` is ``pin_run_as_build`` as far as
    its packages are kept; each job has one value for each of ``loops``.
    """

    axes: tuple[Axis, ...]
    pins: Mapping[str, Fixed]
    loops: tuple[str, ...]

    @property
    def zip_keys(self) -> tuple[tuple[str, ...], ...]:
        """The groups of keys that vary together."""
        return tuple(sorted(axis.keys for axis in self.axes if len(axis.keys) > 1))


def collapse(sight: Sight, extra: Collection[str] = ()) -> Collapsed:
    """Return what the jobs that build the outputs of ``sight`` hold; ``extra`` keys are kept if they have values.

    A key is kept when any output uses it. Jobs are divided by the keys that every output uses and that have several
    values. Raises `UsageError` for macOS versions that are none.
    """
    used = _used(sight)
    varying = sight.space.varying()
    loops = frozenset.intersection(*(one.used_at_top & varying for one in sight.outputs))
    if _PLATFORM in used:
        loops |= {_PLATFORM}
    at_top = frozenset.intersection(*(one.used_at_top for one in sight.outputs))
    own = set() if all(one.is_noarch for one in sight.outputs) else {_PLATFORM}
    kept = used | at_top | _ALWAYS_KEPT | own | frozenset(extra)
    whole = with_one_deployment_target(sight.space)
    spaces = {id(one.space): one.space for one in sight.outputs}
    joined = _joined(with_one_deployment_target(space) for space in spaces.values())
    axes = tuple(_restored(joined, whole, loops - used))
    kept_axes = tuple(axis for axis in (_projected(axis, kept) for axis in axes) if axis.keys)
    names = {key for axis in kept_axes for key in axis.keys}
    return Collapsed(axes=kept_axes, pins=_pins(spaces.values(), names), loops=tuple(sorted(loops)))


def _used(sight: Sight) -> frozenset[str]:
    """Return the keys that any output uses, and those that conda-smithy knows to be used where no text shows it."""
    used = frozenset[str]().union(*(one.used for one in sight.outputs))
    if "mpi" in used:
        used |= _MPI
    return used | {"python_min"} if _PYTHON_MIN.search(sight.text) else used


def _joined(spaces: Iterable[LegacySpace]) -> LegacySpace:
    """Return the space of all rows that any of ``spaces`` has, axis by axis."""
    rows: dict[tuple[str, ...], dict[Row, None]] = {}
    done: set[int] = set()
    alive = list(spaces)
    for space in alive:
        for axis in space.axes:
            if id(axis) not in done:
                done.add(id(axis))
                rows.setdefault(axis.keys, {}).update(dict.fromkeys(axis.rows))
    return LegacySpace(fixed=alive[0].fixed, axes=tuple(Axis(keys, tuple(found)) for keys, found in rows.items()))


def _restored(joined: LegacySpace, whole: LegacySpace, keys: Collection[str]) -> Iterator[Axis]:
    """Yield the axes, those of single ``keys`` with all values: keys that only the text beside the outputs uses."""
    everything = {axis.keys: axis for axis in whole.axes}
    for axis in joined.axes:
        yield everything.get(axis.keys, axis) if len(axis.keys) == 1 and axis.keys[0] in keys else axis


def _projected(axis: Axis, kept: Collection[str]) -> Axis:
    places = [place for place, key in enumerate(axis.keys) if key in kept]
    rows = dict.fromkeys(tuple(row[place] for place in places) for row in axis.rows)
    return Axis(tuple(axis.keys[place] for place in places), tuple(rows))


def _pins(spaces: Iterable[LegacySpace], names: Collection[str]) -> Mapping[str, Fixed]:
    found: dict[str, Fixed] = {}
    for space in spaces:
        pins = space.fixed.get(_PINS)
        found |= pins if isinstance(pins, Mapping) else {}
    return {package: pin for package, pin in found.items() if package.replace("-", "_") in names}
