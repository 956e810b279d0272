"""Every command that the documentation shows is run, as a reader would, and prints what the page says it prints."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.store import Store, remove_tree
from tests.e2e.command import CHECKOUT, Built
from tests.e2e.guides import Change, Command, Reader, Step, Write, comparable, steps, unlike

pytestmark = pytest.mark.sandbox

README = CHECKOUT / "README.md"
TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
REFERENCE = CHECKOUT / "docs" / "reference" / "command-line.md"
GUIDES = [README, TUTORIAL, *sorted((CHECKOUT / "docs" / "how-to").glob("*.md")), REFERENCE]

ELSEWHERE: Mapping[str, str] = {
    "make demo": "it builds the whole collection: tests/e2e/test_collection.py does",
    "make test": "this is it",
    "docker run": "it needs docker",
    "podman": "it needs an engine: tests/e2e/test_podman.py has one",
    "docker load": "it needs an engine: tests/cli/test_rootfs.py has one",
    "bakehouse doctor --isolation docker": "it needs an engine at its usual place",
    "--image": "it needs an engine and an image: tests/cli/test_roots.py has both",
    "bakehouse debug recipes/base/zlib": "it waits for somebody at a terminal, or for a build that has failed",
    "bakehouse test channel/linux-64/*.conda": "all tests of all packages: the build of the collection ran them",
    "python -m benchmarks": "it measures for minutes",
    "bakehouse repin": "it asks Debian's archive: tests/source/test_repin.py has one of its own",
    "render thing": "its source lies nowhere: tests/cli/test_asking_sources.py has one",
    "fetch thing": "its source lies nowhere: tests/cli/test_asking_sources.py has one",
    "bakehouse matrix": "it needs a feedstock: feedstock-jobs.md has one, and tests/cli/test_matrix.py",
    "example.org": "there is nothing: tests/environment and tests/source have servers of their own",
}
"""What a command holds that cannot run here, and the reason."""


BEFORE: Mapping[str, tuple[str, ...]] = {
    "test-a-package.md": ("bakehouse build recipes/heat --out channel",),
    "sources.md": (
        "git init -q -b main oven",
        "echo rye > oven/grain && git -C oven add grain && git -C oven commit -q -m first",
        "bakehouse build bread",
        "echo oat > oven/grain && git -C oven commit -q -a -m second",
    ),
    "clean-the-store.md": ("bakehouse build recipes/loaf", "bakehouse build recipes/oven"),
}
"""What the readers of a page have built before."""

BREAD = """\
package: {name: bread, version: "1.0"}
source: {git: ../oven, branch: main}
build: {noarch: generic, script: install -D -t $PREFIX/share grain}
"""
HEAT = """\
package: {name: heat, version: "1.0"}
build: {script: touch $PREFIX/heat}
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  ignore_run_exports: {from_package: [gcc_linux-64, sysroot_linux-64]}
tests:
  - script: test -f $PREFIX/heat
  - downstream: bakery
"""


def page_steps(page: Path) -> list[Step]:
    return list(steps(page.read_text(encoding="utf-8")))


def runs_here(command: Command, page: Path) -> bool:
    """Whether a page's command can run; those of the reference need what only other pages have."""
    if command.line.startswith("bakehouse matrix") and page != REFERENCE:
        return True
    return not any(text in command.line for text in ELSEWHERE)


# -- folders to begin in -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, machine_store: Store) -> Iterator[Path]:
    """A store with all that was fetched and nothing built, for all pages."""
    # beside the machine's store, for hard links to its files
    folder = Path(tempfile.mkdtemp(prefix="guides-", dir=machine_store.root.parent))
    shutil.copytree(machine_store.root / "files", folder / "store" / "files", copy_function=os.link)
    try:
        yield folder / "store"
    finally:
        remove_tree(folder)


@pytest.fixture
def environment(tmp_path: Path, store: Path) -> dict[str, str]:
    """What a reader's shell has: the commands of the checkout's environment first."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, arguments in (("bakehouse", "-m builder "), ("python", "")):
        file = commands / name
        file.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n')
        file.chmod(0o755)
    return {
        "PATH": f"{commands}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", "BAKEHOUSE_STORE": str(store),
        "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "ignore",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip


def checkout(folder: Path, built: Built) -> None:
    """Make a clone in which ``make demo`` has run, as far as bakehouse is concerned."""
    folder.mkdir()
    for name in ("recipes", "variants"):
        shutil.copytree(CHECKOUT / name, folder / name)
    shutil.copy(CHECKOUT / "bakehouse.yaml", folder)
    shutil.copytree(built.channel, folder / "channel", copy_function=os.link)
    for index in folder.glob("channel/*/*.json*"):
        content = index.read_bytes()  # not the same file: the commands write it
        index.unlink()
        index.write_bytes(content)


def beside_a_checkout(folder: Path, built: Built, store: Path) -> None:
    """Make the folder of the tutorial's first step, with a clone in it."""
    folder.mkdir()
    checkout(folder / "bakehouse", built)
    (folder / "bakehouse" / ".cache").mkdir()
    (folder / "bakehouse" / ".cache" / "store").symlink_to(store)
    (folder / "bakehouse" / ".venv" / "bin").mkdir(parents=True)
    (folder / "bakehouse" / ".venv" / "bin" / "activate").touch()  # its commands are in PATH already


def with_small_recipes(folder: Path, built: Built) -> None:
    """Add the recipes of the README, the how-to of staging recipes and the tutorial's beginning, and two more."""
    checkout(folder, built)
    staging = CHECKOUT / "docs" / "how-to" / "staging-recipe.md"
    for page, name in ((README, "rise"), (staging, "loaf")):
        text = page.read_text(encoding="utf-8")
        recipe = next(part for part in text.split("```yaml\n")[1:] if f"name: {name}\n" in part).partition("```")[0]
        (folder / "recipes" / name).mkdir()
        (folder / "recipes" / name / "recipe.yaml").write_text(recipe, encoding="utf-8")
    for name, recipe in (("recipes/heat", HEAT), ("bread", BREAD)):
        (folder / name).mkdir()
        (folder / name / "recipe.yaml").write_text(recipe, encoding="utf-8")
    (folder / "bakehouse.yaml").write_text("variants: [variants/linux.yaml]\nrecipes: [recipes/base, recipes]\n")
    written = [step for step in page_steps(TUTORIAL) if isinstance(step, Write) and "oven" in step.path]
    for step in reversed(written):  # the first version of each
        file = folder / step.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step.text, encoding="utf-8")


# -- the pages ---------------------------------------------------------------------------------------------------------


def prepared(page: Path, folder: Path, built: Built, store: Path) -> Path:
    """Return the folder that the page's reader is in."""
    if page == README:
        folder.mkdir()
    elif page == TUTORIAL:
        beside_a_checkout(folder, built, store)
    else:
        with_small_recipes(folder, built)
    return folder


def fails(command: Command, following: Step | None) -> bool:
    """Whether the page shows that a command fails: the exit code, or in the words of `build`."""
    asked = isinstance(following, Command) and following.line == "echo $?"
    return asked or any(line.endswith(": failed") for line in command.shown or ())


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_page_does_what_it_says(
    page: Path, tmp_path: Path, built: Built, store: Path, environment: dict[str, str]
) -> None:
    reader = Reader(prepared(page, tmp_path / "here", built, store), environment)
    todo = [step for step in page_steps(page) if not isinstance(step, Command) or runs_here(step, page)]
    for line in BEFORE.get(page.name, ()):
        said = reader.do(Command(line=line, shown=None))
        assert reader.status == 0, f"{line}\n{said}"
    for step, following in zip(todo, [*todo, None][1:], strict=True):
        printed = reader.do(step)
        if not isinstance(step, Command):
            continue
        assert (reader.status == 0) is not fails(step, following), f"{step.line}: exit code {reader.status}\n{printed}"
        if step.shown is not None:
            assert unlike(step.shown, printed) is None, f"{step.line}\n{printed}"


def test_what_does_not_run_here_is_on_some_page() -> None:
    lines = [step.line for page in GUIDES for step in page_steps(page) if isinstance(step, Command)]
    assert [text for text in ELSEWHERE if not any(text in line for line in lines)] == []
    assert len(lines) > 40


def test_what_the_reference_says_is_in_a_package_is_all_that_is_in_it(
    tmp_path: Path, built: Built, environment: dict[str, str]
) -> None:
    with_small_recipes(tmp_path / "here", built)
    reader = Reader(tmp_path / "here", environment)
    reader.do(Command(line="bakehouse build recipes/loaf --out loaves", shown=None))
    assert reader.status == 0
    packages = sorted((tmp_path / "here" / "loaves").glob("*/*.conda"))
    assert [package.name.rsplit("-", 2)[0] for package in packages] == ["loaf", "loaf-data"]
    page = (CHECKOUT / "docs" / "reference" / "package.md").read_text(encoding="utf-8")
    patterns = re.findall(r"^\| `(info/[^`]+)`", page, re.MULTILINE)
    names = [f"info/{name}" for package in packages for name in read_package(package).info_files()]
    assert [name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []
    assert {"info/index.json", "info/tests/tests.yaml", "info/bakehouse/keys.json"} <= set(names)


# -- the reader of pages itself ----------------------------------------------------------------------------------------

PAGE = """\
```yaml
# here/a.yaml
key: [1]
```
```sh
cd here
```
```diff
--- a.yaml
+++ a.yaml
@@ -1,2 +1,2 @@
 # here/a.yaml
-key: [1]
+key: [2]
```
```console
$ cat a.yaml
# here/a.yaml
key: [2]
$ false
$ echo $?
1
```
<!-- the diff undone -->
```yaml
only: to read
```
```console
$ grep key a.yaml && export SAID=so
key: [1]
$ echo $SAID
so
```
"""


def test_a_page_is_a_script(tmp_path: Path) -> None:
    reader = Reader(tmp_path, {"PATH": "/usr/bin:/bin"})
    todo = list(steps(PAGE))
    assert [type(step) for step in todo] == [
        Write,
        Command,
        Change,
        Command,
        Command,
        Command,
        Change,
        Command,
        Command,
    ]
    for step in todo:
        printed = reader.do(step)
        if isinstance(step, Command) and step.shown is not None:
            assert unlike(step.shown, printed) is None
    assert reader.folder == tmp_path / "here"
    assert (tmp_path / "here" / "a.yaml").read_text() == "# here/a.yaml\nkey: [1]\n"


@pytest.mark.parametrize(
    ("shown", "printed", "missing"),
    [
        (["a", "b"], "a\nb\n", None),
        (["a"], "a\nb\n", "nothing after: a"),
        ([], "a\n", "nothing after: the command"),
        (["a", "…"], "a\nb\nc\n", None),
        (["…", "c"], "a\nb\nc\n", None),
        (["…", "b"], "a\nb\nc\n", "nothing after: b"),
        (["a", "c"], "a\nb\nc\n", "c"),
        (["…", "b", "a"], "a\nb\nc\n", "a"),
        (["x … z"], "x y z", None),
        (["x … z"], "x y", "x … z"),
        (["a.c"], "abc", "a.c"),
        (["built in 1.3 s, 6.4 KiB"], "built in 12 ms, 3 MiB", None),
        (["in 1 min 02 s;"], "in 3 s;", None),
        (["version 1.3"], "version 1.4", "version 1.3"),
        (["channel: /home/you/channel"], "channel: /elsewhere/channel", None),
        (["channel: /home/you/channel"], "channel: /elsewhere/other", "channel: /home/you/channel"),
        (["file:///home/you/oven: x"], "file:///tmp/a-1/b.c/oven: x", None),
        (["lib/a.so and bin/b"], "lib/a.so and bin/c", "lib/a.so and bin/b"),
        (["  98 MiB  files"], "9 KiB  files", None),
    ],
)
def test_what_a_command_shows_must_be_what_it_prints(shown: list[str], printed: str, missing: str | None) -> None:
    assert unlike(shown, printed) == missing


def test_digests_and_phases_do_not_count() -> None:
    assert comparable("a" * 64 + "  x") == comparable("b" * 64 + " x")
    assert comparable("time per phase: script 1 s, …") == comparable("time per phase: testing 0.3 s")


def test_a_diff_that_does_not_fit_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("other\n")
    with pytest.raises(AssertionError, match="patch does not apply"):
        Reader(tmp_path, {"PATH": "/usr/bin:/bin"}).do(Change(diff="--- a\n+++ a\n@@ -1 +1 @@\n-x\n+y\n"))
