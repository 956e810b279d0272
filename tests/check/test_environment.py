"""What a script did to files that are not its own."""

from __future__ import annotations

from pathlib import Path

from builder.check import SiblingFiles
from builder.check.environment import check_environment
from builder.model.finding import Finding, Severity
from builder.model.payload import Entry, EntryKind, RelocatedEntry
from tests.check.packages import around, brief, host, plain, relocated
from tests.payload.prefix import installed

HOST = host(("share/cache", "cache"), ("lib/x.so", "x"))


def checked(*entries: RelocatedEntry, **fields: object) -> list[Finding]:
    return list(check_environment(relocated(*entries), around(host=HOST, **fields)))


def test_changed_and_deleted_files_are_warnings_that_name_their_owner(tmp_path: Path) -> None:
    left = installed(tmp_path, changed=("share/cache", "share/unknown"), deleted=("lib/x.so",))
    found = checked(plain("bin/a"), installed=left)
    assert brief(found) == [
        ("environment", Severity.WARNING, path) for path in ("share/cache", "share/unknown", "lib/x.so")
    ]
    assert "changed this file of the package cache" in found[0].message
    assert "changed this file;" in found[1].message
    assert "deleted this file of the package x" in found[2].message


def test_a_changed_file_that_is_packed_is_told_as_shared(tmp_path: Path) -> None:
    found = checked(plain("share/cache"), installed=installed(tmp_path, changed=("share/cache",)))
    assert [finding.message for finding in found] == ["the package cache has a file at this place too"]


def test_two_outputs_with_one_file() -> None:
    sibling = SiblingFiles(name="other", paths=frozenset({"bin/a"}))
    (found,) = checked(plain("bin/a"), plain("bin/b"), siblings=(sibling,))
    assert (found.path, found.severity) == ("bin/a", Severity.WARNING)
    assert "the output other" in found.message


def test_two_outputs_with_the_same_bytes_in_one_file() -> None:
    entry = plain("bin/a")
    sibling = SiblingFiles(name="other", paths=frozenset({"bin/a"}), digests={"bin/a": entry.sha256})
    (found,) = checked(entry, siblings=(sibling,))
    assert found.severity is Severity.NOTE
    assert found.message == "the output other has a file at this place too, with the same bytes"


def test_folders_may_be_shared() -> None:
    folder = RelocatedEntry(entry=Entry(path="share", kind=EntryKind.DIRECTORY), sha256="0" * 64)
    sibling = SiblingFiles(name="other", paths=frozenset({"share"}))
    assert checked(folder, siblings=(sibling,)) == []


def test_the_version_before_in_the_environment_is_no_stranger() -> None:
    same = around(host=host(("bin/demo", "demo")))
    assert list(check_environment(relocated(plain("bin/demo")), same)) == []


def test_a_script_that_minded_its_own_business() -> None:
    assert checked(plain("bin/a"), plain("share/b")) == []


def test_bytecode_that_a_running_python_renewed_is_no_matter(tmp_path: Path) -> None:
    renewed = "lib/python3.13/site-packages/a/__pycache__/b.cpython-313.pyc"
    left = installed(tmp_path, changed=("share/cache", renewed), deleted=(renewed,))
    assert [(finding.path, "changed" in finding.message) for finding in checked(installed=left)] == [
        ("share/cache", True),
        (renewed, False),
    ]
