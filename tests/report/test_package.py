"""What `build --json` says of each package."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from builder.model.outcome import Ending
from builder.model.package import TestResult
from builder.model.variant import Variant
from builder.report import package as said
from builder.report.package import package_document
from builder.report.package import test_document as document_of_test
from tests.report.values import built, failed


def channel_with_zlib(tmp_path: Path) -> Path:
    folder = tmp_path / "linux-64"
    folder.mkdir(parents=True)
    (folder / "zlib-1.0-hb0f4dca_0.conda").write_bytes(b"a package")
    return tmp_path


def test_a_built_package_says_everything_that_is_known(tmp_path: Path) -> None:
    document = package_document(built(), channel_with_zlib(tmp_path))
    assert document["path"] == str(tmp_path / "linux-64" / "zlib-1.0-hb0f4dca_0.conda")
    assert document["ending"] == "built"
    assert document["sha256"] == "0" * 64
    assert document["depends"] == [
        {"spec": "libgcc >=12", "origin": "run export of build", "source": "gcc_linux-64"},
        {"spec": "bash", "origin": "recipe", "source": ""},
    ]
    assert document["timings"] == {"script": 2.5, "pack": 0.01}
    assert document["findings"] == [
        {
            "check": "linkage", "severity": "warning", "path": "lib/libz.so.1",
            "message": "libm.so.6 is not used", "remedy": "drop it",
        },
        {
            "check": "prefix", "severity": "note", "path": None,
            "message": "a note that only verbose runs show", "remedy": None,
        },
    ]  # fmt: skip
    assert document["peak_memory"] is None
    seen = package_document(replace(built(), peak_memory=1 << 20), tmp_path)
    assert seen["peak_memory"] == 1 << 20
    json.dumps(document)


def test_programs_of_the_machine_that_a_test_used_are_told() -> None:
    result = TestResult(what="script 0", passed=True, seconds=1, undeclared=("gcc", "perl"))
    assert document_of_test(result)["undeclared"] == ["gcc", "perl"]
    assert "undeclared" not in document_of_test(replace(result, undeclared=()))


def test_a_reused_package_is_looked_at_where_it_lies(tmp_path: Path) -> None:
    reused = replace(built(), ending=Ending.REUSED, package=None, environments=None, findings=(), tests=(), timings=())
    document = package_document(reused, channel_with_zlib(tmp_path))
    assert document["sha256"] == hashlib.sha256(b"a package").hexdigest()
    assert document["size"] == len(b"a package")
    assert (document["depends"], document["tests"], document["timings"]) == ([], [], {})


def test_it_says_what_it_was_built_for(tmp_path: Path) -> None:
    variant = Variant.of({"c_compiler": "gcc", "level": 3, "debug": True})
    document = package_document(built(), channel_with_zlib(tmp_path), variant)
    assert document["variant"] == {"c_compiler": "gcc", "level": 3, "debug": True}
    assert package_document(built(), channel_with_zlib(tmp_path / "other"))["variant"] == {}


def test_a_test_says_how_it_went_and_where_its_log_is() -> None:
    (passed,) = built().tests
    (bad,) = failed().tests
    assert said.test_document(passed) == {"what": "script 0", "passed": True, "seconds": 0.1, "log": None}
    assert said.test_document(bad) == {"what": "script 1", "passed": False, "seconds": 1, "log": "/tmp/test.log"}


def test_a_test_that_could_not_run_says_why() -> None:
    ran = TestResult(what="script 0", passed=True, seconds=1.23456, log=Path("/l/0.log"))
    assert document_of_test(ran) == {"what": "script 0", "passed": True, "seconds": 1.235, "log": "/l/0.log"}
    skipped = TestResult(what="downstream a", passed=True, seconds=0, tail="not run, for …", skipped=True)
    assert document_of_test(skipped) == {
        "what": "downstream a", "passed": True, "seconds": 0, "log": None, "skipped": "not run, for …",
    }  # fmt: skip
