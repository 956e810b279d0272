"""``bakehouse inspect``: a package with its statement, without one, and with one that is not its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adversarial.crates import Crate, channel, listed
from tests.channel.making import make_package
from tests.cli.conftest import HELLO, Command, write_recipe


@pytest.fixture
def package(command: Command, tmp_path: Path) -> Path:
    """A package that was just built."""
    recipe = write_recipe(tmp_path / "hello", HELLO)
    assert command("build", recipe, "--out", tmp_path / "out").code == 0
    [found] = (tmp_path / "out").rglob("hello*.conda")
    return found


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """Somebody's package with a statement of which only the subject is right."""
    made = make_package(tmp_path / "made", "alpha")
    beside(made.path).write_text(made.statement)
    return made.path


def beside(package: Path) -> Path:
    return package.with_name(package.name + ".intoto.json")


def test_what_it_says_and_how_it_was_made(command: Command, package: Path) -> None:
    said = command("inspect", package)
    assert said.code == 0
    lines = [line.strip() for line in said.out.splitlines()]
    assert lines[0].startswith(f"linux-64/{package.name}  ")
    assert "1 files, license CC0-1.0" in lines
    assert any(line.startswith("isolated by bubblewrap ") for line in lines)
    assert any(line.startswith("recipe key ") for line in lines)
    assert lines[-1].endswith("things with known digests; unsigned")


def test_all_of_it_as_data(command: Command, package: Path) -> None:
    [found] = list(command("inspect", package, "--json").document)  # type: ignore[call-overload]
    assert found["path"] == str(package)
    assert found["index"]["name"] == "hello"
    assert found["about"]["license"] == "CC0-1.0"
    assert found["run_exports"] is None
    assert [path["_path"] for path in found["paths"]] == ["hello.txt"]
    assert found["bakehouse"]["keys"]["sealed"] is True
    assert found["bakehouse"]["sbom"]["bomFormat"] == "CycloneDX"
    assert found["statement"] == json.loads(beside(package).read_text())
    assert found["statement"]["subject"][0]["digest"]["sha256"] == found["sha256"]


def test_without_a_statement(command: Command, package: Path) -> None:
    beside(package).unlink()
    assert "no statement" in command("inspect", package).out
    [found] = list(command("inspect", package, "--json").document)  # type: ignore[call-overload]
    assert found["statement"] is None


def test_a_statement_about_another_package(command: Command, strange: Path) -> None:
    text = beside(strange).read_text()
    digest = json.loads(text)["subject"][0]["digest"]["sha256"]
    beside(strange).write_text(text.replace(digest, "0" * 64))
    said = command("inspect", strange, "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "inspect.other"
    assert "0" * 64 in str(said.errors[0]["message"])


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"subject": []}', "\0"])
def test_what_is_no_statement(command: Command, strange: Path, text: str) -> None:
    beside(strange).write_text(text)
    said = command("inspect", strange, "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "inspect.statement"
    assert said.errors[0]["remedy"]


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"predicate": 1},
        {"predicate": {"runDetails": [], "buildDefinition": None}},
        {"predicate": {"runDetails": {"metadata": 1, "builder": {"version": "x"}, "bakehouse_reproducible": []}}},
        {"predicate": {"buildDefinition": {"resolvedDependencies": {}, "externalParameters": {"permissions": 0}}}},
    ],
)
def test_strangers_statements_are_shown_as_far_as_they_are_like_ours(
    command: Command, strange: Path, details: dict[str, object]
) -> None:
    subject = json.loads(beside(strange).read_text())["subject"]
    beside(strange).write_text(json.dumps({"subject": subject, **details}))
    said = command("inspect", strange)
    assert said.code == 0
    assert "by somebody" in said.out


def test_permissions_and_a_second_build_are_told(command: Command, package: Path) -> None:
    document = json.loads(beside(package).read_text())
    document["predicate"]["runDetails"]["bakehouse_reproducible"] = {"varied": ["date", "kernel"]}
    permissions = {"network": True, "mounts": [{"inside": "/data", "writable": True}]}
    document["predicate"]["buildDefinition"]["externalParameters"]["permissions"] = permissions
    beside(package).write_text(json.dumps(document))
    said = command("inspect", package).out
    assert "its scripts might use the network" in said
    assert "/data" in said
    assert "built twice with the same bytes; other was: date, kernel" in said


def test_no_package(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.conda").write_text("no package")
    assert command("inspect", tmp_path / "x.conda", "--json").code == 2
    absent = command("inspect", tmp_path / "absent.conda", "--json")
    assert absent.code == 2
    [problem] = json.loads(absent.out)["errors"]
    assert str(tmp_path / "absent.conda") in problem["message"]
    assert problem["remedy"]


def test_what_is_no_package_gets_another_remedy_than_a_damaged_one(command: Command, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# read me")
    (tmp_path / "torn-1.0-0.conda").write_bytes(b"PK\x03\x04")
    [text] = command("inspect", tmp_path / "README.md", "--json").errors
    assert (text["code"], text["remedy"]) == ("archive.no-package", "name a package file of a channel")
    assert str(text["message"]).startswith("README.md is no package")
    [torn] = command("inspect", tmp_path / "torn-1.0-0.conda", "--json").errors
    assert str(torn["remedy"]).startswith("get it from its channel again")


def test_what_keeps_a_package_from_being_published(command: Command, tmp_path: Path) -> None:
    keys = json.dumps({"publishable": False, "unpublishable": ["lib-1.0-0.conda"]}).encode()
    package = channel(tmp_path, [Crate(name="odd", replaced={"bakehouse/keys.json": keys})], "conda")["odd"]
    lines = [line.strip() for line in command("inspect", package).out.splitlines()]
    assert "built with lib-1.0-0.conda, never to be published" in lines
    assert "never to be published: nothing vouches for what it was made from" in lines


@pytest.mark.parametrize(
    "keys",
    [b"[]", b"1", b'{"sources": 1}', b'{"sources": [1, {}, {"url": ["x"]}], "recipe_key": {}}', b"[" * 100_000, b"{"],
)
def test_what_anybody_may_have_written_is_shown_or_left_out(command: Command, tmp_path: Path, keys: bytes) -> None:
    crate = Crate(name="odd", replaced={"bakehouse/keys.json": keys, "about.json": b"[[1]]"})
    package = channel(tmp_path, [crate], "conda")["odd"]
    said = command("inspect", package)
    assert said.code == 0, said.err
    assert "linux-64/odd-1.0-0.conda" in said.out
    document = json.loads(command("inspect", package, "--json").out)
    assert document[0]["about"] == [[1]]


def test_all_that_is_wrong_is_told_at_once(command: Command, tmp_path: Path) -> None:
    crates = [Crate(name="one", index={"name": "two"}), Crate(name="fine"), Crate(name="liar", says=[listed("x")])]
    packages = channel(tmp_path, crates, "conda")
    said = command("inspect", *packages.values())
    assert (said.code, said.out) == (2, "")
    assert [line.split(":")[1].strip() for line in said.err.splitlines() if line.startswith("error")] == [
        "one-1.0-0.conda", "liar-1.0-0.conda",
    ]  # fmt: skip
