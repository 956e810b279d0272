"""Writes ``meta.yaml`` recipes to measure with: modules, libraries, extensions, and recipes with outputs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpus import LIBRARIES, LICENSES, MODULES

HEAD = """\
{% set name = "NAME" %}
{% set version = "MAJOR.2.NUMBER" %}

package:
  name: {{ name|lower }}
  version: {{ version }}

source:
  url: https://example.org/{{ name[0] }}/{{ name }}/{{ name }}-{{ version }}.tar.gz
  sha256: SHA

build:
  number: 1
"""
ABOUT = """
about:
  home: https://example.org/{{ name }}
  summary: Made to be measured
  license: LICENSE
  license_file: LICENSE

extra:
  recipe-maintainers:
    - nobody
"""
MODULE = """\
  noarch: python
  script: {{ PYTHON }} -m pip install . -vv --no-deps --no-build-isolation

requirements:
  host:
    - python {{ python_min }}
    - pip
    - hatchling
  run:
    - python >={{ python_min }}
    - MODULE >=1.2

test:
  imports:
    - {{ name }}
  requires:
    - python {{ python_min }}
"""
LIBRARY = """\
  skip: true  # [win and vc < 14]
  run_exports:
    - {{ pin_subpackage(name, max_pin="x") }}

requirements:
  build:
    - {{ compiler("c") }}
    - {{ stdlib("c") }}
    - cmake  # [unix]
    - ninja  # [win]
  host:
    - FIRST
    - SECOND

test:
  commands:
    - test -f $PREFIX/lib/lib{{ name }}.so  # [linux]
    - if not exist %LIBRARY_BIN%\\{{ name }}.dll exit 1  # [win]
"""
EXTENSION = """\
  skip: true  # [py < 39]
  script: {{ PYTHON }} -m pip install . -vv

requirements:
  build:
    - {{ compiler("c") }}
    - {{ compiler("cxx") }}
    - {{ stdlib("c") }}
    - python                              # [build_platform != target_platform]
    - cross-python_{{ target_platform }}  # [build_platform != target_platform]
  host:
    - python
    - pip
    - numpy
    - FIRST
  run:
    - python
    - {{ pin_compatible("numpy") }}

test:
  imports:
    - {{ name }}
"""
SEVERAL = """
requirements:
  build:
    - {{ compiler("cxx") }}
    - {{ stdlib("c") }}
  host:
    - FIRST

outputs:
  - name: lib{{ name }}
    script: install.sh  # [unix]
    requirements:
      build:
        - {{ compiler("cxx") }}
        - {{ stdlib("c") }}
      host:
        - FIRST
        - SECOND
  - name: py-{{ name }}
    requirements:
      build:
        - {{ compiler("cxx") }}
        - {{ stdlib("c") }}
      host:
        - python
        - {{ pin_subpackage("lib" ~ name, exact=True) }}
      run:
        - python
        - {{ pin_subpackage("lib" ~ name, exact=True) }}
"""
KINDS = (MODULE, LIBRARY, MODULE, EXTENSION, MODULE, SEVERAL)


def write_meta_recipes(folder: Path, count: int) -> None:
    """Write ``count`` recipes, each into a folder of its own below ``folder``."""
    for number in range(count):
        text = HEAD + KINDS[number % len(KINDS)] + ABOUT
        values = {
            "NAME": f"measured{number}",
            "MAJOR": str(1 + number % 4),
            "NUMBER": str(number),
            "SHA": "0123456789abcdef" * 4,
            "MODULE": MODULES[number % len(MODULES)],
            "FIRST": LIBRARIES[number % len(LIBRARIES)],
            "SECOND": LIBRARIES[(number * 3 + 1) % len(LIBRARIES)],
            "LICENSE": LICENSES[number % len(LICENSES)],
        }
        for word, value in values.items():
            text = text.replace(word, value)
        place = folder / f"recipe-{number:04}"
        place.mkdir(parents=True)
        (place / "meta.yaml").write_text(text, encoding="utf-8")
