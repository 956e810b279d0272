from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.archive import OpenPackage, read_package
from builder.errors import RecipeError
from builder.model.interpreter import LANGUAGES
from builder.model.recipe import GlobList, ImportTest, PackageContentsTest, PythonTest, Script, ScriptTest, Test
from builder.pack import PackRequest, TestFile, pack
from builder.pack.tests import test_members as members_of_tests
from builder.syntax import read_yaml
from builder.syntax.node import Mapping, Scalar, Sequence
from builder.testing.read import read_tests
from tests.pack.greeting import request


def plain(node: Any) -> Any:
    match node:
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar():
            return node.text
    raise AssertionError(node)


def packed(made: PackRequest, folder: Path) -> OpenPackage:
    return read_package(pack(made, folder / "out").path)


def yaml_of(package: OpenPackage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plain(read_yaml(package.read_info("tests/tests.yaml"), "tests.yaml"))
    return found


def with_tests(made: PackRequest, *tests: Test) -> PackRequest:
    output = replace(made.rendering.output, tests=tests)
    return replace(made, rendering=replace(made.rendering, output=output), test_files=())


def test_a_script_of_which_nothing_is_left_is_not_packed(tmp_path: Path) -> None:
    nothing, python = ScriptTest(script=Script(content=())), PythonTest(imports=("json",))
    found = packed(with_tests(request(tmp_path), nothing, python), tmp_path)
    assert [list(one) for one in yaml_of(found)] == [["python"]]
    assert {name for name in found.info_files() if name.startswith("tests/")} == {
        "tests/tests.yaml",
        "tests/0/test_import.py",
    }
    assert yaml_of(packed(with_tests(request(tmp_path), nothing), tmp_path / "alone")) == []


def test_every_test_in_the_form_of_rattler_build(tmp_path: Path) -> None:
    script, contents, python, downstream, file = yaml_of(packed(request(tmp_path), tmp_path))
    assert script == {
        "script": {"content": ["greet", "test -f data/a.txt"], "env": {"COLOUR": "red"}, "cwd": "../test/info/tests/0"},
        "requirements": {"run": ["coreutils"]},
        "files": {"recipe": ["data/"]},
    }
    assert contents == {
        "package_contents": {
            "files": {"exists": ["share/*.txt"], "not_exists": ["*.la"]}, "bin": ["greet"], "strict": "true",
        },
    }  # fmt: skip
    assert python == {"python": {"imports": ["json", "os.path"], "pip_check": "false"}}
    assert downstream == {"downstream": "other"}
    assert file["script"] == {"content": "greet | grep hello\n", "interpreter": "bash", "cwd": "../test/info/tests/4"}


def test_the_folders_of_cep_14(tmp_path: Path) -> None:
    package = packed(request(tmp_path), tmp_path)
    names = [name for name in package.info_files() if name.startswith("tests/")]
    assert names == [
        "tests/0/data/a.txt", "tests/0/script.json", "tests/0/test_time_dependencies.json", "tests/2/test_import.py",
        "tests/3/test_downstream.json", "tests/4/run", "tests/4/script.json", "tests/4/test_time_dependencies.json",
        "tests/tests.yaml",
    ]  # fmt: skip
    assert json.loads(package.read_info("tests/0/script.json"))["content"] == ["greet", "test -f data/a.txt"]
    assert json.loads(package.read_info("tests/0/test_time_dependencies.json")) == {"build": [], "run": ["coreutils"]}
    assert package.read_info("tests/2/test_import.py") == b"import json\nimport os.path\n"
    assert json.loads(package.read_info("tests/3/test_downstream.json")) == {"downstream": "other"}
    assert package.is_executable("tests/4/run")


def test_a_package_without_tests_has_no_folder_for_them(tmp_path: Path) -> None:
    assert list(members_of_tests(with_tests(request(tmp_path)))) == []


def test_a_plain_python_test_says_no_more_than_its_imports(tmp_path: Path) -> None:
    made = with_tests(
        request(tmp_path), PythonTest(imports=("a",)), PythonTest(imports=("b",), python_version=("3.11.*",))
    )
    assert yaml_of(packed(made, tmp_path)) == [
        {"python": {"imports": ["a"]}},
        {"python": {"imports": ["b"], "python_version": ["3.11.*"]}},
    ]


def test_globs_with_exceptions(tmp_path: Path) -> None:
    test = ScriptTest(
        script=Script(content=("x",)), source_files=GlobList(include=("a/*",), exclude=("a/b",)), build=("make",)
    )
    (found,) = yaml_of(packed(with_tests(request(tmp_path), test), tmp_path))
    assert found["files"] == {"source": {"include": ["a/*"], "exclude": ["a/b"]}}
    assert found["requirements"] == {"build": ["make"]}
    assert "cwd" not in found["script"]


@pytest.mark.parametrize(
    ("name", "interpreter"),
    [
        ("t.py", "python"),
        ("t.sh", "bash"),
        ("t", None),
        ("t.R", "rscript"),
        ("t.nu", "nushell"),
        ("t.js", "nodejs"),
        ("t.ps1", "powershell"),
        ("t.bash", "bash"),
    ],
)
def test_the_interpreter_goes_by_the_file(tmp_path: Path, name: str, interpreter: str | None) -> None:
    made = with_tests(request(tmp_path), ScriptTest(script=Script(file=name)))
    (made.rendering.recipe.folder / name).write_text("x\n")
    (found,) = yaml_of(packed(made, tmp_path))
    assert found["script"].get("interpreter") == interpreter


def test_what_the_recipe_says_comes_first(tmp_path: Path) -> None:
    script = Script(file="check", interpreter="dash", cwd="share", secrets=("TOKEN",))
    (found,) = yaml_of(packed(with_tests(request(tmp_path), ScriptTest(script=script)), tmp_path))
    assert found["script"] == {
        "content": "greet | grep hello\n", "interpreter": "dash", "secrets": ["TOKEN"], "cwd": "share",
    }  # fmt: skip


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="test script nothing is not in the recipe's folder"):
        pack(with_tests(request(tmp_path), ScriptTest(script=Script(file="nothing"))), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_the_test_wins_over_ours(tmp_path: Path) -> None:
    made = request(tmp_path)
    own = TestFile(test=0, path="script.json", content=made.rendering.recipe.folder / "LICENSE")
    package = packed(replace(made, test_files=(*made.test_files, own)), tmp_path)
    assert package.read_info("tests/0/script.json") == b"MIT text\n"


def test_modules_of_other_languages_are_tests_of_their_own_kind(tmp_path: Path) -> None:
    perl, r, ruby = LANGUAGES
    tests = (
        ImportTest(language=perl, names=("A::B", "C")),
        ImportTest(language=r, names=("x",)),
        ImportTest(language=ruby, names=("y/z",)),
    )
    package = packed(with_tests(request(tmp_path), *tests), tmp_path)
    assert yaml_of(package) == [
        {"perl": {"uses": ["A::B", "C"]}}, {"r": {"libraries": ["x"]}}, {"ruby": {"requires": ["y/z"]}},
    ]  # fmt: skip
    assert [name for name in package.info_files() if name.startswith("tests/")] == ["tests/tests.yaml"]
    assert read_tests(package) == tests


def test_every_section_of_package_contents_comes_back_as_it_went_in(tmp_path: Path) -> None:
    sections = ("files", "bin", "lib", "include", "site_packages")
    values = {name: (f"{name}-there", "other") for name in sections} | {
        f"not_{name}": (f"no-{name}",) for name in sections
    }
    tests = (
        PackageContentsTest(**values, strict=True),
        PackageContentsTest(not_lib=("z",)),
        PackageContentsTest(bin=("a",)),
    )
    package = packed(with_tests(request(tmp_path), *tests), tmp_path)
    assert read_tests(package) == tests
    assert yaml_of(package)[1:] == [
        {"package_contents": {"lib": {"not_exists": ["z"]}}}, {"package_contents": {"bin": ["a"]}},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("interpreter", "written"),
    [("r", "rscript"), ("nu", "nushell"), ("node", "nodejs"), ("sh", "bash"), ("who", "who")],
)
def test_an_interpreter_has_the_name_that_the_peer_knows(tmp_path: Path, interpreter: str, written: str) -> None:
    script = Script(content=("x",), interpreter=interpreter)
    (found,) = yaml_of(packed(with_tests(request(tmp_path), ScriptTest(script=script)), tmp_path))
    assert found["script"]["interpreter"] == written


def test_what_conda_builds_bash_lets_pass_is_let_pass_by_whoever_runs_the_test(tmp_path: Path) -> None:
    made = request(tmp_path)
    (made.rendering.recipe.folder / "easy.sh").write_text("false | true\n")
    lines = ScriptTest(script=Script(content=("false | true",), strict=False))
    file = ScriptTest(script=Script(file="easy.sh", strict=False))
    python = ScriptTest(script=Script(content=("import os",), interpreter="python", strict=False))
    found = yaml_of(packed(with_tests(made, lines, file, python), tmp_path))
    assert [one["script"] for one in found] == [
        ["set +uo pipefail", "false | true"],
        {"content": "set +uo pipefail\nfalse | true\n", "interpreter": "bash"},
        {"content": ["import os"], "interpreter": "python"},
    ]
