"""The rendered form: canonical, complete, the peer's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.recipe.rendered import rendered as render
from tests.recipe import peer
from tests.recipe.given import PACKAGE, evaluated, rendered, request

FULL = """
schema_version: 1
context:
  version: 1.10
  list: [a, 2]
package: {name: foo-bar, version: '${{ version }}'}
source:
  - url: https://example.org/a.tar.gz
    sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    patches: [a.patch, "${{ SRC_DIR }}/x.patch"]
    target_directory: sub
    file_name: b.tar.gz
    filter: ["*.c"]
  - url: [https://example.org/a.tar.gz, https://example.com/b.tgz]
    md5: d41d8cd98f00b204e9800998ecf8427e
    patches: []
  - path: ../x
    use_gitignore: false
    filter: {include: ["**/*.c"], exclude: [b]}
build:
  number: 3
  script:
    content: [a, "echo b"]
    env: {A: "${{ version }}"}
    secrets: [S]
    interpreter: bash
    cwd: x
  skip: [win, "osx and arm64"]
  noarch: ${{ "python" if linux }}
  files: {include: [lib/**]}
  always_include_files: [a]
  always_copy_files: [b]
  merge_build_and_host_envs: true
  post_process: [{files: ["*.txt"], regex: a, replacement: b}]
  dynamic_linking: {rpaths: [lib/, lib64/], binary_relocation: ["*.so"], missing_dso_allowlist: [x], rpath_allowlist: [], overdepending_behavior: error}
  prefix_detection: {ignore: [a], ignore_binary_files: true, force_file_type: {text: [a], binary: [b]}}
  python: {entry_points: ["a=b:c"], skip_pyc_compilation: ["*.py"], use_python_app_entrypoint: true, version_independent: true, site_packages_path: lib/x}
  variant: {use_keys: [a], ignore_keys: [b], down_prioritize_variant: 1}
requirements:
  build: ["${{ compiler('c') }}"]
  host: [python, zlib >=1, "Baz>2,<3", "conda-forge::bar ==1 x"]
  run: [__glibc >=2, "${{ pin_compatible('zlib', upper_bound=none) }}", "${{ pin_subpackage('foo-bar', exact=true) }}"]
  run_constraints: ["x <2"]
  run_exports: ["${{ pin_subpackage('foo-bar') }}"]
  ignore_run_exports: {by_name: [a], from_package: ["${{ compiler('c') }}"]}
tests:
  - script: [a, b]
    requirements: {build: [x], run: [y]}
    files: {source: [a], recipe: [b]}
  - script: test.sh
  - script: [one]
  - script: {file: t.py, interpreter: python}
  - python: {imports: [a], pip_check: false, python_version: ["3.9", "3.10"]}
  - python: {imports: a, python_version: 3.10}
  - package_contents: {files: {exists: [a]}, bin: {exists: [b], not_exists: [c]}, lib: [d], include: [e], site_packages: [f], strict: true}
  - downstream: zz
  - perl: {uses: [A]}
  - r: {libraries: [B]}
  - ruby: {requires: [C]}
about:
  homepage: https://example.org/
  license: MIT OR Apache-2.0
  license_file: [LICENSE, "${{ PREFIX }}/x"]
  license_family: MIT
  summary: |
    two
    lines
  description: ${{ version }}
extra: {a: [1, 1.5, true, null, "~", {b: c}], recipe-maintainers: [x], n: null}
"""


def without_string(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "build": {key: value for key, value in found["build"].items() if key != "string"}}


def test_everything_looks_as_in_the_peers_recipe() -> None:
    assert without_string(rendered(FULL)) == without_string(peer.rendered(FULL)[0])


@pytest.mark.parametrize(
    ("section", "key"),
    [("build", "always_copy_files"), ("requirements", "host"), ("about", "summary"), ("package", "version")],
)
def test_sections_are_there(section: str, key: str) -> None:
    assert key in rendered(FULL)[section]


def test_scripts_have_no_logic_left_where_the_peer_leaves_some() -> None:
    text = "context: {version: '2'}\n" + PACKAGE + "build: {script: ['echo ${{ version }} ${{ PREFIX }}', two]}\n"
    assert rendered(text)["build"]["script"] == ["echo 2 ${{ PREFIX }}", "two"]
    assert peer.rendered(text)[0]["build"]["script"] == ["echo ${{ version }} ${{ PREFIX }}", "two"]


def test_it_is_canonical_json() -> None:
    text = evaluated(FULL).output.rendered
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_order_of_keys_in_the_file_does_not_matter() -> None:
    one = PACKAGE + "build: {number: 1, noarch: generic}\nabout: {license: MIT, summary: s}\n"
    two = "about: {summary: s, license: MIT}\nbuild: {noarch: generic, number: 1}\npackage: {version: '1.0', name: demo}\n"
    assert evaluated(one).output.rendered == evaluated(two).output.rendered


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("build: {number: 1}\n", "build: {number: 2}\n"), ("requirements: {run: [a]}\n", "requirements: {run: [b]}\n"), ("", "extra: {a: 1}\n"),
        ("build: {script: a}\n", "build: {script: b}\n"), ("context: {a: 1}\n", "context: {a: '1'}\n"), ("", "tests: [{script: a}]\n"),
    ],
)  # fmt: skip
def test_whatever_changes_is_seen(one: str, two: str) -> None:
    assert evaluated(PACKAGE + one).output.rendered != evaluated(PACKAGE + two).output.rendered


def test_a_variant_is_seen_where_it_changes_something() -> None:
    text = PACKAGE + "requirements: {run: ['python ${{ python }}.*']}\n"
    assert len({evaluated(text, request({"python": version})).output.rendered for version in ("3.11", "3.12")}) == 2


@given(
    st.dictionaries(
        st.sampled_from(["package", "build", "about", "extra"]), st.none() | st.just({}) | st.just({"a": 1}), max_size=4
    )
)
def test_whatever_is_absent_the_form_holds(data: dict[str, Any]) -> None:
    found = json.loads(render(data, several=False))
    assert found["schema_version"] == 1
    assert "build" in found
    assert "requirements" in found
    assert all(value not in (None, {}) for key, value in found.items() if key not in {"build", "requirements"})


def test_numbers_that_json_cannot_hold_are_text() -> None:
    assert rendered("context: {x: '${{ 1 / 0 }}', y: '${{ [1 / 0] | first }}'}\n" + PACKAGE)["context"] == {
        "x": "inf",
        "y": "inf",
    }
    assert rendered("context:\n  x: ${{ 1 / 0 }}\n" + PACKAGE)["context"] == {"x": "inf"}
