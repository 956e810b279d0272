"""Recipes with their variant files for the properties of rendering: those of this checkout, and one that has it all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.matrix import load_variants, render, rendering_document, variant_files
from builder.matrix.explained import explanation_document
from builder.matrix.explanation import Question, explain
from builder.model.rendering import Platforms
from builder.recipe import load

CHECKOUT = Path(__file__).parents[2]
PLATFORMS = ("linux-64", "win-64")

ALL_AT_ONCE = """\
schema_version: 1
context:
  name: Feast
  version: "2.10"
  short: ${{ (version | split("."))[0] }}
  flavours: [plain, "${{ blas }}"]
  serial: ${{ mpi }}
recipe:
  name: ${{ name | lower }}
  version: ${{ version }}
source:
  - url: https://example.org/feast-${{ version }}.tar.gz
    sha256: "0000000000000000000000000000000000000000000000000000000000000000"
    patches:
      - if: win
        then: windows.patch
  - path: extra
    target_directory: more
build:
  number: ${{ 100 if serial == "nompi" else 3 }}
  variant:
    use_keys: [level]
    down_prioritize_variant: ${{ 1 if blas == "mkl" else 0 }}
about:
  homepage: https://example.org
  license: MIT
  summary: 'A "feast": for # everybody'
  description: |
    Of several lines,
      one indented.
extra:
  maintainers: [somebody, somebody-else]
  deep: {b: 1, a: {d: true, c: [1, null, "x"]}}
outputs:
  - staging:
      name: feast-build
    build:
      script:
        content: make ${{ "mkl" if blas == "mkl" }} ${{ PREFIX }}
        env: {B: "2", A: "${{ level }}"}
    requirements:
      build:
        - ${{ compiler("c") }}
        - ${{ stdlib("c") }}
        - if: unix
          then: [make, "pkg-config"]
          else: ninja
      host:
        - python
        - numpy
        - if: mpi != "nompi"
          then:
            - ${{ mpi }}
  - package:
      name: lib${{ name | lower }}
    inherit: feast-build
    build:
      files:
        include: ["lib/**"]
        exclude: ["lib/python*/**"]
    requirements:
      run_exports:
        strong: ["${{ pin_subpackage('libfeast', upper_bound='x.x') }}"]
        weak: [other]
  - package:
      name: feast-${{ blas }}
    inherit: {run_exports: false, from: feast-build}
    build:
      string: ${{ blas }}_h${{ hash }}_${{ build_number }}
    requirements:
      host: [zlib, python]
      run:
        - ${{ pin_subpackage("libfeast", exact=True) }}
        - python
        - if: linux
          then: __glibc >=2.17
      run_constraints: ["${{ 'mkl >=2024' if blas == 'mkl' }}"]
    tests:
      - python: {imports: [feast], pip_check: false}
      - script: feast --version
        requirements: {run: [grep], build: [make]}
      - package_contents: {lib: {exists: [feast]}, files: ["bin/*"]}
  - package:
      name: feast-doc
    build:
      noarch: generic
      skip: blas == "mkl"
      variant:
        ignore_keys: [level, mpi]
    requirements:
      host: [python >=3.9]
"""

VARIANTS = """\
python: ["3.12", "3.13", "3.13"]
numpy: ["1.26", "2.0", "2.1"]
is_free_threading: [false, false, true]
blas: [openblas, mkl]
mpi:
  - nompi
  - if: linux
    then: [openmpi]
level: [3, "3"]
zlib: [1]
c_compiler: [gcc]
c_compiler_version: [12]
c_stdlib: [sysroot]
c_stdlib_version: ["2.28"]
channel_targets: [example main]
CPU_COUNT: [2]
zip_keys:
  - [python, numpy, is_free_threading]
  - [c_compiler, c_compiler_version]
extend_keys: [zlib]
pin_run_as_build:
  zlib: {max_pin: x.x, min_pin: x}
  other: x.x
"""

MORE_VARIANTS = "zlib: [2]\nunread: [true]\nc_stdlib_version: ['2.17']\n"


@dataclass(frozen=True)
class Case:
    """A recipe and the variant files that it is rendered over, all as text; ``names`` are those of the files."""

    title: str
    recipe: str
    variants: tuple[str, ...]
    names: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """Write the files into ``folder`` and return the recipe's."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in zip(self.names, self.variants, strict=True):
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "recipe.yaml").write_text(self.recipe, encoding="utf-8")
        return folder / "recipe.yaml"


def cases() -> list[Case]:
    """Every recipe of the checkout, and the one above."""
    found = [Case("all at once", ALL_AT_ONCE, (VARIANTS, MORE_VARIANTS), ("one.yaml", "two.yaml"))]
    ours = (CHECKOUT / "variants" / "linux.yaml").read_text(encoding="utf-8")
    found += [
        Case(path.parent.name, path.read_text(encoding="utf-8"), (ours,), ("linux.yaml",))
        for path in sorted((CHECKOUT / "recipes").glob("*/*/recipe.yaml"))
    ]
    for path in sorted((CHECKOUT / "tests" / "conformance" / "recipes").glob("*/recipe.yaml")):
        beside = variant_files(path.parent)
        texts = tuple(file.read_text(encoding="utf-8") for file in beside)
        found.append(
            Case(path.parent.name, path.read_text(encoding="utf-8"), texts, tuple(file.name for file in beside))
        )
    return found


def documents(recipe: Path, variants: Sequence[str], platform: str) -> str:
    """Return all that rendering and explaining tell of a recipe, as one text; places in files are left out."""
    platforms = Platforms(target=platform, host=platform, build="linux-64")
    config = load_variants([recipe.parent / name for name in variants], {}, platforms, {})
    text = load(recipe)
    renderings = render(text, config, platforms)
    explanations = explain(Question(recipe=text, config=config, platforms=platforms))
    told = [
        {
            **{key: value for key, value in rendering_document(one).items() if key not in {"recipe", "why", "origins"}},
            "siblings": [str(sibling) for sibling in one.siblings],
            "rendered": one.output.rendered,
        }
        for one in renderings
    ]
    return json.dumps([told, [_without_places(explanation_document(one)) for one in explanations]], indent=1)


_PLACES = {"file", "line", "column", "frame", "recipe", "origin", "zip_place"}


def _without_places(data: object) -> object:
    if isinstance(data, dict):
        kept = {key: _without_places(value) for key, value in data.items() if key not in _PLACES}
        if "why" in kept and "obstacle" in kept:
            del kept["why"]  # it names a line
        return kept
    return [_without_places(item) for item in data] if isinstance(data, list) else data
