"""Post-link scripts: which packages have one, and what they find when they are run in the place of an installer."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from builder.model.environment import Environment, LinkedPrefix, LockedPackage
from builder.script.linking import post_link_lines, with_post_link


def package(name: str, version: str = "1.0", number: int = 0) -> LockedPackage:
    return LockedPackage(
        name=name, version=version, build=f"h_{number}", build_number=number, subdir="linux-64", file_name="", url="",
        channel="", sha256="", size=0,
    )  # fmt: skip


def prefix_of(folder: Path, *packages: LockedPackage) -> LinkedPrefix:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    return LinkedPrefix(
        environment=Environment(packages=packages), folder=folder, inside=PurePosixPath(folder), owners=()
    )


def script(folder: Path, name: str, text: str) -> None:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / f".{name}-post-link.sh").write_text(text)


def run(folder: Path, *packages: LockedPackage) -> subprocess.CompletedProcess[str]:
    lines = "\n".join(post_link_lines(PurePosixPath(folder), packages))
    return subprocess.run(
        ["/bin/bash", "-c", f"{lines}\necho after $(type -t post_link)"],
        capture_output=True, text=True, check=False, cwd="/", env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_packages_that_have_one_in_the_environments_order(tmp_path: Path) -> None:
    for name in ("zlib", "a-b.c", "of-nobody"):
        script(tmp_path, name, "")
    (tmp_path / "bin" / ".left-pre-unlink.sh").touch()
    prefix = prefix_of(tmp_path, package("zlib"), package("left"), package("a-b.c"))
    assert [one.name for one in with_post_link(prefix)] == ["zlib", "a-b.c"]
    assert with_post_link(prefix_of(tmp_path / "bare")) == ()


def test_without_one_there_is_nothing_to_do() -> None:
    assert list(post_link_lines(PurePosixPath("/p"), ())) == []


def test_what_a_script_finds(tmp_path: Path) -> None:
    script(tmp_path, "a", "echo $PREFIX $CONDA_PREFIX $PKG_NAME $PKG_VERSION $PKG_BUILDNUM $PWD")
    done = run(tmp_path, package("a", "1!2.0", 7))
    assert done.stdout.splitlines() == [f"{tmp_path} {tmp_path} a 1!2.0 7 {tmp_path}", "after"]


def test_each_in_turn_and_none_leaves_variables_behind(tmp_path: Path) -> None:
    script(tmp_path, "a", "echo a >> log; export X=1; cd /")
    script(tmp_path, "b", "echo b ${X:-} >> log")
    assert run(tmp_path, package("b"), package("a"), package("b")).returncode == 0
    assert (tmp_path / "log").read_text() == "b\na\nb\n"


def test_one_that_fails_ends_all(tmp_path: Path) -> None:
    script(tmp_path, "a", "exit 3")
    script(tmp_path, "b", "echo never")
    done = run(tmp_path, package("a"), package("b"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the post-link script of a failed, as it would where the package is installed\n"


def test_its_message_to_users_is_shown_once(tmp_path: Path) -> None:
    script(tmp_path, "a", 'echo "restart your shell" > "$PREFIX/.messages.txt"')
    script(tmp_path, "b", ":")
    assert run(tmp_path, package("a"), package("b")).stdout == "restart your shell\nafter\n"
    assert not (tmp_path / ".messages.txt").exists()


def test_a_prefix_with_blanks(tmp_path: Path) -> None:
    folder = tmp_path / "a prefix $HOME"
    script(folder, "a", 'touch "$PREFIX/ran"')
    assert run(folder, package("a")).returncode == 0
    assert (folder / "ran").exists()
