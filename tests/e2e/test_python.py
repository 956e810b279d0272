"""CPython, its libraries and packages for it as `make demo-python` builds them: looked through, used, built again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from builder.archive import OpenPackage, read_package
from builder.store import Store
from tests.e2e.command import CHECKOUT, Built, build_paths_in, indexed, packages
from tests.e2e.elsewhere import elsewhere
from tests.e2e.pythons import AGAIN, OPTIONS, linked, package_name, predicted

pytestmark = pytest.mark.sandbox


def opened(collection: Built, name: str) -> OpenPackage:
    """The one package of that name."""
    (found,) = (path for path in collection.channel.glob("*/*.conda") if package_name(str(path)) == name)
    return read_package(found)


def files(package: OpenPackage) -> set[str]:
    """Every path that a package has, as paths.json says."""
    return {str(entry["_path"]) for entry in package.paths()}


def test_the_channel_holds_what_the_matrix_predicts_and_every_package_was_tested(
    collection: Built, built: Built
) -> None:
    there = set(packages(collection.channel))
    assert there == set(indexed(collection.channel))
    assert there == predicted() | set(packages(built.channel))
    for one in collection.document:
        tests = one["tests"]
        assert isinstance(tests, list)
        assert all(test["passed"] for test in tests)


def test_python_says_what_conda_forges_does(collection: Built) -> None:
    """Where packages go, who depends on it how, and which packages fit (CEP 17; the conventions of conda-forge)."""
    python = opened(collection, "python")
    assert python.index()["python_site_packages_path"] == "lib/python3.13/site-packages"
    assert python.index()["build"].endswith("_0_cp313")
    assert {"libexpat", "libffi", "liblzma", "libsqlite", "libuuid", "bzip2", "ncurses", "openssl", "readline"} <= {
        spec.split()[0] for spec in python.index()["depends"]
    }
    assert python.run_exports() == {"noarch": ("python",), "weak": ("python_abi 3.13.* *_cp313",)}
    abi = opened(collection, "python_abi").index()
    assert (abi["build"], abi["constrains"], abi["depends"]) == ("0_cp313", ["python 3.13.* *_cp313"], [])


def test_the_tests_of_python_are_a_package_of_their_own(collection: Built) -> None:
    python, tests = opened(collection, "python"), opened(collection, "python-test-modules")
    folder = "lib/python3.13/test/"
    assert [path for path in files(python) if path.startswith(folder)] == []
    assert {f"{folder}test_ssl.py", f"{folder}__main__.py"} <= files(tests)
    own = ("lib/python3.13/test/", "lib/python3.13/lib-dynload/")
    assert [path for path in files(tests) if not path.startswith(own)] == []
    assert files(python) & files(tests) == set()


def test_modules_are_compiled_and_their_bytecode_depends_on_no_time(collection: Built, tmp_path: Path) -> None:
    """PEP 552: by the hash of the source. What knows the prefix has none, for the installer changes it."""
    for name, least in (("python", 500), ("markupsafe", 1), ("memory-allocator", 1)):
        package = opened(collection, name)
        paths = files(package)
        compiled = {path for path in paths if path.endswith(".pyc")}
        assert len(compiled) >= least
        assert all(path.endswith(".cpython-313.pyc") for path in compiled)
        package.extract(tmp_path / name)
        assert {(tmp_path / name / path).read_bytes()[4] & 1 for path in compiled} == {1}
        changed = {str(entry["_path"]) for entry in package.paths() if entry.get("prefix_placeholder")}
        assert [path for path in changed if path.endswith(".pyc")] == []


def test_a_package_for_every_python_has_its_commands_told_and_nothing_compiled(collection: Built) -> None:
    pygments = opened(collection, "pygments")
    assert (pygments.index()["noarch"], pygments.index()["subdir"]) == ("python", "noarch")
    assert set(pygments.index()["depends"]) == {"python", "python >=3.9"}
    assert all(path.startswith("site-packages/pygments") for path in files(pygments))
    assert [path for path in files(pygments) if path.endswith(".pyc")] == []
    link = json.loads(pygments.read_info("link.json"))
    assert link["noarch"] == {"type": "python", "entry_points": ["pygmentize = pygments.cmdline:main"]}


def test_an_extension_depends_on_the_python_that_it_was_compiled_for(collection: Built) -> None:
    for name in ("markupsafe", "memory-allocator"):
        package = opened(collection, name)
        assert {"python", "python_abi 3.13.* *_cp313"} <= set(package.index()["depends"])
        modules = [path for path in files(package) if path.endswith(".so")]
        assert modules
        assert all(path.endswith(".cpython-313-x86_64-linux-gnu.so") for path in modules)


def test_an_extension_with_the_stable_interface_is_for_every_newer_python(collection: Built) -> None:
    """CEP 20: laid out as ``noarch: python``, for one platform."""
    psutil = opened(collection, "psutil")
    assert (psutil.index()["noarch"], psutil.index()["subdir"]) == ("python", "linux-64")
    depends = set(psutil.index()["depends"])
    assert {"cpython >=3.13", "python-gil", "python"} <= depends
    assert not any(spec.startswith("python_abi") for spec in depends)
    assert "site-packages/psutil/_psutil_linux.abi3.so" in files(psutil)


@pytest.fixture(scope="module")
def used(collection: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A prefix that py-rattler installed, where everything was used, and what that said."""
    prefix = tmp_path_factory.mktemp("used-python") / "prefix"
    done = subprocess.run(
        [sys.executable, "-m", "ci.use_python", collection.channel, prefix],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return prefix, done.stdout


def test_python_and_packages_of_every_kind_work_where_rattler_installed_them(used: tuple[Path, str]) -> None:
    _, said = used
    assert re.search(r"Python 3\.13\.\d+: markupsafe _speedups\.cpython-313-", said)
    assert "psutil _psutil_linux.abi3.so, pygments 2." in said
    assert "No broken requirements found." in said
    assert re.search(r"pygmentize: [1-9]\d{2,} pieces of coloured code", said)


def test_pythons_own_tests_pass(used: tuple[Path, str]) -> None:
    _, said = used
    names = [line for line in (CHECKOUT / "ci" / "python_tests.txt").read_text().splitlines() if line[:1] != "#"]
    assert len(names) == len(set(names)) >= 60
    assert "Result: SUCCESS" in said
    (run,) = re.findall(r"Total test files: run=(\d+)", said)
    assert int(run) == len(names)


def test_no_installed_file_knows_where_it_was_built(used: tuple[Path, str]) -> None:
    prefix, _ = used
    assert build_paths_in(prefix) == []


def without_some(channel: Path, copy: Path) -> Path:
    """Copy a channel, all but what is to be built again."""
    for name in packages(linked(channel, copy)):
        if package_name(name) in AGAIN:
            (copy / name).unlink()
    return copy


def test_identical_bytes_whoever_builds_where_and_when(collection: Built, machine_store: Store, tmp_path: Path) -> None:
    """A few packages once more, four at once, in other surroundings. `make twice` builds all of them."""
    with elsewhere(machine_store) as place:
        there, first = without_some(collection.channel, place.root / "out"), packages(collection.channel)
        assert {package_name(name) for name in first.keys() - packages(there).keys()} == set(AGAIN)
        place.run("index", "out")
        recipes = [f"recipes/python/{name}" for name in AGAIN]
        place.run("build", *recipes, *OPTIONS, "--out", "out", "-j", "4", "-q")
        assert packages(there) == first
