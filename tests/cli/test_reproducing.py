"""``--check-reproducible`` from the command line: what is published, refused and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.cli.reproducing import was_built_twice
from builder.sandbox.varied import tools_lock
from builder.store import Store
from tests.cli.conftest import Command, write_recipe

GOOD = """\
package: {name: hello, version: "1.0"}
build:
  noarch: generic
  script:
    - mkdir "$PREFIX/share"
    - (uname -n; id -u; pwd; date +%Z; echo "$LANG $HOME $SOURCE_DATE_EPOCH"; umask) > "$PREFIX/share/hello"
extra:
  bakehouse:
    leak_allowlist: ["share/*"]
"""


def embedding(words: str) -> str:
    return GOOD.replace("(uname -n", f"({words}; uname -n")


@pytest.fixture
def stocked(command: Command, kitchen: Path, machine_store: Store) -> Command:
    """The command over a store that has the tools of second builds."""
    store = Store(kitchen)
    for deb in tools_lock().debs:
        path = machine_store.file(deb.sha256)
        assert path is not None, "run `make fetch`"
        store.add_file([path.read_bytes()], sha256=deb.sha256)
    return command


def test_host_name_user_paths_zone_and_locale_do_no_harm(stocked: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "hello", GOOD)
    said = stocked("build", recipe, "--out", tmp_path / "out", "--check-reproducible", "--offline")
    assert said.code == 0, said.err
    assert "the same when built twice" in said.err
    assert "everything is built twice; what is other the second time: the date" in said.err
    [statement] = (tmp_path / "out").rglob("*.intoto.json")
    assert was_built_twice(statement.read_text())
    varied = json.loads(statement.read_text())["predicate"]["runDetails"]["bakehouse_reproducible"]["varied"]
    assert {"date", "kernel"} <= set(varied)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("date", "the time of the build"),
        ("date +%Y", "the time of the build"),
        ('echo "-j$CPU_COUNT"', "the number of processors"),
        ("uname -r", "the release of the machine's kernel"),
        ("cat /proc/sys/kernel/random/uuid", "something random"),
    ],
)
def test_what_a_script_embeds_is_found(stocked: Command, tmp_path: Path, words: str, cause: str) -> None:
    """G22: the time, the number of processors, the machine."""
    recipe = write_recipe(tmp_path / "hello", embedding(words))
    said = stocked("build", recipe, "--out", tmp_path / "out", "--check-reproducible", "--offline", "--json")
    assert said.code == 1
    [error] = said.errors
    assert error["code"] == "reproducible.differs"
    assert error["file"] == "hello-1.0-h4616a5c_0.conda: share/hello"
    assert isinstance(error["line"], int)
    assert cause in str(error["message"])
    assert not list((tmp_path / "out").rglob("hello*"))


def test_without_the_option_nothing_is_found(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "hello", embedding("date"))
    said = command("build", recipe, "--out", tmp_path / "out", "--json")
    assert said.code == 0
    assert isinstance(said.document, list)
    assert [package["reproducible"] for package in said.document] == [None]


def test_what_was_built_once_is_told_when_it_is_reused(stocked: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "hello", GOOD)
    options = ("build", recipe, "--offline", "--json", "--out")
    stocked(*options, tmp_path / "once")
    reused = stocked(*options, tmp_path / "once", "--check-reproducible")
    assert reused.code == 0
    assert "was built before and only once" in reused.err
    stocked(*options, tmp_path / "twice", "--check-reproducible")
    again = stocked(*options, tmp_path / "twice", "--check-reproducible")
    assert "only once" not in again.err
    documents = [said.document for said in (reused, again)]
    assert [(one[0]["ending"], one[0]["reproducible"]) for one in documents if isinstance(one, list)] == [
        ("reused", None),
        ("reused", True),
    ]


def test_without_isolation_there_is_nothing_to_compare(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "hello", GOOD)
    said = command("build", recipe, "--out", tmp_path / "out", "--check-reproducible", "--isolation", "none", "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "cli.check-reproducible"
    assert not list((tmp_path / "out").rglob("hello*"))


def test_tools_that_were_never_fetched(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "hello", GOOD)
    said = command("build", recipe, "--out", tmp_path / "out", "--check-reproducible", "--offline", "--json")
    assert said.code == 3
    assert "bakehouse fetch" in str(said.errors[0]["remedy"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"predicate": []}', '{"predicate": {"runDetails": 1}}', "\0"])
def test_what_is_no_statement_says_nothing(text: str) -> None:
    assert not was_built_twice(text)
