"""The command line in this process or in one of its own, over a store that has the sandbox's root and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from builder.cli import run
from builder.sandbox.rootfs import rootfs_lock
from builder.store import Store
from tests.e2e.command import Bakehouse

HELLO = """\
package:
  name: hello
  version: "1.0"
build:
  script: echo hello > "$PREFIX/hello.txt"
tests:
  - script: grep -x hello "$PREFIX/hello.txt"
about:
  license: CC0-1.0
"""


@dataclass(frozen=True)
class Said:
    """What one command line printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> object:
        return json.loads(self.out)

    @property
    def errors(self) -> list[dict[str, object]]:
        """The error document, which must be all that is on standard output."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        assert set(document) == {"errors"}
        for error in document["errors"]:
            assert set(error) == {"code", "message", "file", "line", "column", "remedy"}
        return list(document["errors"])


Command = Callable[..., Said]


def never(code: int) -> NoReturn:
    raise AssertionError(f"abandoned with {code}")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kitchen: Path) -> Command:
    """Run a command line in this process."""
    monkeypatch.setenv("BAKEHOUSE_STORE", str(kitchen))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def call(*arguments: str | Path) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments], abandon=never)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def kitchen(tmp_path: Path, machine_store: Store, rootfs: Path) -> Iterator[Path]:
    """The folder of a fresh store whose only content is the unpacked root of the sandbox."""
    root = tmp_path / "kitchen"
    place = root / "folders" / "rootfs" / rootfs_lock().digest
    place.parent.mkdir(parents=True)
    place.symlink_to(rootfs)
    yield root
    place.unlink(missing_ok=True)


@pytest.fixture
def process(kitchen: Path) -> Bakehouse:
    """The command as a process over that store."""
    return Bakehouse(store=kitchen)


def write_recipe(folder: Path, text: str = HELLO) -> Path:
    """Write a recipe into ``folder`` and return that."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(text)
    return folder


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """The folder of a recipe that takes a tenth of a second to build."""
    return write_recipe(tmp_path / "hello")
