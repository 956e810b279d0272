"""The statement beside a package: what the specifications ask for, what it tells, what it keeps to itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.package import Package
from builder.model.packaging import Packaging
from builder.model.permission import ExtraMount, Permissions
from builder.model.solving import SolveRules
from builder.model.source import SourceDigest
from builder.pack import PackRequest, Tool, pack
from builder.pack.statement import BackEnd, Machine, Run, Terms, repacked_statement, statement
from tests.pack.greeting import RECIPE, request
from tests.pack.test_recipe import inheriting

SCHEMA = json.loads(Path(__file__).with_name("provenance.schema.json").read_text())
BUBBLEWRAP = BackEnd(name="bubblewrap", version="0.8.0", rootless=True, overlay=True, limits="cgroup2", syscalls=True)
DOCKER = BackEnd(name="docker", version="20.10", rootless=False, overlay=True, limits="cgroup1", syscalls=True)
MACHINE = Machine(kernel="6.1.0", architecture="x86_64", cores=8)
RUN = Run(
    invocation="abc/linux-64/greeting",
    started=1_600_000_000.9,
    finished=1_600_000_060.2,
    back_end=BUBBLEWRAP,
    machine=MACHINE,
    limits=(("memory", None), ("wall_seconds", 3600)),
    log=("greeting.log", "9" * 64),
)
TERMS = Terms(recipe="recipes/greeting/recipe.yaml")


def stated(made: PackRequest, folder: Path, terms: Terms = TERMS, run: Run = RUN) -> dict[str, Any]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    document = json.loads(statement(pack(made, out), made, terms, run))
    jsonschema.validate(document, SCHEMA)
    assert isinstance(document, dict)
    return document


def definition(document: dict[str, Any]) -> dict[str, Any]:
    found = document["predicate"]["buildDefinition"]
    assert isinstance(found, dict)
    return found


def details(document: dict[str, Any]) -> dict[str, Any]:
    found = document["predicate"]["runDetails"]
    assert isinstance(found, dict)
    return found


def test_it_is_about_the_file(tmp_path: Path) -> None:
    document = stated(request(tmp_path), tmp_path)
    [file] = (tmp_path / "out").iterdir()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert document["subject"] == [{"name": file.name, "digest": {"sha256": digest}}]


def test_what_was_asked_for(tmp_path: Path) -> None:
    assert definition(stated(request(tmp_path), tmp_path))["externalParameters"] == {
        "recipe": "recipes/greeting/recipe.yaml",
        "output": "greeting",
        "variant": {"flavour": "plain", "level": 3, "target_platform": "linux-64"},
        "platforms": {"build": "linux-64", "host": "linux-64", "target": "linux-64"},
        "options": {},
        "permissions": {"network": False, "mounts": []},
    }


def test_options_that_change_bytes_or_environments(tmp_path: Path) -> None:
    packaging = Packaging(file_type="tar.bz2", level=1, extra=(("sha", "abc"),), with_recipe=False)
    rules = SolveRules(channel_priority="disabled", newest=datetime(2024, 3, 15, tzinfo=UTC))
    made = replace(request(tmp_path), packaging=packaging, rules=rules)
    document = stated(made, tmp_path, replace(TERMS, epoch=7))
    assert definition(document)["externalParameters"]["options"] == {
        "--package-format": "tar.bz2:1",
        "--extra-meta sha": '"abc"',
        "--no-include-recipe": "yes",
        "--channel-priority": "disabled",
        "--exclude-newer": "2024-03-15T00:00:00Z",
        "SOURCE_DATE_EPOCH": 7,
    }


def test_permissions_say_what_scripts_saw_and_not_where_it_lies(tmp_path: Path) -> None:
    mounts = (
        ExtraMount(source=Path("/srv/data"), inside=PurePosixPath("/data"), digest="a" * 64),
        ExtraMount(source=Path("/home/me/cache"), inside=PurePosixPath("/cache"), writable=True),
    )
    terms = replace(TERMS, permissions=Permissions(network=True, mounts=mounts))
    document = stated(request(tmp_path), tmp_path, terms)
    assert definition(document)["externalParameters"]["permissions"] == {
        "network": True,
        "mounts": [
            {"inside": "/data", "writable": False, "digest": {"sha256": "a" * 64}},
            {"inside": "/cache", "writable": True},
        ],
    }
    assert "/srv" not in json.dumps(document)
    assert "/home" not in json.dumps(document)


def test_what_tells_it_from_other_builds(tmp_path: Path) -> None:
    assert definition(stated(request(tmp_path), tmp_path))["internalParameters"] == {
        "recipe_key": "5" * 64,
        "build_key": "6" * 64,
        "source_date_epoch": 1_500_000_000,
        "sealed": True,
    }


def test_everything_that_went_in(tmp_path: Path) -> None:
    found = definition(stated(request(tmp_path), tmp_path))["resolvedDependencies"]
    assert found == [
        {
            "name": "recipes/greeting/recipe.yaml",
            "digest": {"sha256": hashlib.sha256(RECIPE.encode()).hexdigest()},
        },
        {"name": "rootfs", "digest": {"sha256": "7" * 64}},
        {"uri": "https://example.org/g.tar.gz", "name": "g.tar.gz", "digest": {"sha256": "4" * 64}},
        {"name": "src", "digest": {"sha256": "8" * 64}},
        {
            "uri": "pkg:conda/libthing@2.0?build=0&channel=https://example.org/stable&subdir=linux-64",
            "name": "libthing-2.0-0.conda",
            "digest": {"sha256": "1" * 64},
            "annotations": {"environments": ["host"]},
        },
        {
            "uri": "pkg:conda/tool@2.0?build=0&subdir=linux-64",
            "name": "tool-2.0-0.conda",
            "digest": {"sha256": "1" * 64},
            "annotations": {"environments": ["build"]},
        },
    ]


def test_a_package_of_both_environments_stands_there_once(tmp_path: Path) -> None:
    made = request(tmp_path)
    both = replace(made.environments, build=made.environments.host)
    document = stated(replace(made, environments=both), tmp_path)
    packages = [one for one in definition(document)["resolvedDependencies"] if "annotations" in one]
    assert [one["annotations"] for one in packages] == [{"environments": ["build", "host"]}]


def test_what_a_staging_output_was_made_of_counts(tmp_path: Path) -> None:
    made = inheriting(tmp_path)
    assert made.inherited is not None
    names = [one["name"] for one in definition(stated(made, tmp_path))["resolvedDependencies"]]
    inherited = made.inherited.environments
    for package in (*inherited.build.packages, *inherited.host.packages):
        assert package.file_name in names
    assert {source.url.rpartition("/")[2] for source in made.inherited.sources} <= set(names)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            SourceDigest(url="https://u:p@example.org/r.git", sha256="0" * 64, kind="git", commit="c" * 40),
            {
                "uri": f"git+https://example.org/r.git@{'c' * 40}",
                "name": "r.git",
                "digest": {"gitCommit": "c" * 40},
            },
        ),
        (
            SourceDigest(url="/home/me/r", sha256="0" * 64, kind="git", commit="c" * 40),
            {"name": "r", "digest": {"gitCommit": "c" * 40}},
        ),
        (
            SourceDigest(url="file:///home/me/a.tar.gz", sha256="d" * 64, kind="url"),
            {"name": "a.tar.gz", "digest": {"sha256": "d" * 64}},
        ),
        (
            SourceDigest(url="../src/", sha256="d" * 64, kind="path", contents_sha256="e" * 64),
            {"name": "src", "digest": {"sha256": "e" * 64}},
        ),
        (
            SourceDigest(url="https://example.org/a", sha256="d" * 64, kind="url", unhashed=True),
            {
                "uri": "https://example.org/a",
                "name": "a",
                "digest": {"sha256": "d" * 64},
                "annotations": {"unhashed": True},
            },
        ),
        (
            SourceDigest(url="pypi:a/1/a.tar.gz", sha256="d" * 64, kind="url"),
            {"uri": "pypi:a/1/a.tar.gz", "name": "a.tar.gz", "digest": {"sha256": "d" * 64}},
        ),
    ],
)
def test_sources_without_what_is_nobodys_business(
    tmp_path: Path, source: SourceDigest, expected: dict[str, object]
) -> None:
    document = stated(replace(request(tmp_path), sources=(source,)), tmp_path)
    assert definition(document)["resolvedDependencies"][2] == expected


def test_an_unsealed_build_has_no_root(tmp_path: Path) -> None:
    document = stated(replace(request(tmp_path), sealed=False, rootfs_digest=None), tmp_path)
    assert definition(document)["internalParameters"]["sealed"] is False
    assert "rootfs" not in [one["name"] for one in definition(document)["resolvedDependencies"]]


def test_the_facts_of_a_run(tmp_path: Path) -> None:
    found = details(stated(request(tmp_path), tmp_path))
    assert found == {
        "builder": {"id": "tag:example.org,2026:bakehouse/unsigned", "version": {"bakehouse": "0.1"}},
        "metadata": {
            "invocationId": "abc/linux-64/greeting",
            "startedOn": "2020-09-13T12:26:40Z",
            "finishedOn": "2020-09-13T12:27:40Z",
        },
        "byproducts": [{"name": "greeting.log", "digest": {"sha256": "9" * 64}}],
        "bakehouse_sandbox": {
            "name": "bubblewrap",
            "version": "0.8.0",
            "rootless": True,
            "overlay": True,
            "syscalls": True,
        },
        "bakehouse_limits": {"kept_by": "cgroup2", "wall_seconds": 3600},
        "bakehouse_machine": {"kernel": "6.1.0", "architecture": "x86_64", "cores": 8},
    }


def test_a_script_that_did_not_run_has_no_log(tmp_path: Path) -> None:
    assert details(stated(request(tmp_path), tmp_path, run=replace(RUN, log=None)))["byproducts"] == []


def test_what_was_varied_in_a_second_build(tmp_path: Path) -> None:
    found = details(stated(request(tmp_path), tmp_path, run=replace(RUN, varied=("date", "kernel"))))
    assert found["bakehouse_reproducible"] == {"varied": ["date", "kernel"]}


def test_only_the_facts_of_a_run_differ_between_two_runs(tmp_path: Path) -> None:
    other = replace(RUN, invocation="x", started=1.0, finished=2.0, back_end=DOCKER, machine=replace(MACHINE, cores=1))
    one, two = (stated(request(tmp_path), tmp_path, run=run) for run in (RUN, other))
    assert details(one) != details(two)
    for document in (one, two):
        del document["predicate"]["runDetails"]
    assert one == two


def test_the_same_text_every_time(tmp_path: Path) -> None:
    made = request(tmp_path)
    (tmp_path / "out").mkdir()
    package = pack(made, tmp_path / "out")
    assert statement(package, made, TERMS, RUN) == statement(package, made, TERMS, RUN)
    assert statement(package, made, TERMS, RUN).endswith("}\n")


def test_nothing_secret_and_nothing_of_the_machine(tmp_path: Path) -> None:
    text = json.dumps(stated(request(tmp_path), tmp_path))
    for word in ("secret", "tk-123", "user", "pw@", "/home", str(tmp_path)):
        assert word not in text, word


@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0, max_value=4e9))
def test_times_are_in_utc_and_by_the_second(started: float, finished: float) -> None:
    package = pack_nothing()
    run = replace(RUN, started=started, finished=finished)
    document = json.loads(repacked_statement(package, ("a.tar.bz2", "0" * 64), Tool(name="t", version="1"), run))
    jsonschema.validate(document, SCHEMA)
    told = details(document)["metadata"]
    for name, seconds in (("startedOn", started), ("finishedOn", finished)):
        assert datetime.fromisoformat(told[name]).timestamp() == int(seconds)


def pack_nothing() -> Package:
    return Package(
        path=Path("a-1-0.conda"), file_name="a-1-0.conda", name="a", version="1", build="0", subdir="noarch",
        sha256="1" * 64, md5="2" * 32, size=1, record="{}", recipe_key="r", build_key="b",
    )  # fmt: skip


def test_a_package_that_was_packed_anew_says_of_what(tmp_path: Path) -> None:
    document = json.loads(
        repacked_statement(pack_nothing(), ("a-1-0.tar.bz2", "0" * 64), Tool(name="bakehouse", version="0.1"), RUN)
    )
    jsonschema.validate(document, SCHEMA)
    found = definition(document)
    assert found["buildType"].endswith("repack/v1")
    assert found["resolvedDependencies"] == [{"name": "a-1-0.tar.bz2", "digest": {"sha256": "0" * 64}}]
    assert document["subject"] == [{"name": "a-1-0.conda", "digest": {"sha256": "1" * 64}}]


@pytest.mark.parametrize("path", ["subject", "predicate", "predicateType", "_type"])
def test_the_judge_is_strict(tmp_path: Path, path: str) -> None:
    document = stated(request(tmp_path), tmp_path)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: value for key, value in document.items() if key != path}, SCHEMA)
    document["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"] = {"sha256": "xyz"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
