"""``*.dist-info`` folders: who installed, from where, and what."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.finding import Finding, Severity
from builder.model.payload import Entry
from builder.payload.distributions import tidy_distributions
from tests.payload.prefix import Tree, installed

SITE = "lib/python3.13/site-packages"
INFO = f"{SITE}/demo-1.0.dist-info"
RECORD = """\
../../../bin/demo,sha256=AAAA,443
demo-1.0.dist-info/INSTALLER,sha256=zuuue4knoyJ-UwPPXg8fezS7VCrXJQrAP7zeNuwvFQg,4
demo-1.0.dist-info/RECORD,,
demo-1.0.dist-info/direct_url.json,sha256=BBBB,93
demo/__init__.py,sha256=CCCC,1
demo/__pycache__/__init__.cpython-313.pyc,,
"""
DEMO: dict[str, str | bytes] = {
    "bin/demo": "#!/bin/sh\n",
    f"{SITE}/demo/__init__.py": "1",
    f"{INFO}/INSTALLER": "pip\n",
    f"{INFO}/METADATA": "Name: demo\n",
    f"{INFO}/RECORD": RECORD,
    f"{INFO}/direct_url.json": json.dumps({"dir_info": {}, "url": "file:///bakehouse/work"}),
}


def tidied(tmp_path: Path, tree: Tree, *made: str) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    left = installed(tmp_path / "prefix", tree)
    entries, findings = tidy_distributions(left.entries, tmp_path / "scratch", made=set(made))
    return {entry.path: entry.content.read_bytes() for entry in entries if entry.content is not None}, findings


def test_the_installer_is_conda(tmp_path: Path) -> None:
    """rattler-build's rule: pip will not uninstall what it did not install."""
    found, _ = tidied(tmp_path, DEMO)
    assert found[f"{INFO}/INSTALLER"] == b"conda\n"
    assert (tmp_path / "prefix" / INFO / "INSTALLER").read_text() == "pip\n"


def test_where_it_was_built_is_forgotten(tmp_path: Path) -> None:
    found, _ = tidied(tmp_path, DEMO)
    assert f"{INFO}/direct_url.json" not in found


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"url": "https://example.org/demo.git", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}),
        "no JSON",
        "[]",
        "[" * 100_000,
    ],
)
def test_another_origin_stays(tmp_path: Path, said: str) -> None:
    found, findings = tidied(tmp_path, DEMO | {f"{INFO}/direct_url.json": said})
    assert found[f"{INFO}/direct_url.json"] == said.encode()
    assert b"demo-1.0.dist-info/direct_url.json,sha256=BBBB,93\n" in found[f"{INFO}/RECORD"]
    assert findings == ()


def test_the_list_of_files_is_true(tmp_path: Path) -> None:
    found, findings = tidied(tmp_path, DEMO, "bin/demo")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"conda\n").digest()).decode().rstrip("=")
    assert found[f"{INFO}/RECORD"].decode().splitlines() == [
        "../../../bin/demo,,",
        f"demo-1.0.dist-info/INSTALLER,sha256={digest},6",
        "demo-1.0.dist-info/RECORD,,",
        "demo/__init__.py,sha256=CCCC,1",
    ]
    assert findings == ()


def test_a_command_that_a_script_installed_itself_keeps_its_digest(tmp_path: Path) -> None:
    found, _ = tidied(tmp_path, DEMO)
    assert found[f"{INFO}/RECORD"].startswith(b"../../../bin/demo,sha256=AAAA,443\n")


def test_what_the_package_does_not_hold_is_a_note_and_stays_listed(tmp_path: Path) -> None:
    gone = "".join(f"demo/gone{number}.py,sha256=D,1\r\n" for number in range(5))
    found, (finding,) = tidied(tmp_path, DEMO | {f"{INFO}/RECORD": RECORD + gone})
    assert found[f"{INFO}/RECORD"].endswith(gone.encode())
    assert (finding.severity, finding.path) == (Severity.NOTE, f"{INFO}/RECORD")
    assert finding.message.endswith(f"{SITE}/demo/gone0.py, {SITE}/demo/gone1.py, {SITE}/demo/gone2.py and 2 more")


@pytest.mark.parametrize("record", ["", "\n\n", "one cell\n", "a,b,c,d\n", "\xff\n", '"open,,\n', "a\0b,,\n"])
def test_a_list_that_is_none_stays_as_it_is(tmp_path: Path, record: str) -> None:
    content = record.encode("latin-1")
    found, _ = tidied(tmp_path, DEMO | {f"{INFO}/RECORD": content})
    assert found[f"{INFO}/RECORD"] == content


def test_names_with_commas_and_quotes_are_read_as_csv_has_them(tmp_path: Path) -> None:
    odd = 'demo/a, "b".py'
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([odd, "", ""])
    found, findings = tidied(tmp_path, DEMO | {f"{SITE}/{odd}": "x", f"{INFO}/RECORD": line.getvalue()})
    assert (found[f"{INFO}/RECORD"].decode(), findings) == (line.getvalue(), ())


def test_folders_without_a_list_and_files_beside_them_stay(tmp_path: Path) -> None:
    tree: Tree = {
        f"{SITE}/demo.egg-info/INSTALLER": "pip\n",
        "share/RECORD": "a,,\n",
        "INSTALLER": "pip\n",
        f"{INFO}/METADATA": "Name: demo\n",
    }
    found, findings = tidied(tmp_path, tree)
    assert found == {path: str(content).encode() for path, content in tree.items()}
    assert findings == ()


def test_the_result_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    assert tidied(tmp_path / "a", DEMO, "bin/demo") == tidied(tmp_path / "b", DEMO, "bin/demo")


@given(st.binary(max_size=200))
def test_no_list_breaks_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever a RECORD holds, each line stays, is dropped, or gets an own row; twice is as good as once."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "RECORD").write_bytes(content)
    entry = Entry(path=f"{INFO}/RECORD", kind="file", content=folder / "RECORD", size=len(content))  # type: ignore[arg-type]
    (once,), _ = tidy_distributions([entry], folder / "1", made=set())
    (twice,), _ = tidy_distributions([once], folder / "2", made=set())
    assert once.content is not None
    assert twice.content is not None
    assert once.content.read_bytes() == twice.content.read_bytes()
    assert once.size == len(once.content.read_bytes())
