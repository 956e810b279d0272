"""Recipes and variant files made at random: whatever is in them, they are read or refused with place and remedy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import BakehouseError
from builder.matrix import load_variants, render, rendering_document
from builder.model.rendering import Platforms
from builder.recipe import load
from builder.report.trouble import error_document, error_text

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

RECIPE = """\
context:
  name: demo
  version: "1.2"
  parts: ${{ version | split(".") }}
recipe:
  name: ${{ name }}
  version: ${{ version }}
source:
  - url: https://example.org/${{ name }}-${{ version }}.tar.gz
    sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    patches:
      - if: win
        then: win.patch
build:
  number: 1
  script:
    - ${{ "make" if unix else "nmake" }}
    - if: linux and python == "3.12"
      then: [make check, "echo $PREFIX"]
      else: echo ${{ c_compiler }}
outputs:
  - package: {name: "lib${{ name }}"}
    requirements:
      build:
        - ${{ compiler("c") }}
        - ${{ stdlib("c") }}
      host: [python, zlib >=1.2, "numpy ${{ numpy }}.*"]
      run_exports:
        - ${{ pin_subpackage("lib" ~ name, upper_bound="x.x") }}
  - package: {name: demo}
    build:
      string: py${{ python | version_to_buildstring }}h${{ hash }}_1
      skip: [win, "match(python, '<3.9')"]
    requirements:
      host: ['${{ pin_subpackage("libdemo", exact=True) }}', python]
    tests:
      - python: {imports: [demo]}
      - script: [demo --version]
        files: {recipe: [tests/*]}
about:
  license: MIT OR Apache-2.0
  license_file: [LICENSE]
extra: {a: [1, 2.5, ~, true], b: {c: d}}
"""

VARIANTS = """\
python:
  - "3.12"
  - if: linux
    then: ["3.13", 3.14]
numpy: ["1", "2", "2"]
c_compiler: [gcc]
c_stdlib: [sysroot]
c_stdlib_version: ["${{ '2.17' if linux else '10.9' }}"]
zip_keys: [[python, numpy]]
extend_keys: [c_compiler]
pin_run_as_build: {zlib: x.x, python: {min_pin: x.x, max_pin: x.x}}
"""

LEGACY = """\
python:
  - 3.12    # [linux]
  - 3.13    # [not win and os.environ.get("X", "no") == "no"]
numpy:
  - 1
  - 2
c_compiler:  # [unix]
  - gcc      # [unix]
c_stdlib:
  - sysroot
c_stdlib_version: 2.17
zip_keys:
  -
    - python
    - numpy
"""

PIECES = (
    "${{", "}}", "{{", "}", "[", "]", "{", "'", '"', "\\", "|", ">", "-", "- ", "\n", "\t", ":", ": ", "#", "&a ", "*a", "!!x ", "<<: ", "? ", "%", "@", "`", "\0", "\x1b", "\u2028",
    "\x85", "\r", "\ufeff", "é", "😀", "0" * 40, "1e999", "-1", "null", "~", "true", "- if: linux\n  then: a\n", "${{ compiler('c') }}", "${{ pin_subpackage('demo', exact=True) }}",
    "${{ env.get('X') }}", "${{ hash }}", "${{ 1 / 0 }}", "${{ [1][5] }}", "${{ x[::0] }}", "${{ 'a' if 1 }}", "${{ '\\ud800' }}", "*", ">=1,<2|3", "==", "../", "/", "C:\\", "$(id)",
    "outputs:", "staging: {name: s}", "inherit: s", "context:", "extra:", "[]", "{}", "build", "skip", "noarch: python", "string", "|lower", "|default", "**", "//", " not ", " in ", " is ",
    "  # [win]", "  # [1if linux]", "  # [a.b()]", "zip_keys:", "extend_keys:", "  ",
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """Take from a text, put into it, or repeat parts of it, a few times."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(("put", "take", "repeat", "line"))):
            case "put":
                text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
            case "take":
                text = text[:at] + text[at + draw(st.integers(1, 30)) :]
            case "repeat":
                other = draw(st.integers(0, len(text)))
                text = text[:at] + text[other : other + draw(st.integers(1, 120))] + text[at:]
            case _:
                lines = text.split("\n")
                number = at % len(lines)
                key, colon, _ = lines[number].partition(":")
                lines[number] = f"{key}{colon} {draw(st.sampled_from(PIECES))}"
                text = "\n".join(lines)
    return text


def answered(folder: Path, recipe: str, files: Sequence[tuple[str, str]]) -> bool:
    """Render, and return whether that went well; what is refused is told in full."""
    place = folder / "recipe.yaml"
    place.write_bytes(recipe.encode("utf-8", "surrogatepass"))
    paths = [folder / name for name, _ in files]
    for path, (_, text) in zip(paths, files, strict=True):
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = render(load(place), load_variants(paths, {}, LINUX, {}), LINUX)
    except BakehouseError as error:
        error_text(error).encode()
        json.dumps(error_document(error)).encode()
        for problem in error.problems:
            assert problem.place is not None
            assert problem.remedy
            assert len(problem.message) < 100_000
        return False
    json.dumps([rendering_document(one) for one in found]).encode()
    return True


SETTINGS = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(recipe=changed(RECIPE))
@SETTINGS
def test_recipes(tmp_path: Path, recipe: str) -> None:
    answered(tmp_path, recipe, [("variants.yaml", VARIANTS)])


@given(variants=changed(VARIANTS))
@SETTINGS
def test_variant_files(tmp_path: Path, variants: str) -> None:
    answered(tmp_path, RECIPE, [("variants.yaml", variants)])


@given(legacy=changed(LEGACY))
@SETTINGS
def test_legacy_variant_files(tmp_path: Path, legacy: str) -> None:
    answered(tmp_path, RECIPE, [("conda_build_config.yaml", legacy)])


@pytest.mark.parametrize("file", [("variants.yaml", VARIANTS), ("conda_build_config.yaml", LEGACY)])
def test_what_is_changed_was_right(tmp_path: Path, file: tuple[str, str]) -> None:
    assert answered(tmp_path, RECIPE, [file])
