"""Six small packages from recipe to channel by the command: what the matrix predicts is what lies there, tested."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.e2e.command import SIX, Bakehouse, indexed, packages
from tests.e2e.conftest import MakeBakehouse

BUILD = ("build", "--progress", "plain")


def predicted(bakehouse: Bakehouse, *paths: Path) -> set[str]:
    rendered = bakehouse.document("render", *paths)
    assert isinstance(rendered, list)
    return {
        f"{one['subdir']}/{one['name']}-{one['version']}-{one['build']}.conda"
        for one in rendered
        if one["kind"] == "package" and not one["skip"]
    }


def test_what_the_matrix_predicts_is_what_the_channel_holds(bakehouse: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    document = bakehouse.document("build", SIX, "--out", out, "-j", "2")
    assert isinstance(document, list)
    assert set(packages(out)) == predicted(bakehouse, SIX)
    assert len(packages(out)) == 6
    assert indexed(out) == packages(out)
    assert {one["sha256"] for one in document} == set(packages(out).values())
    assert all(test["passed"] for one in document for test in one["tests"])
    assert sum(len(one["tests"]) for one in document) == 6
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in out.rglob("*") if path.is_file())


def test_the_second_build_builds_nothing_and_says_why(bakehouse: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    bakehouse.good(*BUILD, SIX, "--out", out)
    before = packages(out)
    again = bakehouse.run(*BUILD, SIX, "--out", out)
    assert again.returncode == 0
    assert "6 reused" in again.stderr
    assert ": built" not in again.stderr
    assert "nothing has changed" in again.stderr
    assert packages(out) == before


def test_a_changed_script_rebuilds_it_and_what_depends_on_new_bytes_only(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, out = tmp_path / "recipes", tmp_path / "channel"
    shutil.copytree(SIX, recipes)
    bakehouse.good(*BUILD, recipes, "--out", out)
    recipe = recipes / "words" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("install -Dm644", "install -D -m644"))
    plan = bakehouse.document("plan", recipes, "--out", out)
    assert isinstance(plan, list)
    states = {task["id"].split("/")[1].rsplit("-", 2)[0]: (task["state"], task["reason"]) for task in plan}
    assert states["six-words"][0] == "build"
    assert "the recipe's build changed" in states["six-words"][1]
    assert states["six-base"][0] == "reuse"
    assert states["six-data"][0] == "after"
    bakehouse.good(*BUILD, recipes, "--out", out)
    assert indexed(out) == packages(out)


def test_what_nobody_can_notice_stops_at_the_package_itself(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, out = tmp_path / "recipes", tmp_path / "channel"
    shutil.copytree(SIX, recipes)
    bakehouse.good(*BUILD, recipes, "--out", out)
    before = packages(out)
    (recipes / "words" / "NOTES.txt").write_text("a file that the script does not use\n")
    said = bakehouse.run(*BUILD, recipes, "--out", out).stderr
    changed = {name for name, digest in packages(out).items() if before[name] != digest}
    assert changed == {"noarch/six-words-1.0-h4616a5c_0.conda"}
    assert "its build key is in the channel" in said
    again = bakehouse.run(*BUILD, recipes, "--out", out).stderr
    assert "6 reused" in again


def test_identical_bytes_whatever_surrounds_the_build(make_bakehouse: MakeBakehouse, tmp_path: Path) -> None:
    make_bakehouse("one store").good(*BUILD, SIX, "--out", tmp_path / "one", "-j", "1")
    recipes = tmp_path / "elsewhere" / "deep"
    shutil.copytree(SIX, recipes)
    for path in recipes.rglob("*"):
        path.touch()
    surroundings = (("TZ", "Asia/Kathmandu"), ("LC_ALL", "C"), ("HOME", "/"))
    other = replace(make_bakehouse("another store"), environment=surroundings)
    other.good(*BUILD, recipes, "--out", tmp_path / "two", "-j", "4")
    assert packages(tmp_path / "one") == packages(tmp_path / "two")


def test_a_failed_task_blames_only_what_depends_on_it(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, out = tmp_path / "recipes", tmp_path / "channel"
    shutil.copytree(SIX, recipes)
    recipe = recipes / "base" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("- chmod 755", "- echo about to fail\n    - exit 7 #"))
    done = bakehouse.run(*BUILD, recipes, "--out", out, "--keep-going")
    assert done.returncode == 1
    assert {name.split("/")[1].rsplit("-", 2)[0] for name in packages(out)} == {"six-words"}
    assert "about to fail" in done.stderr
    assert "exit code 7" in done.stderr
    failed = bakehouse.run("build", recipes, "--out", out, "--keep-going", "--json")
    document = json.loads(failed.stdout)
    assert failed.returncode == 1
    assert [error["code"] for error in document["errors"]].count("script") == 1


def test_a_package_whose_tests_fail_stays_out_of_the_channel(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, out = tmp_path / "recipes", tmp_path / "channel"
    shutil.copytree(SIX, recipes)
    recipe = recipes / "base" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("grep -x a\n", "grep -x wrong\n"))
    done = bakehouse.run(*BUILD, recipes / "base", "--out", out)
    assert done.returncode == 1
    assert packages(out) == {}
    words = [word.strip("`;") for word in done.stderr.split()]
    place = next(word for word in words if word.endswith(".conda") and word.startswith("/"))
    assert Path(place).is_file()


def test_a_missing_dependency_is_one_clear_line_and_with_deps_builds_it(bakehouse: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    alone = bakehouse.run(*BUILD, SIX / "app", "--out", out)
    assert alone.returncode == 2
    assert "six-show" in alone.stderr
    assert "--with-deps" in alone.stderr
    bakehouse.good(*BUILD, SIX / "app", "--out", out, "--with-deps")
    assert set(packages(out)) == predicted(bakehouse, SIX)


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_json_is_one_document_and_nothing_else(bakehouse: Bakehouse, tmp_path: Path, jobs: str) -> None:
    text = bakehouse.good("build", SIX / "words", "--out", tmp_path / "channel", "--json", "-j", jobs)
    (package,) = json.loads(text)
    assert set(package) >= {"path", "sha256", "findings", "tests", "timings"}
    assert Path(package["path"]).is_file()


def test_a_lock_file_is_written_used_and_refused_when_stale(bakehouse: Bakehouse, tmp_path: Path) -> None:
    recipes, lock = tmp_path / "recipes", tmp_path / "lock.json"
    shutil.copytree(SIX, recipes)
    build = (*BUILD, recipes, "--out", tmp_path / "channel", "--lock-file", lock)
    bakehouse.good(*build)
    written = json.loads(lock.read_text())
    assert len(written["tasks"]) == 7
    shutil.rmtree(tmp_path / "channel" / "linux-64")
    bakehouse.good("index", tmp_path / "channel")
    bakehouse.good(*BUILD, recipes / "base", "--out", tmp_path / "channel", "--lock-file", lock, "--locked")
    recipe = recipes / "app" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("host: [six-base]", "host: [six-base, six-words]"))
    stale = bakehouse.run(*build, "--locked", "--keep-going")
    assert stale.returncode == 2
    assert "out of date" in stale.stderr
    assert "six-words" in stale.stderr


def test_isolation_none_builds_staging_outputs_too_and_says_so(bakehouse: Bakehouse, tmp_path: Path) -> None:
    out = tmp_path / "channel"
    recipes = (SIX / "base", SIX / "words", SIX / "kit")
    bakehouse.good(*BUILD, *recipes, "--out", out, "--isolation", "none")
    packages = {package.name.rsplit("-", 2)[0]: package for package in out.glob("*/*.conda")}
    assert packages.keys() >= {"six-base", "six-words", "six-data", "six-show"}
    for package in packages.values():
        assert json.loads(read_package(package).read_info("bakehouse/keys.json"))["sealed"] is False
