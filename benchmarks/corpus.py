"""Writes recipes to measure with: the same ones at any time, as many and as varied as those of a distribution."""

from __future__ import annotations

from pathlib import Path

LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later", "MPL-2.0")
LIBRARIES = ("zlib", "libpng", "openssl", "libcurl", "hdf5", "libxml2", "icu", "sqlite", "fftw", "eigen", "boost")
MODULES = ("numpy", "scipy", "pandas", "requests", "attrs", "click", "pyyaml", "jinja2", "rich", "packaging")
_SHA = "0123456789abcdef" * 4

LIBRARY = """\
context:
  name: lib-{number}
  version: "{major}.{minor}.{number}"

package:
  name: ${{{{ name }}}}
  version: ${{{{ version }}}}

source:
  url: https://example.org/${{{{ name }}}}/${{{{ name }}}}-${{{{ version }}}}.tar.gz
  sha256: {sha}
  patches:
    - if: win
      then: windows.patch

build:
  number: {minor}
  script:
    - if: unix
      then:
        - cmake -S . -B build ${{{{ CMAKE_ARGS }}}} -D CMAKE_INSTALL_PREFIX=$PREFIX
        - cmake --build build --target install
      else: build.bat

requirements:
  build:
    - ${{{{ compiler("c") }}}}
    - ${{{{ compiler("cxx") }}}}
    - ${{{{ stdlib("c") }}}}
    - cmake >=3.2{minor}
    - if: unix
      then: make
  host:
    - {first}
    - {second}
  run_exports:
    - ${{{{ pin_subpackage(name, upper_bound="x.x") }}}}

tests:
  - package_contents:
      lib:
        - ${{{{ name }}}}
  - script:
      - if: unix
        then: test -f $PREFIX/include/${{{{ name }}}}.h

about:
  homepage: https://example.org/${{{{ name }}}}
  license: {license}
  license_file: LICENSE
  summary: Library number {number}
  description: |
    Reads and writes what programs of the kind {minor} read and write,
    since version {major}.
  documentation: https://docs.example.org/${{{{ name }}}}

extra:
  recipe-maintainers: [maintainer-{minor}]
"""

MODULE = """\
context:
  name: module-{number}
  version: "{major}.{minor}.{number}"

package:
  name: ${{{{ name | lower }}}}
  version: ${{{{ version }}}}

source:
  url: https://example.org/${{{{ name[0] }}}}/${{{{ name }}}}/${{{{ name | replace("-", "_") }}}}.tar.gz
  sha256: {sha}

build:
  noarch: python
  number: 0
  script: ${{{{ PYTHON }}}} -m pip install . -vv --no-deps --no-build-isolation

requirements:
  host:
    - python >=3.10
    - pip
    - hatchling
  run:
    - python >=3.10
    - {module} >=1.{minor}
    - {first}

tests:
  - python:
      imports: [module_{number}]
      pip_check: true

about:
  homepage: https://example.org/${{{{ name }}}}
  license: {license}
  license_file: LICENSE
  summary: Module number {number}

extra:
  recipe-maintainers: [maintainer-{minor}, other-{major}]
"""

EXTENSION = """\
context:
  name: extension-{number}
  version: "{major}.{minor}.{number}"
  build: {minor}

package:
  name: ${{{{ name }}}}
  version: ${{{{ version }}}}

source:
  - url: https://example.org/${{{{ name }}}}-${{{{ version }}}}.tar.gz
    sha256: {sha}

build:
  number: ${{{{ build }}}}
  skip:
    - match(python, "<3.11")
  script:
    - ${{{{ PYTHON }}}} -m pip install . -vv

requirements:
  build:
    - ${{{{ compiler("c") }}}}
    - ${{{{ stdlib("c") }}}}
    - if: build_platform != target_platform
      then:
        - python
        - cross-python_${{{{ target_platform }}}}
        - numpy
  host:
    - python
    - pip
    - numpy
    - {first}
  run:
    - python
    - {module}
    - ${{{{ pin_compatible("numpy", upper_bound="x") }}}}

tests:
  - python:
      imports:
        - extension_{number}
        - extension_{number}.core
  - requirements:
      run: [pytest]
    script: pytest --pyargs extension_{number} -k "not slow"

about:
  homepage: https://example.org/${{{{ name }}}}
  license: {license}
  summary: Extension number {number}
"""

SEVERAL = """\
context:
  version: "{major}.{minor}.{number}"

recipe:
  name: suite-{number}
  version: ${{{{ version }}}}

source:
  url: https://example.org/suite-{number}-${{{{ version }}}}.tar.gz
  sha256: {sha}

build:
  number: 1

outputs:
  - package:
      name: libsuite-{number}
    build:
      script: make install-lib
    requirements:
      build:
        - ${{{{ compiler("cxx") }}}}
        - ${{{{ stdlib("c") }}}}
      host: [{first}, {second}]
      run_exports:
        - ${{{{ pin_subpackage("libsuite-{number}", upper_bound="x.x") }}}}
  - package:
      name: suite-{number}
    build:
      script: make install
    requirements:
      build:
        - ${{{{ compiler("cxx") }}}}
        - ${{{{ stdlib("c") }}}}
      host:
        - ${{{{ pin_subpackage("libsuite-{number}", exact=True) }}}}
        - python
      run:
        - ${{{{ pin_subpackage("libsuite-{number}", exact=True) }}}}
        - python

about:
  license: {license}
  summary: Suite number {number}
"""

KINDS = (LIBRARY, MODULE, EXTENSION, MODULE, LIBRARY, MODULE, EXTENSION, SEVERAL)


def write_recipes(folder: Path, count: int) -> None:
    """Write ``count`` recipes, each into a folder of its own below ``folder``."""
    for number in range(count):
        text = KINDS[number % len(KINDS)].format(
            number=number,
            major=1 + number % 4,
            minor=number % 9,
            sha=_SHA,
            first=LIBRARIES[number % len(LIBRARIES)],
            second=LIBRARIES[(number * 3 + 1) % len(LIBRARIES)],
            module=MODULES[number % len(MODULES)],
            license=LICENSES[number % len(LICENSES)],
        )
        place = folder / f"recipe-{number:04}"
        place.mkdir(parents=True)
        (place / "recipe.yaml").write_text(text, encoding="utf-8")


def write_pinning(file: Path) -> None:
    """Write a variant file like that of a distribution: some 600 keys with selectors, and a few that vary together."""
    lines = [
        "c_compiler:", "  - gcc                 # [linux]", "  - clang               # [osx]", "  - vs2022   # [win]",
        "c_compiler_version:     # [unix]", "  - 14                  # [linux]", "  - 19                  # [osx]",
        "cxx_compiler:", "  - gxx                 # [linux]", "  - clangxx             # [osx]", "  - vs2022   # [win]",
        "cxx_compiler_version:   # [unix]", "  - 14                  # [linux]", "  - 19                  # [osx]",
        "c_stdlib:", "  - sysroot             # [linux]", "  - macosx_deployment_target  # [osx]", "  - vs  # [win]",
        "c_stdlib_version:", "  - 2.17                # [linux]", "  - 11.0   # [osx]", "  - 2019  # [win]",
        "python:", "  - 3.11.* *_cpython", "  - 3.12.* *_cpython", "  - 3.13.* *_cp313",
        "numpy:", "  - 1.26", "  - 2.0", "  - 2.1",
        "is_python_min:", "  - true", "  - false", "  - false",
        "zip_keys:", "  -", "    - python", "    - numpy", "    - is_python_min",
        "python_min:", "  - 3.10", "channel_targets:", "  - example main",
        "openssl:", "  - 3.0", "  - 3.5", "hdf5:", "  - 1.14.3", "boost:", "  - 1.84", "  - 1.86",
        "libcurl:", "  - 8", "sqlite:", "  - 3", "arrow:", "  - 19", "  - 20", "poppler:", "  - 25.02",
    ]  # fmt: skip
    for number in range(580):
        lines += [
            f"pinned_{number}:",
            f"  - {number % 20}.{number % 7}" + ("   # [linux or osx]" if number % 5 else ""),
        ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_combinations(folder: Path, count: int) -> Path:
    """Write a recipe that uses a key in its script, and ``count`` values of it into a variant file; return that."""
    folder.mkdir(parents=True)
    recipe = LIBRARY.format(
        number=0, major=1, minor=2, sha=_SHA, first="zlib", second="libpng", license="MIT"
    )  # fmt: skip
    told = recipe.replace("  script:\n", "  script:\n    - echo ${{ flavour }}\n", 1)
    (folder / "recipe.yaml").write_text(told, encoding="utf-8")
    variants = folder.with_name("variants.yaml")
    values = "".join(f"  - flavour-{number}\n" for number in range(count))
    variants.write_text(f"flavour:\n{values}c_stdlib: [sysroot]\nc_stdlib_version: ['2.17']\n", encoding="utf-8")
    return variants


def write_many_outputs(folder: Path) -> None:
    """Write a recipe like that of a large library with plugins: 20 outputs that pin each other exactly."""
    folder.mkdir(parents=True)
    plugins = "".join(_plugin(number) for number in range(16))
    (folder / "recipe.yaml").write_text(_CORE + plugins + _BINDINGS, encoding="utf-8")


_CORE = """\
context:
  version: "3.12.1"
recipe:
  name: atlas
  version: ${{ version }}
source:
  url: https://example.org/atlas-${{ version }}.tar.gz
  sha256: 0000000000000000000000000000000000000000000000000000000000000000
build:
  number: 4
outputs:
  - package:
      name: libatlas-core
    build:
      script: build_core.sh
    requirements:
      build:
        - ${{ compiler("c") }}
        - ${{ compiler("cxx") }}
        - ${{ stdlib("c") }}
        - cmake
      host: [boost, openssl, sqlite, libcurl, libpng]
      run_exports:
        - ${{ pin_subpackage("libatlas-core", upper_bound="x.x") }}
  - package:
      name: libatlas
    requirements:
      run:
        - ${{ pin_subpackage("libatlas-core", exact=True) }}
"""


def _plugin(number: int) -> str:
    return f"""\
  - package:
      name: libatlas-plugin-{number}
    build:
      script: build_plugin.sh plugin-{number}
    requirements:
      build:
        - ${{{{ compiler("c") }}}}
        - ${{{{ compiler("cxx") }}}}
        - ${{{{ stdlib("c") }}}}
        - cmake
      host:
        - ${{{{ pin_subpackage("libatlas-core", exact=True) }}}}
        - {("hdf5", "arrow", "poppler", f"pinned_{number}")[number % 4]}
        - zlib
        - if: unix
          then: libxml2
      run:
        - ${{{{ pin_subpackage("libatlas-core", exact=True) }}}}
      run_exports:
        - ${{{{ pin_subpackage("libatlas-plugin-{number}", upper_bound="x.x") }}}}
    tests:
      - script:
          - if: unix
            then: test -f $PREFIX/lib/atlas/plugin-{number}.so
          - if: win
            then: if not exist %LIBRARY_BIN%\\atlas\\plugin-{number}.dll exit 1
      - package_contents:
          lib: [plugin-{number}]
    about:
      summary: The plugin of atlas for files of the kind {number}
      license: MIT
      license_file: LICENSE
"""


_BINDINGS = """\
  - package:
      name: python-atlas
    build:
      script: build_python.sh
    requirements:
      build:
        - ${{ compiler("cxx") }}
        - ${{ stdlib("c") }}
      host:
        - ${{ pin_subpackage("libatlas-core", exact=True) }}
        - python
        - numpy
      run:
        - ${{ pin_subpackage("libatlas-core", exact=True) }}
        - python
  - package:
      name: atlas
    requirements:
      run:
        - ${{ pin_subpackage("libatlas", exact=True) }}
        - ${{ pin_subpackage("python-atlas", exact=True) }}
about:
  license: MIT
  summary: A library with many plugins
"""
