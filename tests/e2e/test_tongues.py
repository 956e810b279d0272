"""Scripts of builds and tests in Python and Perl, by real interpreters that other packages bring."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse

pytestmark = pytest.mark.sandbox

TONGUES = Path(__file__).parent / "tongues"
PYTHON = Path(__file__).parent / "snakes" / "python"
TOKEN = "hush-hush-token"

PEER_TEST = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import test_package
test_package(sys.argv[1], channel=[sys.argv[2]])
print("passed", flush=True)
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a build of the recipes left: the channel, what was said, the command with its store."""

    bakehouse: Bakehouse
    channel: Path
    said: str

    def package(self, name: str) -> Path:
        (found,) = self.channel.glob(f"*/{name}-*.conda")
        return found


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory, machine_store: Store, rootfs: Path) -> Iterator[Spoken]:
    """All recipes of this folder, built once."""
    folder = tmp_path_factory.mktemp("tongues")
    store = Store(folder / "store")
    texts = "".join(path.read_text() for path in (*TONGUES.glob("*/recipe.yaml"), PYTHON / "recipe.yaml"))
    digests = {*re.findall(r"sha256: ([0-9a-f]{64})", texts), *(deb.sha256 for deb in rootfs_lock().debs)}
    for digest in digests:
        path = machine_store.file(digest)
        assert path is not None, "a source is not fetched: run `make fetch`"
        store.add_file([path.read_bytes()], sha256=digest)
    store.close()
    bakehouse = Bakehouse(store=folder / "store", environment=(("TONGUE_TOKEN", TOKEN),))
    done = bakehouse.run(
        "build", TONGUES, PYTHON, "--out", folder / "channel", "-v", "--progress", "plain", "--offline"
    )
    assert done.returncode == 0, done.stderr
    yield Spoken(bakehouse=bakehouse, channel=folder / "channel", said=done.stderr)
    shutil.rmtree(folder)


def test_every_script_ran_in_its_language(spoken: Spoken, tmp_path: Path) -> None:
    expected = {
        "lines": ("share/lines.txt", 'it\'s "quoted" $HOME\n'),
        "by-perl": ("share/by-perl.txt", "in perl\n"),
        "by-python": ("share/by-python.txt", "deeper\n"),
    }
    for name, (path, text) in expected.items():
        read_package(spoken.package(name)).extract(tmp_path / name)
        assert (tmp_path / name / path).read_text() == text


def test_a_path_that_python_wrote_is_relocated(spoken: Spoken) -> None:
    entries = {entry["_path"]: entry for entry in read_package(spoken.package("lines")).paths()}
    assert str(entries["share/prefix.txt"]["prefix_placeholder"]).startswith("/bakehouse/host_env_placehold")


def test_a_secret_reaches_the_script_and_stays_there(spoken: Spoken) -> None:
    assert "the token is ********" in spoken.said
    assert TOKEN not in spoken.said
    logs = [path for path in (spoken.bakehouse.store / "logs").rglob("*.log") if TOKEN in path.read_text()]
    assert logs == []


def test_the_package_of_a_file_carries_the_file(spoken: Spoken) -> None:
    names = read_package(spoken.package("by-perl")).info_files()
    assert "recipe/sub/build.pl" in names
    assert "recipe/make.py" in read_package(spoken.package("by-python")).info_files()


def test_a_dependent_package_is_tested_as_soon_as_there_is_one(spoken: Spoken) -> None:
    assert "downstream user: not run" in spoken.said
    found = spoken.bakehouse.document("test", spoken.package("lines"), "--out", spoken.channel, "-j", "2")
    assert isinstance(found, list)
    results = [(test["what"], test["passed"]) for test in found[0]["tests"]]
    whats = ["script 0", "script 1", "script 2", "package_contents 3", "downstream user-1.0-h4616a5c_0: script 0"]
    assert results == [(what, True) for what in whats]


def test_one_that_breaks_its_user_stays_out_of_the_channel(spoken: Spoken, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    shutil.copytree(spoken.channel, channel)
    shutil.copytree(TONGUES / "lines", tmp_path / "lines")
    recipe = tmp_path / "lines" / "recipe.yaml"
    text = recipe.read_text().replace("""GREETING: it's "quoted" $HOME""", "GREETING: bare")
    start, end = text.index("tests:"), text.index("  - downstream")
    recipe.write_text(text[:start] + "tests:\n" + text[end:])
    before = (channel / "linux-64" / spoken.package("lines").name).read_bytes()
    done = spoken.bakehouse.run("build", tmp_path / "lines", "--out", channel, "--offline", "--progress", "plain")
    assert done.returncode == 1
    assert "downstream user-1.0-h4616a5c_0: script 0" in done.stderr
    assert (channel / "linux-64" / spoken.package("lines").name).read_bytes() == before


@pytest.mark.parametrize("name", ["perl", "lines", "by-perl", "by-python", "user"])
def test_the_peers_runner_passes_what_they_carry(spoken: Spoken, tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PEER_TEST, str(spoken.package(name)), spoken.channel.as_uri()],
        capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "passed\n", done.stderr


REFUSED = """\
package:
  name: none
  version: "1"
build:
  script:
    interpreter: {interpreter}
    content: [x]
requirements:
  build: [{build}]
about:
  license: CC0-1.0
"""


@pytest.mark.parametrize(
    ("interpreter", "build", "code", "words"),
    [
        ("cmd", "nobody-has-this", 3, "recipe.yaml:6:18: error: scripts for cmd run on Windows only"),
        ("powershell", "nobody-has-this", 3, "recipe.yaml:6:18: error: scripts for powershell run on Windows only"),
        ("pyton", "nobody-has-this", 2, "did you mean python?"),
        (
            "ruby",
            "",
            2,
            "recipe.yaml:6:18: error: the script of none cannot start: there is no ruby in the environment",
        ),
        ("ruby", "python", 2, "add ruby to requirements.build"),
    ],
)
def test_what_cannot_run_is_one_error(
    spoken: Spoken, tmp_path: Path, interpreter: str, build: str, code: int, words: str
) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "recipe.yaml").write_text(REFUSED.format(interpreter=interpreter, build=build))
    arguments = (
        "build",
        tmp_path / "r",
        "--out",
        tmp_path / "out",
        "-c",
        spoken.channel,
        "--offline",
        "--progress",
        "plain",
    )
    done = spoken.bakehouse.run(*arguments, cwd=CHECKOUT)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.count("error: ") == 1
    assert not list((tmp_path / "out").glob("*/*.conda"))
