"""The evaluated sections of an output as a `builder.model.recipe.Output`, each typed when somebody looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from builder.model.later import later
from builder.model.recipe import Build, Json, Output, Requirements, Script, Test
from builder.recipe.kind import Plain
from builder.recipe.late import all_in_shell, in_shell
from builder.recipe.memory import Once
from builder.recipe.merging import listed
from builder.recipe.rendered import PARTS, part, whole
from builder.recipe.typed import about_of, build_field, frozen, inherit_of, variant_keys
from builder.recipe.typed_lists import typed_sources, typed_tests

Data = dict[str, Plain]

_NOTHING: Data = {}


def mapping(value: Plain) -> Data:
    """Return a section that is a mapping; of an absent one the same empty mapping each time."""
    return value if isinstance(value, dict) else _NOTHING


@dataclass(frozen=True, slots=True)
class Sections:
    """What an output was evaluated to.

    ``several`` says that the recipe has ``outputs``, ``packed`` that this one is a package; ``platform`` is the target.
    ``made`` is shared by all variants of an output, so that equal parts of them are one.
    """

    data: Data
    several: bool
    packed: bool
    platform: str
    made: Once

    def output(self, requirements: Requirements) -> Output:
        """Return the output; its requirements were typed before."""
        package, build = mapping(self.data.get("package")), mapping(self.data.get("build"))
        known = {
            "kind": "package" if self.packed else "staging",
            "name": str(package.get("name")),
            "version": str(package.get("version")),
            "skip": any(listed(build.get("skip"))),
            "build": self.made(_build, build, self.several and self.packed, self.platform, self.made),
            "requirements": requirements,
        }
        return later(Output, self._find, known)

    def _find(self, name: str) -> object:
        match name:
            case "source":
                return self.made(typed_sources, self.data.get("source"))
            case "tests":
                return self.made(_tests, self.data.get("tests"), self.platform)
            case "about":
                return self.made(about_of, mapping(self.data.get("about")))
            case "extra":
                return self.made(_extra, self.data.get("extra"))
            case "inherit":
                return self.made(inherit_of, self.data.get("inherit"))
            case _:
                assert name == "rendered"
                return whole([self.made(part, key, self.data.get(key), self.several) for key in PARTS])


def _build(data: Data, several: bool, platform: str, made: Once) -> Build:
    def find(name: str) -> object:
        if name == "variant":
            return made(variant_keys, mapping(data.get(name)))
        value = build_field(name, data, several=several)
        return in_shell(value, platform) if isinstance(value, Script) else value

    return later(Build, find, {})


def _tests(tests: Plain, platform: str) -> tuple[Test, ...]:
    return all_in_shell(typed_tests(tests), platform)


def _extra(extra: Plain) -> tuple[tuple[str, Json], ...]:
    return tuple((key, frozen(value)) for key, value in extra.items()) if isinstance(extra, dict) else ()
