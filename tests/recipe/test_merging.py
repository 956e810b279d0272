"""What outputs take over from the top level, asked of the peer as well."""

from __future__ import annotations

from typing import Any

import pytest

from builder.recipe.merging import Data, listed, merged_about, merged_build
from tests.recipe import peer
from tests.recipe.given import rendered


@pytest.mark.parametrize(
    ("top", "own", "merged"),
    [
        ({"number": 2}, {}, {"number": 2}),
        ({"number": 2}, {"number": 0}, {"number": 0}),
        ({"string": "a"}, {"string": "b"}, {"string": "b"}),
        ({"noarch": "generic"}, {}, {"noarch": "generic"}),
        ({"skip": (True,)}, {"skip": (False,)}, {"skip": (True, False)}),
        ({"skip": (False,)}, {"skip": ()}, {"skip": (False,)}),
        (
            {"merge_build_and_host_envs": True},
            {"merge_build_and_host_envs": False},
            {"merge_build_and_host_envs": True},
        ),
        ({"files": ("a",)}, {"files": ()}, {"files": ("a",)}),
        ({"files": ("a",)}, {"files": ("b",)}, {"files": ("b",)}),
        (
            {"python": {"entry_points": ("a",)}},
            {"python": {"version_independent": False}},
            {"python": {"entry_points": ("a",)}},
        ),
        (
            {"python": {"entry_points": ("a",)}},
            {"python": {"version_independent": True}},
            {"python": {"version_independent": True}},
        ),
        ({"script": ("a",)}, {}, {"script": ("a",)}),
        ({"script": ("a",)}, {"script": ("b",)}, {"script": ("b",)}),
        ({"script": ("a",)}, {"script": {"cwd": "x"}}, {"script": ("a",)}),
        ({"script": ("a",)}, {"script": {"env": {"A": "b"}}}, {"script": {"env": {"A": "b"}}}),
    ],
)
def test_builds(top: Data, own: Data, merged: Data) -> None:
    assert merged_build(top, own, with_script=True) == {"skip": (), **merged}


def test_without_the_script_of_the_top_level() -> None:
    assert merged_build({"script": ("a",), "number": 1}, {}, with_script=False) == {"number": 1, "skip": ()}
    assert merged_build({"script": ("a",)}, {"script": ("b",)}, with_script=False) == {"script": ("b",), "skip": ()}


def test_about_goes_key_by_key() -> None:
    top: Data = {"license": "MIT", "license_file": ("LICENSE",), "summary": "top"}
    assert merged_about(top, {"summary": "own", "license_file": ()}) == {
        "license": "MIT",
        "license_file": (),
        "summary": "own",
    }


def test_lists_are_tuples_or_nothing() -> None:
    assert listed(("a",)) == ("a",)
    assert listed(None) == ()
    assert listed({"a": 1}) == ()


RECIPE = """
recipe: {{name: multi, version: '1'}}
source: {{url: 'https://example.org/a.tar.gz'}}
build:
  number: 2
  script: [top]
  noarch: generic
  files: [top/**]
  always_include_files: [t]
  always_copy_files: [t]
  dynamic_linking: {{rpaths: [top/], missing_dso_allowlist: [t]}}
  prefix_detection: {{ignore_binary_files: true}}
  variant: {{use_keys: [t]}}
  python: {{skip_pyc_compilation: [t]}}
  post_process: [{{files: [t], regex: a, replacement: b}}]
about: {{license: MIT, license_file: LICENSE, summary: top, homepage: 'https://example.org/'}}
tests: [{{script: top}}]
extra: {{recipe-maintainers: [x]}}
outputs:
  - staging: {{name: st}}
    source: {{url: 'https://example.org/b.tar.gz'}}
    build: {{script: make}}
    requirements: {{build: [cmake], host: [zlib]}}
  - package: {{name: own}}
{own}
"""
OWN = [
    "", "    build: {number: 0}", "    build: {script: [own]}", "    build: {script: {cwd: x}}", "    build: {files: [own/**]}", "    build: {files: []}",
    "    build: {noarch: python}", "    build: {dynamic_linking: {rpaths: [own/]}}", "    build: {variant: {ignore_keys: [o]}}",
    "    build: {python: {entry_points: ['a = b:c']}}", "    build: {prefix_detection: {ignore: [o]}}", "    build: {post_process: [{files: [o], regex: c, replacement: d}]}",
    "    about: {summary: own}", "    about: {license_file: []}", "    tests: [{script: own}]", "    source: {url: 'https://example.org/c.tar.gz'}",
    "    inherit: st", "    inherit: st\n    tests: [{script: own}]\n    build: {files: [bin/**]}", "    inherit: {from: st, run_exports: false}",
    "    inherit: st\n    source: {url: 'https://example.org/c.tar.gz'}", "    inherit: null", "    inherit: st\n    build: {script: [own]}",
]  # fmt: skip


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in found.items() if key not in {"staging_caches", "context", "schema_version"}}
    kept["build"] = {key: value for key, value in kept["build"].items() if key != "string"}
    return kept


@pytest.mark.parametrize("own", OWN)
def test_the_peer_merges_the_same(own: str) -> None:
    text = RECIPE.format(own=own)
    assert comparable(rendered(text, output=1)) == comparable(peer.rendered(text)[0])
