"""In which order processes take the files of tests, and that every file stays one."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.order import FIRST, ordered

CHECKOUT = Path(__file__).parents[1]
FILES = {
    Path("tests/archive/test_tar.py"): {"tmp_path"},
    Path("tests/cli/test_build.py"): {"kitchen"},
    Path("tests/e2e/test_python.py"): {"built", "collection"},
    Path("tests/e2e/test_backends.py"): {"collection"},
    Path("tests/e2e/test_compilers.py"): {"built"},
    Path("tests/e2e/test_collection.py"): {"built"},
    Path("tests/e2e") / FIRST: {"built", "collection"},
    Path("tests/e2e/test_six.py"): {"bakehouse"},
    Path("tests/sandbox/test_limits.py"): {"bench"},
}


def test_what_takes_longest_begins_and_what_fills_gaps_ends() -> None:
    assert [file.stem.removeprefix("test_") for file in ordered(FILES)] == [
        "peer_builds", "limits", "build", "collection", "compilers", "six", "python", "backends", "tar",
    ]  # fmt: skip


@given(st.permutations(sorted(FILES)))
def test_files_of_one_place_stay_in_their_order(files: list[Path]) -> None:
    """Each process orders them for itself, and all must agree; those that are found are in one order everywhere."""
    found = ordered({file: FILES[file] for file in files})
    assert sorted(found) == sorted(FILES)
    assert found == ordered({file: FILES[file] for file in found})


def test_the_first_is_there_and_asks_for_both_collections() -> None:
    tree = ast.parse((CHECKOUT / "tests" / "e2e" / FIRST).read_text(encoding="utf-8"))
    arguments = {
        argument.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for argument in node.args.args
    }
    assert {"built", "collection"} <= arguments
