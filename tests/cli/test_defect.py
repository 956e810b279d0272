"""What nobody foresaw: one line for people, the traceback in a file, exit code 1."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from builder.cli.defect import defect_error, store_root
from tests.e2e.command import CHECKOUT, Bakehouse


def failing() -> Exception:
    try:
        raise KeyError("a secret place\nsecond line")
    except KeyError as error:
        return error


def test_a_defect_is_one_line_and_a_file_with_the_traceback(tmp_path: Path) -> None:
    error = defect_error(failing(), ["build", "a b", "--store", str(tmp_path / "store")])
    (problem,) = error.problems
    assert (error.exit_code, problem.code) == (1, "defect")
    assert "\n" not in problem.message
    assert "defect of bakehouse: KeyError" in problem.message
    (file,) = (tmp_path / "store" / "defects").iterdir()
    assert str(file) in str(problem.remedy)
    text = file.read_text()
    assert "bakehouse build 'a b' --store" in text
    assert "Traceback (most recent call last)" in text
    assert "in failing" in text


def test_the_same_defect_is_one_file(tmp_path: Path) -> None:
    failed = failing()
    for store in ("one", "one", "two"):
        defect_error(failed, ["--store", str(tmp_path / store)])
    assert [len(list((tmp_path / name / "defects").iterdir())) for name in ("one", "two")] == [1, 1]


def test_a_defect_is_told_whole_where_no_file_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (problem,) = defect_error(failing(), ["--store", str(tmp_path / "file")]).problems
    assert "in failing" in str(problem.remedy)


def test_a_defect_in_a_verb_ends_with_code_1_and_a_document(process: Bakehouse, tmp_path: Path) -> None:
    # What springs here stands for any mistake of ours: an import hook of the interpreter's, in that process alone.
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, sys\nclass Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'builder.matrix': raise RuntimeError('sprung')\n"
        "sys.meta_path.insert(0, Trap())\n"
    )
    variables = {**process.variables(), "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
    done = subprocess.run(
        process.argv("render", "--json"), env=variables, capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    (error,) = json.loads(done.stdout)["errors"]
    assert (done.returncode, error["code"], done.stderr) == (1, "defect", "")
    assert "RuntimeError: sprung" in error["message"]
    (file,) = (process.store / "defects").iterdir()
    assert str(file) in error["remedy"]


def test_the_store_of_a_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAKEHOUSE_STORE", str(tmp_path / "named"))
    assert store_root(["build", "--store", "/a"]) == Path("/a")
    assert store_root(["build", "--store=/b"]) == Path("/b")
    assert store_root(["build", "--store"]) == tmp_path / "named"
    monkeypatch.delenv("BAKEHOUSE_STORE")
    assert store_root(["build"]).parts[-2:] == ("bakehouse", "store")
