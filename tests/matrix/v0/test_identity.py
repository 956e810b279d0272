"""Hash and build string: vectors that are known from conda-forge's packages, and the rules one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix.v0.identity import build_string, digest, hashed
from builder.matrix.v0.usage import Subject
from builder.model.rendering import Platforms
from builder.recipe.v0 import OutputMetadata, Scope, load_meta
from builder.recipe.v0.scope import LegacyVariant

TARGETS = "conda-forge main"


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ({"channel_targets": TARGETS, "target_platform": "linux-64"}, "a770c72"),
        ({"channel_targets": TARGETS, "target_platform": "osx-64"}, "694c41f"),
        ({"channel_targets": TARGETS, "target_platform": "win-64"}, "57928b3"),
        ({"channel_targets": TARGETS, "target_platform": "osx-arm64"}, "ce30654"),
        ({"channel_targets": TARGETS, "target_platform": "linux-aarch64"}, "8af1aa0"),
        ({"channel_targets": TARGETS}, "d8ed1ab"),
        ({}, ""),
    ],
)
def test_hashes_that_everybody_knows(contents: dict[str, str], expected: str) -> None:
    assert digest(contents) == expected


def subject(folder: Path, text: str, variant: LegacyVariant) -> Subject:
    (folder / "meta.yaml").write_text(f"package:\n  name: a\n  version: 1\n{text}")
    recipe = load_meta(folder / "meta.yaml")
    scope = Scope(variant, Platforms(target="linux-64", host="linux-64", build="linux-64"), {})
    return Subject(text=recipe, output=OutputMetadata(metadata=recipe.resolved(scope), entry={}), scope=scope)


PYTHON = "requirements:\n  host:\n    - python\n    - numpy\n  run:\n    - python\n"


@pytest.mark.parametrize(
    ("variant", "kept"),
    [
        ({"python": "3.12"}, set()),
        ({"python": "3.12.* *_cpython"}, {"python"}),
        ({"python_min": "3.10"}, set()),
        ({"luajit": "2"}, set()),
        ({"zlib": "1"}, {"zlib"}),
        ({"zlib": "1", "ignore_version": ("zlib",)}, set()),
        ({"numpy": "2"}, {"numpy"}),
    ],
)
def test_what_the_build_string_shows_is_not_hashed(tmp_path: Path, variant: LegacyVariant, kept: set[str]) -> None:
    used = frozenset(variant) - {"ignore_version"}
    assert set(hashed(subject(tmp_path, PYTHON, variant), used)) == kept


def test_a_platform_alone_makes_no_hash_and_virtual_packages_do(tmp_path: Path) -> None:
    variant: LegacyVariant = {"target_platform": "linux-64"}
    used = frozenset(variant)
    assert hashed(subject(tmp_path, "", variant), used) == {}
    run = "requirements:\n  run:\n    - __glibc >=2.17\n"
    assert hashed(subject(tmp_path, run, variant), used) == {"__glibc": "__glibc >=2.17"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "habcdef1_0"),
        ("build:\n  number: 7\n", "habcdef1_7"),
        (PYTHON, "py312habcdef1_0"),
        ("build:\n  noarch: python\n" + PYTHON, "pyhabcdef1_0"),
        ("build:\n  noarch_python: true\n" + PYTHON, "pyhabcdef1_0"),
        ("requirements:\n  host:\n    - python 3.9.*\n  run:\n    - python\n", "py39habcdef1_0"),
        ("requirements:\n  host:\n    - r-base\n    - perl\n  run:\n    - r-base\n    - perl\n", "pl5262r44habcdef1_0"),
        ("requirements:\n  host:\n    - numpy\n  run:\n    - numpy x.x\n", "np20habcdef1_0"),
        ("build:\n  string: mine\n", "mine"),
        ("build:\n  string: cuda_h{{ PKG_HASH }}_3\n", "cuda_habcdef1_3"),
        ("build:\n  string: cuda_{{ PKG_HASH }}\n", "cuda_1234567"),
        ("build:\n  features:\n    - blas\n", "blashabcdef1_0"),
    ],
)
def test_build_strings(tmp_path: Path, text: str, expected: str) -> None:
    variant: LegacyVariant = {"python": "3.12.* *_cpython", "numpy": "2.0", "r_base": "4.4", "perl": "5.26.2"}
    assert build_string(subject(tmp_path, text, variant), "abcdef1") == expected


def test_without_a_hash_there_is_no_h(tmp_path: Path) -> None:
    assert build_string(subject(tmp_path, "", {}), "") == "0"
    assert build_string(subject(tmp_path, PYTHON, {"python": "3.12"}), "") == "py312_0"
