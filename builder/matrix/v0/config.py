"""Variant files as conda-build reads and merges them (its ``variants.py``): every value is text.

A later file replaces a key; ``extend_keys`` are joined; ``zip_keys`` of all files count together. Of a zipped key a
file must give all keys of the group, as many values as there were, or some of the values that were there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from builder.errors import Place, Problem, RecipeError
from builder.model.frozen import frozen
from builder.model.rendering import Platforms
from builder.recipe.v0.scope import DEFAULTS, Fixed

Spec = Mapping[str, Fixed]
"""What one source says: key → its values."""

PASSED_ON = ("pin_run_as_build", "ignore_version", "ignore_build_only_deps", "extend_keys", "zip_keys", "replacements")
"""Keys whose lists and mappings are not values to choose from."""

_EXTENDED = ("pin_run_as_build", "ignore_version", "ignore_build_only_deps", "extend_keys")
_COMPILERS: Mapping[str, Mapping[str, str]] = {
    "linux": {"c_compiler": "gcc", "cxx_compiler": "gxx", "fortran_compiler": "gfortran"},
    "osx": {"c_compiler": "clang", "cxx_compiler": "clangxx", "fortran_compiler": "gfortran"},
    "win": {"c_compiler": "vs2017", "cxx_compiler": "vs2017", "fortran_compiler": "gfortran", "vc": "14"},
}


@frozen(eq=False)
class LegacyConfig:
    """All sources, from the least to the most important, and what they come to together.

    ``asked`` are the variables of the environment that selectors of files looked for, ``lines`` says for each file and
    key in which line each value stands.
    """

    sources: tuple[tuple[str, Spec], ...]
    values: Spec
    extend_keys: frozenset[str]
    asked: frozenset[str] = frozenset()
    lines: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)

    @property
    def zip_keys(self) -> tuple[tuple[str, ...], ...]:
        """The groups of keys that vary together."""
        found = self.values.get("zip_keys", ())
        return tuple(values_of(group) for group in found)


def defaults(platforms: Platforms) -> Spec:
    """Return what conda-build takes for granted."""
    python: Fixed = {"min_pin": "x.x", "max_pin": "x.x"}
    return {
        **DEFAULTS,
        **_COMPILERS.get(platforms.host.partition("-")[0], {}),
        "cpu_optimization_target": "nocona",
        "target_platform": platforms.target,
        "pin_run_as_build": {"python": python, "r-base": python},
        "ignore_version": (),
        "ignore_build_only_deps": ("python", "numpy"),
        "extend_keys": _EXTENDED,
    }


def combined(sources: Sequence[tuple[str, Spec]]) -> LegacyConfig:
    """Return what ``sources`` come to together, the last one counting most. Raises `RecipeError`."""
    for name, spec in sources:
        _check(name, spec)
    extend = frozenset(key for _, spec in sources for key in values_of(spec.get("extend_keys", ()))) | set(_EXTENDED)
    groups = tuple(dict.fromkeys(group for _, spec in sources for group in _groups(spec)))
    values: dict[str, Fixed] = {}
    for name, spec in sources:
        for key, value in spec.items():
            if key == "zip_keys":
                values[key] = groups
            elif key in extend:
                values[key] = _joined(values.get(key), value)
            elif isinstance(value, Mapping):
                values[key] = value
            else:
                _replace(values, key, spec, next((group for group in groups if key in group), (key,)), name)
    return LegacyConfig(sources=tuple(sources), values=values, extend_keys=extend | set(PASSED_ON))


def values_of(value: Fixed) -> tuple[str, ...]:
    """Return the texts of a key: a single one stands for a list of one."""
    return (value,) if isinstance(value, str) else tuple([one for one in value if isinstance(one, str)])


def _joined(old: Fixed | None, new: Fixed) -> Fixed:
    if isinstance(new, Mapping):
        return {**(old if isinstance(old, Mapping) else {}), **new}
    return tuple(dict.fromkeys([*values_of(old or ()), *values_of(new)]))


def _groups(spec: Spec) -> list[tuple[str, ...]]:
    found = [group for group in spec.get("zip_keys", ()) if group]
    if found and isinstance(found[0], str):
        return [values_of(tuple(found))]
    return [values_of(group) for group in found]


def _replace(values: dict[str, Fixed], key: str, spec: Spec, group: tuple[str, ...], source: str) -> None:
    """Put the values that ``spec`` has for ``key`` into ``values``, if that leaves the group's lengths equal."""
    new = values_of(spec[key])
    if all(member in spec for member in group):
        values[key] = new
        return
    if key not in values:
        return
    if all(len(values_of(one[member])) == len(new) for one in (spec, values) for member in group if member in one):
        values[key] = new
        return
    if missing := [value for value in new if value not in values_of(values[key])]:
        others = ", ".join(member for member in group if member not in spec)
        raise RecipeError(
            f"{key} gets the new values {', '.join(missing)}, and is zipped with {others}, which get none",
            code="variant.zip-length",
            place=Place(file=source),
            remedy=f"give {others} as many values in the same file",
        )


def _check(source: str, spec: Spec) -> None:
    problems = [_problem(source, f"the key {key} has a '-'", "write '_'") for key in spec if "-" in key]
    seen: set[str] = set()
    for group in _groups(spec):
        lengths = {key: len(values_of(spec[key])) for key in group if key in spec}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            problems.append(_problem(source, f"zipped keys need equally many values, but {shown}", "make them equal"))
        problems += [
            _problem(source, f"zip_keys names {key} in two groups", "join them") for key in group if key in seen
        ]
        seen.update(group)
    if problems:
        raise RecipeError.of(problems)


def _problem(source: str, message: str, remedy: str) -> Problem:
    return Problem(code="variant.zip", message=message, place=Place(file=source), remedy=remedy)
