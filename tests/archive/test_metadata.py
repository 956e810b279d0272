from __future__ import annotations

from typing import Any

import pytest

from builder.archive.member import MalformedError
from builder.archive.metadata import check_index, check_link, for_index, noarch_kind, run_exports_of
from tests.archive.making import INDEX, STEM


def refused(change: dict[str, Any], stem: str = STEM) -> str:
    with pytest.raises(MalformedError) as caught:
        check_index({**INDEX, **change}, stem)
    return str(caught.value)


def test_a_right_index() -> None:
    check_index(INDEX, STEM)
    check_index(
        {
            **INDEX, "noarch": "python", "subdir": "noarch", "timestamp": 1_600_000_000_000, "constrains": ["a <2"],
            "track_features": "x y", "features": None, "license": "MIT\n", "python_site_packages_path": "lib/python3.13t",
            "schema_version": 3, "flags": ["a"], "unknown": {"a": [1]},
        },
        STEM,
    )  # fmt: skip


@pytest.mark.parametrize("version", ["1.0RC1", "20240101123456", "2024a", "1!2.3+local_1", "r26"])
def test_versions_of_old_packages(version: str) -> None:
    check_index({**INDEX, "version": version}, f"foo-{version}-0")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "bar"}, "not the file's name"),
        ({"name": "foo-1.0", "version": "0"}, "not the file's name"),
        ({"version": 1.0}, "not the file's name"),
        ({"build": ""}, "not the file's name"),
        ({"build_number": "0"}, "no build_number"),
        ({"build_number": True}, "no build_number"),
        ({"build_number": -1}, "no build_number"),
        ({"build_number": 2**63}, "no build_number"),
        ({"subdir": None}, "no subdir"),
        ({"subdir": "../linux-64"}, "cannot be a subdir"),
        ({"subdir": "linux_64"}, "cannot be a subdir"),
        ({"depends": "python"}, "depends cannot be 'python'"),
        ({"depends": None}, "depends cannot be None"),
        ({"depends": ["python", 1]}, "depends cannot be"),
        ({"depends": ["python\nnumpy"]}, "depends cannot be"),
        ({"depends": ["x" * 70_000]}, "depends cannot be"),
        ({"constrains": {"a": 1}}, "constrains cannot be"),
        ({"noarch": "java"}, "noarch cannot be 'java'"),
        ({"noarch": 1}, "noarch cannot be 1"),
        ({"noarch": []}, "noarch cannot be"),
        ({"timestamp": "yesterday"}, "timestamp cannot be 'yesterday'"),
        ({"timestamp": -1}, "timestamp cannot be -1"),
        ({"timestamp": 1e12}, "timestamp cannot be"),
        ({"timestamp": 10**15}, "timestamp cannot be"),
        ({"track_features": [1]}, "track_features cannot be"),
        ({"license": ["MIT"]}, "license cannot be"),
        ({"python_site_packages_path": "/etc"}, "python_site_packages_path cannot be '/etc'"),
        ({"python_site_packages_path": "lib/../../.."}, "python_site_packages_path cannot be"),
        ({"python_site_packages_path": "lib/"}, "python_site_packages_path cannot be"),
        ({"python_site_packages_path": "..\\..\\x"}, "python_site_packages_path cannot be"),
        ({"python_site_packages_path": "C:x"}, "python_site_packages_path cannot be"),
        ({"python_site_packages_path": ""}, "python_site_packages_path cannot be"),
    ],
)
def test_an_index_that_cannot_be(change: dict[str, Any], why: str) -> None:
    assert why in refused(change)


@pytest.mark.parametrize(
    ("name", "version", "build", "why"),
    [
        ("../../x", "1.0", "0", "may not hold '/'"),
        ("Foo", "1.0", "0", "capital letters"),
        ("__glibc", "1.0", "0", "virtual package"),
        ("f\u043eo", "1.0", "0", "may not hold"),
        ("f" * 65, "1.0", "0", "too long"),
        ("foo", "1.0/..", "0", "cannot be a package's version"),
        ("foo", "1" * 65, "0", "too long"),
        ("foo", "1..0", "0", "1..0"),
        ("foo", "1.0", "../0", "cannot be a build string"),
        ("foo", "1.0", "0\x1b[2J", "cannot be a build string"),
    ],
)
def test_names_that_would_be_paths(name: str, version: str, build: str, why: str) -> None:
    change = {"name": name, "version": version, "build": build}
    assert why in refused(change, f"{name}-{version}-{build}")


# -- link.json ---------------------------------------------------------------------------------------------------------


def link(*points: object, kind: object = "python") -> dict[str, Any]:
    return {"noarch": {"type": kind, "entry_points": list(points)}, "package_metadata_version": 1}


@pytest.mark.parametrize("point", ["a = b:c", "a=b.c:d.e", "jupyter-lab = jupyterlab.labapp:main", "f2py3.9 = n:m"])
def test_commands(point: str) -> None:
    check_link(link(point), {"noarch": "python"})


@pytest.mark.parametrize(
    "point",
    [
        "../../x = a:b", "/etc/x = a:b", "a\\b = a:b", ".. = a:b", ". = a:b", " = a:b", "a b = a:b", "a\n = a:b",
        "a = b", "a = b:c; import os", "a = os:system('x')", "a = b:c\nd", "a = :c", "a = b:", "a = b..c:d", "a", "",
        "a" * 256 + " = a:b", "c: = a:b", 1, None, ["a = b:c"],
    ],
)  # fmt: skip
def test_commands_that_are_none(point: object) -> None:
    with pytest.raises(MalformedError, match="no entry point"):
        check_link(link(point), {"noarch": "python"})


@pytest.mark.parametrize(
    ("found", "noarch", "why"),
    [
        (link(kind="generic"), "python", "and index.json of another"),
        (link(), None, "and index.json of another"),
        (link(kind="java"), "python", "noarch cannot be"),
        ({"noarch": "python"}, "python", "noarch cannot be"),
        ({"noarch": {"type": "python", "entry_points": "a = b:c"}}, "python", ""),
    ],
)
def test_a_link_file_of_another_package(found: dict[str, Any], noarch: object, why: str) -> None:
    if why:
        with pytest.raises(MalformedError, match=why):
            check_link(found, {"noarch": noarch})
    else:
        check_link(found, {"noarch": noarch})


def test_link_files_that_say_nothing() -> None:
    check_link({}, {})
    check_link({"noarch": None, "preferred_env": None}, {"noarch": "python"})
    check_link({"noarch": {"type": "generic"}}, {"noarch": True})
    check_link({"noarch": {"type": "python", "entry_points": None}}, {"noarch": "python"})


# -- the others --------------------------------------------------------------------------------------------------------


def test_run_exports() -> None:
    assert run_exports_of(["a"]) == {"weak": ("a",)}
    assert run_exports_of({"strong": ["b"], "weak": [], "schema_version": 2}) == {"strong": ("b",)}
    for nothing in (1, "a", None):
        with pytest.raises(MalformedError, match="no object"):
            run_exports_of(nothing)
    for wrong in (1, ["a"], "a\nb"):
        with pytest.raises(MalformedError, match="no requirement"):
            run_exports_of({"weak": ["a", wrong]})


def test_a_package_does_not_say_what_the_index_says() -> None:
    own = {"sha256": "0" * 64, "url": "https://example.org/x", "fn": "x", "run_exports": {}, "indexed_timestamp": 1}
    assert for_index({**INDEX, **own, "license": "MIT"}) == {**INDEX, "license": "MIT"}


@pytest.mark.parametrize(
    ("value", "kind"), [("python", "python"), ("generic", "generic"), (True, "generic"), (None, None), (False, None)]
)
def test_kinds_of_noarch(value: object, kind: str | None) -> None:
    assert noarch_kind(value) == kind
