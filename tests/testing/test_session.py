"""What a test script finds around it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builder.model.inside import SEALED, inside_paths
from builder.sandbox import Overlay, find_sandbox
from builder.sandbox.fake import FakeSandbox
from tests.testing.conftest import Tried, make_package


def test_the_package_is_asked_for_exactly_and_first(tried: Tried) -> None:
    tried.run_script("true", more="  requirements: {run: [make, 'gcc >=12'], build: [cmake]}\n")
    assert tried.asked == [
        (("zlib ==1.3 h1_0", "make", "gcc >=12"), SEALED.test_prefix),
        (("cmake",), SEALED.build_prefix),
    ]


def test_the_prefix_is_another_than_the_builds(tried: Tried) -> None:
    tried.prefix = {"bin/z": "#!/bin/bash\necho @prefix@\n"}
    result = tried.run_script("z", "echo $PREFIX $CONDA_PREFIX", 'test "$PREFIX" = /bakehouse/test_env')
    assert result.passed
    assert tried.lines == ["$PREFIX", "$PREFIX $PREFIX"]
    assert SEALED.test_prefix != SEALED.prefix


def test_what_it_is_told_of_the_package(tried: Tried) -> None:
    result = tried.run_script(
        "echo $PKG_NAME $PKG_VERSION $PKG_BUILD_STRING $PKG_BUILDNUM $SUBDIR $CONDA_BUILD_STATE $c_compiler",
        'test "${LD_PRELOAD:-}${PYTHON:-}${BUILD_PREFIX:-}" = ""',
        info={"hash_input.json": '{"c_compiler": "gcc", "LD_PRELOAD": "/evil.so", "target_platform": "win-64"}'},
    )
    assert result.passed
    assert tried.lines == ["zlib 1.3 h1_0 0 linux-64 TEST gcc"]


def test_a_noarch_package_is_tested_on_a_real_platform(tried: Tried) -> None:
    result = tried.run_script("echo $target_platform $SUBDIR $SHLIB_EXT", subdir="noarch", noarch="generic")
    assert result.passed
    assert tried.lines == ["linux-64 linux-64 .so"]


def test_a_python_in_the_environment_is_told_of(tried: Tried) -> None:
    tried.pythons = ("3.12.4",)
    assert tried.run_script("echo $PY_VER $SP_DIR").passed
    assert tried.lines == ["3.12 $PREFIX/lib/python3.12/site-packages"]


def test_packages_are_installed_with_their_post_link_scripts(tried: Tried) -> None:
    tried.archives = {"hooked": Path("never fetched")}
    tried.prefix = {
        "bin/.hooked-post-link.sh": 'echo "$PKG_NAME $PKG_VERSION $SET" > "$PREFIX/linked"\n',
        "bin/.other-post-link.sh": "exit 1\n",
        "etc/conda/activate.d/a.sh": "export SET=activated\n",
    }
    assert tried.run_script("cat $PREFIX/linked", "echo $PKG_NAME").passed
    assert tried.lines == ["hooked 2.0 activated", "zlib"]


def test_a_post_link_script_that_fails_fails_the_test(tried: Tried) -> None:
    tried.archives = {"hooked": Path("never fetched")}
    tried.prefix = {"bin/.hooked-post-link.sh": "echo no desktop here; exit 7\n"}
    result = tried.run_script("echo never")
    assert not result.passed
    assert result.tail.splitlines()[:2] == [
        "no desktop here",
        "the post-link script of hooked failed, as it would where the package is installed",
    ]
    assert "never" not in tried.lines


def test_build_requirements_are_in_the_path_before_the_package(tried: Tried) -> None:
    tried.prefix = {
        "bin/tool": "#!/bin/bash\necho @prefix@\n",
        "etc/conda/activate.d/a.sh": "export SEEN=$SEEN:@prefix@\n",
    }
    assert tried.run_script("tool", "echo $BUILD_PREFIX $SEEN", more="  requirements: {build: [make]}\n").passed
    assert tried.lines == ["$BUILD_PREFIX", "$BUILD_PREFIX :$PREFIX:$BUILD_PREFIX"]


def test_its_files_lie_where_it_starts(tried: Tried) -> None:
    result = tried.run_script(
        "cat data.txt sub/more.txt", "find . -type f | sort", "./tool", "echo changed > data.txt", "pwd",
        info={
            "tests/0/data.txt": "data\n", "tests/0/sub/more.txt": "more\n", "tests/1/other.txt": "other\n",
            "tests/0/tool": "#!/bin/bash\necho tool\n", "tests/0/script.json": "{}",
            "tests/0/test_time_dependencies.json": "{}",
        },
        executable=["tests/0/tool"],
    )  # fmt: skip
    assert result.passed, result.tail
    assert tried.lines == ["data", "more", "./data.txt", "./sub/more.txt", "./tool", "tool", "$SRC_DIR"]


@pytest.mark.parametrize("cwd", ["info/tests/0", "../test/info/tests/0"])
def test_it_starts_among_its_files_when_the_package_names_their_folder(tried: Tried, cwd: str) -> None:
    assert tried.run_script("cat data.txt", more=f"    cwd: {cwd}\n", info={"tests/0/data.txt": "x\n"}).passed


def test_a_peers_package_keeps_its_files_in_the_prefix(tried: Tried) -> None:
    place = "etc/conda/test-files/zlib/0"
    tried.prefix = {f"{place}/data.txt": "x\n"}
    assert tried.run_script("cat data.txt", "touch made", "pwd", more=f"    cwd: {place}\n").passed
    assert tried.lines == ["x", f"$PREFIX/{place}"]


def test_a_folder_of_the_prefix_that_is_missing_is_a_failed_test(tried: Tried) -> None:
    result = tried.run_script("echo on", more="    cwd: etc/conda/test-files/zlib/7\n")
    assert not result.passed
    assert "No such file" in result.tail
    assert "on" not in tried.lines


def test_the_linked_environment_is_not_written_to(tried: Tried) -> None:
    tried.prefix = {"lib/data": "good\n"}
    assert tried.run_script("echo evil > $PREFIX/lib/data", "rm $PREFIX/lib/data", "touch $PREFIX/new").passed
    (linked,) = tried.folder.glob("linked-*")
    assert [path.name for path in linked.rglob("*") if path.is_file()] == ["data"]
    assert (linked / "lib" / "data").read_text() == "good\n"


@pytest.mark.parametrize("line", ["gcc", "exec 3<>/dev/tcp/192.0.2.1/80", "cat /etc/shadow", "echo x > /usr/x"])
def test_a_test_is_as_sealed_as_a_build(tried: Tried, line: str) -> None:
    assert not tried.run_script(line).passed


def test_its_variables_come_from_the_package(tried: Tried) -> None:
    assert tried.run_script("echo $A", more="    env: {A: 'it''s $x'}\n").passed
    assert tried.lines == ["it's $x"]


def test_the_mounts_of_two_runs_are_apart(tried: Tried, tmp_path: Path) -> None:
    fake = FakeSandbox()
    tried.bench = replace(tried.bench, sandbox=fake)
    tried.run(make_package(tmp_path, "- script: a\n- script: b\n"))
    uppers = [mount.upper for opened in fake.opened for mount in opened.mounts if isinstance(mount, Overlay)]
    assert len(uppers) == len(set(uppers)) == 4, "the environment and the work folder of each"


def test_without_a_sandbox_it_runs_all_the_same(tried: Tried, tmp_path: Path) -> None:
    inside = inside_paths(PurePosixPath(tmp_path / "tests"))
    tried.bench = replace(tried.bench, sandbox=find_sandbox("none", tmp_path), inside=inside)
    tried.prefix = {"lib/data": "fresh\n"}
    line = "cat $PREFIX/lib/data; echo used > $PREFIX/lib/data; cat own; echo x > own"
    package = make_package(tmp_path, f"- script: {line!r}\n- script: {line!r}\n",
                           info={"tests/0/own": "own\n", "tests/1/own": "own\n"})  # fmt: skip
    assert [(one.passed, one.tail) for one in tried.run(package)] == [(True, "fresh\nown"), (True, "fresh\nown")]
