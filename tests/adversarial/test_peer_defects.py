"""Defects of rattler-build 0.73 with packages (its D7 to D11 and D14): the same situation, through the real command.

The numbers are those under which they were reproduced there: a binary file that begins like text, a pipe that is waited
for, packages that only their builder may read, variants of one name, what is lost or left behind without a word, and
paths masked within longer ones.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builder.archive import OpenPackage, read_package
from tests.adversarial.attack import Attack, Ended

LEFT = """
package: {name: left, version: "1"}
build:
  script:
    - mkdir -p $PREFIX/bin $PREFIX/share $PREFIX/var/empty
    - (head -c 2000 /dev/zero | tr '\\0' a; echo; printf '%s\\0tail\\0' "$PREFIX/share") > $PREFIX/share/late-binary.dat
    - printf '%s\\n' "$PREFIX/share" > $PREFIX/share/plain.txt
    - echo hello > $PREFIX/bin/one && ln $PREFIX/bin/one $PREFIX/bin/two
    - printf '%s\\n' "$PREFIX/share" | gzip -n > $PREFIX/share/packed.gz
    - echo "here is $SRC_DIR and ${SRC_DIR}_run_env/share/data"
"""
BAD = """
package: {name: bad, version: "1"}
build:
  script:
    - mkdir -p $PREFIX/bin $PREFIX/share
    - echo x > $PREFIX/bin/su && chmod 4755 $PREFIX/bin/su
    - ln -s /etc/hostname $PREFIX/share/hostname
    - echo "$BUILD_PREFIX/bin/cc" > $PREFIX/share/compiler.txt
    - echo "$SRC_DIR/main.c" > $PREFIX/share/sources.txt
    - printf '%s' "$PREFIX/share" | sed 's/./&\\x00/g' > $PREFIX/share/wide.bin
    - mkfifo $PREFIX/share/pipe
"""
FLAVOURED = """
package: {name: flavoured, version: "1"}
build:
  string: same_0
  script: ["echo the flavour is ${{ flavor }} > $PREFIX/flavor"]
"""


@dataclass(frozen=True, slots=True)
class Built:
    """How a build ended, and the channel that it wrote."""

    ended: Ended
    channel: Path

    @property
    def package(self) -> OpenPackage:
        (path,) = (self.channel / "linux-64").glob("*.conda")
        return read_package(path)

    @property
    def findings(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """What the checks found, by check and path."""
        (package,) = self.ended.document()
        return {(one["check"], one["path"]): one for one in package["findings"]}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def build(attack: Attack, recipe: str, store: Path, *options: str | Path) -> Built:
    attack.put("recipe.yaml", recipe)
    channel = attack.store / "out"
    ended = attack.build(attack.folder, "--out", channel, *options, store=store)
    return Built(ended, channel)


@pytest.fixture(scope="module")
def left(oven: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A package with all that is no error, built by somebody who lets nobody read their files."""
    attack = Attack(tmp_path_factory.mktemp("left").resolve())
    with umask(0o077):
        built = build(attack, LEFT, oven, "--json")
    assert built.ended.code == 0, built.ended.err[-3000:]
    return built


@pytest.fixture(scope="module")
def bad(oven: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of a package with all that is an error, by path."""
    built = build(Attack(tmp_path_factory.mktemp("bad").resolve()), BAD, oven)
    assert built.ended.code == 1
    assert not list(built.channel.rglob("*.conda"))
    assert all(told.remedy for told in built.ended.told)
    return {told.file.rpartition(": ")[2]: told.message for told in built.ended.told}


def test_peer_d7_a_binary_file_that_begins_like_text(left: Built) -> None:
    """Installers would shift what follows the prefix in a file that is replaced as text."""
    modes = {entry["_path"]: entry.get("file_mode") for entry in left.package.paths()}
    assert modes["share/late-binary.dat"] == "binary"
    assert modes["share/plain.txt"] == "text"


def test_peer_d8_a_pipe_in_the_prefix_ends_the_build(bad: dict[str, str]) -> None:
    """That anything is said at all shows that nobody waited for somebody to write into it."""
    assert bad["share/pipe"] == "it is a device, a FIFO or a socket, which no package can hold"


def test_peer_d9_everybody_can_read_a_channel(left: Built) -> None:
    """It is served by another user than who builds, and on a shared disk read by others."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (left.channel, *left.channel.rglob("*"))}
    own = left.channel / ".bakehouse"
    seen = {path: mode for path, mode in modes.items() if not path.is_relative_to(own)}
    assert len(seen) > 5
    assert {path.name for path, mode in seen.items() if mode & 0o444 != 0o444} == set()
    assert {path.name for path, mode in seen.items() if path.is_dir() and mode != 0o755} == set()
    assert {mode for path, mode in seen.items() if path.suffix == ".conda"} == {0o644}


def test_peer_d10_two_variants_of_one_name_are_not_one_package(attack: Attack, oven: Path) -> None:
    """Neither takes the other's place without a word, and an ignored key has its value in the script."""
    ignoring = f"{FLAVOURED}  variant: {{ignore_keys: [flavor]}}\n"
    attack.put("variants.yaml", "flavor: [sweet, sour]\n")
    two = build(attack, FLAVOURED, oven, "-m", attack.folder / "variants.yaml")
    assert two.ended.code == 2
    assert not list(two.channel.rglob("*.conda"))
    (told,) = two.ended.told
    assert "flavoured-1-same_0" in told.message
    assert {"sweet", "sour"} <= set(re.findall(r"\w+", told.message))
    one = build(attack, ignoring, oven, "--variant", "flavor=salty")
    assert one.ended.code == 0, one.ended.err
    one.package.extract(attack.store / "flavoured")
    assert (attack.store / "flavoured/flavor").read_text() == "the flavour is salty\n"


@pytest.mark.parametrize(
    ("check", "path", "said"),
    [
        ("empty-folders", "var/empty", "left out"),
        ("hard-links", "bin/one", "one file with bin/two"),
        ("leaks", "share/packed.gz", "compressed by gzip"),
    ],
)
def test_peer_d11_what_is_lost_is_told(left: Built, check: str, path: str, said: str) -> None:
    assert said in left.findings[check, path]["message"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("bin/su", "set-user-ID"),
        ("share/hostname", "leads to /etc/hostname"),
        ("share/compiler.txt", "the build prefix stands in it"),
        ("share/sources.txt", "the work folder stands in it"),
        ("share/wide.bin", "the host prefix stands in it where no installer replaces it"),
    ],
)
def test_peer_d11_what_would_harm_users_is_an_error(bad: dict[str, str], path: str, said: str) -> None:
    assert said in bad[path]


def test_peer_d14_a_path_that_begins_like_another_is_not_masked(left: Built, oven: Path) -> None:
    log = (oven / "logs" / f"{left.package.stem}.log").read_text()
    assert "here is $SRC_DIR and /bakehouse/work_run_env/share/data" in log
