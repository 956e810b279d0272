"""Recipes made at random, of everything that decides which packages there are and what they are called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

Json = dict[str, object]
Spec = str | Json

VALUES: dict[str, list[str | int | bool]] = {
    "python": ["3.9", "3.10", "3.12.* *_cpython"], "numpy": ["1.26", "2.0"], "mpi": ["nompi", "openmpi"], "blas": ["mkl", "openblas"],
    "zlib": ["1.2", 1], "flavor": ["x", "y"], "level": [1, 2], "gui": [True, False], "r_base": ["4.3", "4.4"], "perl": ["5.32.1"],
    "lib-x": ["1", "2"], "c_compiler": ["gcc", "clang"], "c_compiler_version": ["12", "13"], "c_stdlib": ["sysroot"],
    "c_stdlib_version": ["2.17", "2.28"], "MACOSX_DEPLOYMENT_TARGET": ["11.0"], "channel_targets": ["somewhere main"],
}  # fmt: skip
NAMES = ("python", "numpy", "mpi", "blas", "zlib", "flavor", "level", "gui", "r_base", "perl")
PLATFORMS = ("linux-64", "osx-arm64", "win-64")


@dataclass(frozen=True, slots=True)
class Made:
    """A recipe and its variant file; both are JSON, which is YAML too."""

    recipe: Json
    variants: Json

    def write(self, folder: Path) -> Path:
        """Write both into ``folder`` and return the recipe's file."""
        folder.mkdir(parents=True)
        (folder / "variants.yaml").write_text(json.dumps(self.variants), encoding="utf-8")
        (folder / "recipe.yaml").write_text(json.dumps(self.recipe), encoding="utf-8")
        return folder / "recipe.yaml"


class Maker:
    """Makes recipes from the numbers of ``random``."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def made(self) -> Made:
        """Make a recipe of one output or of several, over variants of which a few have two values."""
        return Made(self._several() if self._perhaps(0.6) else self._alone(), self._variants())

    def _perhaps(self, share: float) -> bool:
        return self._random.random() < share

    def _variants(self) -> Json:
        many = set(self._random.sample(sorted(VALUES), 3))
        found: Json = {
            key: self._random.sample(values, min(len(values), 2 if key in many else 1))
            for key, values in VALUES.items()
        }
        twins = sorted(key for key in many & set(NAMES) if len(VALUES[key]) > 1)
        if len(twins) > 1 and self._perhaps(0.5):
            found["zip_keys"] = [twins[:2]]
        return found

    def _alone(self) -> Json:
        name = self._random.choice(["alone", "alone-${{ flavor }}"])
        return {
            "context": self._context(), "package": {"name": name, "version": "1"}, "build": self._build(),
            "requirements": self._requirements(["alone"] if name == "alone" else []),
        }  # fmt: skip

    def _several(self) -> Json:
        names = ["first", "second", "third"][: self._random.randint(1, 3)]
        staged = self._perhaps(0.4)
        outputs: list[Json] = [self._output(name, names[:index], staged=staged) for index, name in enumerate(names)]
        if staged:
            needs = {key: specs for key, specs in self._requirements([]).items() if key in {"build", "host"}}
            outputs.insert(0, {"staging": {"name": "staged"}, "requirements": needs})
        if self._perhaps(0.3):
            self._random.shuffle(outputs)
        top = {"build": self._build()} if self._perhaps(0.4) else {}
        return {"context": self._context(), "recipe": {"name": "several", "version": "1.0"}, **top, "outputs": outputs}

    def _output(self, name: str, before: list[str], *, staged: bool) -> Json:
        version = {"version": "${{ level }}.0"} if self._perhaps(0.3) else {}
        inherit = {"inherit": "staged"} if staged and self._perhaps(0.6) else {}
        requirements = self._requirements(before)
        return {"package": {"name": name, **version}, "build": self._build(), "requirements": requirements, **inherit}

    def _context(self) -> Json:
        shadow = self._random.choice(["mpi", "flavor", "blas", "python"])
        own: Json = (
            {shadow: self._random.choice(["fixed", f"${{{{ {shadow} ~ 'z' }}}}"])} if self._perhaps(0.25) else {}
        )
        for index in range(2):
            own[f"mine_{index}"] = self._random.choice([self._text(), "a", 1, True, "1.0"])
        return own

    def _build(self) -> Json:
        string = ["h${{ hash }}_${{ build_number }}", "${{ level }}_h${{ hash }}", "x_${{ hash }}"]
        keys = {
            "use_keys": self._random.sample(sorted(VALUES), 1),
            "ignore_keys": self._random.sample(["gui", "zlib", "perl"], 1),
        }
        choices: Json = {
            "number": self._random.choice([1, f"${{{{ 100 if {self._condition()} else 0 }}}}"]),
            "skip": self._random.choice([self._condition(), [self._condition(), self._condition()]]),
            "noarch": self._random.choice(["python", "generic", f"${{{{ 'python' if {self._condition()} }}}}"]),
            "string": self._random.choice(string),
            "script": [f"echo {self._text()}", {"if": self._condition(), "then": f"echo {self._text()}"}],
            "variant": dict(self._random.sample(sorted(keys.items()), self._random.randint(1, 2))),
        }
        return {key: value for key, value in choices.items() if self._perhaps(0.25)}

    def _requirements(self, siblings: list[str]) -> Json:
        found: Json = {}
        for section in ("build", "host", "run", "run_constraints"):
            known = siblings if section != "build" and self._perhaps(0.6) else []
            found[section] = [self._item(known) for _ in range(self._random.randint(0, 3))]
        if self._perhaps(0.2):
            found["run"] = ["__glibc >=2.17", "__unix"]
        return found

    def _item(self, siblings: list[str]) -> Spec:
        if self._perhaps(0.75):
            return self._spec(siblings)
        return {"if": self._condition(), "then": [self._spec(siblings)], "else": self._spec(siblings)}

    def _spec(self, siblings: list[str]) -> str:
        plain = ["python", "numpy", "zlib", "blas", "lib-x", "r-base", "flavor", "python >=3.9", "zlib 1.2.*", "pip"]
        made = [
            "${{ compiler('c') }}",
            "${{ stdlib('c') }}",
            "${{ mpi }}",
            "dep-${{ blas }}",
            "${{ pin_compatible('numpy') }}",
        ]
        pins = [f"${{{{ pin_subpackage('{name}'{how}) }}}}" for name in siblings for how in ("", ", exact=True")]
        return self._random.choice(self._random.choice([plain, plain, made, pins or made]))

    def _condition(self) -> str:
        name = self._random.choice(NAMES)
        value = self._random.choice(VALUES[name])
        return self._random.choice(
            [
                f"{name} == {json.dumps(value)}", f"not ({name} == '{value}')", "linux", "win or osx", "target_platform != build_platform",
                "match(python, '>=3.10')", f"{name} is defined and unix", f"({name} | default('none')) != 'none'", "mine_0 == mine_1",
            ]
        )  # fmt: skip

    def _text(self) -> str:
        name, other = self._random.sample(NAMES, 2)
        return self._random.choice(
            [
                f"${{{{ {name} }}}}", f"${{{{ 'a' if {name} == '1' else 'b' }}}}", f"{name}-${{{{ {name} }}}}-${{{{ {other} }}}}",
                f"${{{{ {name} | version_to_buildstring }}}}", f"${{{{ ({name} ~ 'x') | upper }}}}",
            ]
        )  # fmt: skip
